/** The four wire formats. A dialect is code; a provider, which speaks one, is data. */
export const DIALECT_IDS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
export type DialectId = (typeof DIALECT_IDS)[number];

const OPENAI_HEADERS = ["openai-beta", "x-session-affinity"];

/**
 * Headers of clients that mean something to servers of a dialect, in lower case: they are sent on to servers of that dialect, and nothing else of
 * a client's headers leaves. `x-session-affinity` is opencode's, by which some compatible servers keep a conversation on one cache.
 */
export const CLIENT_HEADERS: Readonly<Record<DialectId, readonly string[]>> = {
  "openai-chat": OPENAI_HEADERS,
  "openai-responses": OPENAI_HEADERS,
  "anthropic-messages": ["anthropic-version", "anthropic-beta"],
  gemini: [],
};
