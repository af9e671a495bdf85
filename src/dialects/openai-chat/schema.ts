import type { JsonObject, JsonValue } from "../../lib/json.ts";

/**
 * What answers look like on the wire (OpenAI API reference, "The chat completion object" and "chunk object"), with the extensions of
 * compatible servers. Nothing is taken for granted: every field may be missing or of another type, so readers check each one.
 */
export interface WireChunk extends JsonObject {
  id?: JsonValue;
  model?: JsonValue;
  created?: JsonValue;
  choices?: JsonValue;
  usage?: JsonValue;
  service_tier?: JsonValue;
  error?: JsonValue;
}

/** Top-level fields that every answer and chunk has of its own. */
export const ANSWER_FIELDS = ["id", "object", "created", "model", "choices", "usage", "error"] as const;

export interface WireChoice extends JsonObject {
  index?: JsonValue;
  delta?: JsonValue;
  message?: JsonValue;
  finish_reason?: JsonValue;
  logprobs?: JsonValue;
}

/** A `delta` of a stream or the `message` of a JSON answer: the same fields, in pieces or whole. */
export interface WireMessage extends JsonObject {
  role?: JsonValue;
  /** A string; Mistral: also an array of `text` and `thinking` parts. */
  content?: JsonValue;
  refusal?: JsonValue;
  tool_calls?: JsonValue;
  function_call?: JsonValue;
  audio?: JsonValue;
  annotations?: JsonValue;
  /** DeepSeek, xAI, Z.ai, vLLM, llama.cpp. */
  reasoning_content?: JsonValue;
  /** Groq, OpenRouter, Together, Ollama. */
  reasoning?: JsonValue;
  /** OpenRouter and Vercel: opaque reasoning state, to be sent back unchanged. */
  reasoning_details?: JsonValue;
  /** Gemini's compatible endpoint: thought signatures. */
  extra_content?: JsonValue;
  /** OpenRouter: generated images. */
  images?: JsonValue;
}
