import type { DialectId } from "../ir/dialect-id.ts";
import { pathOf, queryOf } from "./peer.ts";

/** Paths that one dialect has to itself. */
const BY_PATH: readonly (readonly [RegExp, DialectId])[] = [
  [/^\/v1beta(?:\/|$)/, "gemini"],
  [/^\/(?:v1\/)?models\/.*:[a-zA-Z]+$/, "gemini"],
  [/^\/(?:v1\/)?messages(?:\/|$)/, "anthropic-messages"],
  [/^\/(?:v1\/)?responses(?:\/|$)/, "openai-responses"],
  [/^\/(?:v1\/)?(?:chat|embeddings|images|completions)(?:\/|$)/, "openai-chat"],
  [
    /^\/(?:v1\/(?:credits|capabilities|keys|provider-keys|usage|audit|audit-sink|receipts)|admin)(?:\/|$)/,
    "openai-chat",
  ],
];

/**
 * The dialect in which a request wants its answer: by its path where that is one dialect's own, else by its headers, as the model lists of
 * the four share their paths: `x-goog-api-key` or `?key=`, then `anthropic-version`, else OpenAI.
 */
export function dialectOf(request: Request): DialectId {
  const path = pathOf(request.url);
  for (const [pattern, dialect] of BY_PATH) if (pattern.test(path)) return dialect;
  if (request.headers.has("x-goog-api-key")) return "gemini";
  if (new URLSearchParams(queryOf(request.url)).has("key")) return "gemini";
  return request.headers.has("anthropic-version") ? "anthropic-messages" : "openai-chat";
}
