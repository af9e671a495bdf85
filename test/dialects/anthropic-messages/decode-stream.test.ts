/** Hand-written streams: every trap of this dialect, without the recordings. */
import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import type { FrameRole } from "../../../src/dialects/dialect.ts";
import { DecodeError } from "../../../src/ir/error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { bytesOf, decodeJson, decodeStream, decodeText, frames, meaning, TARGET } from "./support.ts";

const start = (usage: JsonObject = { input_tokens: 10, output_tokens: 3 }): JsonObject => ({
  type: "message_start",
  message: { id: "msg_1", model: "claude-x", role: "assistant", content: [], stop_reason: null, usage },
});
const open = (index: number, content_block: JsonObject): JsonObject => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, value: JsonObject): JsonObject => ({ type: "content_block_delta", index, delta: value });
const close = (index: number): JsonObject => ({ type: "content_block_stop", index });
const end = (stop_reason: string, usage: JsonObject = { output_tokens: 5 }, more: JsonObject = {}): JsonObject => ({
  type: "message_delta",
  delta: { stop_reason, stop_sequence: null, ...more },
  usage,
});
const stop: JsonObject = { type: "message_stop" };
const text = (index: number, value: string): JsonObject[] => [
  open(index, { type: "text", text: "" }),
  delta(index, { type: "text_delta", text: value }),
  close(index),
];
const answerOf = (...events: JsonObject[]) => meaning(decodeText(frames(...events)));

test("the order of events", () => {
  const events = decodeText(frames(start(), ...text(0, "Hi"), end("end_turn"), stop));
  expect(events.map((event) => event.type)).toEqual([
    "message-start",
    "usage",
    "text-start",
    "text-delta",
    "part-end",
    "usage",
    "message-end",
    "response-end",
  ]);
});

describe("usage", () => {
  const usageOf = (first: JsonObject, ...later: JsonObject[]) =>
    answerOf(start(first), ...later.map((usage) => end("end_turn", usage)), stop).usage;
  const cases: [string, JsonObject, JsonObject[], JsonObject][] = [
    ["start and delta", { input_tokens: 10, output_tokens: 3 }, [{ output_tokens: 5 }], { input: 10, output: 5 }],
    [
      "input grows in the delta",
      { input_tokens: 2479, output_tokens: 1 },
      [{ input_tokens: 404500, output_tokens: 9 }],
      { input: 404500, output: 9 },
    ],
    [
      "several deltas: the last counts",
      { input_tokens: 1, output_tokens: 1 },
      [{ output_tokens: 5 }, { output_tokens: 8 }],
      { input: 1, output: 8 },
    ],
    [
      "null says nothing",
      { input_tokens: 7, output_tokens: 1 },
      [{ input_tokens: null, output_tokens: 2 }],
      { input: 7, output: 2 },
    ],
    [
      "caches are beside the input",
      {
        input_tokens: 3,
        cache_read_input_tokens: 40,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      },
      [{ output_tokens: 2 }],
      { input: 3, cached_input: 40, cache_write_5m: 10, cache_write_1h: 20, output: 2 },
    ],
    [
      "cache writes without a split are of five minutes",
      { input_tokens: 3, cache_creation_input_tokens: 30 },
      [{ output_tokens: 2 }],
      { input: 3, cache_write_5m: 30, output: 2 },
    ],
    [
      "a total beyond the split goes to the only TTL",
      {
        input_tokens: 3,
        cache_creation_input_tokens: 20,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 20 },
      },
      [{ cache_creation_input_tokens: 50, output_tokens: 2 }],
      { input: 3, cache_write_1h: 50, output: 2 },
    ],
    [
      "iterations are summed: compaction shrinks the top level",
      { input_tokens: 60000, output_tokens: 1 },
      [
        {
          input_tokens: 682,
          output_tokens: 1320,
          iterations: [
            { type: "compaction", input_tokens: 60385, output_tokens: 592 },
            { type: "message", input_tokens: 682, output_tokens: 1320 },
          ],
        },
      ],
      { input: 61067, output: 1912 },
    ],
    [
      "thinking is reasoning, not output",
      { input_tokens: 1 },
      [{ output_tokens: 100, output_tokens_details: { thinking_tokens: 60 } }],
      { input: 1, output: 40, reasoning: 60 },
    ],
    [
      "hostile numbers never lower it",
      { input_tokens: 500, output_tokens: 3 },
      [{ input_tokens: -5, output_tokens: 1e300 }],
      { input: 500, output: 3 },
    ],
    [
      "incomplete iterations never lower it",
      { input_tokens: 500 },
      [{ output_tokens: 9, iterations: [{ input_tokens: 1, output_tokens: 1 }] }],
      { input: 500, output: 9 },
    ],
  ];
  for (const [name, first, later, tokens] of cases) {
    test(name, () => expect(usageOf(first, ...later)?.tokens).toEqual(tokens as JsonObject as Record<string, number>));
  }

  test("fees, tier, speed and place", () => {
    const usage = usageOf(
      { input_tokens: 1, service_tier: "priority", speed: "fast", inference_geo: "us" },
      { output_tokens: 1, server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 } },
    );
    expect(usage).toMatchObject({
      fees: { web_search: 2 },
      variant: { serviceTier: "priority", speed: "fast", inferenceGeo: "us" },
      reasoningKnown: false,
    });
  });

  test("it is final as soon as the stop reason is known", () => {
    const finals = decodeText(frames(start(), end("end_turn"), stop)).flatMap((item) =>
      item.type === "usage" ? [item.final] : [],
    );
    expect(finals).toEqual([false, true]);
  });
});

