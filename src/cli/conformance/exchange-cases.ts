import { type Bench, BOTH, type Case, plainAsk } from "./case.ts";
import { expectThat, parseObject } from "./expect.ts";
import { type Ask, type Mode, type Reading, type Speaker, type ToolCall, Undecided } from "./types.ts";
import { framesOf, jsonOf } from "./wire.ts";

const WEATHER = {
  name: "get_weather",
  description: "The weather of a city right now",
  parameters: {
    type: "object",
    properties: { city: { type: "string", description: "name of the city" } },
    required: ["city"],
    additionalProperties: false,
  },
};

/** A schema that the echo provider's JSON mode meets too. */
const ECHO_SCHEMA = {
  type: "object",
  properties: { echo: { type: "string", description: "the word that was said" } },
  required: ["echo"],
  additionalProperties: false,
};

/** One whole exchange: asks in this mode and reads the answer as a client would. Throws Mismatch. */
async function converse({ client, speaker, key }: Bench, ask: Ask, mode: Mode): Promise<Reading> {
  const answer = await client.send(speaker.path(ask.model, mode), speaker.authorization(key), speaker.body(ask, mode));
  return mode === "stream" ? speaker.readStream(framesOf(answer)) : speaker.readJson(jsonOf(answer, 200));
}

const toolAsk = (model: string, text: string): Ask => ({
  model,
  turns: [{ role: "user", text }],
  tools: [WEATHER],
  mustCall: true,
});

function expectFinish(reading: Reading, words: readonly string[]): void {
  expectThat(words.includes(reading.finish), `it should end with ${words.join(" or ")}`, reading.finish);
}

function expectCall(call: ToolCall, speaker: Speaker): void {
  expectThat(call.name === WEATHER.name, `the call should be of ${WEATHER.name}`, call.name);
  expectThat(call.arguments !== null, "a call's arguments should be a JSON object");
  // Gemini's own calls may come without an id.
  expectThat(call.id !== "" || speaker.id === "gemini", "a call should have an id");
}

/** Asks for calls, hands results back, and wants an answer in words. */
async function loop(bench: Bench, mode: Mode, text: string, least: number): Promise<void> {
  const first = toolAsk(bench.model, text);
  const asked = await converse(bench, first, mode);
  expectThat(asked.calls.length > 0, "the model should have called the tool");
  if (asked.calls.length < least) throw new Undecided(`the model made ${asked.calls.length} call where ${least} fit`);
  expectFinish(asked, bench.speaker.finishes.tools);
  for (const call of asked.calls) expectCall(call, bench.speaker);
  const ids = asked.calls.map((call) => call.id).filter((id) => id !== "");
  expectThat(new Set(ids).size === ids.length, "calls should have ids of their own", ids);
  const results = asked.calls.map((call) => ({ call, text: "It is 21 °C and sunny." }));
  const turns: Ask["turns"] = [...first.turns, { role: "assistant", native: asked.native }, { role: "tool", results }];
  const answer = await converse(bench, { model: bench.model, turns, tools: [WEATHER] }, mode);
  expectThat(answer.text !== "", "the answer to the tool's result should have text");
}

/** What clients do with models: text, tools, structured output. */
export const exchangeCases: readonly Case[] = [
  {
    name: "text",
    modes: BOTH,
    async run(bench, mode) {
      const reading = await converse(bench, plainAsk(bench.model), mode);
      expectThat(reading.text.toLowerCase().includes("pong"), "the answer should say pong", reading.text);
      expectFinish(reading, bench.speaker.finishes.text);
    },
  },
  {
    name: "usage",
    modes: BOTH,
    async run(bench, mode) {
      const { usage } = await converse(bench, plainAsk(bench.model), mode);
      expectThat(usage !== null, "the answer should carry usage");
      expectThat((usage?.input ?? 0) > 0 && (usage?.output ?? 0) > 0, "both counts should be above 0", usage);
    },
  },
  {
    name: "tools",
    modes: BOTH,
    async run(bench, mode) {
      const reading = await converse(bench, toolAsk(bench.model, "What is the weather in Oslo?"), mode);
      const [call] = reading.calls;
      expectThat(call !== undefined, "the model should have called the tool");
      if (call !== undefined) expectCall(call, bench.speaker);
      expectFinish(reading, bench.speaker.finishes.tools);
    },
  },
  {
    name: "tool loop",
    modes: BOTH,
    run: (bench, mode) => loop(bench, mode, "What is the weather in Oslo? Use the tool.", 1),
  },
  {
    name: "parallel tools",
    modes: BOTH,
    run: (bench, mode) =>
      loop(bench, mode, "What is the weather in Oslo and in Lima? Call the tool for both cities at once.", 2),
  },
  {
    name: "structured output",
    modes: BOTH,
    async run(bench, mode) {
      const { text } = await converse(bench, { ...plainAsk(bench.model), schema: ECHO_SCHEMA }, mode);
      const value = parseObject(text);
      const fits = value !== null && typeof value["echo"] === "string" && Object.keys(value).length === 1;
      expectThat(fits, "the text should be JSON of the schema", text);
    },
  },
];
