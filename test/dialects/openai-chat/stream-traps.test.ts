/** What recorded servers do, each by name and written by hand, so that it holds without the recordings too. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { DecodeError } from "../../../src/ir/error.ts";
import {
  answerBody,
  chunk,
  decodeBody,
  decodeChunks,
  decodePieces,
  decodeText,
  fold,
  foldChunks,
  HEAD,
  sse,
  targetFacts,
  unended,
} from "./support.ts";

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const STOP = chunk({}, "stop");
const usageChunk = (usage: object = USAGE): object => ({ ...HEAD, choices: [], usage });
const callsOf = (events: readonly IrEvent[]): unknown =>
  fold(events).choices.flatMap((choice) =>
    choice.parts.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, part.arguments]] : [])),
  );
const call = (fields: object): object => ({ tool_calls: [fields] });

describe("streams", () => {
  test("comments and keep-alives say nothing", () => {
    const text = `: OPENROUTER PROCESSING\n\n${sse(chunk({ content: "a" }), STOP)}`.replace(
      "data: [",
      ": keepalive\n\ndata: [",
    );
    expect(fold(decodeText(text).events).choices[0]?.parts).toMatchObject([{ type: "text", text: "a" }]);
  });

  test("Groq: an event called error, without [DONE]", () => {
    const error = {
      error: { message: "no tool", type: "invalid_request_error", code: "tool_use_failed", status_code: 400 },
    };
    const text = `${unended(chunk({ reasoning: "hm" }))}event: error\ndata: ${JSON.stringify(error)}\n\n`;
    const { events, roles } = decodeText(text);
    expect(fold(events).error).toMatchObject({
      cause: "status",
      status: 400,
      code: "tool_use_failed",
      message: "no tool",
    });
    expect(events.some((event) => event.type === "message-end" || event.type === "response-end")).toBe(false);
    expect(roles.at(-1)).toBe("tail");
  });

  test("a bare line `error: {…}`", () => {
    const text = `${unended(chunk({ content: "a" }))}error: {"error":{"message":"overloaded","code":503}}\n\n`;
    expect(fold(decodeText(text).events).error).toMatchObject({ status: 503, message: "overloaded" });
  });

  test("OpenRouter: error beside choices, then [DONE]: not a clean end", () => {
    const failed = { ...chunk({ content: "" }), error: { code: 502, message: "upstream died" }, usage: USAGE };
    const { events } = decodeText(sse(chunk({ content: "a" }), failed));
    const answer = fold(events);
    expect(answer.error).toMatchObject({ cause: "status", status: 502, message: "upstream died" });
    expect(answer.ended).toBe(false);
    expect(answer.usage?.tokens).toEqual({ input: 10, output: 5 });
    expect(events.at(-1)?.type).toBe("error");
  });

  test("an error inside a choice", () => {
    const failed = { ...HEAD, choices: [{ index: 0, error: { code: 500, message: "boom" }, finish_reason: "error" }] };
    expect(foldChunks(chunk({ content: "a" }), failed).error).toMatchObject({ status: 500, message: "boom" });
  });

  test("finish_reason error or insufficient_system_resource is a failure, not a finish", () => {
    for (const word of ["error", "insufficient_system_resource"]) {
      const answer = foldChunks(chunk({ content: "a" }), chunk({}, word));
      expect(answer.error).toMatchObject({ status: 503, code: word });
      expect(answer.ended).toBe(false);
    }
  });

  test("error as a string, a detail, Mistral's object", () => {
    for (const body of [
      { error: "no such model" },
      { detail: "no such model" },
      { object: "error", message: "no such model", raw_status_code: 400 },
    ]) {
      expect(foldChunks(body as never).error?.message).toBe("no such model");
      expect(fold(decodeBody(body as never)).error?.message).toBe("no such model");
    }
  });

  test("Azure: the first chunk has no id, model or choices, only filter results", () => {
    const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [] };
    const second = { ...chunk({ role: "assistant", content: "" }), id: "chatcmpl-a" };
    const { events, roles } = decodeChunks(first, second, { ...chunk({ content: "a" }), id: "chatcmpl-b" }, STOP);
    expect(events[0]).toMatchObject({ type: "message-start", id: "chatcmpl-a", model: "gpt-5" });
    expect(events.filter((event) => event.type === "message-start")).toHaveLength(1);
    expect(roles).toEqual(["start", "start", "content", "tail", "tail"]);
  });

  test("the usage chunk has no choices and comes after the finish", () => {
    const { events, roles } = decodeChunks(chunk({ content: "a" }), STOP, usageChunk() as never);
    expect(roles).toEqual(["content", "tail", "tail", "tail"]);
    expect(events.map((event) => event.type)).toEqual([
      "message-start",
      "text-start",
      "text-delta",
      "part-end",
      "message-end",
      "usage",
      "response-end",
    ]);
  });

  test("OpenRouter: the finish twice, the role in every chunk", () => {
    const end = chunk({ role: "assistant", content: "" }, "stop");
    const { events, roles } = decodeChunks(chunk({ role: "assistant", content: "a" }), end, { ...end, usage: USAGE });
    expect(events.filter((event) => event.type === "message-end")).toHaveLength(1);
    expect(events.filter((event) => event.type === "text-start")).toHaveLength(1);
    expect(roles).toEqual(["content", "tail", "tail", "tail"]);
  });

  test("content beside the finish is not lost", () => {
    const answer = foldChunks(chunk({ content: "a" }), chunk({ content: "b" }, "length"));
    expect(answer.choices[0]).toMatchObject({ finish: { kind: "length" }, parts: [{ text: "ab" }] });
  });

  test("content after the finish is not lost either, and says so by its role", () => {
    const { events, roles } = decodeChunks(chunk({ content: "a" }, "length"), chunk({ reasoning: "hm" }), STOP);
    expect(fold(events).choices[0]?.parts).toMatchObject([{ text: "a" }, { type: "reasoning", text: "hm" }]);
    expect(roles).toEqual(["tail", "content", "tail", "tail"]);
  });

  test("the end of the bytes is no end: a finish or usage is", () => {
    expect(fold(decodeText(unended(chunk({ content: "a" }))).events).error?.cause).toBe("truncated");
    expect(fold(decodeText(unended(chunk({ content: "a" }), STOP)).events)).toMatchObject({ ended: true, error: null });
    expect(fold(decodeText(unended(chunk({ content: "a" }), usageChunk() as never)).events)).toMatchObject({
      ended: true,
      choices: [{ finish: { kind: "stop", raw: null } }],
    });
  });

  test("a lone [DONE] is no end", () => {
    const { events } = decodeChunks(chunk({ content: "a" }));
    expect(fold(events)).toMatchObject({ ended: false, error: { cause: "truncated" } });
    expect(fold(decodeText("data: [DONE]\n\n").events).error?.cause).toBe("truncated");
  });

  test("one of two choices without a finish: truncated", () => {
    const second = { ...HEAD, choices: [{ index: 1, delta: { content: "b" }, finish_reason: null }] };
    const answer = fold(decodeText(unended(chunk({ content: "a" }, "stop"), second)).events);
    expect(answer.error?.cause).toBe("truncated");
  });

  test("choices take turns; each has its own parts and its own end", () => {
    const second = (delta: object, finish: string | null = null): object => ({
      ...HEAD,
      choices: [{ index: 1, delta, finish_reason: finish }],
    });
    const { events, roles } = decodeChunks(
      chunk({ content: "a" }),
      second({ content: "x" }) as never,
      chunk({}, "stop"),
      second({ content: "y" }) as never,
      second({}, "length") as never,
    );
    expect(fold(events).choices).toMatchObject([
      { index: 0, finish: { kind: "stop" }, parts: [{ text: "a" }] },
      { index: 1, finish: { kind: "length" }, parts: [{ text: "xy" }] },
    ]);
    expect(roles).toEqual(["content", "content", "tail", "content", "tail", "tail"]);
  });

  test("ids may repeat between choices", () => {
    const tool = call({ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "{}" } });
    const both = { ...HEAD, choices: [0, 1].map((index) => ({ index, delta: tool, finish_reason: "tool_calls" })) };
    expect(callsOf(decodeChunks(both as never).events)).toEqual([
      ["call_1", "f", "{}"],
      ["call_1", "f", "{}"],
    ]);
  });

  test("invalid JSON is a DecodeError, and so is JSON that is no object", () => {
    const decoder = openaiChat.createDecoder({ target: targetFacts() });
    for (const data of ["{", "[1]", "7", "null", "nonsense"]) {
      expect(() => decoder.push({ event: null, data }, () => undefined)).toThrow(DecodeError);
    }
  });

  test("a choice with a hostile index is a DecodeError", () => {
    for (const index of [-1, 1.5, 1e9]) {
      const decoder = openaiChat.createDecoder({ target: targetFacts() });
      const data = JSON.stringify({ choices: [{ index, delta: { content: "a" } }] });
      expect(() => decoder.push({ event: null, data }, () => undefined)).toThrow(DecodeError);
    }
  });

  test("a split multi-byte character", () => {
    const bytes = Buffer.from(sse(chunk({ content: "東京 🗼" }), STOP));
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(fold(decodePieces(pieces).events).choices[0]?.parts).toMatchObject([{ text: "東京 🗼" }]);
  });
});

describe("tool calls", () => {
  test("arguments whole, in pieces, split inside an escape, or cut at the limit", () => {
    const start = call({ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } });
    const piece = (text: string): object => call({ index: 0, function: { arguments: text } });
    const { events } = decodeChunks(
      chunk(start as never),
      chunk(piece('{"a":"\\u00') as never),
      chunk(piece("e9\\") as never),
      chunk(piece('n"') as never),
      chunk({}, "length"),
    );
    expect(callsOf(events)).toEqual([["call_1", "f", '{"a":"\\u00e9\\n"']]);
    expect(fold(events).choices[0]?.finish?.kind).toBe("length");
  });

  test("Mistral: no index, no type, several in one delta, the finish beside them", () => {
    const calls = [
      { id: "qDEcl0n92", function: { name: "alpha", arguments: "{}" } },
      { id: "Xy1234567", function: { name: "beta", arguments: '{"a":1}' } },
    ];
    const { events, roles } = decodeChunks(chunk({ content: null, tool_calls: calls }, "tool_calls"));
    expect(callsOf(events)).toEqual([
      ["qDEcl0n92", "alpha", "{}"],
      ["Xy1234567", "beta", '{"a":1}'],
    ]);
    expect(roles[0]).toBe("tail");
  });

  test("without index and id: told apart by their names", () => {
    const calls = [{ function: { name: "f", arguments: "{}" } }, { function: { name: "f", arguments: "{}" } }];
    const found = callsOf(decodeChunks(chunk({ tool_calls: calls }, "tool_calls")).events) as string[][];
    expect(found).toHaveLength(2);
    expect(found[0]?.[0]).toMatch(/^call_[0-9a-f]{24}$/);
    expect(found[0]?.[0]).not.toBe(found[1]?.[0]);
  });

  test("name and id repeated with every piece", () => {
    const piece = (text: string): object =>
      call({ index: 0, id: "0", type: "function", function: { name: "f", arguments: text } });
    const { events } = decodeChunks(chunk(piece("") as never), chunk(piece("{}") as never), chunk({}, "tool_calls"));
    expect(callsOf(events)).toEqual([["0", "f", "{}"]]);
  });

  test("empty name and id in later pieces", () => {
    const { events } = decodeChunks(
      chunk(call({ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "{" } }) as never),
      chunk(call({ index: 0, id: "", type: "function", function: { name: "", arguments: "}" } }) as never),
      chunk({}, "tool_calls"),
    );
    expect(callsOf(events)).toEqual([["call_1", "f", "{}"]]);
  });

  test("the name comes after the first arguments", () => {
    const { events } = decodeChunks(
      chunk(call({ index: 0, id: "call_1", function: { arguments: "{" } }) as never),
      chunk(call({ index: 0, function: { name: "f", arguments: "}" } }) as never),
      chunk({}, "tool_calls"),
    );
    expect(callsOf(events)).toEqual([["call_1", "f", "{}"]]);
  });

  test("an index that is used again with another id and name is another call", () => {
    const whole = (id: string, name: string): object =>
      call({ index: 0, id, type: "function", function: { name, arguments: "{}" } });
    const { events } = decodeChunks(
      chunk(whole("call_1", "f") as never),
      chunk(whole("call_2", "g") as never),
      chunk({}, "stop"),
    );
    expect(callsOf(events)).toEqual([
      ["call_1", "f", "{}"],
      ["call_2", "g", "{}"],
    ]);
  });

  test("pieces of two calls interleaved", () => {
    const piece = (index: number, fields: object) => chunk(call({ index, ...fields }) as never);
    const { events } = decodeChunks(
      piece(0, { id: "call_1", function: { name: "f", arguments: '{"a"' } }) as never,
      piece(1, { id: "call_2", function: { name: "g", arguments: '{"b"' } }) as never,
      piece(0, { function: { arguments: ":1}" } }) as never,
      piece(1, { function: { arguments: ":2}" } }) as never,
      chunk({}, "tool_calls"),
    );
    expect(callsOf(events)).toEqual([
      ["call_1", "f", '{"a":1}'],
      ["call_2", "g", '{"b":2}'],
    ]);
  });

  test("a whole call ends when the next begins", () => {
    const piece = (index: number): object =>
      chunk(call({ index, id: `call_${index}`, function: { name: "f", arguments: "{}" } }) as never);
    const { events } = decodeChunks(piece(0) as never, piece(1) as never, chunk({}, "tool_calls"));
    const order = events.map((event) => event.type);
    expect(order.indexOf("part-end")).toBeLessThan(order.lastIndexOf("tool-start"));
  });

  test("arguments as an object", () => {
    const delta = call({ index: 0, id: "call_1", function: { name: "f", arguments: { a: 1 } } });
    expect(callsOf(decodeChunks(chunk(delta as never, "tool_calls")).events)).toEqual([["call_1", "f", '{"a":1}']]);
  });

  test("half a call: without a name nobody can answer it", () => {
    const delta = call({ index: 0, id: "call_1", function: { arguments: '{"a":1}' } });
    const answer = foldChunks(chunk(delta as never), chunk({}, "tool_calls"));
    expect(answer.choices[0]?.finish?.kind).toBe("malformed-tool");
    expect(answer.losses).toMatchObject([{ side: "answer", field: "choices[0].message.tool_calls[0]" }]);
  });

  test("OpenAI: a forced tool ends with stop", () => {
    const delta = call({ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "{}" } });
    expect(foldChunks(chunk(delta as never), STOP).choices[0]?.finish).toEqual({ kind: "tool", raw: "stop" });
  });

  test("custom tools have input instead of arguments", () => {
    const delta = call({ index: 0, id: "call_1", type: "custom", custom: { name: "sh", input: "l" } });
    const more = call({ index: 0, custom: { input: "s" } });
    const part = foldChunks(chunk(delta as never), chunk(more as never), chunk({}, "tool_calls")).choices[0]?.parts[0];
    expect(part).toMatchObject({ type: "tool-call", kind: "custom", id: "call_1", name: "sh", arguments: "ls" });
  });

  test("the legacy function_call", () => {
    const answer = foldChunks(
      chunk({ function_call: { name: "f", arguments: "{" } }),
      chunk({ function_call: { arguments: "}" } }),
      chunk({}, "function_call"),
    );
    expect(answer.choices[0]).toMatchObject({
      finish: { kind: "tool", raw: "function_call" },
      parts: [{ type: "tool-call", name: "f", arguments: "{}" }],
    });
  });
});

describe("content", () => {
  test("Mistral: content as a list with thinking", () => {
    const thinking = (text: string): object => ({ type: "thinking", thinking: [{ type: "text", text }] });
    const answer = foldChunks(
      chunk({ content: [thinking("a")] as never }),
      chunk({ content: [thinking("b"), { type: "text", text: "c" }] as never }),
      chunk({ content: "d" }, "stop"),
    );
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "reasoning", text: "ab" },
      { type: "text", text: "cd" },
    ]);
  });

  test("reasoning under two names and in the details counts once", () => {
    const delta = {
      reasoning: "hm",
      reasoning_content: "hm",
      reasoning_details: [{ type: "reasoning.text", text: "hm" }],
    };
    const answer = foldChunks(chunk(delta), chunk({ content: "a" }, "stop"));
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "reasoning", text: "hm", seals: [] }, { type: "text" }]);
  });

  test("opaque reasoning_details become one seal that holds them as they came", () => {
    const detail = (fields: object): object => ({ reasoning_details: [{ format: "x-v1", index: 0, ...fields }] });
    const answer = foldChunks(
      chunk(detail({ type: "reasoning.text", text: "a" }) as never),
      chunk(detail({ type: "reasoning.text", text: "b" }) as never),
      chunk(detail({ type: "reasoning.text", signature: "sig" }) as never),
      chunk({ content: "c" }, "stop"),
    );
    const [part] = answer.choices[0]?.parts ?? [];
    expect(part).toMatchObject({ type: "reasoning", text: "ab" });
    const value: unknown = JSON.parse(part?.seals[0]?.value ?? "null");
    expect(value).toEqual([{ type: "reasoning.text", text: "ab", format: "x-v1", index: 0, signature: "sig" }]);
  });

  test("details that come after the text are a part of their own", () => {
    const late = { reasoning_details: [{ type: "reasoning.encrypted", data: "zzz", index: 0 }] };
    const answer = foldChunks(chunk({ reasoning: "hm" }), chunk({ content: "a" }), chunk(late), STOP);
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "reasoning", text: "hm", seals: [] },
      { type: "text", text: "a" },
      { type: "reasoning", form: "redacted", text: "", seals: [{ kind: "encrypted" }] },
    ]);
  });

  test("Gemini's endpoint: the signature of a call comes before its arguments", () => {
    const extra = { google: { thought_signature: "sig" } };
    const delta = call({ index: 0, id: "call_1", extra_content: extra, function: { name: "f", arguments: "{}" } });
    const { events } = decodeChunks(chunk(delta as never, "tool_calls"));
    const types = events.map((event) => event.type);
    expect(types.slice(1, 4)).toEqual(["tool-start", "part-seal", "arguments-delta"]);
    expect(JSON.parse(fold(events).choices[0]?.parts[0]?.seals[0]?.value ?? "null")).toEqual(extra);
  });

  test("<think> in the content, cut anywhere", () => {
    const target = targetFacts({ think_tags: true });
    const text = "\n<think>\nLet me see. 1 < 2\n</think>\n\nYes: <think> is a tag.";
    for (let size = 1; size < 12; size += 1) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      const stream = sse(...pieces.map((piece) => chunk({ content: piece })), STOP);
      expect(fold(decodeText(stream, target).events).choices[0]?.parts).toMatchObject([
        { type: "reasoning", text: "Let me see. 1 < 2\n" },
        { type: "text", text: "Yes: <think> is a tag." },
      ]);
    }
  });

  test("content that only begins like a tag is text", () => {
    const target = targetFacts({ think_tags: true });
    for (const text of ["<thin", "<div>hi</div>", "  plain", "<"]) {
      const stream = sse(...[...text].map((letter) => chunk({ content: letter })), STOP);
      expect(fold(decodeText(stream, target).events).choices[0]?.parts).toMatchObject([{ type: "text", text }]);
    }
  });

  test("a thought that is never closed is a thought", () => {
    const target = targetFacts({ think_tags: true });
    const stream = sse(chunk({ content: "<think>hm </thi" }), chunk({}, "length"));
    expect(fold(decodeText(stream, target).events).choices[0]?.parts).toMatchObject([
      { type: "reasoning", text: "hm </thi" },
    ]);
  });

  test("without the flag the tags are text", () => {
    expect(foldChunks(chunk({ content: "<think>a</think>b" }), STOP).choices[0]?.parts).toMatchObject([
      { type: "text", text: "<think>a</think>b" },
    ]);
  });

  test("a refusal is no text", () => {
    const answer = foldChunks(chunk({ refusal: "I " }), chunk({ refusal: "can't." }), STOP);
    expect(answer.choices[0]).toMatchObject({
      finish: { kind: "refusal", raw: "stop" },
      parts: [{ type: "refusal", text: "I can't." }],
    });
  });

  test("log probabilities stay with their tokens", () => {
    const logprobs = { content: [{ token: "a", logprob: -0.1, bytes: [97], top_logprobs: [] }], refusal: null };
    const said = { ...HEAD, choices: [{ index: 0, delta: { content: "a" }, logprobs, finish_reason: null }] };
    const [part] = foldChunks(said, STOP).choices[0]?.parts ?? [];
    expect(part).toMatchObject({ type: "text", logprobs: [logprobs.content] });
  });

  test("annotations stand with their text", () => {
    const annotation = {
      type: "url_citation",
      url_citation: { start_index: 0, end_index: 1, title: "T", url: "https://example.com" },
    };
    const answer = foldChunks(chunk({ content: "a" }), chunk({ annotations: [annotation] }), STOP);
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "text", citations: [{ kind: "url", url: "https://example.com", title: "T", start: 0, end: 1 }] },
    ]);
  });

  test("audio in pieces, with what is said", () => {
    const answer = foldChunks(
      chunk({ audio: { id: "audio_1", transcript: "Hel" } }),
      chunk({ audio: { id: "audio_1", data: "AAAA", transcript: "lo" } }),
      chunk({ audio: { expires_at: 1_700_000_600 } }),
      STOP,
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "media", base64: "AAAA", transcript: "Hello" }]);
  });

  test("OpenRouter's generated images", () => {
    const images = [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }];
    expect(foldChunks(chunk({ images }), STOP).choices[0]?.parts).toMatchObject([
      { type: "media", mediaType: "image/png", base64: "iVBORw0KGgo=" },
    ]);
  });
});

describe("JSON answers", () => {
  test("Azure: a filtered choice without a message", () => {
    const results = { hate: { filtered: true, severity: "high" } };
    const body = {
      ...HEAD,
      choices: [{ index: 0, finish_reason: "content_filter", content_filter_results: results }],
      usage: USAGE,
    };
    expect(fold(decodeBody(body))).toMatchObject({
      ended: true,
      choices: [{ finish: { kind: "filter", details: { native: { content_filter_results: results } } }, parts: [] }],
    });
  });

  test("Azure: an error body with its status inside a 200", () => {
    const events = decodeBody({ error: { message: "filtered", code: "content_filter", status: 400 } });
    expect(fold(events).error).toMatchObject({ status: 400, code: "content_filter", message: "filtered" });
  });

  test("Snowflake: empty strings and objects instead of nulls", () => {
    const message = {
      content: "4",
      refusal: "",
      annotations: null,
      tool_calls: null,
      function_call: { name: "", arguments: "" },
      audio: { id: "", data: "", expires_at: 0, transcript: "" },
    };
    const answer = fold(decodeBody(answerBody(message as never, "")));
    expect(answer.choices[0]).toMatchObject({ finish: { kind: "stop" }, parts: [{ type: "text", text: "4" }] });
    expect(answer.choices[0]?.parts).toHaveLength(1);
  });

  test("Together: the finish is called eos", () => {
    expect(fold(decodeBody(answerBody({ content: "a" }, "eos"))).choices[0]?.finish).toEqual({
      kind: "stop",
      raw: "eos",
    });
  });

  test("Groq: tools that the provider ran are its own, and counted", () => {
    const answer = fold(
      decodeBody(
        answerBody({ content: "a", executed_tools: [{ type: "search", output: "…" }] }, "stop", { usage: USAGE }),
      ),
    );
    expect(answer.choices[0]?.parts).toMatchObject([{ type: "text" }, { type: "server-tool-result", name: "search" }]);
    expect(answer.usage?.fees).toEqual({ web_search: 1 });
    expect(answer.choices[0]?.finish?.kind).toBe("stop");
  });

  test("no chat answer at all is a DecodeError", () => {
    for (const body of [null, [], "hi", {}, { choices: "none" }]) {
      expect(() => decodeBody(body as never)).toThrow(DecodeError);
    }
  });

  test("the last finish of a list of choices", () => {
    const choices = [
      { index: 1, message: { content: "b" }, finish_reason: "length" },
      { index: 0, message: { content: "a" }, finish_reason: "stop" },
    ];
    expect(fold(decodeBody({ ...HEAD, choices })).choices).toMatchObject([
      { index: 0, finish: { kind: "stop" } },
      { index: 1, finish: { kind: "length" } },
    ]);
  });
});

test("arguments that come after their call has ended are told as lost", () => {
  const piece = (index: number, fields: object) => chunk(call({ index, ...fields }) as never);
  const { events } = decodeChunks(
    piece(0, { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } }),
    piece(1, { id: "b", type: "function", function: { name: "g", arguments: "{}" } }),
    piece(0, { function: { arguments: '{"y":2}' } }),
    chunk({}, "tool_calls"),
  );
  const answer = fold(events);
  expect(answer.losses).toMatchObject([{ field: "choices[0].message.tool_calls", side: "answer" }]);
  expect(callsOf(events)).toEqual([
    ["a", "f", '{"x":1}'],
    ["b", "g", "{}"],
  ]);
});
