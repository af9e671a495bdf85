import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { decodeUsage } from "../../../src/dialects/gemini/decode-usage.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { sumTokens, INPUT_CLASSES, OUTPUT_CLASSES } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { expectSameCut } from "../../support/cuttings.ts";
import { HANGING_MS } from "../../support/limits.ts";
import { type FixtureCase, loadCases } from "../../support/fixtures.ts";
import { annotation, answerContext, chunksOf, decodeBody, decodePieces, encodeStream, fold } from "./support.ts";

setDefaultTimeout(HANGING_MS);

const cases = loadCases("gemini-generate");
const ok = cases.filter((item) => item.status === 200);
const streams = ok.filter((item) => item.kind !== "json");

/** Streams that are recorded as cut, failed or blocked. */
const UNFINISHED = ["vertex/generate-sse-error-mid-stream", "vertex/generate-sse-quotes-escaped"];

function decode(item: FixtureCase): IrEvent[] {
  const bytes = item.body();
  return item.kind === "json" ? decodeBody(parse(bytes)) : decodePieces([bytes], item.kind === "json-array");
}
const parse = (bytes: Uint8Array): JsonValue => parseJson(Buffer.from(bytes).toString("utf8"));

/** The chunks as plain JSON, read without any of our own decoders. */
function plainChunks(item: FixtureCase): JsonObject[] {
  const text = Buffer.from(item.body()).toString("utf8");
  if (item.kind === "json") return [parse(item.body()) as JsonObject];
  if (item.kind === "json-array") return parse(item.body()) as JsonObject[];
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => parseJson(line.slice(5)) as JsonObject);
}

interface Plain {
  text: string;
  thoughts: string;
  calls: { name: string; args: string }[];
}

function plainContent(item: FixtureCase, choice: number): Plain {
  const plain: Plain = { text: "", thoughts: "", calls: [] };
  for (const chunk of plainChunks(item)) {
    for (const candidate of (chunk.candidates as JsonObject[] | undefined) ?? []) {
      if ((candidate.index ?? 0) !== choice || !isObject(candidate.content)) continue;
      for (const part of (candidate.content.parts as JsonObject[] | undefined) ?? []) {
        if (typeof part.text === "string") plain[part.thought === true ? "thoughts" : "text"] += part.text;
        const call = part.functionCall as JsonObject | undefined;
        if (call?.name !== undefined && call.willContinue !== true) {
          plain.calls.push({ name: String(call.name), args: JSON.stringify(call.args ?? {}) });
        }
      }
    }
  }
  return plain;
}

function foldedContent(answer: Answer, choice: number): Plain {
  const plain: Plain = { text: "", thoughts: "", calls: [] };
  for (const part of answer.choices.find((item) => item.index === choice)?.parts ?? []) {
    if (part.type === "text") plain.text += part.text;
    else if (part.type === "reasoning") plain.thoughts += part.text;
    else if (part.type === "tool-call" && part.kind === "function")
      plain.calls.push({ name: part.name, args: part.arguments });
  }
  return plain;
}

const isPartial = (item: FixtureCase): boolean => item.covers.includes("partial-args");

describe.skipIf(cases.length === 0)("recorded answers", () => {
  test("all of them are there", () => {
    expect(cases.length).toBe(63);
  });

  for (const item of ok) {
    test(`${item.id}: text, calls and usage as recorded`, () => {
      const events = decode(item);
      const answer = fold(events);
      for (const choice of answer.choices.map(({ index }) => index)) {
        const expected = plainContent(item, choice);
        const actual = foldedContent(answer, choice);
        expect(actual.text).toBe(expected.text);
        expect(actual.thoughts).toBe(expected.thoughts);
        if (!isPartial(item)) expect(actual.calls).toEqual(expected.calls);
      }
      expectUsage(item, answer);
      const isCut = UNFINISHED.includes(item.id);
      expect(answer.ended).toBe(!isCut);
      expect(answer.error === null).toBe(!isCut);
      for (const choice of answer.choices) if (!isCut) expect(choice.finish).not.toBeNull();
    });
  }

  for (const item of streams) {
    test(`${item.id}: the same events under any cutting`, () => {
      expectSameCut(item.body(), (pieces) => decodePieces(pieces, item.kind === "json-array"));
    });
  }

  for (const item of ok) {
    if (UNFINISHED.includes(item.id)) continue;
    test(`${item.id}: our own encoder's stream and body decode to the same answer`, () => {
      const events = decode(item);
      const before = fold(events);
      const again = fold(decodePieces([Buffer.from(encodeStream(events))]));
      expectSame(again, before);
      const body = gemini.encodeAnswer(before, answerContext(), annotation(before.usage ?? undefined), []);
      expectSame(fold(decodeBody(parseJson(JSON.stringify(body)))), before);
      for (const chunk of chunksOf(encodeStream(events))) expect(chunk.responseId).toBeString();
    });
  }

  for (const item of cases.filter(({ status }) => status >= 400)) {
    test(`${item.id}: the error is read`, () => {
      const failure = gemini.decodeError(item.status, Buffer.from(item.body()).toString("utf8"), new Headers());
      expect(failure.cause).toBe("status");
      expect(failure.status).toBe(item.status);
      expect(failure.message.length).toBeGreaterThan(5);
      expect(failure.code).toMatch(/^[A-Z_]+$/);
    });
  }
});

/** Against the last usageMetadata that tells anything, with the counts of the provider's own convention. */
function expectUsage(item: FixtureCase, answer: Answer): void {
  const metas = plainChunks(item).flatMap((chunk) => (isObject(chunk.usageMetadata) ? [chunk.usageMetadata] : []));
  const meta = metas.findLast((one) => one.promptTokenCount !== undefined || one.thoughtsTokenCount !== undefined);
  if (meta === undefined) {
    expect(answer.usage).toBeNull();
    return;
  }
  const count = (name: string): number => (typeof meta[name] === "number" ? meta[name] : 0);
  const tokens = answer.usage?.tokens ?? {};
  expect(sumTokens(tokens, INPUT_CLASSES)).toBe(count("promptTokenCount") + count("toolUsePromptTokenCount"));
  expect(sumTokens(tokens, OUTPUT_CLASSES)).toBe(count("candidatesTokenCount") + count("thoughtsTokenCount"));
  expect(tokens.reasoning ?? 0).toBe(count("thoughtsTokenCount"));
  const cached = INPUT_CLASSES.filter((name) => name.startsWith("cached"));
  expect(sumTokens(tokens, cached)).toBe(count("cachedContentTokenCount"));
  if (count("totalTokenCount") > 0) {
    expect(sumTokens(tokens, [...INPUT_CLASSES, ...OUTPUT_CLASSES])).toBe(count("totalTokenCount"));
  }
  expect(decodeUsage(meta).tokens).toEqual(tokens);
}

function expectSame(actual: Answer, expected: Answer): void {
  const strip = (answer: Answer): unknown =>
    answer.choices.map((choice) => ({
      index: choice.index,
      finish: choice.finish,
      parts: choice.parts.map((part) => ({ ...part, seals: part.seals.map((seal) => seal.value), logprobs: null })),
    }));
  expect(strip(actual)).toEqual(strip(expected));
  expect(actual.usage?.tokens ?? {}).toEqual(expected.usage?.tokens ?? {});
  expect(actual.promptFeedback).toEqual(expected.promptFeedback);
}
