/** Answers toward chat clients: frames, their order, and what rides on the last of them. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { AnswerContext } from "../../../src/dialects/dialect.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { Finish } from "../../../src/ir/finish.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import { isObject, type JsonObject } from "../../../src/lib/json.ts";
import {
  ANNOTATION,
  answerContext,
  chunksOf,
  encodeStream,
  fold,
  FOREIGN,
  framesOf,
  NO_ANNOTATION,
  SIMPLE_BODY,
} from "./support.ts";

const at = (part = 0, choice = 0): { part: number; choice: number } => ({ part, choice });
const START: IrEvent = { type: "message-start", id: "msg_1", model: "claude", created: null };
const text = (value: string, part = 0, choice = 0): IrEvent[] => [
  { type: "text-start", ...at(part, choice) },
  { type: "text-delta", text: value, ...at(part, choice) },
  { type: "part-end", ...at(part, choice) },
];
const end = (kind: Finish["kind"] = "stop", choice = 0): IrEvent => ({
  type: "message-end",
  choice,
  finish: { kind, raw: kind },
});
const USAGE: IrEvent = {
  type: "usage",
  final: true,
  usage: {
    tokens: { input: 8, cached_input: 2, output: 3, reasoning: 4 },
    reasoningKnown: true,
    fees: {},
    variant: { serviceTier: "flex" },
  },
};
const DONE: IrEvent = { type: "response-end" };
const tool = (
  part: number,
  id: string,
  name: string,
  pieces: string[],
  kind: "function" | "custom" = "function",
): IrEvent[] => [
  { type: "tool-start", kind, id, name, ...at(part) },
  ...pieces.map((piece): IrEvent => ({ type: "arguments-delta", text: piece, ...at(part) })),
  { type: "part-end", ...at(part) },
];

const withUsage = (): AnswerContext =>
  answerContext({ body: { ...SIMPLE_BODY, stream: true, stream_options: { include_usage: true } }, target: FOREIGN });
const context = answerContext({ target: FOREIGN });
const deltas = (stream: string): JsonObject[] =>
  chunksOf(stream).flatMap((chunk) => (Array.isArray(chunk["choices"]) ? chunk["choices"] : []).filter(isObject));
const json = (events: IrEvent[], ctx = context, losses: Loss[] = []): JsonObject =>
  openaiChat.encodeAnswer(fold(events), ctx, ANNOTATION, losses);
const messageOf = (answer: JsonObject): JsonObject => {
  const [choice] = (Array.isArray(answer["choices"]) ? answer["choices"] : []).filter(isObject);
  return isObject(choice?.["message"]) ? choice["message"] : {};
};

describe("frames", () => {
  const events = [START, ...text("Hi"), end(), USAGE, DONE];

  test("one id, the role once, the finish in a chunk of its own, [DONE]", () => {
    const frames = framesOf(encodeStream(events, context));
    expect(frames.at(-1)).toBe("[DONE]");
    const chunks = frames.filter(isObject);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: "chatcmpl-0123abc",
        object: "chat.completion.chunk",
        created: 1_700_000_000,
        model: "shown-model",
      });
    }
    expect(deltas(encodeStream(events, context))).toEqual([
      { index: 0, delta: { role: "assistant", content: "" }, finish_reason: null },
      { index: 0, delta: { content: "Hi" }, finish_reason: null },
      { index: 0, delta: {}, finish_reason: "stop" },
    ]);
  });

  test("an upstream id of this dialect is kept", () => {
    const own: IrEvent = { type: "message-start", id: "chatcmpl-xyz", model: null, created: null };
    expect(chunksOf(encodeStream([own, ...text("a"), end()]))[0]?.["id"]).toBe("chatcmpl-xyz");
  });

  test("without include_usage, usage, cost and extension ride on the finish chunk", () => {
    const chunks = chunksOf(encodeStream(events, context, ANNOTATION));
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      service_tier: "flex",
      usage: {
        prompt_tokens: 10,
        completion_tokens: 7,
        total_tokens: 17,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 4 },
      },
      tollgate: { request_id: "req_0123abc" },
    });
    expect(encodeStream(events, context, ANNOTATION)).toContain('"cost_cents":0.0123');
    expect(chunks.every((chunk) => Array.isArray(chunk["choices"]) && chunk["choices"].length > 0)).toBe(true);
    expect(chunks.slice(0, -1).some((chunk) => "usage" in chunk)).toBe(false);
  });

  test("with include_usage they ride on a chunk without choices", () => {
    const chunks = chunksOf(encodeStream(events, withUsage(), ANNOTATION));
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { total_tokens: 17 },
      tollgate: { request_id: "req_0123abc" },
    });
    expect(chunks.at(-2)).toEqual({
      id: "chatcmpl-0123abc",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "shown-model",
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
    });
  });

  test("without usage of the provider's, what was counted", () => {
    const chunks = chunksOf(encodeStream([START, ...text("a"), end(), DONE], context, ANNOTATION));
    expect(chunks.at(-1)?.["usage"]).toMatchObject({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
  });

  test("billing.annotate: false leaves cost and extension out", () => {
    const last = chunksOf(encodeStream(events, context, NO_ANNOTATION)).at(-1) ?? {};
    expect(Object.keys(last)).not.toContain("cost_cents");
    expect(Object.keys(last)).not.toContain("tollgate");
    expect(last["usage"]).toBeDefined();
  });

  test("several choices end each for itself; the last one carries the bill", () => {
    const both = [START, ...text("a", 0, 0), ...text("b", 0, 1), end("stop", 0), end("length", 1), USAGE, DONE];
    const chunks = chunksOf(encodeStream(both, context, ANNOTATION));
    expect(chunks.slice(-2)).toMatchObject([
      { choices: [{ index: 0, finish_reason: "stop" }] },
      { choices: [{ index: 1, finish_reason: "length" }], usage: {} },
    ]);
    expect(chunks.at(-2)?.["usage"]).toBeUndefined();
    const roles = deltas(encodeStream(both, context)).filter(
      (choice) => isObject(choice["delta"]) && "role" in choice["delta"],
    );
    expect(roles.map((choice) => choice["index"])).toEqual([0, 1]);
  });

  test("an error ends the stream without [DONE]", () => {
    const encoder = openaiChat.createEncoder(context);
    for (const event of [START, ...text("Hi")]) encoder.push(event);
    const error = new GatewayError({ status: 503, code: "provider_error", message: "died" });
    const frames = framesOf(encoder.fail(error));
    expect(frames).toHaveLength(2);
    // Alone first: the AI SDK overlooks an error that has choices beside it.
    expect(frames[0]).toEqual({ error: (frames[1] as JsonObject)["error"] });
    expect(frames[1]).toMatchObject({
      id: "chatcmpl-0123abc",
      object: "chat.completion.chunk",
      model: "shown-model",
      error: { code: "provider_error", message: "died", type: "api_error" },
      choices: [{ index: 0, delta: {}, finish_reason: "error" }],
    });
  });

  test("an error before anything else is the same frame", () => {
    const error = new GatewayError({ status: 429, code: "rate_limited", message: "slow down" });
    expect(framesOf(openaiChat.createEncoder(context).fail(error))[0]).toMatchObject({
      error: { code: "rate_limited", type: "rate_limit_error" },
    });
  });

  test("keep-alives are comments", () => {
    expect(openaiChat.createEncoder(context).keepAlive()).toBe(": keep-alive\n\n");
    expect(openaiChat.keepAliveText).toBe(": keep-alive\n\n");
  });
});

describe("finish reasons", () => {
  const reason = (kind: Finish["kind"], events = text("a")): unknown =>
    deltas(encodeStream([START, ...events, end(kind)], context)).at(-1)?.["finish_reason"];
  test("each kind has its word", () => {
    expect(reason("stop")).toBe("stop");
    expect(reason("length")).toBe("length");
    expect(reason("context")).toBe("length");
    expect(reason("tool", tool(0, "c", "f", ["{}"]))).toBe("tool_calls");
    expect(reason("filter")).toBe("content_filter");
    expect(reason("pause")).toBe("stop");
  });

  test("a refusal in words is a stop, one without is what the filter gives", () => {
    const refusal: IrEvent[] = [
      { type: "refusal-start", ...at() },
      { type: "refusal-delta", text: "No.", ...at() },
      { type: "part-end", ...at() },
    ];
    expect(reason("refusal", refusal)).toBe("stop");
    expect(messageOf(json([START, ...refusal, end("refusal")]))).toMatchObject({ content: null, refusal: "No." });
    expect(reason("refusal", [])).toBe("content_filter");
    expect(messageOf(json([START, end("length")]))).toMatchObject({ content: "", refusal: null });
  });

  test("a blocked prompt is a filtered answer, not an empty one", () => {
    const blocked: IrEvent[] = [START, { type: "prompt-feedback", blockReason: "SAFETY", native: {} }, DONE];
    expect(deltas(encodeStream(blocked, context)).at(-1)?.["finish_reason"]).toBe("content_filter");
    expect(json(blocked)["choices"]).toMatchObject([{ finish_reason: "content_filter" }]);
  });

  test("a pause is told as a loss", () => {
    const losses: Loss[] = [];
    json([START, ...text("a"), end("pause")], context, losses);
    expect(losses).toMatchObject([{ field: "choices[0].finish_reason", side: "answer" }]);
  });
});

describe("parts", () => {
  test("reasoning, its sections and parts apart", () => {
    const events: IrEvent[] = [
      START,
      { type: "reasoning-start", form: "summary", ...at(0) },
      { type: "reasoning-delta", text: "a", section: 0, ...at(0) },
      { type: "reasoning-delta", text: "b", section: 1, ...at(0) },
      { type: "reasoning-delta", text: "c", section: 1, ...at(0) },
      { type: "part-end", ...at(0) },
      { type: "reasoning-start", form: "full", ...at(1) },
      { type: "reasoning-delta", text: "d", ...at(1) },
      { type: "part-end", ...at(1) },
      ...text("e", 2),
      end(),
    ];
    expect(messageOf(json(events))).toMatchObject({ reasoning_content: "a\n\nbc\n\nd", content: "e" });
    const streamed = deltas(encodeStream(events, context)).map(
      (choice) => isObject(choice["delta"]) && choice["delta"]["reasoning_content"],
    );
    expect(streamed.filter((value) => typeof value === "string").join("")).toBe("a\n\nbc\n\nd");
  });

  test("parallel calls keep their indexes, also when their pieces take turns", () => {
    const events: IrEvent[] = [
      START,
      { type: "tool-start", kind: "function", id: "a", name: "f", ...at(0) },
      { type: "tool-start", kind: "function", id: "b", name: "g", ...at(1) },
      { type: "arguments-delta", text: '{"x"', ...at(0) },
      { type: "arguments-delta", text: "{}", ...at(1) },
      { type: "arguments-delta", text: ":1}", ...at(0) },
      { type: "part-end", ...at(0) },
      { type: "part-end", ...at(1) },
      end("tool"),
    ];
    const calls = deltas(encodeStream(events, context)).flatMap((choice) =>
      isObject(choice["delta"]) && Array.isArray(choice["delta"]["tool_calls"]) ? choice["delta"]["tool_calls"] : [],
    );
    expect(calls).toEqual([
      { index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } },
      { index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } },
      { index: 0, function: { arguments: '{"x"' } },
      { index: 1, function: { arguments: "{}" } },
      { index: 0, function: { arguments: ":1}" } },
    ]);
    expect(messageOf(json(events))["tool_calls"]).toEqual([
      { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } },
      { id: "b", type: "function", function: { name: "g", arguments: "{}" } },
    ]);
  });

  test("a call without arguments has an empty object", () => {
    expect(messageOf(json([START, ...tool(0, "a", "f", []), end("tool")]))["tool_calls"]).toEqual([
      { id: "a", type: "function", function: { name: "f", arguments: "{}" } },
    ]);
  });

  test("a custom tool that went as a function comes back as what the client declared", () => {
    const body = { ...SIMPLE_BODY, tools: [{ type: "custom", custom: { name: "sh" } }] };
    const declared = answerContext({ body, target: FOREIGN });
    const events = [START, ...tool(0, "a", "sh", ['{"inp', 'ut":"ls -l"}']), end("tool")];
    expect(messageOf(json(events, declared))["tool_calls"]).toEqual([
      { id: "a", type: "custom", custom: { name: "sh", input: "ls -l" } },
    ]);
    const losses: Loss[] = [];
    expect(
      messageOf(json([START, ...tool(0, "a", "sh", ["ls"]), end("tool")], declared, losses))["tool_calls"],
    ).toEqual([{ id: "a", type: "custom", custom: { name: "sh", input: "ls" } }]);
    expect(losses).toHaveLength(1);
  });

  test("the legacy client gets its function_call", () => {
    const legacy = answerContext({ body: { ...SIMPLE_BODY, functions: [{ name: "f" }] }, target: FOREIGN });
    const answer = json([START, ...tool(0, "a", "f", ['{"x":', "1}"]), end("tool")], legacy);
    expect(messageOf(answer)).toMatchObject({ content: null, function_call: { name: "f", arguments: '{"x":1}' } });
    expect(answer["choices"]).toMatchObject([{ finish_reason: "function_call" }]);
  });

  test("the provider's own tools are not shown as calls of the client", () => {
    const events: IrEvent[] = [
      START,
      { type: "tool-start", kind: "server", id: "s", name: "web_search", ...at(0) },
      { type: "arguments-delta", text: "{}", ...at(0) },
      { type: "part-end", ...at(0) },
      {
        type: "server-tool-result",
        toolId: "s",
        name: "web_search",
        isError: false,
        native: { origin: "anthropic-messages", value: {} },
        ...at(1),
      },
      ...text("found", 2),
      end(),
    ];
    const losses: Loss[] = [];
    expect(messageOf(json(events, context, losses))).toEqual({ role: "assistant", content: "found", refusal: null });
    expect(losses).toHaveLength(2);
    expect(encodeStream(events, context)).not.toContain("tool_calls");
  });

  test("citations stand where their text stands in the whole content", () => {
    const events: IrEvent[] = [
      START,
      ...text("Hello "),
      { type: "text-start", ...at(1) },
      { type: "text-delta", text: "world", ...at(1) },
      { type: "citation", citation: { kind: "url", url: "https://example.com", title: "T" }, ...at(1) },
      { type: "citation", citation: { kind: "document", quotedText: "x" }, ...at(1) },
      { type: "part-end", ...at(1) },
      end(),
    ];
    const losses: Loss[] = [];
    const message = messageOf(json(events, context, losses));
    expect(message["content"]).toBe("Hello world");
    expect(message["annotations"]).toEqual([
      { type: "url_citation", url_citation: { start_index: 6, end_index: 11, title: "T", url: "https://example.com" } },
    ]);
    expect(losses).toMatchObject([{ field: "choices[0].message.annotations" }]);
  });

  test("log probabilities, beside their text or with the end", () => {
    const list = [{ token: "a", logprob: -0.1, bytes: null, top_logprobs: [] }];
    const beside: IrEvent[] = [
      START,
      { type: "text-start", ...at() },
      { type: "text-delta", text: "a", logprobs: list, ...at() },
      { type: "part-end", ...at() },
      end(),
    ];
    expect(json(beside)["choices"]).toMatchObject([{ logprobs: { content: list, refusal: null } }]);
    const atEnd: IrEvent[] = [
      START,
      ...text("a"),
      { type: "message-end", choice: 0, finish: { kind: "stop", raw: null }, logprobs: list },
    ];
    expect(json(atEnd)["choices"]).toMatchObject([{ logprobs: { content: list, refusal: null } }]);
    expect(deltas(encodeStream(atEnd, context)).at(-1)).toMatchObject({ logprobs: { content: list } });
  });

  test("images and audio", () => {
    const events: IrEvent[] = [
      START,
      { type: "media-start", mediaType: "image/png", ...at(0) },
      { type: "media-delta", base64: "iVBO", ...at(0) },
      { type: "media-delta", base64: "Rw0=", ...at(0) },
      { type: "part-end", ...at(0) },
      { type: "media-start", mediaType: "audio/wav", native: { id: "audio_1", expires_at: 5 }, ...at(1) },
      { type: "media-delta", base64: "AAAA", transcript: "Hi", ...at(1) },
      { type: "part-end", ...at(1) },
      end(),
    ];
    expect(messageOf(json(events))).toMatchObject({
      images: [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0=" } }],
      audio: { id: "audio_1", data: "AAAA", transcript: "Hi" },
    });
  });

  test("raw samples that come as several parts are one audio; a second file has no place", () => {
    const piece = (part: number, mediaType: string, base64: string): IrEvent[] => [
      { type: "media-start", mediaType, ...at(part) },
      { type: "media-delta", base64, ...at(part) },
      { type: "part-end", ...at(part) },
    ];
    const type = "audio/L16;rate=24000";
    const raw = [START, ...piece(0, type, "AAA="), ...piece(1, type, "AQE="), end()];
    expect(messageOf(json(raw))).toMatchObject({ audio: { data: "AAABAQ==" } });
    expect(encodeStream(raw, context).match(/"audio":\{"id"/g)).toHaveLength(1);
    const encoder = openaiChat.createEncoder(context);
    for (const event of [...piece(0, "audio/wav", "AAAA"), ...piece(1, "audio/wav", "BBBB")]) encoder.push(event);
    expect(encoder.losses).toMatchObject([{ field: "choices[0].message.audio" }]);
  });

  test("a part of another dialect is a loss, not an error", () => {
    const native: IrEvent = { type: "native-part", native: { origin: "gemini", value: {} }, ...at() };
    const encoder = openaiChat.createEncoder(context);
    encoder.push(native);
    expect(encoder.losses).toMatchObject([{ field: "choices[0].message", side: "answer" }]);
  });
});

describe("JSON answers", () => {
  test("the whole object", () => {
    const answer = json([START, ...text("Hi"), end(), USAGE, DONE]);
    expect(Object.keys(answer)).toEqual([
      "id",
      "object",
      "created",
      "model",
      "choices",
      "usage",
      "service_tier",
      "cost_cents",
      "tollgate",
    ]);
    expect(answer).toMatchObject({
      id: "chatcmpl-0123abc",
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hi", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
    });
    expect(JSON.stringify(answer)).toContain('"cost_cents":0.0123');
  });

  test("what a provider of this dialect said beside is said again", () => {
    const native: IrEvent = {
      type: "response-end",
      native: { origin: "openai-chat", value: { system_fingerprint: "fp_1", citations: ["x"], id: "no", usage: {} } },
    };
    const answer = json([START, ...text("a"), end(), native]);
    expect(answer).toMatchObject({ id: "chatcmpl-0123abc", system_fingerprint: "fp_1", citations: ["x"] });
  });
});

const SEAL = {
  origin: "anthropic-messages" as const,
  kind: "signature" as const,
  provider: "anthropic",
  realm: "anthropic",
  model: "m",
  value: "SIGNATURE",
};
const lossesOf = (...events: IrEvent[]): string[] => {
  const encoder = openaiChat.createEncoder(context);
  for (const event of [START, ...events, end(), DONE]) encoder.push(event);
  return encoder.losses.map(({ field }) => field);
};

test("state that has no place is told as lost: of a call that has been sent already, of an image", () => {
  const [start, ...rest] = tool(0, "c1", "f", ["{}"]);
  if (start === undefined) throw new Error("no call");
  expect(lossesOf(start, { type: "part-seal", seal: SEAL, ...at() }, ...rest)).toEqual([
    "choices[0].message.tool_calls[0]",
  ]);
  expect(
    lossesOf(
      { type: "media-start", mediaType: "image/png", ...at() },
      { type: "media-delta", base64: "iVBORw0KGgo", ...at() },
      { type: "part-seal", seal: SEAL, ...at() },
      { type: "part-end", ...at() },
    ),
  ).toEqual(["choices[0].message"]);
});
