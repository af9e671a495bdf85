import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { loadCases } from "../../support/fixtures.ts";
import {
  answerContext,
  decodeJson,
  decodeRequest,
  decodeStream,
  encodeStream,
  fold,
  framesOf,
  NO_ANNOTATION,
  targetFacts,
} from "./support.ts";

const at = (part: number): { choice: 0; part: number } => ({ choice: 0, part });
const START: IrEvent = { type: "message-start", id: "msg_upstream", model: "claude", created: 1 };
const END: IrEvent[] = [
  {
    type: "usage",
    final: true,
    usage: { ...emptyUsage(), tokens: { input: 5, cached_input: 3, output: 4, reasoning: 2 }, reasoningKnown: true },
  },
  { type: "message-end", choice: 0, finish: { kind: "stop", raw: "end_turn" } },
  { type: "response-end" },
];
const FOREIGN = targetFacts({ dialect: "anthropic-messages", provider: "anthropic", realm: "anthropic" });
const foreign = answerContext({ target: FOREIGN });

/** One of everything, from a provider of another dialect, with two calls that interleave. */
const RICH: IrEvent[] = [
  START,
  { type: "reasoning-start", ...at(0), form: "full" },
  { type: "reasoning-delta", ...at(0), text: "think" },
  {
    type: "part-seal",
    ...at(0),
    seal: {
      origin: "anthropic-messages",
      kind: "signature",
      provider: "anthropic",
      realm: "anthropic",
      model: "claude",
      value: "SIG",
    },
  },
  { type: "part-end", ...at(0) },
  { type: "text-start", ...at(1) },
  { type: "text-delta", ...at(1), text: "Hello " },
  { type: "text-delta", ...at(1), text: "world" },
  { type: "citation", ...at(1), citation: { kind: "url", url: "https://a.example/", title: "A", start: 0, end: 5 } },
  { type: "part-end", ...at(1) },
  { type: "tool-start", ...at(2), kind: "function", id: "call_a", name: "look" },
  { type: "tool-start", ...at(3), kind: "function", id: "call_b", name: "find" },
  { type: "arguments-delta", ...at(2), text: '{"a":' },
  { type: "arguments-delta", ...at(3), text: '{"b":2}' },
  { type: "arguments-delta", ...at(2), text: "1}" },
  { type: "part-end", ...at(3) },
  { type: "part-end", ...at(2) },
  ...END,
];

const types = (frames: JsonObject[]): JsonValue[] => frames.map((frame) => frame["type"] ?? null);
const responseOf = (frames: JsonObject[]): JsonObject => (frames.at(-1) as JsonObject)["response"] as JsonObject;

/** Feeds a stream through the official SDK, and gives the response that it puts together. */
async function throughSdk(stream: string): Promise<OpenAI.Responses.Response> {
  const client = new OpenAI({
    apiKey: "k",
    maxRetries: 0,
    fetch: async () => new Response(stream, { headers: { "content-type": "text/event-stream" } }),
  });
  return await client.responses.stream({ model: "m", input: "x" }).finalResponse();
}

