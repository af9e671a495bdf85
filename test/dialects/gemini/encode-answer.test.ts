import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { Finish } from "../../../src/ir/finish.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import {
  annotation,
  answerContext,
  arrayRoute,
  chunksOf,
  encodeStream,
  fold,
  foreign,
  requestContext,
  scan as scanBody,
  seals,
  target,
} from "./support.ts";

const at = { choice: 0, part: 0 };
const end = (kind: Finish["kind"], raw: string | null = null): IrEvent => ({
  type: "message-end",
  choice: 0,
  finish: { kind, raw },
});
const start: IrEvent = { type: "message-start", id: "msg_1", model: "claude", created: 1 };
const over: IrEvent = { type: "response-end" };
const text = (value: string, part = 0): IrEvent[] => [
  { type: "text-start", choice: 0, part },
  { type: "text-delta", text: value, choice: 0, part },
];
const done = (part = 0): IrEvent => ({ type: "part-end", choice: 0, part });
const tool = (part: number, args: string[], name = "f"): IrEvent[] => [
  { type: "tool-start", kind: "function", id: `toolu_${part}`, name, choice: 0, part },
  ...args.map((piece): IrEvent => ({ type: "arguments-delta", text: piece, choice: 0, part })),
];
const claudeSeal: Seal = {
  origin: "anthropic-messages",
  kind: "signature",
  provider: "anthropic",
  realm: "anthropic",
  model: "claude",
  value: "SIG==",
};
const context = answerContext(foreign);
const partsOf = (chunks: readonly JsonObject[]): JsonObject[] =>
  chunks.flatMap((chunk) =>
    ((chunk.candidates as JsonObject[] | undefined) ?? []).flatMap(
      (item) => (item.content as JsonObject).parts as JsonObject[],
    ),
  );
const lastOf = (events: readonly IrEvent[], facts = context): JsonObject =>
  chunksOf(encodeStream(events, facts)).at(-1) ?? {};
const body = (events: readonly IrEvent[], losses: Loss[] = [], facts = context): JsonObject =>
  gemini.encodeAnswer(fold(events), facts, annotation(fold(events).usage ?? undefined), losses);

