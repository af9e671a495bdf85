import { describe, expect } from "bun:test";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { INPUT_CLASSES, OUTPUT_CLASSES, sumTokens } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { expectSameCut } from "../../support/cuttings.ts";
import { type FixtureCase, fixtureTest, loadCases } from "../../support/fixtures.ts";
import {
  answerContext,
  decodeJson,
  decodePieces,
  decodeRequest,
  decodeStream,
  encodeStream,
  essence,
  fold,
  NO_ANNOTATION,
  sse,
  targetFacts,
} from "./support.ts";

const all = loadCases("openai-responses");
const streams = all.filter((item) => item.kind === "sse");
const answers = all.filter((item) => item.kind === "json" && item.status === 200);
const errors = all.filter((item) => item.status >= 400);

const textOf = (item: FixtureCase): string => new TextDecoder().decode(item.body());

/** The last response object that was recorded. */
function recorded(item: FixtureCase): JsonObject {
  if (item.kind === "json") return parseJson(textOf(item)) as JsonObject;
  const responses = textOf(item)
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => parseJson(line.slice(5)) as JsonObject)
    .filter((event) => isObject(event["response"]))
    .map((event) => event["response"] as JsonObject);
  return responses.at(-1) ?? {};
}

const eventsOf = (item: FixtureCase): IrEvent[] =>
  item.kind === "sse" ? decodeStream(item.body()) : decodeJson(parseJson(textOf(item)) as JsonObject);

/** Items as recorded: from the final response, or where that is empty from the events. */
function recordedItems(item: FixtureCase): JsonObject[] {
  const output = recorded(item)["output"];
  if (Array.isArray(output) && output.length > 0) return output.filter(isObject);
  return textOf(item)
    .split("\n")
    .filter((line) => line.startsWith("data:") && line.includes("response.output_item.done"))
    .map((line) => (parseJson(line.slice(5)) as JsonObject)["item"] as JsonObject);
}

