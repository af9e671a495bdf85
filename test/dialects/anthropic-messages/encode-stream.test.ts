/** Answers of every provider toward an Anthropic client: frames, seals, losses, and what Anthropic's own SDK makes of them. */
import { describe, expect, test } from "bun:test";
import Anthropic, { APIError } from "@anthropic-ai/sdk";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { Finish } from "../../../src/ir/finish.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import {
  ANNOTATION,
  CHAT,
  contextFor,
  decode,
  encodeStream,
  frameData,
  GEMINI,
  meaning,
  SEALS,
  TARGET,
} from "./support.ts";

const at = (part: number) => ({ choice: 0, part });
const START: IrEvent = { type: "message-start", id: "chatcmpl-1", model: "gpt", created: 1 };
const ended = (finish: Finish = { kind: "stop", raw: "stop" }): IrEvent[] => [
  { type: "message-end", choice: 0, finish },
  { type: "response-end" },
];
const text = (part: number, ...pieces: string[]): IrEvent[] => [
  { type: "text-start", ...at(part) },
  ...pieces.map((piece): IrEvent => ({ type: "text-delta", ...at(part), text: piece })),
  { type: "part-end", ...at(part) },
];
const call = (part: number, id: string, args: string[], seal?: Seal): IrEvent[] => [
  { type: "tool-start", ...at(part), kind: "function", id, name: "f" },
  ...args.map((piece): IrEvent => ({ type: "arguments-delta", ...at(part), text: piece })),
  ...(seal === undefined ? [] : [{ type: "part-seal", ...at(part), seal } satisfies IrEvent]),
  { type: "part-end", ...at(part) },
];
const reasoning = (part: number, words: string, seal?: Seal, form: "summary" | "redacted" = "summary"): IrEvent[] => [
  { type: "reasoning-start", ...at(part), form },
  ...(words === "" ? [] : [{ type: "reasoning-delta", ...at(part), text: words } satisfies IrEvent]),
  ...(seal === undefined ? [] : [{ type: "part-seal", ...at(part), seal } satisfies IrEvent]),
  { type: "part-end", ...at(part) },
];
const own: Seal = {
  origin: "anthropic-messages",
  kind: "signature",
  provider: "anthropic",
  realm: "anthropic",
  model: "m",
  value: "sig",
};
const thought: Seal = {
  origin: "gemini",
  kind: "thought-signature",
  provider: "google",
  realm: "google",
  model: "g",
  value: "tho",
};

const json = (events: IrEvent[], target: TargetFacts, losses: Loss[] = []): JsonObject =>
  JSON.parse(
    JSON.stringify(anthropicMessages.encodeAnswer(meaning(events), contextFor(target), ANNOTATION, losses)),
  ) as JsonObject;
const blocksOf = (events: IrEvent[], target: TargetFacts): JsonObject[] =>
  json([START, ...events, ...ended()], target).content as JsonObject[];

/** What a client would send back, decoded. */
function sentBack(content: JsonValue, ...after: JsonObject[]) {
  return decode({
    model: "m",
    max_tokens: 9,
    messages: [{ role: "user", content: "x" }, { role: "assistant", content }, ...after],
  });
}

test("the frames of an ordinary answer", () => {
  const wire = encodeStream([START, ...text(0, "He", "llo"), ...ended()], CHAT);
  expect(wire).not.toContain("[DONE]");
  expect(wire.match(/^event: .*$/gm)).toEqual([
    "event: message_start",
    "event: ping",
    "event: content_block_start",
    "event: content_block_delta",
    "event: content_block_delta",
    "event: content_block_stop",
    "event: message_delta",
    "event: message_stop",
  ]);
  const [first] = frameData(wire);
  expect(first).toEqual({
    type: "message_start",
    message: {
      id: "msg_req0123456789",
      type: "message",
      role: "assistant",
      model: "claude-shown",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 11, output_tokens: 0 },
    },
  });
  const usage = {
    ...emptyUsage(),
    tokens: { input: 3, cached_input: 40, cache_write_5m: 10, cache_write_1h: 20, output: 5, reasoning: 7 },
    reasoningKnown: true,
    fees: { web_search: 2 },
  };
  const settled = frameData(encodeStream([START, ...text(0, "x"), ...ended()], CHAT, { ...ANNOTATION, usage })).at(-2);
  expect(settled).toEqual({
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: {
      input_tokens: 3,
      cache_read_input_tokens: 40,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 12,
      output_tokens_details: { thinking_tokens: 7 },
      server_tool_use: { web_search_requests: 2 },
    },
    cost_cents: 0.0123,
    tollgate: { tier: "simple" },
  });
});

