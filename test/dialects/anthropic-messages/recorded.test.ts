/** Every recorded answer and request of this dialect: usage, text, tools, cutting, re-encoding. */
import { describe, expect } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { decodeCountAnswer, decodeCountRequest } from "../../../src/dialects/anthropic-messages/count.ts";
import { totalOutput } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import { expectSameCut } from "../../support/cuttings.ts";
import { type FixtureCase, fixtureTest, loadCases } from "../../support/fixtures.ts";
import {
  ANNOTATION,
  contextFor,
  decode,
  decodeJson,
  decodeStream,
  decodeText,
  encodeStream,
  meaning,
  ROUTE,
  SEALS,
  TARGET,
  textOf,
  withoutPaths,
} from "./support.ts";

const cases = loadCases("anthropic-messages");
const answers = cases.filter((item) => item.status === 200);
const streams = answers.filter((item) => item.kind === "sse");
const bodies = answers.filter((item) => item.kind === "json");
const errors = cases.filter((item) => item.status !== 200);

fixtureTest("all cases are here", () => {
  expect(cases.length).toBe(51);
  expect(streams.length + bodies.length + errors.length).toBe(51);
});

const jsonOf = (item: FixtureCase): JsonObject => JSON.parse(textOf(item.body())) as JsonObject;

/** The wire's data frames up to the end of the message, read without the code under test. One case holds several messages. */
function framesOf(item: FixtureCase): JsonObject[] {
  const text = textOf(item.body());
  return text
    .slice(0, text.indexOf("event: message_stop"))
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => JSON.parse(line.slice(5)) as JsonObject);
}

/** Usage as recorded: start and deltas, the last word on each field; iterations where there are any. */
function recordedUsage(item: FixtureCase): JsonObject {
  if (item.kind === "json") return jsonOf(item).usage as JsonObject;
  const usage: JsonObject = {};
  for (const frame of framesOf(item)) {
    if (isObject(frame.message)) Object.assign(usage, frame.message.usage);
    if (frame.type === "message_delta") Object.assign(usage, frame.usage);
  }
  return usage;
}

function recordedTotals(usage: JsonObject): Record<string, number> {
  const rows = Array.isArray(usage.iterations) && usage.iterations.length > 0 ? usage.iterations : [usage];
  const sum = (name: string): number =>
    rows.reduce((total: number, row) => total + (isObject(row) ? Number(row[name] ?? 0) : 0), 0);
  return {
    input: sum("input_tokens"),
    read: sum("cache_read_input_tokens"),
    write: sum("cache_creation_input_tokens"),
    output: sum("output_tokens"),
  };
}

const eventsOf = (item: FixtureCase) => (item.kind === "json" ? decodeJson(jsonOf(item)) : decodeStream([item.body()]));

describe("usage", () => {
  for (const item of answers) {
    fixtureTest(item.id, () => {
      const usage = meaning(eventsOf(item)).usage;
      const recorded = recordedUsage(item);
      const tokens = usage?.tokens ?? {};
      expect({
        input: tokens.input ?? 0,
        read: tokens.cached_input ?? 0,
        write: (tokens.cache_write_5m ?? 0) + (tokens.cache_write_1h ?? 0),
        output: usage === null ? -1 : totalOutput(usage),
      }).toEqual(recordedTotals(recorded) as never);
      const split = isObject(recorded.cache_creation) ? recorded.cache_creation : null;
      if (split?.ephemeral_1h_input_tokens)
        expect(tokens.cache_write_1h).toBe(split.ephemeral_1h_input_tokens as number);
      const searches = isObject(recorded.server_tool_use)
        ? Number(recorded.server_tool_use.web_search_requests ?? 0)
        : 0;
      expect(usage?.fees.web_search ?? 0).toBe(searches);
    });
  }
});

/** Text, thinking and tool input of the wire, by block type, read without the code under test. */
function recordedContent(item: FixtureCase): JsonValue {
  const blocks: JsonObject[] = [];
  const inputs: string[] = [];
  if (item.kind === "json") for (const block of jsonOf(item).content as JsonObject[]) blocks.push(block);
  for (const frame of item.kind === "json" ? [] : framesOf(item)) {
    const index = blocks.findIndex((block) => block.wireIndex === frame.index);
    const block = blocks[index];
    if (isObject(frame.content_block)) blocks.push({ ...frame.content_block, wireIndex: frame.index });
    else if (isObject(frame.delta) && block !== undefined) {
      const { text, thinking, partial_json } = frame.delta;
      if (typeof text === "string") block.text = String(block.text) + text;
      if (typeof thinking === "string") block.thinking = String(block.thinking) + thinking;
      if (typeof partial_json === "string") inputs[index] = (inputs[index] ?? "") + partial_json;
    }
  }
  return blocks.map((block, index) => {
    if (block.type === "text") return ["text", block.text ?? ""];
    if (block.type === "thinking") return ["thinking", block.thinking ?? ""];
    const input = inputs[index] === undefined || inputs[index] === "" ? block.input : JSON.parse(inputs[index] ?? "");
    return block.name === undefined ? [block.type ?? ""] : ["tool", block.name ?? "", input ?? {}];
  });
}

