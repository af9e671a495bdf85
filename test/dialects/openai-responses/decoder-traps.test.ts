import { describe, expect, test } from "bun:test";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import { DecodeError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { decodeJson, decodePieces, decodeStream, fold, sse, targetFacts } from "./support.ts";

const CREATED: JsonObject = {
  type: "response.created",
  response: { id: "resp_1", model: "gpt-5", created_at: 5, status: "in_progress" },
};
const COMPLETED: JsonObject = {
  type: "response.completed",
  response: { id: "resp_1", status: "completed", output: [] },
};

function stream(...events: JsonObject[]): IrEvent[] {
  return decodeStream(sse([CREATED, ...events, COMPLETED]));
}
const added = (index: number, item: JsonObject): JsonObject => ({
  type: "response.output_item.added",
  output_index: index,
  item,
});
const done = (index: number, item: JsonObject): JsonObject => ({
  type: "response.output_item.done",
  output_index: index,
  item,
});
const CALL: JsonObject = { type: "function_call", id: "fc_1", call_id: "call_1", name: "look", arguments: "" };

describe("items and events", () => {
  test("a completed response with an empty output keeps what was streamed", () => {
    const answer = fold(
      stream(added(0, { type: "message", id: "msg_1", role: "assistant", content: [] }), {
        type: "response.output_text.delta",
        output_index: 0,
        content_index: 0,
        item_id: "msg_1",
        delta: "Hi",
      }),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "text", text: "Hi", itemId: "msg_1" }]);
    expect(answer.choices[0]?.finish).toEqual({ kind: "stop", raw: "completed" });
  });

  test("ids that differ between added, deltas and done are one item", () => {
    const answer = fold(
      stream(
        added(0, CALL),
        { type: "response.function_call_arguments.delta", output_index: 0, item_id: "fc_other", delta: '{"a":1}' },
        done(0, { ...CALL, id: "fc_third", arguments: '{"a":1}' }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "tool-call", id: "call_1", arguments: '{"a":1}' }]);
  });

  test.each([
    ["arguments.done", [{ type: "response.function_call_arguments.done", output_index: 0, arguments: '{"a":1}' }]],
    ["the finished item", [done(0, { ...CALL, arguments: '{"a":1}' })]],
    ["the final response", []],
  ] as [string, JsonObject[]][])("arguments that come only in %s", (where, events) => {
    const last =
      where === "the final response"
        ? { ...COMPLETED, response: { status: "completed", output: [{ ...CALL, arguments: '{"a":1}' }] } }
        : COMPLETED;
    const answer = fold(decodeStream(sse([CREATED, added(0, CALL), ...events, last])));
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "tool-call", name: "look", arguments: '{"a":1}' }]);
    expect(answer.choices[0]?.finish?.kind).toBe("tool");
  });

  test("arguments that come in deltas and in done and in the item count once", () => {
    const answer = fold(
      stream(
        added(0, CALL),
        { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"q":"\\u00' },
        { type: "response.function_call_arguments.delta", output_index: 0, delta: 'e9"}' },
        { type: "response.function_call_arguments.done", output_index: 0, arguments: '{"q":"\\u00e9"}' },
        done(0, { ...CALL, arguments: '{"q":"\\u00e9"}' }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ arguments: '{"q":"\\u00e9"}' }]);
  });

  test("deltas of a call that nobody announced wait for its name", () => {
    const events = stream(
      { type: "response.function_call_arguments.delta", output_index: 0, item_id: "fc_1", delta: "{}" },
      done(0, { ...CALL, arguments: "{}" }),
    );
    const start = events.findIndex((event) => event.type === "tool-start");
    expect(events[start]).toMatchObject({ name: "look", id: "call_1" });
    expect(fold(events).choices[0]?.parts).toMatchObject([{ arguments: "{}" }]);
  });

  test("no event: line and no sequence_number", () => {
    const events = [
      CREATED,
      added(0, { type: "message", id: "m", content: [] }),
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "x" },
      COMPLETED,
    ];
    expect(decodeStream(sse(events, false))).toEqual(decodeStream(sse(events, true)));
  });

  test("no output_index: items are told apart by their id", () => {
    const answer = fold(
      stream(
        { type: "response.output_text.delta", item_id: "msg_1", delta: "a" },
        { type: "response.output_text.delta", item_id: "msg_2", delta: "b" },
      ),
    );
    expect(answer.choices[0]?.parts.map((part) => (part.type === "text" ? part.text : ""))).toEqual(["a", "b"]);
  });

  test("unknown events and events of hosted tools are passed over, the finished item is carried", () => {
    const call = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } };
    const answer = fold(
      stream(
        added(0, { ...call, status: "in_progress" }),
        { type: "response.web_search_call.searching", output_index: 0, item_id: "ws_1" },
        { type: "response.something.new", output_index: 0, deep: { a: [1] } },
        done(0, call),
        done(1, { type: "hologram", id: "h_1", beam: true }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "server-tool-result", name: "web_search", toolId: "ws_1", isError: false, native: { value: call } },
      { type: "native", native: { origin: "openai-responses", value: { type: "hologram", beam: true } } },
    ]);
    expect(answer.choices[0]?.finish?.kind).toBe("stop");
  });

  test("calls that the client has to run end the turn", () => {
    const answer = fold(
      stream(done(0, { type: "computer_call", id: "cu_1", call_id: "c", action: { type: "screenshot" } })),
    );
    expect(answer.choices[0]?.finish?.kind).toBe("tool");
  });

  test("items that interleave stay apart", () => {
    const second = { ...CALL, id: "fc_2", call_id: "call_2", name: "find" };
    const delta = (index: number, text: string): JsonObject => ({
      type: "response.function_call_arguments.delta",
      output_index: index,
      delta: text,
    });
    const answer = fold(
      stream(added(0, CALL), added(1, second), delta(0, '{"a"'), delta(1, '{"b"'), delta(0, ":1}"), delta(1, ":2}")),
    );
    expect(answer.choices[0]?.parts).toMatchObject([
      { name: "look", arguments: '{"a":1}' },
      { name: "find", arguments: '{"b":2}' },
    ]);
  });

  test("items that only the final response holds count too", () => {
    const answer = fold(
      decodeStream(
        sse([
          CREATED,
          {
            type: "response.completed",
            response: {
              status: "completed",
              output: [{ type: "message", id: "m", content: [{ type: "output_text", text: "late", annotations: [] }] }],
            },
          },
        ]),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "text", text: "late" }]);
  });

  test("a custom tool call has free text", () => {
    const call = { type: "custom_tool_call", id: "ctc_1", call_id: "call_1", name: "run", input: "" };
    const answer = fold(
      stream(
        added(0, call),
        { type: "response.custom_tool_call_input.delta", output_index: 0, delta: "print(" },
        { type: "response.custom_tool_call_input.done", output_index: 0, input: "print(1)" },
        done(0, { ...call, input: "print(1)" }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "tool-call", kind: "custom", arguments: "print(1)" }]);
  });

  test("a call may belong to a namespace, a message to a phase", () => {
    const answer = fold(
      stream(
        added(0, { type: "message", id: "m", phase: "commentary", content: [] }),
        { type: "response.output_text.delta", output_index: 0, delta: "I look" },
        added(1, { ...CALL, namespace: "tools" }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ phase: "commentary" }, { namespace: "tools" }]);
  });
});