test("the start carries the provider's own input count when it came early, and Anthropic's own id", () => {
  const early: IrEvent = {
    type: "usage",
    final: false,
    usage: { ...emptyUsage(), tokens: { input: 70, cached_input: 5, output: 44 } },
  };
  const [first] = frameData(
    encodeStream([{ ...START, id: "msg_9" } as IrEvent, early, ...text(0, "x"), ...ended()], TARGET),
  );
  expect(first?.message).toMatchObject({
    id: "msg_9",
    usage: { input_tokens: 70, cache_read_input_tokens: 5, output_tokens: 0 },
  });
});

test("an exact cost is printed as written, and an annotation that is off leaves nothing", () => {
  const off = encodeStream([START, ...text(0, "x"), ...ended()], CHAT, {
    ...ANNOTATION,
    costCents: null,
    extension: null,
  });
  expect(off).not.toContain("cost_cents");
  expect(off).not.toContain("tollgate");
  const exact = encodeStream([START, ...ended()], CHAT, { ...ANNOTATION, costCents: "0.0000001" });
  expect(exact).toContain('"cost_cents":0.0000001,');
});

test("parts that interleave follow each other, complete and in order of appearance", () => {
  const events: IrEvent[] = [
    START,
    { type: "tool-start", ...at(0), kind: "function", id: "a", name: "f" },
    { type: "tool-start", ...at(1), kind: "function", id: "b", name: "f" },
    { type: "arguments-delta", ...at(0), text: '{"n":' },
    { type: "arguments-delta", ...at(1), text: '{"n":2}' },
    ...text(2, "between"),
    { type: "part-end", ...at(1) },
    { type: "arguments-delta", ...at(0), text: "1}" },
    { type: "part-end", ...at(0) },
    ...text(3, "after"),
    ...ended({ kind: "tool", raw: "tool_calls" }),
  ];
  const frames = frameData(encodeStream(events, CHAT)).filter((frame) => frame.index !== undefined);
  expect(frames.map((frame) => frame.index)).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
  expect(json(events, CHAT).content).toEqual([
    { type: "tool_use", id: "a", name: "f", input: { n: 1 } },
    { type: "tool_use", id: "b", name: "f", input: { n: 2 } },
    { type: "text", text: "between" },
    { type: "text", text: "after" },
  ]);
});

test("a part whose end never comes is closed at the end", () => {
  const frames = frameData(
    encodeStream(
      [
        START,
        { type: "text-start", ...at(0) },
        { type: "text-delta", ...at(0), text: "x" },
        { type: "text-start", ...at(1) },
        { type: "text-delta", ...at(1), text: "y" },
        ...ended(),
      ],
      CHAT,
    ),
  );
  expect(frames.filter((frame) => frame.type === "content_block_stop")).toHaveLength(2);
});

describe("stop reasons", () => {
  const cases: [Finish, IrEvent[], string][] = [
    [{ kind: "stop", raw: "stop" }, [], "end_turn"],
    [{ kind: "stop", raw: "stop", details: { stopSequence: "END" } }, [], "stop_sequence"],
    [{ kind: "length", raw: "length" }, [], "max_tokens"],
    [{ kind: "tool", raw: "tool_calls" }, call(0, "a", []), "tool_use"],
    [{ kind: "stop", raw: "STOP" }, call(0, "a", ["{}"]), "tool_use"],
    [{ kind: "context", raw: null }, [], "model_context_window_exceeded"],
    [{ kind: "filter", raw: "SAFETY" }, [], "refusal"],
    [{ kind: "pause", raw: null }, [], "pause_turn"],
    [
      { kind: "stop", raw: "stop" },
      [
        { type: "refusal-start", ...at(0) },
        { type: "refusal-delta", ...at(0), text: "No." },
        { type: "part-end", ...at(0) },
      ],
      "refusal",
    ],
  ];
  for (const [finish, parts, expected] of cases) {
    test(`${finish.kind} with ${parts[0]?.type ?? "nothing"}: ${expected}`, () => {
      const message = json([START, ...parts, ...ended(finish)], CHAT);
      expect(message).toMatchObject({ stop_reason: expected, stop_sequence: finish.details?.stopSequence ?? null });
    });
  }

  test("a blocked prompt is a refusal that says why", () => {
    const blocked: IrEvent = { type: "prompt-feedback", blockReason: "SAFETY", native: {} };
    const message = json([START, blocked, ...ended({ kind: "filter", raw: null })], GEMINI);
    expect(message).toMatchObject({
      stop_reason: "refusal",
      stop_details: { explanation: "blocked: SAFETY" },
      content: [],
    });
  });
});

