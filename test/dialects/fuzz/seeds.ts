/** Bodies of every operation as they should be, from which the bad ones are made. */
import { DIALECTS } from "../../../src/dialects/index.ts";
import { DIALECT_IDS, type DialectId } from "../../../src/ir/dialect-id.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { FEATURES } from "../../matrix/features.ts";
import { BASE } from "../../matrix/carry.ts";

export type Operation = "generate" | "count" | "embed" | "image";
export interface Seed {
  dialect: DialectId;
  operation: Operation;
  body: JsonValue;
}

const of = (dialect: DialectId, operation: Operation, ...bodies: JsonObject[]): Seed[] =>
  bodies.map((body) => ({ dialect, operation, body }));

/** Everything that the matrix knows to ask for, in each dialect, and that once more to be counted. */
const asked = DIALECT_IDS.flatMap((dialect) =>
  Object.values(FEATURES)
    .flat()
    .flatMap((feature) => {
      const fields = feature.asked[dialect];
      if (fields === null) return [];
      const body = { ...BASE[dialect], ...fields };
      const counts = DIALECTS[dialect].count === undefined ? [] : of(dialect, "count", body);
      return [...of(dialect, "generate", body), ...counts];
    }),
);

const CONTENT = { parts: [{ text: "a" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }] };
const EMBED_ONE = {
  model: "models/e",
  content: CONTENT,
  taskType: "RETRIEVAL_DOCUMENT",
  title: "t",
  outputDimensionality: 3,
};

export const REQUESTS: readonly Seed[] = [
  ...asked,
  ...of("gemini", "count", { generateContentRequest: { model: "models/m", ...BASE.gemini } }),
  ...of(
    "openai-chat",
    "embed",
    { model: "e", input: ["a", "b"], dimensions: 3, encoding_format: "base64", user: "u" },
    { model: "e", input: [[1, 2], [3]] },
  ),
  ...of("gemini", "embed", EMBED_ONE, { requests: [EMBED_ONE, EMBED_ONE] }),
  ...of("openai-chat", "image", { model: "i", prompt: "a cat", n: 2, size: "1024x1024", response_format: "b64_json" }),
  ...of("gemini", "image", { instances: [{ prompt: "a cat" }], parameters: { sampleCount: 2, aspectRatio: "1:1" } }),
];

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } };
const CALL = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
const MESSAGE = { role: "assistant", content: "Hi", reasoning_content: "Hm", tool_calls: [CALL] };
const META = {
  promptTokenCount: 3,
  candidatesTokenCount: 2,
  totalTokenCount: 5,
  promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
};
const PARTS = [
  { text: "Hm", thought: true, thoughtSignature: "AAAA" },
  { text: "Hi" },
  { functionCall: { id: "c1", name: "f", args: { a: 1 } } },
];
const OUTPUT = [
  { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }], encrypted_content: "x" },
  { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi", annotations: [] }] },
  { id: "fc_1", type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
];
const BLOCKS = [
  { type: "thinking", thinking: "Hm", signature: "AAAA" },
  { type: "text", text: "Hi", citations: [] },
  { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
];

/** Answers of providers. */
export const ANSWERS: readonly Seed[] = [
  ...of("openai-chat", "generate", {
    id: "chatcmpl-1",
    model: "m",
    choices: [{ index: 0, message: MESSAGE, finish_reason: "tool_calls", logprobs: { content: [] } }],
    usage: USAGE,
  }),
  ...of("openai-responses", "generate", {
    id: "resp_1",
    status: "completed",
    output: OUTPUT,
    usage: { input_tokens: 3, output_tokens: 2, input_tokens_details: { cached_tokens: 1 } },
  }),
  ...of("anthropic-messages", "generate", {
    id: "msg_1",
    content: BLOCKS,
    stop_reason: "tool_use",
    usage: { input_tokens: 3, output_tokens: 2, cache_creation: { ephemeral_5m_input_tokens: 1 } },
  }),
  ...of("gemini", "generate", {
    candidates: [{ content: { parts: PARTS, role: "model" }, finishReason: "STOP", index: 0 }],
    usageMetadata: META,
  }),
  ...of("openai-chat", "embed", {
    data: [
      { index: 0, embedding: [0.5, 1] },
      { index: 1, embedding: "AAAAPwAAgD8=" },
    ],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  }),
  ...of("gemini", "embed", { embedding: { values: [0.5] } }, { embeddings: [{ values: [0.5] }], usageMetadata: META }),
  ...of("openai-chat", "image", {
    created: 1,
    data: [{ b64_json: "AAAA", revised_prompt: "cat" }],
    usage: { input_tokens: 1 },
  }),
  ...of("gemini", "image", { predictions: [{ mimeType: "image/png", bytesBase64Encoded: "AAAA" }] }),
  ...of("gemini", "count", { totalTokens: 3 }),
  ...of("anthropic-messages", "count", { input_tokens: 3 }),
  ...of("openai-responses", "count", { object: "response.input_tokens", input_tokens: 3 }),
];
