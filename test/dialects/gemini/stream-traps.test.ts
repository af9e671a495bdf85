import { describe, expect, test } from "bun:test";
import * as fc from "../../support/property.ts";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import type { FrameRole } from "../../../src/dialects/dialect.ts";
import { DecodeError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { expectSameCut } from "../../support/cuttings.ts";
import { decodeBody, decodeChunks, decodePieces, decodeText, fold, sse, target } from "./support.ts";

const text = (value: string, more: object = {}): JsonValue => ({
  candidates: [{ content: { parts: [{ text: value }], role: "model" }, index: 0, ...more }],
  responseId: "r1",
  modelVersion: "gemini-x",
});
const parts = (list: JsonValue[], more: object = {}): JsonValue => ({
  candidates: [{ content: { parts: list, role: "model" }, ...more }],
  responseId: "r1",
});
const STOP = { finishReason: "STOP" };
const kinds = (events: readonly IrEvent[]): string[] => events.map((event) => event.type);
const partsOf = (events: readonly IrEvent[]) => fold(events).choices[0]?.parts ?? [];

function roles(...chunks: JsonValue[]): FrameRole[] {
  const decoder = gemini.createDecoder({ target });
  return chunks.map((chunk) =>
    decoder.push({ event: null, data: chunk === "" ? "" : JSON.stringify(chunk) }, () => undefined),
  );
}

describe("text and thoughts", () => {
  test("consecutive chunks are one part until the kind changes", () => {
    const events = decodeChunks(
      parts([{ text: "I ", thought: true }]),
      parts([{ text: "think", thought: true }, { text: "a" }]),
      text("b", STOP),
    );
    expect(partsOf(events).map((part) => ("text" in part ? [part.type, part.text] : []))).toEqual([
      ["reasoning", "I think"],
      ["text", "ab"],
    ]);
    expect(kinds(events)).toEqual([
      "message-start",
      "reasoning-start",
      "reasoning-delta",
      "reasoning-delta",
      "part-end",
      "text-start",
      "text-delta",
      "text-delta",
      "part-end",
      "message-end",
      "response-end",
    ]);
  });

  test("the input that the first chunk tells is known before its content", () => {
    const usageMetadata = { promptTokenCount: 25, totalTokenCount: 25 };
    const events = decodeChunks({ ...(text("a") as JsonObject), usageMetadata }, text("b", STOP));
    expect(kinds(events).slice(0, 3)).toEqual(["message-start", "usage", "text-start"]);
    expect(events[1]).toMatchObject({ final: false, usage: { tokens: { input: 25 } } });
  });

  test("a signature on an empty text part seals the text that is open", () => {
    const events = decodeChunks(text("17 squared is 289."), parts([{ text: "", thoughtSignature: "sig" }], STOP));
    const [part, ...others] = partsOf(events);
    expect(others).toEqual([]);
    expect(part).toMatchObject({
      type: "text",
      text: "17 squared is 289.",
      seals: [{ value: "sig", realm: "google", model: "gemini-2.5-flash" }],
    });
  });

  test("a signature on an empty text part of its own, and text behind a sealed part", () => {
    const events = decodeChunks(
      parts([
        { text: "hm", thought: true },
        { text: "", thoughtSignature: "one" },
      ]),
      text("after", STOP),
    );
    expect(partsOf(events).map((part) => [part.type, part.seals.length])).toEqual([
      ["reasoning", 0],
      ["text", 1],
      ["text", 0],
    ]);
  });

  test("empty parts, empty text, missing parts, content, role and candidates are nothing", () => {
    const events = decodeChunks(
      parts([{}, { text: "" }]),
      { candidates: [{ content: { role: "model" } }] },
      { candidates: [{}] },
      { responseId: "r1" },
      { candidates: [{ content: { parts: [{ text: "x" }] }, ...STOP }] },
    );
    expect(partsOf(events)).toHaveLength(1);
    expect(fold(events).ended).toBe(true);
  });

  test("a finishReason in every chunk does not end the answer early", () => {
    const events = decodeChunks(text("First ", STOP), text("Second", STOP));
    expect(partsOf(events)).toMatchObject([{ text: "First Second" }]);
    expect(kinds(events).filter((kind) => kind === "message-end")).toHaveLength(1);
  });

  test("two candidates interleave", () => {
    const chunk = (index: number, value: string, more: object = {}): JsonValue => ({
      candidates: [{ content: { parts: [{ text: value }] }, index, ...more }],
    });
    const answer = fold(
      decodeChunks(chunk(0, "a"), chunk(1, "x"), chunk(0, "b", STOP), chunk(1, "y", { finishReason: "MAX_TOKENS" })),
    );
    expect(answer.choices.map((choice) => [choice.finish?.kind, choice.parts[0]])).toMatchObject([
      ["stop", { text: "ab" }],
      ["length", { text: "xy" }],
    ]);
  });
});

describe("function calls", () => {
  test("without args, with an id, with a signature; STOP means that the tool is wanted", () => {
    const events = decodeChunks(
      parts(
        [
          { functionCall: { name: "now", id: "given" }, thoughtSignature: "s1" },
          { functionCall: { name: "now", args: { a: 1 } } },
        ],
        STOP,
      ),
    );
    const answer = fold(events);
    expect(answer.choices[0]?.finish).toEqual({ kind: "tool", raw: "STOP" });
    const [first, second] = partsOf(events);
    expect(first).toMatchObject({ type: "tool-call", id: "given", arguments: "{}", seals: [{ value: "s1" }] });
    expect(second).toMatchObject({ type: "tool-call", name: "now", arguments: '{"a":1}', seals: [] });
    expect(second?.type === "tool-call" && second.id).toMatch(/^call_[0-9a-f]{24}$/);
  });

  test("generated ids differ between calls and between answers, and depend on nothing else", () => {
    const call = { functionCall: { name: "f", args: {} } };
    const ids = (events: readonly IrEvent[]) => partsOf(events).map((part) => part.type === "tool-call" && part.id);
    const once = ids(decodeChunks(parts([call, call], STOP)));
    expect(new Set(once).size).toBe(2);
    expect(ids(decodeChunks(parts([call]), parts([call], STOP)))).toEqual(once);
    const other = { candidates: [{ content: { parts: [call] }, ...STOP }], responseId: "r2" };
    expect(ids(decodeChunks(other))[0]).not.toBe(once[0]);
  });

  test("partialArgs: strings that continue, nested places, numbers, booleans and null; closed by an empty call", () => {
    const events = decodeChunks(
      parts([{ functionCall: { name: "write", willContinue: true }, thoughtSignature: "s" }]),
      parts([
        {
          functionCall: {
            partialArgs: [{ jsonPath: "$.items[0].name", stringValue: "ap", willContinue: true }],
            willContinue: true,
          },
        },
      ]),
      parts([
        { functionCall: { partialArgs: [{ jsonPath: "$.items[0].name", stringValue: "ple" }], willContinue: true } },
      ]),
      parts([
        {
          functionCall: {
            partialArgs: [
              { jsonPath: "$.items[0]['unit price']", numberValue: 0.5 },
              { jsonPath: "$.items[1].ok", boolValue: false },
              { jsonPath: "$.none", nullValue: "NULL_VALUE" },
            ],
            willContinue: true,
          },
        },
      ]),
      parts([{ functionCall: {} }], STOP),
    );
    const [call] = partsOf(events);
    expect(call).toMatchObject({ name: "write", seals: [{ value: "s" }] });
    expect(call?.type === "tool-call" && JSON.parse(call.arguments)).toEqual({
      items: [{ name: "apple", "unit price": 0.5 }, { ok: false }],
      none: null,
    });
  });

  test("partialArgs without the terminal call, and the same function twice", () => {
    const start = parts([{ functionCall: { name: "w", willContinue: true } }]);
    const value = (text: string): JsonValue =>
      parts([{ functionCall: { partialArgs: [{ jsonPath: "$.x", stringValue: text }] } }]);
    const events = decodeChunks(start, value("1"), start, value("2"), text("", STOP));
    expect(partsOf(events)).toMatchObject([{ arguments: '{"x":"1"}' }, { arguments: '{"x":"2"}' }]);
  });

  test("a path that would grow the arguments without bound is left out; __proto__ is a name like others", () => {
    const events = decodeChunks(
      parts(
        [
          {
            functionCall: {
              name: "w",
              partialArgs: [
                { jsonPath: "$.a[999999]", numberValue: 1 },
                { jsonPath: "$.__proto__.polluted", boolValue: true },
              ],
            },
          },
        ],
        STOP,
      ),
    );
    const [call] = partsOf(events);
    expect(call?.type === "tool-call" && call.arguments).toBe('{"a":[],"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("MALFORMED_FUNCTION_CALL and an unexpected call are malformed tools", () => {
    for (const reason of ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"]) {
      const events = decodeChunks(text("", { finishReason: reason, finishMessage: "why" }));
      expect(fold(events).choices[0]?.finish).toEqual({
        kind: "malformed-tool",
        raw: reason,
        details: { message: "why" },
      });
    }
  });

  test("big integers in arguments survive", () => {
    const events = decodeText(
      'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":12345678901234567890}}}]},"finishReason":"STOP"}]}\n\n',
    );
    expect(partsOf(events)).toMatchObject([{ arguments: '{"id":12345678901234567890}' }]);
  });
});

describe("hosted tools, media and other parts", () => {
  test("code execution is the provider's own tool, never the client's", () => {
    const events = decodeChunks(
      parts([{ executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "s" }]),
      parts([{ codeExecutionResult: { outcome: "OUTCOME_FAILED", output: "no" } }, { text: "done" }], STOP),
    );
    const [call, result] = partsOf(events);
    expect(call).toMatchObject({ type: "tool-call", kind: "server", name: "code_execution", seals: [{ value: "s" }] });
    expect(result).toMatchObject({ type: "server-tool-result", isError: true, name: "code_execution" });
    expect(result?.type === "server-tool-result" && result.toolId).toBe(call?.type === "tool-call" ? call.id : "");
    expect(fold(events).choices[0]?.finish?.kind).toBe("stop");
  });

  test("images are media, thought images and unknown parts stay native", () => {
    const blob = { inlineData: { mimeType: "image/png", data: "AAAA" } };
    const events = decodeChunks(
      parts([blob, { ...blob, thought: true }, { somethingNew: { a: 1 }, thoughtSignature: "s" }], STOP),
    );
    expect(partsOf(events)).toMatchObject([
      { type: "media", mediaType: "image/png", base64: "AAAA" },
      { type: "native", native: { value: { ...blob, thought: true } } },
      { type: "native", native: { value: { somethingNew: { a: 1 } } }, seals: [{ value: "s" }] },
    ]);
  });

  test("grounding becomes citations at UTF-16 places, with searches as a fee", () => {
    const groundingMetadata = {
      webSearchQueries: ["a", "b"],
      groundingChunks: [{ web: { uri: "https://a.example", title: "A" } }, { web: { uri: "https://b.example" } }],
      groundingSupports: [{ segment: { startIndex: 6, endIndex: 9, text: "abc" }, groundingChunkIndices: [0] }],
    };
    const usageMetadata = { promptTokenCount: 1, totalTokenCount: 1 };
    const events = decodeChunks(text("äöü"), {
      ...(text("abc", { ...STOP, groundingMetadata }) as object),
      usageMetadata,
    } as JsonValue);
    const answer = fold(events);
    expect(answer.usage?.fees).toEqual({ web_search: 2 });
    expect(partsOf(events)[0]).toMatchObject({
      text: "äöüabc",
      citations: [
        { kind: "url", url: "https://a.example", title: "A", start: 3, end: 6, quotedText: "abc" },
        { url: "https://b.example" },
      ],
    });
    expect(answer.choices[0]?.native).toEqual({ groundingMetadata });
  });
});

describe("finish and framing", () => {
  test("numeric finishReason of Vertex AI", () => {
    expect(fold(decodeChunks(text("x", { finishReason: 1 }))).choices[0]?.finish).toEqual({
      kind: "stop",
      raw: "STOP",
    });
    expect(fold(decodeChunks(text("x", { finishReason: 2 }))).choices[0]?.finish?.kind).toBe("length");
    expect(fold(decodeChunks(text("x", { finishReason: 10 }))).choices[0]?.finish).toEqual({
      kind: "filter",
      raw: "MODEL_ARMOR",
    });
  });

  test("an unknown reason is an error that keeps its word", () => {
    expect(fold(decodeChunks(text("x", { finishReason: "FAKE" }))).choices[0]?.finish).toEqual({
      kind: "error",
      raw: "FAKE",
    });
  });

  test("EOF without a finishReason is truncated, in whichever candidate", () => {
    expect(fold(decodeChunks(text("cut"))).error?.cause).toBe("truncated");
    expect(fold(decodeText("")).error?.cause).toBe("truncated");
    const other = { candidates: [{ content: { parts: [{ text: "y" }] }, index: 1 }] };
    expect(fold(decodeChunks(text("x", STOP), other)).error?.cause).toBe("truncated");
    expect(fold(decodeChunks(text("x", { finishReason: "FINISH_REASON_UNSPECIFIED" }))).error?.cause).toBe("truncated");
  });

  test("a blocked prompt is a filtered answer without candidates", () => {
    const answer = fold(decodeChunks({ promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "no" } }));
    expect(answer.choices).toMatchObject([
      { index: 0, parts: [], finish: { kind: "filter", raw: "SAFETY", details: { message: "no" } } },
    ]);
    expect(answer.promptFeedback?.blockReason).toBe("SAFETY");
    expect(answer.ended).toBe(true);
  });

  test("prompt feedback without a reason blocks nothing", () => {
    const answer = fold(
      decodeChunks({ ...(text("x", STOP) as object), promptFeedback: { safetyRatings: [] } } as JsonValue),
    );
    expect(answer.promptFeedback).toBeNull();
    expect(answer.native?.value).toEqual({ promptFeedback: { safetyRatings: [] } });
  });

  test("a JSON array without alt=sse, pretty-printed, under any cutting", () => {
    const array = Buffer.from(JSON.stringify([text("a["), text('b"]', STOP)], null, 2));
    expect(partsOf(decodePieces([array], true))).toMatchObject([{ text: 'a[b"]' }]);
    expectSameCut(array, (pieces) => decodePieces(pieces, true));
  });

  test("CRLF, LF and a whole stream in one chunk", () => {
    const stream = sse(text("a"), text("b", STOP));
    expect(partsOf(decodeText(stream))).toEqual(partsOf(decodeText(stream.replaceAll("\r\n", "\n"))));
    expect(partsOf(decodeText(sse(text("all", STOP))))).toMatchObject([{ text: "all" }]);
  });

  test("errors: an SSE chunk, bare lines of JSON (Vertex AI), an element of the array", () => {
    const error = { error: { code: 503, message: "overloaded", status: "UNAVAILABLE" } };
    const streams = [
      decodeChunks(text("a", STOP), error),
      decodeText(`${sse(text("a", STOP))}${JSON.stringify(error, null, 2)}\n`),
      decodeText(JSON.stringify([text("a"), error]), true),
    ];
    for (const events of streams) {
      const answer = fold(events);
      expect(answer.error).toMatchObject({ cause: "status", status: 503, code: "UNAVAILABLE", message: "overloaded" });
      expect(answer.ended).toBe(false);
      expect(kinds(events).filter((kind) => kind === "error")).toHaveLength(1);
    }
  });

  test("a whole JSON answer needs no finishReason; one without candidates is no answer; an error body in a 200 is an error", () => {
    expect(fold(decodeBody({ candidates: [{ content: { parts: [{ text: "x" }] } }] })).choices[0]?.finish).toEqual({
      kind: "stop",
      raw: null,
    });
    expect(fold(decodeBody({})).error?.cause).toBe("truncated");
    expect(fold(decodeBody({ error: { code: 400, status: "INVALID_ARGUMENT", message: "bad" } })).error?.status).toBe(
      400,
    );
    expect(() => decodeBody("x")).toThrow(DecodeError);
    expect(() => decodeText("data: {oops\n\n")).toThrow(DecodeError);
    expect(() => decodeText("data: 1\n\n")).toThrow(DecodeError);
  });

  test("roles for a relay: content flows, the chunk with the reason is held back even with content, the bracket stays behind it", () => {
    expect(
      roles({ responseId: "r" }, text("a"), { usageMetadata: { totalTokenCount: 1 } }, text("b", STOP), ""),
    ).toEqual(["start", "content", "start", "tail", "tail"]);
    expect(roles("", { promptFeedback: { blockReason: "OTHER" } })).toEqual(["ignore", "tail"]);
    expect(roles(text("a", STOP), text("b"))).toEqual(["tail", "content"]);
    expect(roles({ error: { code: 500 } })).toEqual(["tail"]);
  });
});

test("arbitrary bytes and arbitrary JSON throw nothing but DecodeError", () => {
  const attempt = (pieces: Uint8Array[], array: boolean): void => {
    try {
      decodePieces(pieces, array);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  };
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), fc.boolean(), (pieces, array) =>
      attempt(pieces, array),
    ),
    { numRuns: 300 },
  );
  const names = fc.constantFrom(
    "candidates",
    "content",
    "parts",
    "text",
    "functionCall",
    "partialArgs",
    "usageMetadata",
    "index",
    "finishReason",
    "groundingMetadata",
    "thoughtSignature",
    "inlineData",
    "error",
    "promptFeedback",
    "promptTokensDetails",
    "segment",
    "jsonPath",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium" },
      fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(names, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), fc.boolean(), (values, array) => {
      const json = values as JsonValue[];
      attempt([Buffer.from(array ? JSON.stringify(json) : sse(...json))], array);
    }),
    { numRuns: 500 },
  );
});