describe("seals go out and come back", () => {
  test("Anthropic's own as they are", () => {
    expect(
      blocksOf(
        [...reasoning(0, "hm", own), ...reasoning(1, "", { ...own, kind: "redacted", value: "d" }, "redacted")],
        TARGET,
      ),
    ).toEqual([
      { type: "thinking", thinking: "hm", signature: "sig" },
      { type: "redacted_thinking", data: "d" },
    ]);
  });

  test("of another realm or dialect in an envelope in the signature, with or without text", () => {
    for (const seal of [
      { ...own, realm: "aws" },
      { ...thought, origin: "openai-responses" as const, kind: "encrypted" as const, realm: "openai", itemId: "rs_1" },
    ]) {
      for (const words of ["hm", ""]) {
        const blocks = blocksOf([...reasoning(0, words, seal), ...text(1, "x")], CHAT);
        expect(blocks[0]).toMatchObject({ type: "thinking", thinking: words });
        expect(String(blocks[0]?.signature)).toMatch(/^tgs1_[A-Za-z0-9_-]+$/);
        expect(sentBack(blocks).turns[1]?.parts[0]).toMatchObject({ type: "reasoning", text: words, seal });
      }
    }
  });

  test("of a Gemini call behind the id, so that the result finds its call", () => {
    const blocks = blocksOf(call(0, "fc:1", ['{"a":1}'], thought), GEMINI);
    const id = String(blocks[0]?.id);
    expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    const back = decode({
      model: "m",
      max_tokens: 9,
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content: blocks },
        { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "ok" }] },
      ],
    });
    const [part] = back.turns[1]?.parts ?? [];
    expect(part).toMatchObject({ type: "tool-call", name: "f", arguments: '{"a":1}', seal: thought });
    expect(back.turns[2]?.parts[0]).toMatchObject({ toolId: part?.type === "tool-call" ? part.id : "", name: "f" });
  });

  test("of a text in a carrier behind it; of an empty text in its stead; of a call that has begun in a carrier", () => {
    const sealed = (part: number, words: string): IrEvent[] => [
      { type: "text-start", ...at(part) },
      { type: "text-delta", ...at(part), text: words },
      { type: "part-seal", ...at(part), seal: thought },
      { type: "part-end", ...at(part) },
    ];
    const back = sentBack(blocksOf([...sealed(0, "A"), ...sealed(1, "")], GEMINI));
    expect(back.turns[1]?.parts).toMatchObject([
      { type: "text", text: "A", seal: thought },
      { type: "text", text: "", seal: thought },
    ]);
    const late = blocksOf(call(0, "a", ["{}"], thought), CHAT);
    expect(late.map((block) => block.type)).toEqual(["tool_use", "redacted_thinking"]);
    const answered = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "ok" }] };
    expect(sentBack(late, answered).turns[1]?.parts).toMatchObject([{ type: "tool-call", id: "a", seal: thought }]);
  });

  test("the same answer gives the same bytes", () => {
    const events = [START, ...reasoning(0, "hm", thought), ...call(1, "a", ["{}"], thought), ...ended()];
    expect(encodeStream(events, GEMINI)).toBe(encodeStream(events, GEMINI));
  });

  test("an envelope of another account does not open", () => {
    const [block] = blocksOf(reasoning(0, "hm", thought), GEMINI);
    const signature = String(block?.signature);
    expect(SEALS.open(signature).kind).toBe("opened");
    const other = anthropicMessages.decodeRequest(
      {
        model: "m",
        max_tokens: 9,
        messages: [
          { role: "user", content: "x" },
          { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature }] },
        ],
      },
      { route: contextFor(CHAT).route, seals: { ...SEALS, open: () => ({ kind: "forged", reason: "other account" }) } },
    );
    expect(other.turns[1]?.parts[0]?.seal).toBeUndefined();
    expect(other.losses).toHaveLength(1);
  });
});

