/** Every recorded chat answer: decoded, billed, cut anywhere, written and read again. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { emptyUsage, totalInput, totalOutput } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { expectSameCut } from "../../support/cuttings.ts";
import { HANGING_MS } from "../../support/limits.ts";
import { type FixtureCase, FIXTURES_AVAILABLE, fixtureTest, loadCases } from "../../support/fixtures.ts";
import {
  answerContext,
  decodeBody,
  decodePieces,
  decodeRequest,
  encodeStream,
  essence,
  fold,
  NO_ANNOTATION,
  providerFacts,
} from "./support.ts";

setDefaultTimeout(HANGING_MS);

const cases = loadCases("openai-chat");
const answers = cases.filter((item) => item.status === 200);
const streams = answers.filter((item) => item.kind === "sse");
const errors = cases.filter((item) => item.status >= 400);
/** Streams that end in an error, with its status. */
const FAILING: Readonly<Record<string, number>> = {
  "groq/chat-sse-tool-use-failed-error-streaming": 400,
  "groq/chat-sse-tool-use-failed-error-streaming-with-text": 400,
  "openrouter/chat-sse-openrouter-stream-error": 400,
};

const textOf = (item: FixtureCase): string => new TextDecoder().decode(item.body());

function eventsOf(item: FixtureCase): IrEvent[] {
  const target = providerFacts(item.provider);
  return item.kind === "sse" ? decodePieces([item.body()], target).events : decodeBody(parseJson(textOf(item)), target);
}

/** The parsed chunks of a recording, or its one answer. */
function chunksOf(item: FixtureCase): JsonObject[] {
  if (item.kind === "json") return [parseJson(textOf(item))].filter(isObject);
  const reader = new SseReader({ maxFrameBytes: 32 * 1024 * 1024 });
  return [...reader.push(item.body()), ...reader.end()]
    .filter(({ frame }) => frame.data.startsWith("{"))
    .map(({ frame }) => parseJson(frame.data))
    .filter(isObject);
}

const object = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const list = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

interface Recorded {
  text: string;
  reasoning: string;
  refusal: string;
  calls: { name: string; arguments: string }[];
  usage: JsonObject | null;
}

/** What a recording says, read in the plainest way: another reader than the one under test. */
function recordedIn(item: FixtureCase): Recorded {
  const result: Recorded = { text: "", reasoning: "", refusal: "", calls: [], usage: null };
  const calls = new Map<string, { name: string; arguments: string }>();
  for (const chunk of chunksOf(item)) {
    const usage = isObject(chunk["usage"]) ? chunk["usage"] : object(chunk["x_groq"])["usage"];
    if (isObject(usage)) result.usage = usage;
    for (const choice of list(chunk["choices"])) {
      const message = object(object(choice)["delta"] ?? object(choice)["message"]);
      readContent(message["content"], result);
      result.reasoning += text(message["reasoning_content"]) || text(message["reasoning"]);
      result.refusal += text(message["refusal"]);
      for (const call of list(message["tool_calls"]).map(object)) {
        const body = object(call["function"]);
        const key = String(call["index"] ?? call["id"]);
        const known = calls.get(item.kind === "json" ? String(calls.size) : key) ?? { name: "", arguments: "" };
        if (known.name === "") known.name = text(body["name"]);
        known.arguments += text(body["arguments"]);
        calls.set(item.kind === "json" ? String(calls.size) : key, known);
      }
    }
  }
  result.calls = [...calls.values()];
  return result;
}

function readContent(content: JsonValue | undefined, result: Recorded): void {
  if (typeof content === "string") result.text += content;
  for (const part of list(content).map(object)) {
    if (part["type"] === "text") result.text += text(part["text"]);
    for (const thought of list(part["thinking"]).map(object)) result.reasoning += text(thought["text"]);
  }
}

const joined = (answer: Answer, type: "text" | "reasoning" | "refusal"): string =>
  answer.choices.flatMap((choice) => choice.parts.map((part) => (part.type === type ? part.text : ""))).join("");