describe("content", () => {
  for (const item of answers) {
    fixtureTest(item.id, () => {
      const answer = meaning(eventsOf(item));
      const parts = answer.choices[0]?.parts ?? [];
      const told = parts.map((part): JsonValue => {
        if (part.type === "text") return ["text", part.text];
        if (part.type === "reasoning" && part.form !== "redacted") return ["thinking", part.text];
        if (part.type === "tool-call") return ["tool", part.name, JSON.parse(part.arguments) as JsonValue];
        if (part.type === "server-tool-result" || part.type === "native") {
          return [String((part.native.value as JsonObject).type)];
        }
        return ["redacted_thinking"];
      });
      expect(told).toEqual(recordedContent(item) as never);
      expect(answer.ended).toBe(true);
      expect(answer.error).toBeNull();
    });
  }
});

describe("the same events under any cutting", () => {
  for (const item of streams) {
    fixtureTest(item.id, () => {
      expectSameCut(item.body(), decodeStream);
    });
  }
});

describe("encoded again and decoded back", () => {
  for (const item of answers) {
    fixtureTest(item.id, () => {
      const events = eventsOf(item);
      const answer = meaning(events);
      const usage = answer.usage ?? ANNOTATION.usage;
      const annotation = { ...ANNOTATION, usage };
      const streamed = meaning(decodeText(encodeStream(events, TARGET, annotation)));
      const losses = [] as never[];
      const json = anthropicMessages.encodeAnswer(answer, contextFor(TARGET), annotation, losses);
      const plain = meaning(decodeJson(JSON.parse(JSON.stringify(json)) as JsonValue));
      for (const back of [streamed, plain]) {
        expect(comparable(back.choices)).toEqual(comparable(answer.choices));
        expect(back.usage?.tokens).toEqual(usage.tokens);
        expect(back.usage?.fees).toEqual(usage.fees);
        expect(back.native).toEqual(answer.native);
      }
      expect(losses).toEqual([]);
    });
  }
});

/** Seals name the model that was shown, and JSON answers hold tool input as values: spaces in it are not kept. */
function comparable<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (key, field) => {
    if (key === "model") return "claude-shown";
    return key === "arguments" ? (JSON.parse(field as string) as unknown) : field;
  }) as T;
}

describe("error bodies", () => {
  for (const item of errors) {
    fixtureTest(item.id, () => {
      const body = jsonOf(item).error as JsonObject;
      const failure = anthropicMessages.decodeError(item.status, textOf(item.body()), new Headers());
      expect(failure).toMatchObject({ cause: "status", status: item.status, code: body.type, message: body.message });
    });
  }
});

describe("requests decode, and re-encode to the same meaning", () => {
  for (const item of cases.filter((candidate) => candidate.request() !== null)) {
    const body = item.request() as JsonObject;
    fixtureTest(item.id, () => {
      if (item.id.includes("err400")) {
        expect(() => decode(body)).toThrow("messages[0]");
        return;
      }
      const first = decode(body);
      const target = { ...TARGET, upstreamModel: first.model ?? "claude-test" };
      const encoded = anthropicMessages.encodeRequest(first, target);
      expect(encoded.losses).toEqual([]);
      const second = decode(JSON.parse(JSON.stringify(encoded.body)) as JsonObject);
      expect(withoutPaths({ ...second, model: first.model })).toEqual(withoutPaths(first));
    });
  }
});

describe("count_tokens", () => {
  for (const item of loadCases("anthropic-count-tokens")) {
    fixtureTest(item.id, () => {
      const request = decodeCountRequest(item.request() as JsonObject, { route: ROUTE, seals: SEALS });
      expect(request.maxOutput).toBeNull();
      if (item.status === 200) expect(decodeCountAnswer(jsonOf(item))).toBe(jsonOf(item).input_tokens as number);
      else {
        const failure = anthropicMessages.decodeError(item.status, textOf(item.body()), new Headers());
        expect(failure.code).toBe("not_found_error");
      }
    });
  }
});