describe("what has no place is reported", () => {
  const lossesOf = (events: IrEvent[], target: TargetFacts): string[] => {
    const losses: Loss[] = [];
    const message = json([START, ...events, ...ended()], target, losses);
    const streamed = anthropicMessages.createEncoder(contextFor(target));
    for (const event of [START, ...events, ...ended()]) streamed.push(event);
    streamed.finish(ANNOTATION);
    expect(streamed.losses).toEqual(losses);
    expect(message.content).toEqual([{ type: "text", text: "kept" }]);
    return losses.map((loss) => loss.field);
  };
  const native = { origin: "openai-responses" as const, value: { type: "web_search_call" } };
  const cases: [string, IrEvent[], string[]][] = [
    [
      "media",
      [
        { type: "media-start", ...at(0), mediaType: "image/png" },
        { type: "media-delta", ...at(0), base64: "aGk=" },
        { type: "part-end", ...at(0) },
        ...text(1, "kept"),
      ],
      ["choices[0].parts[0]"],
    ],
    [
      "hosted calls of others",
      [
        { type: "tool-start", ...at(0), kind: "server", id: "w", name: "web_search_call" },
        { type: "arguments-delta", ...at(0), text: "{}" },
        { type: "part-end", ...at(0) },
        ...text(1, "kept"),
      ],
      ["choices[0].parts[0]"],
    ],
    [
      "their results",
      [
        { type: "server-tool-result", ...at(0), toolId: "w", name: "web_search", isError: false, native },
        ...text(1, "kept"),
      ],
      ["choices[0].parts[0]"],
    ],
    [
      "native parts",
      [{ type: "native-part", ...at(0), native }, { type: "part-end", ...at(0) }, ...text(1, "kept")],
      ["choices[0].parts[0]"],
    ],
    [
      "other choices",
      [
        ...text(0, "kept"),
        { type: "text-start", choice: 1, part: 0 },
        { type: "text-delta", choice: 1, part: 0, text: "lost" },
      ],
      ["choices[1]"],
    ],
    [
      "places in documents",
      [
        { type: "text-start", ...at(0) },
        { type: "text-delta", ...at(0), text: "kept" },
        { type: "citation", ...at(0), citation: { kind: "file", fileId: "f" } },
        { type: "part-end", ...at(0) },
      ],
      ["choices[0].parts[0]"],
    ],
    ["empty parts are no loss", [...text(0, ""), ...reasoning(1, ""), ...text(2, "kept")], []],
  ];
  for (const [name, events, lost] of cases) test(name, () => expect(lossesOf(events, CHAT)).toEqual(lost));
});

test("web sources of others become search results, and are no longer Anthropic's when they come back", () => {
  const events: IrEvent[] = [
    { type: "text-start", ...at(0) },
    { type: "text-delta", ...at(0), text: "See here." },
    { type: "citation", ...at(0), citation: { kind: "url", url: "https://e", title: "T", start: 4, end: 8 } },
    { type: "part-end", ...at(0) },
  ];
  const blocks = blocksOf(events, CHAT);
  expect(blocks).toEqual([
    {
      type: "text",
      text: "See here.",
      citations: [
        { type: "web_search_result_location", url: "https://e", title: "T", cited_text: "here", encrypted_index: "" },
      ],
    },
  ]);
  const [part] = sentBack(blocks).turns[1]?.parts ?? [];
  expect(part?.type === "text" ? part.citations?.[0]?.native : null).toBeUndefined();
});

test("arguments that were cut off stay visible in JSON", () => {
  expect(blocksOf(call(0, "a", ['{"x":']), CHAT)).toMatchObject([{ input: { INVALID_JSON: '{"x":' } }]);
});