describe.skipIf(!FIXTURES_AVAILABLE)("recorded answers", () => {
  test("there are 134 of them", () => {
    expect(cases).toHaveLength(134);
  });

  for (const item of answers) {
    test(`${item.id}: text, reasoning, refusals and calls as recorded`, () => {
      const answer = fold(eventsOf(item));
      const recorded = recordedIn(item);
      if (FAILING[item.id] === undefined) {
        expect(answer.error).toBeNull();
        expect(answer.ended).toBe(true);
        for (const choice of answer.choices) expect(choice.finish).not.toBeNull();
      } else {
        expect(answer.error?.status).toBe(FAILING[item.id] ?? null);
        expect(answer.ended).toBe(false);
      }
      // llama.cpp with one token: the content is the opening tag alone.
      const recordedText = recorded.text === "<think>" ? "" : recorded.text;
      expect(joined(answer, "text")).toBe(recordedText);
      expect(joined(answer, "reasoning")).toBe(recorded.reasoning);
      expect(joined(answer, "refusal")).toBe(recorded.refusal);
      const calls = answer.choices.flatMap((choice) =>
        choice.parts.flatMap((part) => (part.type === "tool-call" ? [part] : [])),
      );
      expect(calls.map((call) => ({ name: call.name, arguments: call.arguments }))).toEqual(recorded.calls);
      expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
      expect(answer.losses).toEqual([]);
    });

    test(`${item.id}: usage classes are disjoint and add up to the recorded usage`, () => {
      const { usage } = fold(eventsOf(item));
      const recorded = recordedIn(item).usage;
      if (recorded === null) {
        expect(usage).toBeNull();
        return;
      }
      const prompt = Number(recorded["prompt_tokens"]);
      const completion = Number(recorded["completion_tokens"]);
      const details = object(recorded["completion_tokens_details"]);
      const reasoning = Number(details["reasoning_tokens"] ?? recorded["reasoning_tokens"] ?? 0);
      const outside = providerFacts(item.provider).compat.reasoning_outside_output;
      const shown = usage ?? emptyUsage();
      expect(totalInput(shown)).toBe(prompt);
      expect(totalOutput(shown)).toBe(outside ? completion + reasoning : completion);
      expect(shown.tokens.reasoning ?? 0).toBe(outside ? reasoning : Math.min(reasoning, completion));
      for (const tokens of Object.values(shown.tokens)) expect(tokens).toBeGreaterThan(0);
      const cached = Number(object(recorded["prompt_tokens_details"])["cached_tokens"] ?? 0);
      const hits = (shown.tokens.cached_input ?? 0) + (shown.tokens.cached_input_image ?? 0);
      expect(hits).toBe(Math.min(cached, prompt));
    });

    if (FAILING[item.id] !== undefined) continue;

    test(`${item.id}: written as a stream and read again, the answer is the same`, () => {
      const events = eventsOf(item);
      const written = encodeStream(
        events,
        answerContext({ request: { ...decodeRequest(PROMPT), includeUsage: true } }),
      );
      const again = decodePieces([Buffer.from(written)]).events;
      expect(withUsage(essence(fold(again)))).toEqual(withUsage(essence(fold(events))));
    });

    test(`${item.id}: written as JSON and read again, the answer is the same`, () => {
      const events = eventsOf(item);
      const body = openaiChat.encodeAnswer(fold(events), answerContext(), NO_ANNOTATION, []);
      expect(withUsage(essence(fold(decodeBody(body))))).toEqual(withUsage(essence(fold(events))));
    });
  }

  for (const item of streams) {
    test(`${item.id}: the same events under any cutting`, () => {
      const target = providerFacts(item.provider);
      expectSameCut(item.body(), (pieces) => decodePieces(pieces, target));
    });
  }

  for (const item of errors) {
    test(`${item.id}: the error is read`, () => {
      const failure = openaiChat.decodeError(item.status, textOf(item), new Headers());
      expect(failure.cause).toBe("status");
      expect(failure.status).toBe(item.status);
      expect(failure.message.length).toBeGreaterThan(3);
      expect(textOf(item)).toContain(JSON.stringify(failure.message).slice(1, 8));
    });
  }

  for (const item of cases) {
    const body = item.request();
    if (!isObject(body) || !Array.isArray(body["messages"]) || item.status >= 400) continue;
    test(`${item.id}: the recorded request is decoded, encoded and decoded to the same`, () => {
      const request = decodeRequest(body);
      const again = decodeRequest(openaiChat.encodeRequest(request, providerFacts("openai")).body);
      const { extras: _extras, ...rest } = again;
      const { extras: _own, ...expected } = request;
      expect(normal(rest)).toEqual(normal(expected));
      expect(again.extras.fields).toEqual({ ...request.extras.fields });
    });
  }
});

fixtureTest("recorded streams of all providers are there", () => {
  expect(streams.length).toBeGreaterThan(40);
});

const PROMPT: JsonObject = { model: "m", messages: [{ role: "user", content: "?" }] };

/** An answer without usage is written with zeros. */
function withUsage(value: unknown): unknown {
  return isObject(value) ? { ...value, usage: value["usage"] ?? {} } : value;
}

/** What may differ: the model, the gateway's own wish for usage, and in which of several words reasoning was asked for. */
function normal(request: Omit<GenerateRequest, "extras">): object {
  const { reasoning } = request;
  const asked =
    reasoning === null || (reasoning.mode === "on" && reasoning.effort === undefined) ? null : reasoning.mode;
  // A list of one text is sent as that text, which changes nothing but its path.
  const text = JSON.stringify({ ...request, includeUsage: null, reasoning: asked })
    .replaceAll(JSON.stringify(request.model), '"m"')
    .replaceAll('.content[0]"', '.content"');
  return JSON.parse(text) as object;
}
