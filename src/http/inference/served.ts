import type { Operation } from "../../gateway/types.ts";
import type { DialectId } from "../../ir/dialect-id.ts";

/** The one list of the routes that cost money: they are served, documented and told of by it. */

interface InferenceRoute {
  /** Without the version; served with `/v1` in front and without. */
  path: string;
  dialect: DialectId;
  operation: Operation;
  summary: string;
}

export const INFERENCE_ROUTES: readonly InferenceRoute[] = [
  { path: "/chat/completions", dialect: "openai-chat", operation: "generate", summary: "OpenAI Chat Completions" },
  { path: "/responses", dialect: "openai-responses", operation: "generate", summary: "OpenAI Responses" },
  {
    path: "/responses/input_tokens",
    dialect: "openai-responses",
    operation: "count",
    summary: "OpenAI Responses: input tokens of a request",
  },
  { path: "/messages", dialect: "anthropic-messages", operation: "generate", summary: "Anthropic Messages" },
  {
    path: "/messages/count_tokens",
    dialect: "anthropic-messages",
    operation: "count",
    summary: "Anthropic: input tokens of a request",
  },
  { path: "/embeddings", dialect: "openai-chat", operation: "embed", summary: "OpenAI Embeddings" },
  { path: "/images/generations", dialect: "openai-chat", operation: "image", summary: "OpenAI image generation" },
];

/** Where Gemini's model methods live; current Google SDKs use `/v1`, older ones and gemini-cli `/v1beta`. */
export const GEMINI_BASES: readonly string[] = ["/v1beta/models", "/v1/models", "/models"];

interface GeminiAction {
  operation: Operation;
  stream: boolean;
  summary: string;
}

/** The methods of a Gemini model that are served (ai.google.dev/api): what each does, and whether it streams. */
export const GEMINI_ACTIONS: Readonly<Record<string, GeminiAction>> = {
  generateContent: { operation: "generate", stream: false, summary: "Gemini: an answer as JSON" },
  streamGenerateContent: {
    operation: "generate",
    stream: true,
    summary: "Gemini: a streamed answer, SSE with `alt=sse`, else one JSON array",
  },
  countTokens: { operation: "count", stream: false, summary: "Gemini: input tokens of a request" },
  embedContent: { operation: "embed", stream: false, summary: "Gemini: one embedding" },
  batchEmbedContents: { operation: "embed", stream: false, summary: "Gemini: several embeddings" },
};