describe("reasoning, refusals, annotations, media", () => {
  test("summary parts are sections of one part; the seal is that of the finished item", () => {
    const events = stream(
      added(0, { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "early" }),
      { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "one" },
      { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 1, delta: "two" },
      done(0, {
        type: "reasoning",
        id: "rs_1",
        summary: [{ text: "one" }, { text: "two" }],
        encrypted_content: "late",
      }),
    );
    expect(fold(events).choices[0]?.parts).toMatchObject([
      {
        type: "reasoning",
        form: "summary",
        sections: ["one", "two"],
        seals: [{ value: "late", realm: "openai", itemId: "rs_1", kind: "encrypted" }],
      },
    ]);
  });

  test("a sealed item without any text is a reasoning part all the same", () => {
    const events = stream(done(0, { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sealed" }));
    expect(fold(events).choices[0]?.parts).toMatchObject([
      { type: "reasoning", text: "", seals: [{ value: "sealed" }] },
    ]);
  });

  test("reasoning_text is the thoughts themselves", () => {
    const events = stream(
      { type: "response.reasoning_text.delta", output_index: 0, content_index: 0, item_id: "rs_1", delta: "hm" },
      done(0, { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "hm" }] }),
    );
    expect(fold(events).choices[0]?.parts).toMatchObject([{ type: "reasoning", form: "full", text: "hm" }]);
  });

  test("a refusal is a part of its own and the reason of the end", () => {
    const answer = fold(
      stream({ type: "response.refusal.delta", output_index: 0, content_index: 0, delta: "I can't" }),
    );
    expect(answer.choices[0]).toMatchObject({
      parts: [{ type: "refusal", text: "I can't" }],
      finish: { kind: "refusal" },
    });
  });

  test("annotations count once, from their events or from the finished item", () => {
    const url = { type: "url_citation", url: "https://a.example/", title: "A", start_index: 0, end_index: 1 };
    const file = { type: "file_citation", file_id: "file_1", filename: "f.txt", index: 3 };
    const events = stream(
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "text" },
      { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation: url },
      done(0, { type: "message", id: "m", content: [{ type: "output_text", text: "text", annotations: [url, file] }] }),
    );
    expect(fold(events).choices[0]?.parts).toMatchObject([
      {
        citations: [
          { kind: "url", url: "https://a.example/", start: 0, end: 1 },
          { kind: "file", fileId: "file_1", title: "f.txt" },
        ],
      },
    ]);
  });

  test("log probabilities ride on the text", () => {
    const logprobs = [{ token: "x", logprob: -0.5, bytes: [120], top_logprobs: [] }];
    const events = stream({
      type: "response.output_text.delta",
      output_index: 0,
      content_index: 0,
      delta: "x",
      logprobs,
    });
    expect(events).toContainEqual({ type: "text-delta", choice: 0, part: 0, text: "x", logprobs });
  });

  test("a generated image is media; partial ones are passed over", () => {
    const answer = fold(
      stream(
        { type: "response.image_generation_call.partial_image", output_index: 0, partial_image_b64: "QUJD" },
        done(0, {
          type: "image_generation_call",
          id: "ig_1",
          status: "completed",
          result: "QUJDRA==",
          output_format: "jpeg",
        }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "media", mediaType: "image/jpeg", base64: "QUJDRA==" }]);
  });
});

