import type { ProviderKind } from "../catalog/types.ts";
import type { DialectId } from "../ir/dialect-id.ts";

/** What a kind of provider means on the wire. Everything else about a provider is data in the catalog. */
export interface KindFacts {
  dialect: DialectId;
  /** Organisation that mints seals and files; null = the provider's own name (each compatible server is its own). */
  realm: string | null;
  /** How the credential travels when the catalog does not say otherwise. */
  auth: { header: string; prefix: string };
  /** Headers that the API wants from everybody. */
  headers: Readonly<Record<string, string>>;
  /** Default path of a generate call below the base URL; compat `path` replaces this one only. */
  generatePath: string | null;
  /** Client headers that mean something to this API and are sent on (lower case). Nothing else of a client's headers leaves. */
  clientHeaders: readonly string[];
}

const BEARER = { header: "authorization", prefix: "Bearer " };
const OPENAI_CLIENT_HEADERS = ["openai-beta", "x-session-affinity"];

const OPENAI_CHAT: KindFacts = {
  dialect: "openai-chat",
  realm: "openai",
  auth: BEARER,
  headers: {},
  generatePath: "/chat/completions",
  clientHeaders: OPENAI_CLIENT_HEADERS,
};

export const KINDS: Readonly<Record<ProviderKind, KindFacts>> = {
  openai: OPENAI_CHAT,
  "openai-compatible": { ...OPENAI_CHAT, realm: null },
  echo: { ...OPENAI_CHAT, realm: null },
  "openai-responses": {
    ...OPENAI_CHAT,
    dialect: "openai-responses",
    generatePath: "/responses",
  },
  anthropic: {
    dialect: "anthropic-messages",
    realm: "anthropic",
    auth: { header: "x-api-key", prefix: "" },
    // https://docs.claude.com/en/api/versioning
    headers: { "anthropic-version": "2023-06-01" },
    generatePath: "/v1/messages",
    clientHeaders: ["anthropic-version", "anthropic-beta"],
  },
  gemini: {
    dialect: "gemini",
    realm: "google",
    auth: { header: "x-goog-api-key", prefix: "" },
    headers: {},
    generatePath: null,
    clientHeaders: [],
  },
};

/** The dialect that providers of a kind speak. */
export const dialectOf = (kind: ProviderKind): DialectId => KINDS[kind].dialect;

/** The realm of a provider that names none itself. */
export const defaultRealm = (kind: ProviderKind, providerName: string): string => KINDS[kind].realm ?? providerName;