describe("streams", () => {
  test("text flows, every chunk is complete, the last one has reason, usage and annotation", () => {
    const usage = {
      tokens: { input: 5, cached_input: 3, output: 7, reasoning: 2 },
      reasoningKnown: true,
      fees: {},
      variant: {},
    };
    const events: IrEvent[] = [
      start,
      ...text("Hel"),
      { type: "text-delta", text: "lo", ...at },
      done(),
      { type: "usage", usage, final: true },
      end("stop", "end_turn"),
      over,
    ];
    const stream = encodeStream(events, context);
    expect(stream.startsWith('data: {"candidates":')).toBe(true);
    expect(stream).toContain('"cost_cents":0.0123,"tollgate":{"request_id":"req_1"}');
    expect(stream).not.toContain("[DONE]");
    const chunks = chunksOf(stream);
    expect(chunks).toEqual([
      {
        candidates: [{ content: { parts: [{ text: "Hel" }], role: "model" }, index: 0 }],
        modelVersion: "shown-model",
        responseId: "msg_1",
      },
      {
        candidates: [{ content: { parts: [{ text: "lo" }], role: "model" }, index: 0 }],
        modelVersion: "shown-model",
        responseId: "msg_1",
      },
      {
        candidates: [{ content: { parts: [{ text: "" }], role: "model" }, finishReason: "STOP", index: 0 }],
        usageMetadata: {
          promptTokenCount: 8,
          candidatesTokenCount: 7,
          thoughtsTokenCount: 2,
          totalTokenCount: 17,
          cachedContentTokenCount: 3,
          promptTokensDetails: [{ modality: "TEXT", tokenCount: 8 }],
          cacheTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
          candidatesTokensDetails: [{ modality: "TEXT", tokenCount: 7 }],
        },
        modelVersion: "shown-model",
        responseId: "msg_1",
        cost_cents: 0.0123,
        tollgate: { request_id: "req_1" },
      },
    ]);
  });

  test("function calls go out whole and end in STOP", () => {
    const events = [
      start,
      ...tool(0, ['{"a"', ':"', 'x"}']),
      ...tool(1, [], "g"),
      done(0),
      done(1),
      end("tool", "tool_use"),
      over,
    ];
    expect(partsOf(chunksOf(encodeStream(events, context)))).toEqual([
      { functionCall: { id: "toolu_0", name: "f", args: { a: "x" } } },
      { functionCall: { id: "toolu_1", name: "g", args: {} } },
      { text: "" },
    ]);
    expect((lastOf(events).candidates as JsonObject[])[0]?.finishReason).toBe("STOP");
  });

  test("arguments cut by the limit are no call: MAX_TOKENS, and a loss; else MALFORMED_FUNCTION_CALL", () => {
    const events = (finish: Finish["kind"]) => [start, ...tool(0, ['{"a":']), done(), end(finish), over];
    const reason = (finish: Finish["kind"]) => (lastOf(events(finish)).candidates as JsonObject[])[0]?.finishReason;
    expect(reason("length")).toBe("MAX_TOKENS");
    expect(reason("tool")).toBe("MALFORMED_FUNCTION_CALL");
    const losses: Loss[] = [];
    expect(partsOf([body(events("length"), losses)])).toEqual([]);
    expect(losses).toMatchObject([{ field: "choices[0].parts[0]", side: "answer" }]);
  });

  test("parts that interleave are put one behind the other", () => {
    const events = [
      start,
      ...text("a1", 0),
      ...text("b1", 1),
      { type: "text-delta", text: "a2", choice: 0, part: 0 } as IrEvent,
      done(1),
      done(0),
      end("stop"),
      over,
    ];
    expect(partsOf(chunksOf(encodeStream(events, context))).map((part) => part.text)).toEqual(["a1", "a2", "b1", ""]);
  });

  test("thoughts, refusals, images", () => {
    const events: IrEvent[] = [
      start,
      { type: "reasoning-start", form: "full", ...at },
      { type: "reasoning-delta", text: "hm", ...at },
      done(),
      { type: "refusal-start", choice: 0, part: 1 },
      { type: "refusal-delta", text: "no", choice: 0, part: 1 },
      done(1),
      { type: "media-start", mediaType: "image/png", choice: 0, part: 2 },
      { type: "media-delta", base64: "AA", choice: 0, part: 2 },
      { type: "media-delta", base64: "AA", choice: 0, part: 2 },
      done(2),
      end("refusal"),
      over,
    ];
    const expected = [
      { text: "hm", thought: true },
      { text: "no" },
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
    ];
    expect(partsOf(chunksOf(encodeStream(events, context)))).toEqual([...expected, { text: "" }]);
    expect(partsOf([body(events)])).toEqual(expected);
    expect((lastOf(events).candidates as JsonObject[])[0]?.finishReason).toBe("SAFETY");
  });

  test("finish reasons by kind; Google's own word comes back as it was", () => {
    const reason = (event: IrEvent, facts = context) =>
      (lastOf([start, ...text("x"), done(), event, over], facts).candidates as JsonObject[])[0]?.finishReason;
    const kinds: [Finish["kind"], string][] = [
      ["stop", "STOP"],
      ["length", "MAX_TOKENS"],
      ["context", "MAX_TOKENS"],
      ["filter", "SAFETY"],
      ["pause", "OTHER"],
      ["error", "OTHER"],
      ["malformed-tool", "MALFORMED_FUNCTION_CALL"],
    ];
    for (const [kind, wire] of kinds) expect(reason(end(kind))).toBe(wire);
    expect(reason(end("filter", "RECITATION"), answerContext(target))).toBe("RECITATION");
  });

  test("a blocked prompt has feedback instead of candidates", () => {
    const events: IrEvent[] = [
      start,
      { type: "prompt-feedback", blockReason: "content_filter", native: {} },
      end("filter"),
      over,
    ];
    expect(lastOf(events)).toMatchObject({ promptFeedback: { blockReason: "SAFETY" } });
    expect(lastOf(events).candidates).toBeUndefined();
    expect(body(events).candidates).toBeUndefined();
  });

  test("hosted tools of other providers are a loss, not a call of the client's", () => {
    const events: IrEvent[] = [
      start,
      { type: "tool-start", kind: "server", id: "s", name: "web_search", ...at },
      done(),
      {
        type: "server-tool-result",
        toolId: "s",
        name: "web_search",
        isError: false,
        native: { origin: "anthropic-messages", value: {} },
        choice: 0,
        part: 1,
      },
      done(1),
      end("stop"),
      over,
    ];
    const encoder = gemini.createEncoder(context);
    expect(events.map((event) => encoder.push(event)).join("")).toBe("");
    expect(encoder.losses.map((loss) => loss.field)).toEqual(["choices[0].parts[0]", "choices[0].parts[1]"]);
  });

  test("citations become grounding, in bytes", () => {
    const citation = { kind: "url" as const, url: "https://a.example", title: "A", start: 1, end: 4 };
    const events: IrEvent[] = [
      start,
      ...text("äbcd"),
      { type: "citation", citation, ...at },
      done(),
      end("stop"),
      over,
    ];
    const expected = {
      groundingChunks: [{ web: { uri: "https://a.example", title: "A" } }],
      groundingSupports: [{ segment: { startIndex: 2, endIndex: 5, text: "bcd" }, groundingChunkIndices: [0] }],
    };
    expect((lastOf(events).candidates as JsonObject[])[0]?.groundingMetadata).toEqual(expected);
    expect((body(events).candidates as JsonObject[])[0]?.groundingMetadata).toEqual(expected);
  });

  test("logprobs of OpenAI's form", () => {
    const logprobs = [{ token: "x", logprob: -0.5, bytes: [120], top_logprobs: [{ token: "y", logprob: -1 }] }];
    const events: IrEvent[] = [
      start,
      { type: "text-start", ...at },
      { type: "text-delta", text: "x", logprobs, ...at },
      done(),
      end("stop"),
      over,
    ];
    const expected = {
      topCandidates: [{ candidates: [{ token: "y", logProbability: -1 }] }],
      chosenCandidates: [{ token: "x", logProbability: -0.5 }],
    };
    for (const last of [lastOf(events), body(events)]) {
      expect((last.candidates as JsonObject[])[0]?.logprobsResult).toEqual(expected);
    }
  });

  test("without an annotation nothing is added", () => {
    const encoder = gemini.createEncoder(context);
    const plain = { ...annotation(), costCents: null, extension: null };
    expect(chunksOf(encoder.finish(plain))[0]).not.toHaveProperty("cost_cents");
  });
});