describe("blocks", () => {
  test("signed thinking with empty text, redacted thinking, and indexes with gaps", () => {
    const answer = answerOf(
      start(),
      open(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "signature_delta", signature: "sig" }),
      close(0),
      open(4, { type: "redacted_thinking", data: "abc" }),
      close(4),
      ...text(7, "Hi"),
      end("end_turn"),
      stop,
    );
    const seal = { origin: "anthropic-messages", provider: "anthropic", realm: "anthropic", model: "claude-x" };
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "reasoning", form: "summary", text: "", seals: [{ ...seal, kind: "signature", value: "sig" }] },
      { type: "reasoning", form: "redacted", seals: [{ ...seal, kind: "redacted", value: "abc" }] },
      { type: "text", text: "Hi" },
    ]);
  });

  const tool = (...deltas: JsonObject[]): string => {
    const part = answerOf(
      start(),
      open(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      ...deltas,
      close(0),
      end("tool_use"),
      stop,
    ).choices[0]?.parts[0];
    return part?.type === "tool-call" ? part.arguments : "";
  };
  const json = (partial_json: string): JsonObject => delta(0, { type: "input_json_delta", partial_json });
  test("arguments: none, empty, in pieces, cut off", () => {
    expect(tool()).toBe("{}");
    expect(tool(json(""))).toBe("{}");
    expect(tool(json(""), json('{"a":"\\'), json('u00e9"}'))).toBe('{"a":"\\u00e9"}');
    expect(tool(json('{"a":"b'))).toBe('{"a":"b');
  });

  test("input that comes with the start counts, unless deltas bring it again", () => {
    const block = { type: "tool_use", id: "t", name: "f", input: { a: 1 } };
    const told = (...more: JsonObject[]) =>
      answerOf(start(), open(0, block), ...more, close(0), end("tool_use"), stop).choices[0]?.parts[0];
    expect(told()).toMatchObject({ arguments: '{"a":1}' });
    expect(told(json('{"a":1}'))).toMatchObject({ arguments: '{"a":1}' });
  });

  test("hosted tools and their results are no calls of the client's", () => {
    const failed = {
      type: "web_search_tool_result",
      tool_use_id: "s",
      content: { type: "web_search_tool_result_error", error_code: "max_uses_exceeded" },
    };
    const answer = answerOf(
      start(),
      open(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }),
      json('{"query":"x"}'),
      close(0),
      open(1, failed),
      close(1),
      open(2, { type: "mcp_tool_use", id: "m", name: "g", server_name: "srv", input: {} }),
      close(2),
      open(3, { type: "unheard_of", x: 1 }),
      close(3),
      end("pause_turn"),
      stop,
    );
    expect(answer.choices[0]).toMatchObject({
      finish: { kind: "pause", raw: "pause_turn" },
      parts: [
        { type: "tool-call", kind: "server", name: "web_search", arguments: '{"query":"x"}' },
        { type: "server-tool-result", toolId: "s", name: "web_search", isError: true, native: { value: failed } },
        { type: "tool-call", kind: "server", name: "g", namespace: "srv" },
        { type: "native", native: { value: { type: "unheard_of", x: 1 } } },
      ],
    });
  });

  test("compaction comes in one delta", () => {
    const answer = answerOf(
      start(),
      open(0, { type: "compaction", content: null }),
      delta(0, { type: "compaction_delta", content: "summary", encrypted_content: "e" }),
      close(0),
      end("compaction"),
      stop,
    );
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "native", native: { value: { type: "compaction", content: "summary", encrypted_content: "e" } } },
    ]);
    expect(answer.choices[0]?.finish?.kind).toBe("pause");
  });

  test("citations come after their text and cover it", () => {
    const citation = {
      type: "web_search_result_location",
      url: "https://e",
      title: "T",
      cited_text: "q",
      encrypted_index: "i",
    };
    const events = decodeText(
      frames(
        start(),
        open(0, { type: "text", text: "", citations: [] }),
        delta(0, { type: "citations_delta", citation }),
        delta(0, { type: "text_delta", text: "Hello" }),
        close(0),
        end("end_turn"),
        stop,
      ),
    );
    const native = { origin: "anthropic-messages" as const, value: citation };
    expect(events.find((event) => event.type === "citation")).toEqual({
      type: "citation",
      choice: 0,
      part: 0,
      citation: { kind: "url", url: "https://e", title: "T", quotedText: "q", start: 0, end: 5, native },
    });
    expect(events.map((event) => event.type)).toContain("part-end");
  });

  test("a start that brings content and a stop reason (programmatic tool calling)", () => {
    const message = {
      ...(start().message as JsonObject),
      content: [{ type: "tool_use", id: "t", name: "f", input: { p: 1 } }],
      stop_reason: "tool_use",
    };
    expect(answerOf({ type: "message_start", message }, stop)).toMatchObject({
      ended: true,
      choices: [{ finish: { kind: "tool" }, parts: [{ type: "tool-call", arguments: '{"p":1}' }] }],
    });
  });

  test("a call made by code at the provider is reported: nobody else knows such callers", () => {
    const block = {
      type: "tool_use",
      id: "t",
      name: "f",
      input: {},
      caller: { type: "code_execution_20250825", tool_id: "s" },
    };
    expect(answerOf(start(), open(0, block), close(0), end("tool_use"), stop).losses).toHaveLength(1);
    expect(
      answerOf(start(), open(0, { ...block, caller: { type: "direct" } }), close(0), end("tool_use"), stop).losses,
    ).toEqual([]);
  });
});