function expectSameContent(answer: Answer, items: JsonObject[]): void {
  const contents = items.flatMap((item) =>
    Array.isArray(item["content"]) && item["type"] === "message" ? item["content"] : [],
  );
  const text = contents.map((part) => (isObject(part) ? (part["text"] ?? "") : "")).join("");
  const refusal = contents.map((part) => (isObject(part) ? (part["refusal"] ?? "") : "")).join("");
  const parts = answer.choices[0]?.parts ?? [];
  expect(parts.map((part) => (part.type === "text" ? part.text : "")).join("")).toBe(text);
  expect(parts.map((part) => (part.type === "refusal" ? part.text : "")).join("")).toBe(refusal);
  const calls = items.filter((item) => item["type"] === "function_call" || item["type"] === "custom_tool_call");
  const seen = parts.flatMap((part) => (part.type === "tool-call" ? [part] : []));
  expect(seen.map((call) => [call.name, call.arguments, call.id])).toEqual(
    calls.map(
      (call) => [call["name"], call["arguments"] ?? call["input"], call["call_id"]] as [string, string, string],
    ),
  );
  const reasoning = items
    .filter((item) => item["type"] === "reasoning")
    .map((item) => [...listOf(item["summary"]), ...listOf(item["content"])].map((part) => part["text"]).join(""))
    .filter((entry) => entry !== "");
  const thoughts = parts.flatMap((part) => (part.type === "reasoning" && part.text !== "" ? [part.text] : []));
  expect(thoughts).toEqual(reasoning);
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

fixtureTest("there are recordings of every kind", () => {
  expect(streams.length).toBeGreaterThanOrEqual(22);
  expect(answers.length).toBeGreaterThanOrEqual(25);
  expect(errors.length).toBeGreaterThanOrEqual(6);
});

describe("recorded answers", () => {
  for (const item of [...streams, ...answers]) {
    fixtureTest(`${item.id}: texts, calls, reasoning, usage`, () => {
      const answer = fold(eventsOf(item));
      const response = recorded(item);
      if (response["status"] === "failed") {
        expect(answer.error).toMatchObject({ status: 429, code: "insufficient_quota" });
        return;
      }
      expect(answer.error).toBeNull();
      expect(answer.ended).toBe(true);
      expectSameContent(answer, recordedItems(item));
      const usage = response["usage"];
      if (!isObject(usage)) {
        expect(answer.usage).toBeNull();
        return;
      }
      const tokens = answer.usage?.tokens ?? {};
      const input = usage["input_tokens_details"] as JsonObject;
      const output = usage["output_tokens_details"] as JsonObject;
      expect(sumTokens(tokens, INPUT_CLASSES)).toBe(usage["input_tokens"] as number);
      expect(sumTokens(tokens, OUTPUT_CLASSES)).toBe(usage["output_tokens"] as number);
      expect(tokens.cached_input ?? 0).toBe(input["cached_tokens"] as number);
      expect(tokens.cache_write_30m ?? 0).toBe((input["cache_write_tokens"] ?? 0) as number);
      expect(tokens.reasoning ?? 0).toBe(output["reasoning_tokens"] as number);
      expect(answer.usage?.reportedTotal).toBe(usage["total_tokens"] as number);
    });
  }
});

describe("recorded errors", () => {
  for (const item of errors) {
    fixtureTest(item.id, () => {
      const body = parseJson(textOf(item)) as { error: JsonObject };
      const failure = openaiResponses.decodeError(item.status, textOf(item), new Headers());
      expect(failure.status).toBe(item.status);
      expect(failure.message).toBe(body.error["message"] as string);
      expect(failure.code).toBe((body.error["code"] ?? body.error["type"]) as string);
      expect(failure.native).toEqual(body);
    });
  }
});

describe("the same events under any cutting", () => {
  for (const item of streams) {
    fixtureTest(item.id, () => {
      expectSameCut(item.body(), (pieces) => decodePieces(pieces));
    });
  }
});

describe("written again and read back", () => {
  for (const item of [...streams, ...answers]) {
    if (recorded(item)["status"] === "failed" || recorded(item)["status"] === "queued") continue;
    fixtureTest(`${item.id}: as a stream and as JSON`, () => {
      const events = eventsOf(item);
      const answer = fold(events);
      const expected = essence(answer);
      const stream = encodeStream(events);
      expect(essence(fold(decodeStream(stream)))).toEqual(expected);
      const body = openaiResponses.encodeAnswer(answer, answerContext(), NO_ANNOTATION, []);
      expect(essence(fold(decodeJson(JSON.parse(JSON.stringify(body)) as JsonObject)))).toEqual(expected);
    });
    fixtureTest(`${item.id}: the JSON form of a stream decodes to the same answer`, () => {
      const response = { ...recorded(item), output: recordedItems(item) };
      const fromJson = fold(decodeJson(response));
      const lone = fold(decodeStream(sse([{ type: "response.completed", response }])));
      expect(essence(lone)).toEqual(essence(fromJson));
    });
  }
});

/** The parts of a request that matter, without the places they stood at and the ids that nobody needs. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning);
  if (typeof value !== "object" || value === null) return value;
  const dropped = new Set(["path", "itemId", "losses", "system", "native"]);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !dropped.has(name))
      .map(([name, field]) => [name, meaning(field)]),
  );
}

describe("recorded requests", () => {
  /** Conversations that live at the provider: relayed, never translated. */
  const STATEFUL = ["previous_response_id", "background"];
  for (const item of all) {
    const request = item.request();
    if (!isObject(request) || item.dialect !== "openai-responses") continue;
    fixtureTest(`${item.id}: decodes, and means the same when encoded and decoded again`, () => {
      if (STATEFUL.some((name) => request[name] !== undefined && request[name] !== null)) {
        expect(() => decodeRequest(request)).toThrow(expect.objectContaining({ code: "unsupported_feature" }));
        return;
      }
      const first = decodeRequest(request);
      const encoded = openaiResponses.encodeRequest(first, targetFacts({ upstreamModel: first.model ?? "m" }));
      expect(encoded.body["store"]).toBe(false);
      const second = decodeRequest(JSON.parse(JSON.stringify(encoded.body)) as JsonObject);
      const kept = first.turns
        .map((turn) => ({ ...turn, parts: turn.parts.filter((part) => part.type !== "reasoning" || part.seal) }))
        .filter((turn) => turn.parts.length > 0);
      const losesReasoning = kept.length < first.turns.length;
      expect(encoded.losses.length > 0).toBe(losesReasoning);
      expect(meaning(second)).toEqual(meaning({ ...first, turns: kept }));
      const texts = (parts: typeof first.system): string =>
        parts.map((part) => (part.type === "text" ? part.text : "")).join("\n\n");
      expect(texts(second.system)).toBe(texts(first.system));
      expect(openaiResponses.encodeRequest(second, targetFacts({ upstreamModel: first.model ?? "m" })).body).toEqual(
        encoded.body,
      );
    });
  }
});
