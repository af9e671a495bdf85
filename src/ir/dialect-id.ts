/** The four wire formats. A dialect is code; a provider, which speaks one, is data. */
export const DIALECT_IDS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
export type DialectId = (typeof DIALECT_IDS)[number];
