import { expect } from "bun:test";
import { anthropicError, faults, geminiError, type Script } from "../../support/upstream.ts";
import { anthropicStream, chatStream, frame, geminiStream, responsesStream } from "../../support/upstream.ts";
import { type Bed, type ProviderName, SIDES } from "./bed.ts";
import type { Client } from "./clients/client.ts";

export interface Setting {
  bed: Bed;
  client: Client;
  provider: ProviderName;
  stream: boolean;
  model: string;
}
export interface Case {
  name: string;
  streams?: readonly boolean[];
  run(setting: Setting): Promise<void>;
}

const OSLO = { city: "Oslo" };
const finishesOk = (finish: string | null): boolean => ["stop", "completed", "end_turn", "STOP"].includes(finish ?? "");

async function text({ bed, client, provider, model, stream }: Setting): Promise<void> {
  bed.script({ text: ["Hel", "lo ", "wörld 🌍"], usage: { input: 25, output: 9, cached: 5 } });
  const said = await client.open(bed, { model, stream, system: "You are terse." }).say();
  expect(said).toMatchObject({ text: "Hello wörld 🌍", tools: [] });
  expect(said).toMatchObject(
    client.reads?.(provider, stream, { input: 25, output: 9, reasoning: 0 }) ?? { input: 25, output: 9 },
  );
  expect(finishesOk(said.finish)).toBe(true);
  expect(bed.last.text()).toContain("You are terse.");
}

async function tools({ bed, client, model, stream }: Setting): Promise<void> {
  bed.script({ tools: [{ id: "call_1", name: "get_weather", arguments: OSLO }] }, { text: "It is cold." });
  const talk = client.open(bed, { model, stream, tools: true });
  const first = await talk.say();
  expect(first.tools).toMatchObject([{ name: "get_weather", args: OSLO }]);
  talk.results(first.tools.map(({ id, name }) => ({ id, name, text: "3 degrees" })));
  const second = await talk.say();
  expect(second).toMatchObject({ text: "It is cold.", tools: [] });
  expect(bed.last.text()).toContain("3 degrees");
}

async function parallel({ bed, client, model, stream }: Setting): Promise<void> {
  const calls = [
    { id: "call_1", name: "get_weather", arguments: OSLO },
    { id: "call_2", name: "get_time", arguments: { zone: "CET" } },
    { id: "call_3", name: "get_weather", arguments: { city: 'Köln "Süd"' } },
  ];
  bed.script({ text: "Let me see.", tools: calls }, { text: "Done." });
  const talk = client.open(bed, { model, stream, tools: true });
  const first = await talk.say();
  expect(first.text).toBe("Let me see.");
  expect(first.tools.map(({ name, args }) => ({ name, arguments: args }))).toEqual(
    calls.map(({ name, arguments: args }) => ({ name, arguments: args })),
  );
  talk.results(first.tools.map(({ id, name }, index) => ({ id, name, text: `result ${index}` })));
  expect((await talk.say()).text).toBe("Done.");
  const sent = bed.last.text();
  for (const index of [0, 1, 2]) expect(sent).toContain(`result ${index}`);
}

async function structured({ bed, client, model, stream }: Setting): Promise<void> {
  const object = { city: "Oslo", degrees: 3 };
  // Some clients ask by schema, others by a forced tool.
  bed.script((request) => {
    const forced = /"(tool_choice|functionCallingConfig|toolChoice)"/.test(request.text());
    const side = SIDES[request.path.split("/")[1] as ProviderName];
    const name = /"name":\s*"(report|json|extract)"/.exec(request.text())?.[1] ?? "report";
    const spec = forced ? { tools: [{ name, arguments: object }] } : { text: JSON.stringify(object) };
    return side.reply(spec)(request);
  });
  const said = await client.open(bed, { model, stream, schema: true }).say();
  expect(said.object ?? JSON.parse(said.text)).toEqual(object);
  expect(bed.last.text()).toContain('"degrees"');
}

async function reasoning({ bed, client, provider, model, stream }: Setting): Promise<void> {
  bed.script({
    reasoning: "Let me think.",
    signature: "U0lHTkFUVVJF",
    text: "42",
    usage: { input: 25, output: 30, reasoning: 20 },
  });
  const said = await client.open(bed, { model, stream, reasoning: true }).say();
  expect(said.text).toBe("42");
  expect(said).toMatchObject(
    client.reads?.(provider, stream, { input: 25, output: 30, reasoning: 20 }) ?? { input: 25, output: 30 },
  );
  const asked = {
    openai: "reasoning_effort",
    compatible: "reasoning_effort",
    responses: '"reasoning"',
    anthropic: '"thinking"',
    gemini: "thinkingConfig",
  };
  expect(bed.last.text()).toContain(asked[provider]);
}

async function image({ bed, client, model, stream }: Setting): Promise<void> {
  bed.script({ text: "A red pixel." });
  const said = await client.open(bed, { model, stream, image: true, prompt: "What is this?" }).say();
  expect(said.text).toBe("A red pixel.");
  expect(bed.last.text()).toContain("iVBORw0KGgoAAAANSUhEUg");
}

async function followUp({ bed, client, model, stream }: Setting): Promise<void> {
  bed.script({ text: "It is cold." }, { text: "Warmer." });
  const talk = client.open(bed, { model, stream, system: "Be terse." });
  expect((await talk.say()).text).toBe("It is cold.");
  talk.user("And tomorrow?");
  expect((await talk.say()).text).toBe("Warmer.");
  const sent = bed.last.text();
  expect(sent.indexOf("It is cold.")).toBeLessThan(sent.indexOf("And tomorrow?"));
  expect(sent.indexOf("It is cold.")).toBeGreaterThan(0);
}