describe("finish", () => {
  const kinds: [string, string][] = [
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["tool_use", "tool"],
    ["pause_turn", "pause"],
    ["refusal", "refusal"],
    ["model_context_window_exceeded", "context"],
    ["something_new", "stop"],
  ];
  for (const [raw, kind] of kinds) {
    test(raw, () => expect(answerOf(start(), end(raw), stop).choices[0]?.finish).toMatchObject({ kind, raw }));
  }

  test("the matched sequence and why a refusal came are kept", () => {
    const details = { type: "refusal", category: "cyber", explanation: "because" };
    expect(answerOf(start(), end("refusal", {}, { stop_details: details }), stop).choices[0]?.finish).toEqual({
      kind: "refusal",
      raw: "refusal",
      details: { message: "because", native: details },
    });
    expect(
      answerOf(start(), end("stop_sequence", {}, { stop_sequence: "END" }), stop).choices[0]?.finish?.details,
    ).toEqual({
      stopSequence: "END",
    });
  });

  test("container and context management belong to the whole answer", () => {
    const last = { ...end("end_turn", {}, { container: { id: "c" } }), context_management: { applied_edits: [] } };
    expect(answerOf(start(), last, stop).native?.value).toEqual({
      container: { id: "c" },
      context_management: { applied_edits: [] },
    });
  });
});

