import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { countAt, expectThat, frameObject, objectAt, objectsAt, parseObject, textAt } from "./expect.ts";
import { type Ask, type Frame, Mismatch, type Reading, type Speaker, type ToolCall, type Turn } from "./types.ts";

const VERSION = { "anthropic-version": "2023-06-01" };
/** The dialect wants a cap; large enough for a reasoning model's thoughts. */
const MAX_TOKENS = 2048;

/** Anthropic Messages (docs.anthropic.com, API reference, Messages). */
export const messages: Speaker = {
  id: "anthropic-messages",
  authorization: (key) => ({ "x-api-key": key, ...VERSION }),
  path: () => "/v1/messages",
  body: (ask, mode) => ({
    ...countable(ask),
    max_tokens: MAX_TOKENS,
    ...(ask.schema === undefined ? {} : { output_config: { format: { type: "json_schema", schema: ask.schema } } }),
    ...(mode === "stream" ? { stream: true } : {}),
  }),
  readJson(body) {
    expectThat(body["type"] === "message", "type should be message", body["type"]);
    expectThat(body["role"] === "assistant", "role should be assistant", body["role"]);
    return reading(objectsAt(body, "content"), textAt(body, "stop_reason"), objectAt(body, "usage"));
  },
  readStream,
  readError(body) {
    expectThat(body["type"] === "error", "type should be error", body["type"]);
    const error = objectAt(body, "error");
    textAt(error, "message");
    textAt(body, "request_id");
    return textAt(error, "type");
  },
  withoutTurns: (model) => ({ model, max_tokens: MAX_TOKENS }),
  list: {
    path: "/v1/models?limit=1000",
    headers: VERSION,
    ids: (body) => {
      expectThat(typeof body["has_more"] === "boolean", "has_more should be a boolean", body["has_more"]);
      return objectsAt(body, "data").map((item) => {
        expectThat(item["type"] === "model", "type should be model", item["type"]);
        return textAt(item, "id");
      });
    },
  },
  finishes: { text: ["end_turn"], tools: ["tool_use"] },
  count: {
    path: () => "/v1/messages/count_tokens",
    body: countable,
    tokens: (body) => countAt(body, "input_tokens"),
  },
};

function countable(ask: Ask): JsonObject {
  const tools = ask.tools?.map(({ name, description, parameters }) => ({
    name,
    description,
    input_schema: parameters,
  }));
  return {
    model: ask.model,
    messages: ask.turns.map(messageOf),
    ...(tools === undefined ? {} : { tools }),
    ...(ask.mustCall === true ? { tool_choice: { type: "any" } } : {}),
  };
}

function messageOf(turn: Turn): JsonValue {
  if (turn.role === "user") return { role: "user", content: turn.text };
  if (turn.role === "assistant") return { role: "assistant", content: turn.native };
  const content = turn.results.map(({ call, text }) => ({ type: "tool_result", tool_use_id: call.id, content: text }));
  return { role: "user", content };
}

function reading(blocks: JsonObject[], finish: string, usage: JsonObject): Reading {
  const calls = blocks
    .filter((block) => block["type"] === "tool_use")
    .map((block): ToolCall => ({
      id: textAt(block, "id"),
      name: textAt(block, "name"),
      arguments: objectAt(block, "input"),
    }));
  const text = blocks.map((block) => (block["type"] === "text" ? textAt(block, "text") : "")).join("");
  const counts = { input: countAt(usage, "input_tokens"), output: countAt(usage, "output_tokens") };
  return { text, calls, finish, usage: counts, native: blocks };
}

/** message_start, blocks one after the other, message_delta, message_stop; pings anywhere. */
function readStream(frames: Frame[]): Reading {
  const events = frames.map((frame) => {
    const body = frameObject(frame.data);
    expectThat(body["type"] === frame.event, "an event's name should be its type", frame);
    return body;
  });
  const [first, ...others] = events.filter((event) => event["type"] !== "ping");
  expectThat(first?.["type"] === "message_start", "the first event should be message_start", first);
  expectThat(others.at(-1)?.["type"] === "message_stop", "the last event should be message_stop", others.at(-1));
  const blocks: JsonObject[] = [];
  const partial: string[] = [];
  let finish = "";
  const usage = { ...objectAt(objectAt(first ?? {}, "message"), "usage") };
  for (const event of others.slice(0, -1)) {
    if (event["type"] === "message_delta") {
      finish = textAt(objectAt(event, "delta"), "stop_reason");
      Object.assign(usage, objectAt(event, "usage"));
    } else applyBlockEvent(blocks, partial, event);
  }
  expectThat(finish !== "", "message_delta should carry a stop_reason");
  return reading(blocks, finish, usage);
}

function applyBlockEvent(blocks: JsonObject[], partial: string[], event: JsonObject): void {
  const index = countAt(event, "index");
  if (event["type"] === "content_block_start") {
    expectThat(index === blocks.length, "a block's index should follow the one before", index);
    blocks.push({ ...objectAt(event, "content_block") });
    partial.push("");
    return;
  }
  const block = blocks[index];
  if (block === undefined) throw new Mismatch(`event of a block that was not started: ${JSON.stringify(event)}`);
  if (event["type"] === "content_block_stop") {
    if (block["type"] === "tool_use" && partial[index] !== "")
      block["input"] = parseObject(partial[index] ?? "") ?? null;
    return;
  }
  expectThat(event["type"] === "content_block_delta", "unknown event", event["type"]);
  const delta = objectAt(event, "delta");
  if (delta["type"] === "input_json_delta") partial[index] = (partial[index] ?? "") + textAt(delta, "partial_json");
  const field = { text_delta: "text", thinking_delta: "thinking", signature_delta: "signature" }[textAt(delta, "type")];
  if (field !== undefined) block[field] = `${block[field] ?? ""}${textAt(delta, field)}`;
}