describe("array mode", () => {
  const events = [start, ...text("a"), { type: "text-delta", text: "b", ...at } as IrEvent, done(), end("stop"), over];
  const array = answerContext(foreign, arrayRoute);

  test("one JSON array", () => {
    const chunks = JSON.parse(encodeStream(events, array)) as JsonObject[];
    expect(partsOf(chunks).map((part) => part.text)).toEqual(["a", "b", ""]);
    expect(chunks.at(-1)).toHaveProperty("usageMetadata");
  });

  test("without any content; with white space in between", () => {
    const encoder = gemini.createEncoder(array);
    const parsed = JSON.parse(encoder.keepAlive() + encoder.finish(annotation())) as JsonObject[];
    expect(parsed).toHaveLength(1);
  });

  test("an error is the last element and closes the array", () => {
    const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
    const first = gemini.createEncoder(array);
    expect(JSON.parse(first.fail(error))).toMatchObject([
      { error: { code: 503, status: "UNAVAILABLE", message: "gone" } },
    ]);
    const later = gemini.createEncoder(array);
    const sent = events.map((event) => later.push(event)).join("") + later.keepAlive() + later.fail(error);
    expect((JSON.parse(sent) as JsonObject[]).at(-1)).toMatchObject({
      error: { details: [{ reason: "provider_error", metadata: { request_id: "req_1" } }] },
    });
  });
});

