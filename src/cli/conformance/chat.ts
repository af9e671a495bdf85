import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { countAt, expectThat, frameObject, objectAt, objectsAt, parseObject, textAt } from "./expect.ts";
import type { Ask, Frame, Reading, Speaker, ToolCall, Turn } from "./types.ts";

/** OpenAI Chat Completions (platform.openai.com, API reference, Chat). */
export const chat: Speaker = {
  id: "openai-chat",
  authorization: (key) => ({ authorization: `Bearer ${key}` }),
  path: () => "/v1/chat/completions",
  body: (ask, mode) => ({
    model: ask.model,
    messages: ask.turns.flatMap(messagesOf),
    ...optional(ask),
    ...(mode === "stream" ? { stream: true, stream_options: { include_usage: true } } : {}),
  }),
  readJson(body) {
    expectThat(body["object"] === "chat.completion", "object should be chat.completion", body["object"]);
    const [choice, ...others] = objectsAt(body, "choices");
    expectThat(choice !== undefined && others.length === 0, "choices should hold one choice");
    const message = objectAt(choice ?? {}, "message");
    expectThat(message["role"] === "assistant", "role should be assistant", message["role"]);
    return reading(message, textAt(choice ?? {}, "finish_reason"), body["usage"]);
  },
  readStream,
  readError: readOpenaiError,
  withoutTurns: (model) => ({ model }),
  list: { path: "/v1/models", headers: {}, ids: openaiIds },
  // A named or required choice may also end in "stop".
  finishes: { text: ["stop"], tools: ["tool_calls", "stop"] },
  count: null,
};

function optional(ask: Ask): JsonObject {
  return {
    ...(ask.tools === undefined
      ? {}
      : { tools: ask.tools.map((tool) => ({ type: "function", function: { ...tool } })) }),
    ...(ask.mustCall === true ? { tool_choice: "required" } : {}),
    ...(ask.schema === undefined
      ? {}
      : {
          response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: ask.schema } },
        }),
  };
}

function messagesOf(turn: Turn): JsonValue[] {
  if (turn.role === "user") return [{ role: "user", content: turn.text }];
  if (turn.role === "assistant") return [turn.native];
  return turn.results.map(({ call, text }) => ({ role: "tool", tool_call_id: call.id, content: text }));
}

function reading(message: JsonObject, finish: string, usage: JsonValue | undefined): Reading {
  const calls = objectsAt(message, "tool_calls", true).map((item): ToolCall => {
    const inner = objectAt(item, "function");
    return { id: textAt(item, "id"), name: textAt(inner, "name"), arguments: parseObject(textAt(inner, "arguments")) };
  });
  const text = typeof message["content"] === "string" ? message["content"] : "";
  return { text, calls, finish, usage: usageOf(usage), native: message };
}

function usageOf(value: JsonValue | undefined): Reading["usage"] {
  if (value === undefined || value === null) return null;
  const usage = objectAt({ usage: value }, "usage");
  const [input, output] = [countAt(usage, "prompt_tokens"), countAt(usage, "completion_tokens")];
  expectThat(countAt(usage, "total_tokens") === input + output, "total_tokens should be the sum", usage);
  return { input, output };
}

function readStream(frames: Frame[]): Reading {
  expectThat(frames.at(-1)?.data === "[DONE]", "the stream should end with [DONE]", frames.at(-1)?.data);
  const message: JsonObject = { role: "assistant", content: null };
  const calls: JsonObject[] = [];
  let finish = "";
  let usage: JsonValue | undefined;
  for (const frame of frames.slice(0, -1)) {
    const chunk = frameObject(frame.data);
    expectThat(chunk["object"] === "chat.completion.chunk", "object should be chat.completion.chunk", chunk);
    if (chunk["usage"] !== undefined && chunk["usage"] !== null) usage = chunk["usage"];
    for (const choice of objectsAt(chunk, "choices")) {
      const delta = objectAt(choice, "delta");
      if (typeof delta["content"] === "string") message["content"] = `${message["content"] ?? ""}${delta["content"]}`;
      for (const piece of objectsAt(delta, "tool_calls", true)) mergeCall(calls, piece);
      if (typeof choice["finish_reason"] === "string") finish = choice["finish_reason"];
    }
  }
  expectThat(finish !== "", "a chunk should carry a finish_reason");
  if (calls.length > 0) message["tool_calls"] = calls;
  return reading(message, finish, usage);
}

/** Pieces of a call are matched by index; the first one has its id and name. */
function mergeCall(calls: JsonObject[], piece: JsonObject): void {
  const index = countAt(piece, "index");
  const known = calls[index];
  if (known === undefined) {
    expectThat(index === calls.length, "a call's index should follow the one before", index);
    calls.push({ ...piece, function: { arguments: "", ...objectAt(piece, "function") } });
    return;
  }
  const inner = objectAt(known, "function");
  const more = piece["function"] === undefined ? {} : objectAt(piece, "function");
  if (typeof more["arguments"] === "string") inner["arguments"] = textAt(inner, "arguments") + more["arguments"];
}

/** `{error: {message, type, param, code}}`. */
export function readOpenaiError(body: JsonObject): string {
  const error = objectAt(body, "error");
  textAt(error, "message");
  textAt(error, "type");
  expectThat("param" in error, "error.param should be there, or null");
  return textAt(error, "code");
}

/** `{object: "list", data: [{id, object: "model", …}]}`. */
export function openaiIds(body: JsonObject): string[] {
  expectThat(body["object"] === "list", "object should be list", body["object"]);
  return objectsAt(body, "data").map((item) => {
    expectThat(item["object"] === "model", "object should be model", item["object"]);
    return textAt(item, "id");
  });
}