describe("ends", () => {
  test.each([
    ["max_output_tokens", "length"],
    ["content_filter", "filter"],
    ["steered", "pause"],
  ])("incomplete for %s is %s", (reason, kind) => {
    const answer = fold(
      decodeStream(
        sse([
          CREATED,
          { type: "response.incomplete", response: { status: "incomplete", incomplete_details: { reason } } },
        ]),
      ),
    );
    expect(answer.choices[0]?.finish).toMatchObject({ kind, raw: reason });
  });

  test("a stream without its terminal event is truncated", () => {
    const answer = fold(decodeStream(sse([CREATED, added(0, CALL)])));
    expect(answer.error).toMatchObject({ cause: "truncated" });
    expect(answer.ended).toBe(false);
  });

  test("[DONE] after the end says nothing, instead of it neither", () => {
    expect(fold(decodeStream(`${sse([CREATED, COMPLETED])}data: [DONE]\n\n`)).ended).toBe(true);
    expect(fold(decodeStream(`${sse([CREATED])}data: [DONE]\n\n`)).error?.cause).toBe("truncated");
  });

  test.each([
    ["flat", { type: "error", code: "rate_limit_exceeded", message: "slow", param: null }],
    ["nested", { type: "error", error: { type: "rate_limit_exceeded", code: "rate_limit_exceeded", message: "slow" } }],
    ["without a type", { error: { code: "rate_limit_exceeded", message: "slow" } }],
  ] as [string, JsonObject][])("an error event, %s, and the response.failed after it are one error", (_name, event) => {
    const failed = {
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error", message: "other" } },
    };
    const { events, roles } = decodePieces([
      new TextEncoder().encode(sse([CREATED, event, failed], event["type"] !== undefined)),
    ]);
    expect(events.filter((entry) => entry.type === "error")).toEqual([
      {
        type: "error",
        error: expect.objectContaining({ cause: "status", status: 429, code: "rate_limit_exceeded", message: "slow" }),
      },
    ]);
    expect(roles.slice(1)).toEqual(["tail", "tail"]);
  });

  test.each([
    ["server_error", 500],
    ["rate_limit_exceeded", 429],
    ["insufficient_quota", 429],
    ["invalid_prompt", 400],
    ["context_length_exceeded", 400],
    ["image_too_large", 400],
    ["something_new", 500],
  ])("response.failed with %s stands for status %d", (code, status) => {
    const answer = fold(
      decodeStream(
        sse([CREATED, { type: "response.failed", response: { status: "failed", error: { code, message: "m" } } }]),
      ),
    );
    expect(answer.error).toMatchObject({ cause: "status", status, code, message: "m" });
  });

  test("a background response that is still queued is a pause without usage", () => {
    const answer = fold(decodeJson({ id: "resp_1", status: "queued", background: true, output: [], usage: null }));
    expect(answer.choices[0]?.finish).toEqual({ kind: "pause", raw: "queued" });
    expect(answer.usage).toBeNull();
  });

  test("an error in a 200 JSON answer is an error", () => {
    expect(fold(decodeJson({ error: { code: "server_error", message: "broken" } })).error).toMatchObject({
      status: 500,
      message: "broken",
    });
    expect(
      fold(decodeJson({ status: "failed", output: [], error: { code: "rate_limit_exceeded", message: "x" } })).error
        ?.status,
    ).toBe(429);
  });

  test("what is no response throws DecodeError and nothing else", () => {
    for (const body of [null, [], "x", 3, {}, { hello: 1 }]) {
      expect(() => decodeJson(body as JsonObject)).toThrow(DecodeError);
    }
    expect(() => decodeStream("data: {bad\n\n")).toThrow(DecodeError);
    expect(() => decodeStream("data: 12\n\n")).toThrow(DecodeError);
  });
});