describe("the grammar of the stream", () => {
  test("a text: created, in progress, item, part, deltas, done in reverse, completed", () => {
    const frames = framesOf(
      encodeStream([
        START,
        { type: "text-start", ...at(0) },
        { type: "text-delta", ...at(0), text: "Hi" },
        { type: "part-end", ...at(0) },
        ...END,
      ]),
    );
    expect(types(frames)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(frames.map((frame) => frame["sequence_number"])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const id = "msg_0123abc_0";
    for (const frame of frames.slice(3, 7))
      expect(frame).toMatchObject({ item_id: id, output_index: 0, content_index: 0 });
    expect(frames[7]).toMatchObject({
      item: {
        id,
        type: "message",
        status: "completed",
        content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
      },
    });
  });

  test("indexes and ids agree in every event, also when calls interleave", () => {
    const frames = framesOf(encodeStream(RICH, foreign));
    const ids = new Map<JsonValue, JsonValue>();
    for (const frame of frames) {
      const item = frame["item"] as JsonObject | undefined;
      const index = frame["output_index"];
      if (index === undefined) continue;
      const id = item?.["id"] ?? frame["item_id"] ?? null;
      if (frame["type"] === "response.output_item.added") ids.set(index, id);
      expect(id).toBe(ids.get(index) as string);
    }
    expect(ids.size).toBe(4);
    const output = responseOf(frames)["output"] as JsonObject[];
    expect(output.map((item) => item["id"])).toEqual([...ids.values()] as string[]);
    expect(output.map((item) => item["type"])).toEqual(["reasoning", "message", "function_call", "function_call"]);
    expect(output.slice(2)).toMatchObject([
      { call_id: "call_a", name: "look", arguments: '{"a":1}', status: "completed" },
      { call_id: "call_b", name: "find", arguments: '{"b":2}', status: "completed" },
    ]);
    expect(encodeStream(RICH, foreign)).not.toContain("[DONE]");
  });

  test("every event has its name on the event line", () => {
    for (const frame of encodeStream(RICH, foreign)
      .split("\n\n")
      .filter((text) => text !== "")) {
      const [head = "", data = ""] = frame.split("\n");
      expect(head).toBe(`event: ${(JSON.parse(data.slice(6)) as { type: string }).type}`);
    }
  });

  test("the official SDK puts the same answer together", async () => {
    const response = await throughSdk(encodeStream(RICH, foreign));
    expect(response.status).toBe("completed");
    expect(response.output_text).toBe("Hello world");
    expect(response.output.map((item) => item.type)).toEqual([
      "reasoning",
      "message",
      "function_call",
      "function_call",
    ]);
    expect(response.usage).toEqual({
      input_tokens: 8,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      output_tokens: 6,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 14,
    });
  });

  for (const item of loadCases("openai-responses").filter(
    (entry) => entry.status === 200 && !entry.covers.includes("status:failed"),
  )) {
    if (item.covers.includes("count-tokens") || item.covers.includes("status:queued")) continue;
    test(`the official SDK accepts ${item.id}, written again`, async () => {
      const text = new TextDecoder().decode(item.body());
      const events = item.kind === "sse" ? decodeStream(text) : decodeJson(JSON.parse(text) as JsonObject);
      const response = await throughSdk(encodeStream(events));
      const parts = fold(events).choices[0]?.parts ?? [];
      expect(response.output_text).toBe(parts.map((part) => (part.type === "text" ? part.text : "")).join(""));
      const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part.arguments] : []));
      expect(
        response.output.flatMap((entry) =>
          entry.type === "function_call" ? [entry.arguments] : entry.type === "custom_tool_call" ? [entry.input] : [],
        ),
      ).toEqual(calls);
    });
  }
});