describe("seals through a client of this dialect", () => {
  const thinking: IrEvent[] = [
    { type: "reasoning-start", form: "full", ...at },
    { type: "reasoning-delta", text: "let me see", ...at },
    { type: "part-seal", seal: claudeSeal, ...at },
    done(),
  ];
  const events = [
    start,
    ...thinking,
    ...text("Looking.", 1),
    done(1),
    ...tool(2, ['{"a":1}']),
    done(2),
    end("tool"),
    over,
  ];
  const history = (parts: JsonObject[]): JsonObject => ({
    contents: [
      { role: "user", parts: [{ text: "q" }] },
      { role: "model", parts },
    ],
  });
  const turnOf = (parts: JsonObject[]) => {
    const request = gemini.decodeRequest(history(parts), requestContext);
    return { parts: request.turns[1]?.parts ?? [], losses: request.losses };
  };
  const expected = [
    { type: "reasoning", form: "full", text: "let me see", seal: claudeSeal },
    { type: "text", text: "Looking." },
    { type: "tool-call", id: "toolu_2", name: "f", arguments: '{"a":1}' },
  ];
  const streamed = partsOf(chunksOf(encodeStream(events, context))).filter(
    (part) => part.text !== "" || part.thoughtSignature !== undefined,
  );
  const whole = partsOf([body(events)]);

  test("come back whole from a client that echoes everything, streamed or not", () => {
    expect(turnOf(streamed).parts).toMatchObject(expected);
    expect(turnOf(streamed).parts).toHaveLength(3);
    expect(turnOf(whole).parts).toMatchObject(expected);
    expect(turnOf(whole).parts).toHaveLength(3);
    expect(turnOf(whole).losses).toBeUndefined();
  });

  test("come back from a client that drops thoughts but returns function calls", () => {
    const returned = turnOf(whole.filter((part) => part.thought !== true));
    expect(returned.parts).toMatchObject(expected);
    expect(returned.parts).toHaveLength(3);
  });

  test("come back from a client that keeps the thought's text without its signature", () => {
    const bare = whole.map((part) =>
      part.thought === true ? { text: part.text, thought: true } : part,
    ) as JsonObject[];
    expect(turnOf(bare).parts).toMatchObject(expected);
    expect(turnOf(bare).parts).toHaveLength(3);
  });

  test("survive SDKs that decode the bytes field and encode it in the other alphabet", () => {
    const urlSafe = whole.map((part) =>
      typeof part.thoughtSignature === "string"
        ? { ...part, thoughtSignature: part.thoughtSignature.replaceAll("+", "-").replaceAll("/", "_") }
        : part,
    ) as JsonObject[];
    expect(turnOf(urlSafe).parts).toMatchObject(expected);
    for (const part of whole) {
      if (typeof part.thoughtSignature !== "string") continue;
      expect(Buffer.from(part.thoughtSignature, "base64").toString("base64")).toBe(part.thoughtSignature);
    }
  });

  test("redacted reasoning has no text and keeps its kind", () => {
    const redacted: Seal = { ...claudeSeal, kind: "redacted", value: "REDACTED" };
    const list: IrEvent[] = [
      start,
      { type: "reasoning-start", form: "redacted", ...at },
      { type: "part-seal", seal: redacted, ...at },
      done(),
      ...tool(1, ["{}"]),
      done(1),
      end("tool"),
      over,
    ];
    expect(turnOf(partsOf([body(list)])).parts).toMatchObject([
      { type: "reasoning", form: "redacted", text: "", seal: redacted },
      { type: "tool-call" },
    ]);
  });

  test("forged, truncated and another account's envelopes are dropped and reported", () => {
    const forge = (change: (signature: string) => string) =>
      turnOf(
        whole.map((part) =>
          typeof part.thoughtSignature === "string"
            ? { ...part, thoughtSignature: change(part.thoughtSignature) }
            : part,
        ) as JsonObject[],
      );
    for (const change of [
      (value: string) => `${value.slice(0, 40)}AAAA${value.slice(44)}`,
      (value: string) => value.slice(0, 20),
    ]) {
      const { parts, losses } = forge(change);
      expect(parts.every((part) => part.seal === undefined)).toBe(true);
      expect(losses?.map((loss) => loss.field)).toEqual([
        "contents[1].parts[0].thoughtSignature",
        "contents[1].parts[2].thoughtSignature",
      ]);
    }
  });

  test("a provider's own signatures go out and come back verbatim", () => {
    const seal: Seal = {
      origin: "gemini",
      kind: "thought-signature",
      provider: "google",
      realm: "google",
      model: "m",
      value: "AbC+/w==",
    };
    const list: IrEvent[] = [start, ...tool(0, ["{}"]), { type: "part-seal", seal, ...at }, done(), end("tool"), over];
    const [call] = partsOf([body(list, [], answerContext(target))]);
    expect(call?.thoughtSignature).toBe("AbC+/w==");
    expect(turnOf([call ?? {}]).parts).toMatchObject([{ seal: { value: "AbC+/w==", realm: "google" } }]);
  });

  test("hints tell whose seals a conversation holds", () => {
    const scan = (parts: JsonObject[]) =>
      gemini.hints(scanBody(history(parts)), { model: "m", stream: true, sse: true, headers: {} });
    expect(scan(whole).sealRealm).toBe("anthropic");
    expect(scan([{ text: "x", thoughtSignature: "AbC" }]).sealRealm).toBe("google");
    expect(scan([{ text: "x" }]).sealRealm).toBeNull();
    expect(seals.open("tgs1_AA").kind).toBe("forged");
  });
});
