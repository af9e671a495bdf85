/**
 * A tool loop with reasoning over three turns, whoever speaks to whom: the provider gets back, unchanged and in its place, what it signed, and
 * refuses anything else.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HANGING_MS } from "../../support/limits.ts";
import type { AnswerSpec, RecordedRequest } from "../../support/upstream.ts";
import { type Bed, modelOf, type ProviderName, PROVIDERS, startBed } from "./bed.ts";
import { CLIENTS } from "./clients/index.ts";
import type { Client } from "./clients/client.ts";
import { isObject, type JsonObject, list, text } from "./rules/check.ts";

setDefaultTimeout(HANGING_MS);

const MINTERS = ["anthropic", "gemini", "responses"] as const;

/** What a provider minted in one turn. */
interface Minted {
  thought: string;
  signature: string;
  /** Ids of its calls; Gemini gives none. */
  calls: string[];
}

const TURNS: readonly (AnswerSpec & Minted)[] = [
  turn(0, [{ name: "get_weather", arguments: { city: "Oslo" } }]),
  turn(1, [
    { name: "get_time", arguments: { zone: "CET" } },
    { name: "get_weather", arguments: { city: "Bergen" } },
  ]),
  turn(2, [{ name: "get_time", arguments: { zone: "UTC" } }]),
];

function turn(number: number, calls: { name: string; arguments: object }[]): AnswerSpec & Minted {
  const tools = calls.map((call, index) => ({ id: `toolu_${number}${index}`, ...call }));
  const signature = Buffer.from(`signature of turn ${number}, ${"x".repeat(400)}`).toString("base64");
  const reasoning = `I think about turn ${number}.`;
  return { reasoning, thought: reasoning, signature, tools, calls: tools.map(({ id }) => id) };
}

/** Every turn that the request repeats has its signature where the provider put it. */
function signed(minted: readonly Minted[], repeated: readonly Minted[], withIds: boolean): string[] {
  const found: string[] = [];
  for (const [index, want] of minted.entries()) {
    const have = repeated[index];
    if (have === undefined) found.push(`turn ${index} is missing`);
    else if (have.signature !== want.signature) found.push(`turn ${index}: signature ${have.signature.slice(0, 20)}`);
    else if (have.thought !== want.thought) found.push(`turn ${index}: thought "${have.thought}"`);
    else if (have.calls.length !== want.calls.length || (withIds && have.calls.join() !== want.calls.join()))
      found.push(`turn ${index}: calls ${have.calls.join()}`);
  }
  return found;
}

function anthropicTurns(body: JsonObject): Minted[] {
  return list(body["messages"])
    .filter((message) => message["role"] === "assistant")
    .map((message) => {
      const blocks = list(message["content"]);
      const [thinking] = blocks;
      return {
        thought: text(thinking?.["thinking"]),
        signature: text(thinking?.["signature"]),
        calls: blocks.filter((block) => block["type"] === "tool_use").map((block) => text(block["id"])),
      };
    });
}

/** Gemini takes the thought's text or leaves it, and has no ids here: only the signatures of the calls count. */
function geminiTurns(body: JsonObject, minted: readonly Minted[]): Minted[] {
  return list(body["contents"])
    .filter((content) => content["role"] === "model")
    .map((content, index) => {
      const call = list(content["parts"]).find((part) => isObject(part["functionCall"]));
      const expected = minted[index];
      return {
        thought: expected?.thought ?? "",
        signature: text(call?.["thoughtSignature"]),
        calls: expected?.calls ?? [],
      };
    });
}

function responsesTurns(body: JsonObject): Minted[] {
  const turns: Minted[] = [];
  for (const item of list(body["input"])) {
    if (item["type"] === "reasoning") {
      const thought = list(item["summary"])
        .map((part) => text(part["text"]))
        .join("");
      turns.push({ thought, signature: text(item["encrypted_content"]), calls: [] });
    }
    if (item["type"] === "function_call") turns.at(-1)?.calls.push(text(item["call_id"]));
  }
  return turns;
}

function check(
  request: RecordedRequest,
  provider: ProviderName,
  minted: readonly Minted[],
  withIds: boolean,
): string[] {
  const body = request.json();
  if (request.text().includes("tgs1_") || request.text().includes("dGdzMV"))
    return ["an envelope has left the gateway"];
  if (provider === "anthropic") return signed(minted, anthropicTurns(body), withIds);
  return signed(minted, provider === "gemini" ? geminiTurns(body, minted) : responsesTurns(body), withIds);
}

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

for (const client of CLIENTS) {
  describe(client.name, () => {
    for (const provider of MINTERS)
      for (const stream of [false, true])
        test(`${provider}${stream ? ", stream" : ""}`, () => loop(client, provider, stream));
  });
}

async function loop(client: Client, provider: ProviderName, stream: boolean): Promise<void> {
  bed.script(...TURNS, { text: "It is late and cold." });
  const withIds = client.forgetsCallIds !== true;
  bed.extraRule = (request) => check(request, provider, TURNS.slice(0, bed.received.length - 1), withIds);
  const talk = client.open(bed, {
    model: (client.prefix ?? "") + modelOf(provider),
    stream,
    tools: true,
    reasoning: true,
  });
  for (const spec of TURNS) {
    const said = await talk.say();
    expect(said.tools.map(({ name, args }) => ({ name, arguments: args }))).toEqual(
      (spec.tools ?? []).map(({ name, arguments: args }) => ({ name, arguments: args as Record<string, unknown> })),
    );
    talk.results(said.tools.map(({ id, name }) => ({ id, name, text: `result of ${name}` })));
  }
  expect((await talk.say()).text).toBe("It is late and cold.");
  expect(bed.violations).toEqual([]);
}

/** The next step of a loop goes to another provider: what the first one signed stays here, and the conversation is still one it takes. */
async function moves(client: Client, from: ProviderName, to: ProviderName): Promise<void> {
  const [first] = TURNS;
  if (first === undefined) return;
  bed.script(first, { text: "It is cold." });
  const foreign = SIGNERS[from] !== SIGNERS[to];
  bed.extraRule = (request) =>
    bed.received.length > 1 && foreign && (request.text().includes(first.signature) || request.text().includes("tgs1_"))
      ? ["a signature has gone to another provider"]
      : [];
  const prefix = client.prefix ?? "";
  const ask = { model: prefix + modelOf(from), tools: true, reasoning: true };
  const talk = client.open(bed, ask);
  const { tools } = await talk.say();
  talk.results(tools.map(({ id, name }) => ({ id, name, text: "3 degrees" })));
  ask.model = prefix + modelOf(to);
  expect((await talk.say()).text).toBe("It is cold.");
  expect(bed.last.path).toStartWith(`/${to}/`);
  expect(bed.last.text()).toContain("3 degrees");
  expect(bed.violations).toEqual([]);
}

/** Whose signature it is. */
const SIGNERS: Partial<Record<ProviderName, string>> = {
  anthropic: "anthropic",
  gemini: "google",
  responses: "openai",
  openai: "openai",
};

for (const client of CLIENTS) {
  describe(`${client.name}, moving on`, () => {
    for (const from of MINTERS)
      for (const to of PROVIDERS) if (from !== to) test(`${from} → ${to}`, () => moves(client, from, to));
  });
}