describe("parts", () => {
  const single = (...events: IrEvent[]): JsonObject[] =>
    responseOf(framesOf(encodeStream([START, ...events, ...END], foreign)))["output"] as JsonObject[];

  test("summary sections are announced and done one after the other", () => {
    const frames = framesOf(
      encodeStream([
        START,
        { type: "reasoning-start", ...at(0), form: "summary" },
        { type: "reasoning-delta", ...at(0), text: "a", section: 0 },
        { type: "reasoning-delta", ...at(0), text: "b", section: 1 },
        { type: "part-end", ...at(0) },
        ...END,
      ]),
    );
    expect(types(frames).slice(3, -2)).toEqual([
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
    ]);
    expect(frames.slice(3, -2).map((frame) => frame["summary_index"])).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test("thoughts of another dialect are shown as a summary, with their seal in an envelope", () => {
    const [item] = single(...RICH.slice(1, 5));
    expect(item).toMatchObject({ type: "reasoning", summary: [{ type: "summary_text", text: "think" }] });
    expect(String(item?.["encrypted_content"])).toStartWith("tgs1_");
  });

  test("text blocks that follow each other are one message; what comes between splits it", () => {
    const block = (part: number, text: string): IrEvent[] => [
      { type: "text-start", ...at(part) },
      { type: "text-delta", ...at(part), text },
      { type: "part-end", ...at(part) },
    ];
    const call: IrEvent[] = [
      { type: "tool-start", ...at(2), kind: "function", id: "c", name: "f" },
      { type: "part-end", ...at(2) },
    ];
    const output = single(...block(0, "a"), ...block(1, "b"), ...call, ...block(3, "d"));
    expect(output).toMatchObject([
      { type: "message", content: [{ text: "a" }, { text: "b" }] },
      { type: "function_call", arguments: "{}" },
      { type: "message", content: [{ text: "d" }] },
    ]);
  });

  test("a refusal has its own events and content", () => {
    const output = single(
      { type: "refusal-start", ...at(0) },
      { type: "refusal-delta", ...at(0), text: "no" },
      { type: "part-end", ...at(0) },
    );
    expect(output).toMatchObject([{ type: "message", content: [{ type: "refusal", refusal: "no" }] }]);
  });

  test("call ids that a provider gives twice are told apart", () => {
    const call = (part: number): IrEvent[] => [
      { type: "tool-start", ...at(part), kind: "function", id: "call_0", name: "f" },
      { type: "part-end", ...at(part) },
    ];
    expect(single(...call(0), ...call(1)).map((item) => item["call_id"])).toEqual(["call_0", "call_0_2"]);
  });

  test("arguments that were cut are an incomplete call", () => {
    const output = single(
      { type: "tool-start", ...at(0), kind: "function", id: "c", name: "f" },
      { type: "arguments-delta", ...at(0), text: '{"a":' },
      { type: "part-end", ...at(0) },
    );
    expect(output).toMatchObject([{ status: "incomplete", arguments: '{"a":' }]);
  });

  test("hosted tools of another provider are never shown as the client's, and are reported", () => {
    const encoder = openaiResponses.createEncoder(foreign);
    const events: IrEvent[] = [
      START,
      { type: "tool-start", ...at(0), kind: "server", id: "s", name: "web_search" },
      { type: "arguments-delta", ...at(0), text: "{}" },
      { type: "part-end", ...at(0) },
      {
        type: "server-tool-result",
        ...at(1),
        toolId: "s",
        name: "web_search",
        isError: false,
        native: { origin: "anthropic-messages", value: {} },
      },
      { type: "part-end", ...at(1) },
      { type: "text-start", choice: 1, part: 0 },
      ...END,
    ];
    const frames = framesOf(events.map((event) => encoder.push(event)).join("") + encoder.finish(NO_ANNOTATION));
    expect(responseOf(frames)["output"]).toEqual([]);
    expect(encoder.losses.map((loss) => loss.field)).toEqual(["output", "output", "choices[1]"]);
    expect(encoder.losses.every((loss) => loss.side === "answer")).toBe(true);
  });

  test("an image is the item of the image tool, other media a loss", () => {
    const media = (mediaType: string): IrEvent[] => [
      { type: "media-start", ...at(0), mediaType },
      { type: "media-delta", ...at(0), base64: "QUI=" },
      { type: "part-end", ...at(0) },
    ];
    expect(single(...media("image/png"))).toMatchObject([
      { type: "image_generation_call", status: "completed", result: "QUI=", output_format: "png" },
    ]);
    expect(single(...media("audio/wav"))).toEqual([]);
  });
});

describe("custom tools", () => {
  const body = {
    model: "m",
    input: "x",
    tools: [
      { type: "custom", name: "run", format: { type: "grammar", syntax: "lark", definition: "start: /x/" } },
      { type: "namespace", name: "ns", tools: [{ type: "function", name: "inner" }] },
    ],
  };
  const context = answerContext({ body, request: decodeRequest(body), target: FOREIGN });
  const call = (name: string, ...pieces: string[]): IrEvent[] => [
    START,
    { type: "tool-start", ...at(0), kind: "function", id: "c", name },
    ...pieces.map((text): IrEvent => ({ type: "arguments-delta", ...at(0), text })),
    { type: "part-end", ...at(0) },
    ...END,
  ];

  test("a call of the function that stands for one is a custom call again, with its bare text", () => {
    const frames = framesOf(encodeStream(call("run", '{"inp', 'ut":"print(\\"é\\")"}'), context));
    expect(types(frames)).toContain("response.custom_tool_call_input.delta");
    expect(responseOf(frames)["output"]).toMatchObject([
      { type: "custom_tool_call", name: "run", input: 'print("é")', status: "completed" },
    ]);
  });

  test("arguments of another form are given as they are, and reported", () => {
    const encoder = openaiResponses.createEncoder(context);
    const text =
      call("run", '{"code":1}')
        .map((event) => encoder.push(event))
        .join("") + encoder.finish(NO_ANNOTATION);
    expect(responseOf(framesOf(text))["output"]).toMatchObject([{ input: '{"code":1}' }]);
    expect(encoder.losses).toHaveLength(1);
  });

  test("a function of a namespace is called in it", () => {
    expect(responseOf(framesOf(encodeStream(call("inner", "{}"), context)))["output"]).toMatchObject([
      { type: "function_call", namespace: "ns" },
    ]);
  });
});

describe("the end", () => {
  const ended = (
    kind: "length" | "context" | "filter" | "refusal" | "malformed-tool" | "error" | "tool" | "pause",
  ): JsonObject[] =>
    framesOf(
      encodeStream(
        [
          START,
          { type: "text-start", ...at(0) },
          { type: "text-delta", ...at(0), text: "x" },
          { type: "message-end", choice: 0, finish: { kind, raw: null } },
        ],
        foreign,
      ),
    );

  test.each([
    ["length", "incomplete", { reason: "max_output_tokens" }],
    ["context", "incomplete", { reason: "max_output_tokens" }],
    ["filter", "incomplete", { reason: "content_filter" }],
    ["refusal", "incomplete", { reason: "content_filter" }],
    ["malformed-tool", "failed", null],
    ["error", "failed", null],
    ["tool", "completed", null],
    ["pause", "completed", null],
  ] as const)("%s is %s", (kind, status, details) => {
    const frames = ended(kind);
    expect(frames.at(-1)).toMatchObject({
      type: `response.${status}`,
      response: { status, incomplete_details: details },
    });
    const items = responseOf(frames)["output"] as JsonObject[];
    expect(items[0]?.["status"]).toBe(status === "completed" ? "completed" : "incomplete");
  });

  test("cost and extension block are in the response of the last event, exactly as written", () => {
    const annotation = {
      costCents: "0.0000001",
      extensionName: "tollgate",
      extension: { tier: "simple" },
      usage: emptyUsage(),
    };
    const text = encodeStream(RICH, foreign, annotation);
    expect(text).toContain('"cost_cents":0.0000001,"tollgate":{"tier":"simple"}}}');
    expect(text.split("cost_cents")).toHaveLength(2);
  });

  test("an error is an error event, and response.failed behind it once the response has begun", () => {
    const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
    const early = framesOf(openaiResponses.createEncoder(foreign).fail(error));
    const fields = { code: "provider_error", message: "gone", param: null };
    const nested = { ...fields, type: "api_error" };
    expect(early).toEqual([{ type: "error", sequence_number: 0, ...fields, error: nested }]);
    const encoder = openaiResponses.createEncoder(foreign);
    const before = framesOf(
      RICH.slice(0, 7)
        .map((event) => encoder.push(event))
        .join(""),
    );
    expect(framesOf(encoder.fail(error))).toMatchObject([
      { type: "error", sequence_number: before.length, error: nested },
      {
        type: "response.failed",
        sequence_number: before.length + 1,
        response: { status: "failed", error: { code: "provider_error", message: "gone" } },
      },
    ]);
  });

  test("the SDK raises on an error, early or in the middle", async () => {
    const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
    await expect(throughSdk(openaiResponses.createEncoder(foreign).fail(error))).rejects.toThrow("gone");
    const encoder = openaiResponses.createEncoder(foreign);
    const begun = RICH.slice(0, 7).map((event) => encoder.push(event));
    await expect(throughSdk(begun.join("") + encoder.fail(error))).rejects.toThrow("gone");
  });

  test("the same in a relay", () => {
    const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
    const state = { route: foreign.route, id: "resp_9", model: "m", created: 7, framesSent: 3, sequence: 11 };
    expect(framesOf(openaiResponses.renderStreamError(error, "req", state))).toMatchObject([
      { type: "error", sequence_number: 12, error: { code: "provider_error" } },
      {
        type: "response.failed",
        sequence_number: 13,
        response: { id: "resp_9", status: "failed", error: { code: "provider_error" } },
      },
    ]);
    const early = openaiResponses.renderStreamError(error, "req", { ...state, id: null, sequence: -1 });
    expect(framesOf(early)).toMatchObject([{ type: "error", sequence_number: 0, code: "provider_error" }]);
  });
});

test("the response object echoes the request, without the credentials in it", () => {
  const body: JsonObject = {
    model: "gpt-5",
    input: "x",
    instructions: "be kind",
    temperature: 0.5,
    metadata: { a: "b" },
    tool_choice: "required",
    tools: [
      { type: "function", name: "f" },
      { type: "mcp", server_label: "s", authorization: "secret", headers: { a: "secret" } },
    ],
    reasoning: { effort: "low" },
    text: { verbosity: "low" },
  };
  const response = openaiResponses.encodeAnswer(fold([START, ...END]), answerContext({ body }), NO_ANNOTATION, []);
  expect(response).toMatchObject({
    object: "response",
    status: "completed",
    instructions: "be kind",
    temperature: 0.5,
    top_p: 1,
    metadata: { a: "b" },
    tool_choice: "required",
    tools: [
      { type: "function", name: "f", strict: true, parameters: null },
      { type: "mcp", server_label: "s" },
    ],
    reasoning: { effort: "low", summary: null },
    text: { format: { type: "text" }, verbosity: "low" },
    error: null,
    incomplete_details: null,
    parallel_tool_calls: true,
    store: false,
  });
  expect(JSON.stringify(response)).not.toContain("secret");
  expect(response["id"]).toBe("resp_0123abc");
});

test("log probabilities of a whole answer are told as lost, and a turn that the provider paused", () => {
  const encoder = openaiResponses.createEncoder(foreign);
  const finish = { kind: "pause" as const, raw: "pause_turn" };
  const events: IrEvent[] = [
    START,
    { type: "message-end", choice: 0, finish, logprobs: [{ token: "a", logprob: -1 }] },
    { type: "response-end" },
  ];
  for (const event of events) encoder.push(event);
  expect(encoder.losses.map(({ field }) => field)).toEqual(["output.content.logprobs", "status"]);
});

test("log probabilities in a form that nobody knows are told as lost", () => {
  const encoder = openaiResponses.createEncoder(foreign);
  const events: IrEvent[] = [
    START,
    { type: "text-start", ...at(0) },
    { type: "text-delta", text: "a", logprobs: [{ word: "a" }], ...at(0) },
    { type: "part-end", ...at(0) },
    ...END,
  ];
  for (const event of events) encoder.push(event);
  expect(encoder.losses.map(({ field }) => field)).toEqual(["output.content.logprobs"]);
});