test("sections of a summary are paragraphs", () => {
  const section = (index: number, words: string): IrEvent => ({
    type: "reasoning-delta",
    ...at(0),
    text: words,
    section: index,
  });
  const events: IrEvent[] = [
    { type: "reasoning-start", ...at(0), form: "summary" },
    section(0, "a"),
    section(0, "b"),
    section(1, "c"),
    { type: "part-end", ...at(0) },
  ];
  expect(blocksOf(events, CHAT)).toEqual([{ type: "thinking", thinking: "ab\n\nc", signature: "" }]);
});

test("keep-alives are pings, failures an error event, before and after the start", () => {
  const encoder = anthropicMessages.createEncoder(contextFor(CHAT));
  expect(encoder.keepAlive()).toBe('event: ping\ndata: {"type": "ping"}\n\n');
  const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
  expect(frameData(encoder.fail(error))).toEqual([
    {
      type: "error",
      error: { type: "api_error", message: "gone", details: { error_code: "provider_error" } },
      request_id: "req_0123456789",
    },
  ]);
});

describe("Anthropic's own SDK reads it", () => {
  const client = (body: string, type: string): Anthropic =>
    new Anthropic({
      apiKey: "k",
      baseURL: "http://127.0.0.1:1",
      maxRetries: 0,
      fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } })),
    });
  const params = { model: "m", max_tokens: 10, messages: [{ role: "user" as const, content: "x" }] };
  const events = [
    START,
    ...reasoning(0, "hm", thought),
    ...text(1, "Hello ", "you"),
    ...call(2, "a", ['{"n":', "1}"], thought),
    ...ended({ kind: "tool", raw: "STOP" }),
  ];

  for (const [name, target] of [
    ["Gemini", GEMINI],
    ["chat", CHAT],
  ] as const) {
    test(`a stream of ${name}, and the same as JSON`, async () => {
      const stream = client(encodeStream(events, target), "text/event-stream").messages.stream(params);
      const message = (await stream.finalMessage()) as unknown as JsonObject;
      expect(message).toMatchObject({ stop_reason: "tool_use", usage: { input_tokens: 11, output_tokens: 5 } });
      const content = message.content as JsonObject[];
      expect(content.find((block) => block.type === "text")).toMatchObject({ text: "Hello you" });
      expect(content.find((block) => block.type === "tool_use")).toMatchObject({ input: { n: 1 } });
      const plain = (await client(JSON.stringify(json(events, target)), "application/json").messages.create(
        params,
      )) as unknown as JsonObject;
      expect(JSON.parse(JSON.stringify(content))).toEqual(plain.content as never);
    });
  }

  test("an error in mid-stream raises", async () => {
    const encoder = anthropicMessages.createEncoder(contextFor(CHAT));
    let body = "";
    for (const event of [START, ...text(0, "Hel")]) body += encoder.push(event);
    body += encoder.fail(new GatewayError({ status: 503, code: "overloaded", message: "busy" }));
    const failure = await client(body, "text/event-stream")
      .messages.stream(params)
      .finalMessage()
      .then(
        () => null,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(APIError);
    expect(isObject(failure) ? failure.type : (failure as { type?: string }).type).toBe("overloaded_error");
  });
});

test("log probabilities are a loss, told once, streamed or not", () => {
  const events: IrEvent[] = [
    { type: "text-start", ...at(0) },
    { type: "text-delta", text: "H", logprobs: [{ token: "H", logprob: -1 }], ...at(0) },
    { type: "text-delta", text: "i", logprobs: [{ token: "i", logprob: -1 }], ...at(0) },
    { type: "part-end", ...at(0) },
    { type: "message-end", choice: 0, finish: { kind: "stop", raw: "stop" } },
    { type: "response-end" },
  ];
  const context = contextFor(CHAT);
  const losses: Loss[] = [];
  anthropicMessages.encodeAnswer(meaning(events), context, ANNOTATION, losses);
  const encoder = anthropicMessages.createEncoder(context);
  for (const event of events) encoder.push(event);
  encoder.finish(ANNOTATION);
  for (const told of [losses, encoder.losses]) {
    expect(told).toEqual([
      {
        field: "choices[0].parts[0]",
        reason: "log probabilities have no place in an Anthropic message",
        side: "answer",
      },
    ]);
  }
});