describe("usage", () => {
  const usageOf = (usage: JsonObject, rest: JsonObject = {}): ReturnType<typeof fold>["usage"] =>
    fold(decodeJson({ status: "completed", output: [], usage, ...rest })).usage;

  test("cached and written tokens lie inside input, reasoning inside output", () => {
    const usage = usageOf({
      input_tokens: 100,
      input_tokens_details: {
        cached_tokens: 40,
        cache_write_tokens: 30,
        cache_write_tokens_details: { ttl_12h_tokens: 10, ttl_30m_tokens: 20 },
      },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
      total_tokens: 150,
    });
    expect(usage?.tokens).toEqual({
      input: 30,
      cached_input: 40,
      cache_write_30m: 20,
      cache_write_1h: 10,
      output: 30,
      reasoning: 20,
    });
    expect(usage?.reasoningKnown).toBe(true);
  });

  test("reasoning that is not told apart is unknown, not zero", () => {
    const usage = usageOf({ input_tokens: 1, output_tokens: 2 });
    expect(usage).toMatchObject({ tokens: { input: 1, output: 2 }, reasoningKnown: false });
  });

  test("counts that can't be are no counts", () => {
    const usage = usageOf({ input_tokens: -5, output_tokens: 1.5, input_tokens_details: { cached_tokens: "7" } });
    expect(usage?.tokens).toEqual({});
  });

  test("the tier that was served, and fees of hosted tools", () => {
    const output = [
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search" } },
      { type: "web_search_call", id: "ws_2", status: "completed", action: { type: "open_page" } },
      { type: "code_interpreter_call", id: "ci_1", container_id: "cntr_1" },
      { type: "code_interpreter_call", id: "ci_2", container_id: "cntr_1" },
      { type: "file_search_call", id: "fs_1" },
    ];
    const usage = usageOf({ input_tokens: 1, output_tokens: 1 }, { output, service_tier: "flex" });
    expect(usage?.fees).toEqual({ web_search: 1, code_interpreter: 1, file_search: 1 });
    expect(usage?.variant).toEqual({ serviceTier: "flex" });
    const told = usageOf(
      { input_tokens: 1, output_tokens: 1 },
      { output, tool_usage: { web_search: { num_requests: 3 } } },
    );
    expect(told?.fees["web_search"]).toBe(3);
  });
});

test("frame roles: start until the first content, then content, the end is the tail", () => {
  const events = [
    CREATED,
    { type: "response.in_progress", response: {} },
    added(0, { type: "message", id: "m", content: [] }),
    { type: "response.content_part.added", output_index: 0, content_index: 0, part: { type: "output_text", text: "" } },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "x" },
    { type: "response.content_part.done", output_index: 0, content_index: 0, part: {} },
    COMPLETED,
  ];
  const { roles } = decodePieces([new TextEncoder().encode(sse(events))]);
  expect(roles).toEqual(["start", "start", "start", "start", "content", "content", "tail"]);
});

test("seals carry the target's realm", () => {
  const target = targetFacts({ provider: "grok", realm: "xai", upstreamModel: "grok-4.3" });
  const events = decodeJson(
    { status: "completed", output: [{ type: "reasoning", id: "rs", summary: [], encrypted_content: "s" }] },
    target,
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "part-seal",
      seal: expect.objectContaining({ provider: "grok", realm: "xai", model: "grok-4.3" }),
    }),
  );
});

test("the message start is told once, with id, model and time", () => {
  const starts = stream({ type: "response.in_progress", response: { id: "resp_2" } }).filter(
    (event) => event.type === "message-start",
  );
  expect(starts).toEqual([{ type: "message-start", id: "resp_1", model: "gpt-5", created: 5 }]);
  expect(openaiResponses.id).toBe("openai-responses");
});