async function noArguments({ bed, client, model, stream }: Setting): Promise<void> {
  bed.script({ tools: [{ id: "call_1", name: "get_time", arguments: {} }] }, { text: "Noon." });
  const talk = client.open(bed, { model, stream, tools: true });
  const { tools: calls } = await talk.say();
  expect(calls).toMatchObject([{ name: "get_time", args: {} }]);
  talk.results(calls.map(({ id, name }) => ({ id, name, text: "12:00" })));
  expect((await talk.say()).text).toBe("Noon.");
}

const CUT_WORD: Record<ProviderName, string> = {
  openai: "length",
  compatible: "length",
  responses: "incomplete",
  anthropic: "max_tokens",
  gemini: "MAX_TOKENS",
};

async function cutByLength({ bed, client, provider, model, stream }: Setting): Promise<void> {
  bed.script({ text: "Once upon a", finish: CUT_WORD[provider] });
  const said = await client.open(bed, { model, stream }).say();
  expect(said.text).toBe("Once upon a");
  expect(["length", "incomplete", "max_tokens", "MAX_TOKENS"]).toContain(said.finish ?? "");
}

async function refused(
  setting: Setting,
  key: string | undefined,
  model: string,
): Promise<ReturnType<Client["failure"]>> {
  const { bed, client, stream } = setting;
  try {
    await client.open(bed, { model, stream, ...(key === undefined ? {} : { key }) }).say();
  } catch (error) {
    return client.failure(error);
  }
  throw new Error("no error was raised");
}

async function unauthorized(setting: Setting): Promise<void> {
  setting.bed.script();
  const failure = await refused(setting, "tg-wrong", setting.model);
  expect(failure.status).toBe(401);
  expect(setting.bed.received).toHaveLength(0);
}

async function notFound(setting: Setting): Promise<void> {
  setting.bed.script();
  const failure = await refused(setting, undefined, "no-such-model");
  expect(failure.status).toBe(404);
  expect(failure.message).toContain("no-such-model");
}

async function noCredit(setting: Setting): Promise<void> {
  setting.bed.script();
  const poor = await setting.bed.poorKey();
  const failure = await refused(setting, poor, "dear");
  expect(failure.status).toBe(402);
  expect(setting.bed.received).toHaveLength(0);
}

async function badRequest(setting: Setting): Promise<void> {
  const { bed, provider, model } = setting;
  bed.script(SIDES[provider].error(400, "the provider says no"));
  const failure = await refused(setting, undefined, model);
  expect(failure.status).toBe(400);
  expect(failure.message).toContain("the provider says no");
}

async function limited(setting: Setting): Promise<void> {
  const { bed, provider, model } = setting;
  bed.script(SIDES[provider].error(429, "slow down", { "retry-after": "7" }));
  const failure = await refused(setting, undefined, model);
  expect(failure.status).toBe(429);
  if (failure.retryAfter !== null) expect(failure.retryAfter).toBe("7");
}

async function providerKey(setting: Setting): Promise<void> {
  const { bed, provider, model } = setting;
  bed.script(SIDES[provider].error(401, "bad upstream key"));
  const failure = await refused(setting, undefined, model);
  expect(failure.status).toBe(503);
  expect(failure.message).not.toContain("bad upstream key");
}

export const STREAMS = {
  openai: chatStream,
  compatible: chatStream,
  responses: responsesStream,
  anthropic: anthropicStream,
  gemini: geminiStream,
};

/** The error as each provider sends it in the middle of a stream. */
export function midStream(provider: ProviderName): Script {
  const error = { code: "server_error", message: "boom" };
  const body = {
    openai: frame({ error: { ...error, type: "server_error", param: null } }),
    compatible: frame({ error: { ...error, type: "server_error", param: null } }),
    responses: frame({ type: "error", sequence_number: 99, ...error, param: null }, "error"),
    anthropic: frame(anthropicError(529, "overloaded_error").body as object, "error"),
    gemini: frame(geminiError(503, "UNAVAILABLE").body as object),
  };
  const started = faults.endAfter(
    STREAMS[provider]({ text: ["one ", "two ", "three "] }),
    provider === "responses" ? 5 : 3,
  );
  return { ...started, stream: [...(started.stream ?? []), body[provider]] };
}

async function errorMidStream(setting: Setting): Promise<void> {
  const { bed, provider, model } = setting;
  bed.script(midStream(provider));
  const failure = await refused(setting, undefined, model);
  expect(failure.message).not.toBe("no error was raised");
}

async function cutMidStream(setting: Setting): Promise<void> {
  const { bed, provider, model } = setting;
  bed.script(faults.truncateAfter(STREAMS[provider]({ text: ["one ", "two ", "three "] }), 4));
  const failure = await refused(setting, undefined, model);
  expect(failure.message).not.toBe("no error was raised");
}

export const CASES: readonly Case[] = [
  { name: "text", run: text },
  { name: "tool loop", run: tools },
  { name: "parallel tools", run: parallel },
  { name: "structured output", run: structured },
  { name: "reasoning", run: reasoning },
  { name: "image", run: image },
  { name: "follow-up", run: followUp },
  { name: "call without arguments", run: noArguments },
  { name: "cut by length", run: cutByLength },
  { name: "401", run: unauthorized },
  { name: "402", run: noCredit },
  { name: "404", run: notFound },
  { name: "400 of the provider", run: badRequest },
  { name: "429 of the provider", run: limited },
  { name: "401 of the provider", run: providerKey },
  { name: "error in mid-stream", streams: [true], run: errorMidStream },
  { name: "cut in mid-stream", streams: [true], run: cutMidStream },
];
