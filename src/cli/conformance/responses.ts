import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { openaiIds, readOpenaiError } from "./chat.ts";
import { countAt, expectThat, frameObject, objectAt, objectsAt, parseObject, textAt } from "./expect.ts";
import type { Ask, Frame, Reading, Speaker, ToolCall, Turn } from "./types.ts";

/** OpenAI Responses (platform.openai.com, API reference, Responses), without storage. */
export const responses: Speaker = {
  id: "openai-responses",
  authorization: (key) => ({ authorization: `Bearer ${key}` }),
  path: () => "/v1/responses",
  body: (ask, mode) => ({
    ...countable(ask),
    store: false,
    ...(mode === "stream" ? { stream: true } : {}),
  }),
  readJson: readResponse,
  readStream,
  readError: readOpenaiError,
  withoutTurns: (model) => ({ model, input: 7 }),
  list: { path: "/v1/models", headers: {}, ids: openaiIds },
  finishes: { text: ["completed"], tools: ["completed"] },
  count: {
    path: () => "/v1/responses/input_tokens",
    body: countable,
    tokens: (body) => {
      expectThat(body["object"] === "response.input_tokens", "object should be response.input_tokens", body["object"]);
      return countAt(body, "input_tokens");
    },
  },
};

function countable(ask: Ask): JsonObject {
  return { model: ask.model, input: ask.turns.flatMap(itemsOf), ...optional(ask) };
}

function optional(ask: Ask): JsonObject {
  return {
    ...(ask.tools === undefined
      ? {}
      : { tools: ask.tools.map((tool) => ({ type: "function", ...tool, strict: false })) }),
    ...(ask.mustCall === true ? { tool_choice: "required" } : {}),
    ...(ask.schema === undefined
      ? {}
      : { text: { format: { type: "json_schema", name: "answer", strict: true, schema: ask.schema } } }),
  };
}

function itemsOf(turn: Turn): JsonValue[] {
  if (turn.role === "user") return [{ role: "user", content: turn.text }];
  if (turn.role === "assistant") return Array.isArray(turn.native) ? turn.native : [];
  return turn.results.map(({ call, text }) => ({ type: "function_call_output", call_id: call.id, output: text }));
}

function readResponse(body: JsonObject): Reading {
  expectThat(body["object"] === "response", "object should be response", body["object"]);
  const output = objectsAt(body, "output");
  const calls = output.filter((item) => item["type"] === "function_call").map(callOf);
  const text = output
    .filter((item) => item["type"] === "message")
    .flatMap((item) => objectsAt(item, "content"))
    .filter((part) => part["type"] === "output_text")
    .map((part) => textAt(part, "text"))
    .join("");
  return { text, calls, finish: textAt(body, "status"), usage: usageOf(body["usage"]), native: output };
}

const callOf = (item: JsonObject): ToolCall => ({
  id: textAt(item, "call_id"),
  name: textAt(item, "name"),
  arguments: parseObject(textAt(item, "arguments")),
});

function usageOf(value: JsonValue | undefined): Reading["usage"] {
  if (value === undefined || value === null) return null;
  const usage = objectAt({ usage: value }, "usage");
  const [input, output] = [countAt(usage, "input_tokens"), countAt(usage, "output_tokens")];
  expectThat(countAt(usage, "total_tokens") === input + output, "total_tokens should be the sum", usage);
  return { input, output };
}

/** Events are numbered, begin with response.created and end with the whole response; its text is what the deltas added up to. */
function readStream(frames: Frame[]): Reading {
  const events = frames
    .filter((frame) => frame.data !== "[DONE]")
    .map((frame) => ({ frame, body: frameObject(frame.data) }));
  for (const [index, { frame, body }] of events.entries()) {
    expectThat(body["type"] === frame.event, "an event's name should be its type", frame);
    expectThat(body["sequence_number"] === index, `sequence_number should be ${index}`, body["sequence_number"]);
  }
  expectThat(events[0]?.body["type"] === "response.created", "the first event should be response.created", events[0]);
  const last = events.at(-1)?.body ?? {};
  expectThat(last["type"] === "response.completed", "the last event should be response.completed", last);
  const reading = readResponse(objectAt(last, "response"));
  const streamed = events
    .filter(({ body }) => body["type"] === "response.output_text.delta")
    .map(({ body }) => textAt(body, "delta"))
    .join("");
  expectThat(streamed === reading.text, "the deltas should add up to the text", { streamed, text: reading.text });
  return reading;
}
