/** Envelopes that were altered or cut: dropped, reported, never sent on; and refused when the caller is strict. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { type Bed, modelOf, type ProviderName, startBed } from "./bed.ts";
import { list } from "./rules/check.ts";

const SIGNATURE = Buffer.from("a signature of the provider").toString("base64");
const SCHEMA = { type: "object", properties: { city: { type: "string" } } };
const ASK = "What is the weather in Oslo?";

interface Caller {
  path(model: string): string;
  first(model: string): JsonObject;
  /** The next request: the answer as it came, and the tool's result. */
  next(first: JsonObject, answer: JsonObject): JsonObject;
}

const field = (value: unknown, name: string): JsonObject[] => list((value as JsonObject)[name]);

const CALLERS: Record<DialectId, Caller> = {
  "openai-chat": {
    path: () => "/v1/chat/completions",
    first: (model) => ({
      model,
      messages: [{ role: "user", content: ASK }],
      tools: [{ type: "function", function: { name: "get_weather", parameters: SCHEMA } }],
      reasoning_effort: "medium",
    }),
    next(first, answer) {
      const message = field(answer, "choices")[0]?.["message"] as JsonObject;
      const results = field(message, "tool_calls").map((call) => ({
        role: "tool",
        tool_call_id: call["id"] ?? "",
        content: "cold",
      }));
      return { ...first, messages: [...field(first, "messages"), message, ...results] };
    },
  },
  "openai-responses": {
    path: () => "/v1/responses",
    first: (model) => ({
      model,
      input: [{ role: "user", content: ASK }],
      tools: [{ type: "function", name: "get_weather", parameters: SCHEMA, strict: false }],
      reasoning: { effort: "medium", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      store: false,
    }),
    next(first, answer) {
      const output = field(answer, "output");
      const results = output
        .filter((item) => item["type"] === "function_call")
        .map((item) => ({ type: "function_call_output", call_id: item["call_id"] ?? "", output: "cold" }));
      return { ...first, input: [...field(first, "input"), ...output, ...results] };
    },
  },
  "anthropic-messages": {
    path: () => "/v1/messages",
    first: (model) => ({
      model,
      max_tokens: 4000,
      messages: [{ role: "user", content: ASK }],
      tools: [{ name: "get_weather", input_schema: SCHEMA }],
      thinking: { type: "enabled", budget_tokens: 2000 },
    }),
    next(first, answer) {
      const content = field(answer, "content");
      const results = content
        .filter((block) => block["type"] === "tool_use")
        .map((block) => ({ type: "tool_result", tool_use_id: block["id"] ?? "", content: "cold" }));
      return {
        ...first,
        messages: [...field(first, "messages"), { role: "assistant", content }, { role: "user", content: results }],
      };
    },
  },
  gemini: {
    path: (model) => `/v1beta/models/${model}:generateContent`,
    first: () => ({
      contents: [{ role: "user", parts: [{ text: ASK }] }],
      tools: [{ functionDeclarations: [{ name: "get_weather", parameters: SCHEMA }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2000 } },
    }),
    next(first, answer) {
      const content = field(answer, "candidates")[0]?.["content"] as JsonObject;
      const parts = field(content, "parts")
        .filter((part) => "functionCall" in part)
        .map((part) => {
          const { id, name } = part["functionCall"] as JsonObject;
          return { functionResponse: { id: id ?? "", name: name ?? "", response: { result: "cold" } } };
        });
      return { ...first, contents: [...field(first, "contents"), content, { role: "user", parts }] };
    },
  },
};

/** Envelopes as text, and as the base64 in which Gemini's bytes field carries them. */
const ENVELOPE = /tgs1_[A-Za-z0-9_-]+|dGdzMV[A-Za-z0-9+/]+={0,2}/g;

const FORGERIES: Record<string, (envelope: string) => string> = {
  altered: (envelope) => change(envelope, (plain) => plain.slice(0, -3) + (plain.endsWith("AAA") ? "BBB" : "AAA")),
  "cut short": (envelope) => change(envelope, (plain) => plain.slice(0, 60)),
};

function change(envelope: string, how: (plain: string) => string): string {
  if (envelope.startsWith("tgs1_")) return how(envelope);
  return Buffer.from(how(Buffer.from(envelope, "base64").toString("latin1")), "latin1").toString("base64");
}

const MINTERS: Partial<Record<ProviderName, DialectId>> = {
  anthropic: "anthropic-messages",
  gemini: "gemini",
  responses: "openai-responses",
};

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

for (const [dialect, caller] of Object.entries(CALLERS)) {
  describe(dialect, () => {
    for (const [provider, own] of Object.entries(MINTERS) as [ProviderName, DialectId][]) {
      if (own === dialect) continue;
      for (const [name, forge] of Object.entries(FORGERIES))
        test(`${provider}: ${name}`, () => forged(caller, modelOf(provider), forge));
    }
  });
}

async function forged(caller: Caller, model: string, forge: (envelope: string) => string): Promise<void> {
  const spec = {
    reasoning: "Let me look.",
    signature: SIGNATURE,
    tools: [{ id: "toolu_1", name: "get_weather", arguments: { city: "Oslo" } }],
  };
  bed.script(spec, { text: "It is cold." });
  const first = caller.first(model);
  const answer = await bed.gateway.post(caller.path(model), first, bed.key);
  const answerText = await answer.text();
  expect(answerText).toMatch(ENVELOPE);
  const next = caller.next(first, JSON.parse(answerText.replaceAll(ENVELOPE, forge)) as JsonObject);

  const strict = { headers: { "x-tollgate-strict": "true" } };
  const refused = await bed.gateway.post(caller.path(model), next, bed.key, strict);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("unsupported_feature");
  expect(bed.received).toHaveLength(1);

  const told = await bed.gateway.post(caller.path(model), next, bed.key);
  expect(await told.text()).toContain("It is cold.");
  expect(told.headers.get("x-tollgate-losses")).toMatch(/envelope|signature|seal|reasoning/i);
  const sent = bed.last.text();
  expect(sent).not.toContain(SIGNATURE);
  expect(sent).not.toMatch(ENVELOPE);
  expect(bed.violations).toEqual([]);
}

test("an envelope of another account is a forgery", async () => {
  const caller = CALLERS["openai-chat"];
  const model = modelOf("anthropic");
  const call = { id: "toolu_1", name: "get_weather", arguments: { city: "Oslo" } };
  bed.script({ reasoning: "Let me look.", signature: SIGNATURE, tools: [call] }, { text: "It is cold." });
  const first = caller.first(model);
  const answer = await bed.gateway.post(caller.path(model), first, bed.key);
  const next = caller.next(first, (await answer.json()) as JsonObject);
  const other = await bed.gateway.createKey({ credit: "5.00" });
  const told = await bed.gateway.post(caller.path(model), next, other.key);
  expect(told.status).toBe(200);
  expect(told.headers.get("x-tollgate-losses")).toContain("envelope");
  expect(bed.last.text()).not.toContain(SIGNATURE);
});
