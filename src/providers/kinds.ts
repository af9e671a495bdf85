import type { ProviderKind } from "../catalog/types.ts";
import { CLIENT_HEADERS } from "../ir/dialect-id.ts";

/** What a kind of provider means on the wire, beside its dialect (catalog/kinds.ts). Everything else about a provider is data in the catalog. */
export interface KindFacts {
  /** How the credential travels when the catalog does not say otherwise. */
  auth: { header: string; prefix: string };
  /** Headers that the API wants from everybody. */
  headers: Readonly<Record<string, string>>;
  /** Default path of a generate call below the base URL; compat `path` replaces this one only. */
  generatePath: string | null;
  /** Headers of clients that are sent on. */
  clientHeaders: readonly string[];
}

const BEARER = { header: "authorization", prefix: "Bearer " };

const OPENAI_CHAT: KindFacts = {
  auth: BEARER,
  headers: {},
  generatePath: "/chat/completions",
  clientHeaders: CLIENT_HEADERS["openai-chat"],
};

export const KINDS: Readonly<Record<ProviderKind, KindFacts>> = {
  openai: OPENAI_CHAT,
  "openai-compatible": OPENAI_CHAT,
  echo: OPENAI_CHAT,
  "openai-responses": { ...OPENAI_CHAT, generatePath: "/responses" },
  anthropic: {
    auth: { header: "x-api-key", prefix: "" },
    // https://docs.claude.com/en/api/versioning
    headers: { "anthropic-version": "2023-06-01" },
    generatePath: "/v1/messages",
    clientHeaders: CLIENT_HEADERS["anthropic-messages"],
  },
  gemini: {
    auth: { header: "x-goog-api-key", prefix: "" },
    headers: {},
    generatePath: null,
    clientHeaders: CLIENT_HEADERS.gemini,
  },
};
