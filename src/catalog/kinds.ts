import type { DialectId } from "../ir/dialect-id.ts";
import type { ProviderKind } from "./types.ts";

/** Which wire format a kind of provider speaks. */
export const DIALECT_OF_KIND: Readonly<Record<ProviderKind, DialectId>> = {
  openai: "openai-chat",
  "openai-compatible": "openai-chat",
  echo: "openai-chat",
  "openai-responses": "openai-responses",
  anthropic: "anthropic-messages",
  gemini: "gemini",
};

/** Organisation that mints seals and files at a kind; null = each provider of the kind is its own. */
export const REALM_OF_KIND: Readonly<Record<ProviderKind, string | null>> = {
  openai: "openai",
  "openai-responses": "openai",
  anthropic: "anthropic",
  gemini: "google",
  "openai-compatible": null,
  echo: null,
};

/** Where a kind is served when a provider row names no `base_url`; null = the row must name it. */
export const BASE_URL_OF_KIND: Readonly<Record<ProviderKind, string | null>> = {
  openai: "https://api.openai.com/v1",
  "openai-responses": "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com",
  gemini: "https://generativelanguage.googleapis.com",
  "openai-compatible": null,
  echo: "echo://local",
};