describe("ends", () => {
  test("without a stop reason it is truncated, whatever came before", () => {
    expect(answerOf(start(), ...text(0, "Hi"))).toMatchObject({ ended: false, error: { cause: "truncated" } });
    expect(answerOf(start(), ...text(0, "Hi"), stop)).toMatchObject({ ended: false, error: { cause: "truncated" } });
    expect(meaning(decodeText(""))).toMatchObject({ ended: false, error: { cause: "empty" } });
    expect(meaning(decodeText(": keepalive\n\n"))).toMatchObject({ error: { cause: "empty" } });
  });

  test("with a stop reason but no message_stop it is complete; open blocks are closed", () => {
    const events = decodeText(
      frames(
        start(),
        open(0, { type: "text", text: "" }),
        delta(0, { type: "text_delta", text: "Hi" }),
        end("end_turn"),
      ),
    );
    expect(meaning(events)).toMatchObject({ ended: true, error: null });
    expect(events.filter((event) => event.type === "part-end")).toHaveLength(1);
  });

  test("nothing is told after the end", () => {
    expect(decodeText(frames(start(), end("end_turn"), stop, ...text(1, "more")))).toHaveLength(5);
  });

  const errors: [string, number][] = [
    ["overloaded_error", 529],
    ["rate_limit_error", 429],
    ["api_error", 500],
    ["timeout_error", 504],
    ["invalid_request_error", 400],
    ["brand_new_error", 500],
  ];
  for (const [type, status] of errors) {
    test(`${type} in mid-stream stands for ${status}`, () => {
      const error = { type: "error", error: { type, message: "Sorry" } };
      for (const events of [frames(error), frames(start(), ...text(0, "Hi"), error)]) {
        expect(meaning(decodeText(events)).error).toMatchObject({
          cause: "status",
          status,
          code: type,
          message: "Sorry",
        });
      }
    });
  }

  test("a bare error object is an error too", () => {
    const text = `${frames(start())}data: {"error":{"message":"boom"}}\n\n`;
    expect(meaning(decodeText(text)).error).toMatchObject({ status: 500, message: "boom" });
  });

  test("the kind of an event may stand in its data alone", () => {
    const nameless = frames(start(), ...text(0, "Hi"), end("end_turn"), stop).replaceAll(/^event: .*\n/gm, "");
    expect(meaning(decodeText(nameless)).ended).toBe(true);
  });

  test("imitations end with [DONE]", () => {
    expect(meaning(decodeText(`${frames(start(), end("end_turn"))}data: [DONE]\n\n`)).ended).toBe(true);
  });
});

test("roles of frames: start, content, tail, ignore", () => {
  const decoder = anthropicMessages.createDecoder({ target: TARGET });
  const ping: JsonObject = { type: "ping" };
  const events = [
    start(),
    ping,
    ...text(0, "Hi"),
    ping,
    open(1, { type: "tool_use", id: "t", name: "f" }),
    { type: "new_event" },
    end("end_turn"),
    stop,
    ping,
  ];
  const roles = events.map((event): FrameRole =>
    decoder.push({ event: String(event.type), data: JSON.stringify(event) }, () => undefined),
  );
  expect(roles).toEqual([
    "start",
    "start",
    "start",
    "content",
    "content",
    "ignore",
    "content",
    "ignore",
    "tail",
    "tail",
    "tail",
  ]);
});

describe("bad answers", () => {
  const bad: [string, () => unknown][] = [
    ["JSON cut off in a frame", () => decodeText('event: message_start\ndata: {"type":"message_start","mess\n\n')],
    ["a frame that is no object", () => decodeText("data: [1]\n\n")],
    [
      "a delta of a block that never started",
      () => decodeText(frames(start(), delta(3, { type: "text_delta", text: "x" }))),
    ],
    ["a start without a block", () => decodeText(frames(start(), { type: "content_block_start", index: 0 }))],
    ["an index that is no number", () => decodeText(frames(start(), { ...open(0, {}), index: "0" }))],
    ["JSON that is no message", () => decodeJson({ object: "chat.completion" })],
    ["JSON that is no object", () => decodeJson("hello")],
    ["content that is no block", () => decodeJson({ content: ["x"] })],
  ];
  for (const [name, run] of bad) test(name, () => expect(run).toThrow(DecodeError));

  test("an error inside HTTP 200 is an error", () => {
    const body = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(meaning(decodeJson(body)).error).toMatchObject({ status: 529, code: "overloaded_error" });
  });

  test("bytes that are no UTF-8 become replacement characters", () => {
    const parts = [
      bytesOf(frames(start(), open(0, { type: "text", text: "" }))),
      bytesOf('data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"'),
      Uint8Array.of(0xff),
      bytesOf('"}}\n\n'),
      bytesOf(frames(end("end_turn"), stop)),
    ];
    expect(meaning(decodeStream(parts)).choices[0]?.parts).toMatchObject([{ text: "\u{fffd}" }]);
  });
});
