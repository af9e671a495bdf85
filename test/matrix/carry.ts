/** Runs every feature through every pair of client and provider, and says what becomes of it. */
import { DIALECTS } from "../../src/dialects/index.ts";
import { inClientWords } from "../../src/dialects/loss-fields.ts";
import type { RouteFacts } from "../../src/dialects/dialect.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import { GatewayError } from "../../src/ir/error.ts";
import type { Loss } from "../../src/ir/loss.ts";
import { createSealBox } from "../../src/ir/seal-box.ts";
import { CAPABILITIES, DEFAULT_COMPAT, type TargetFacts } from "../../src/ir/target.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { scanObject } from "../../src/wire/scan.ts";
import { load } from "../catalog/support.ts";
import type { Feature } from "./features.ts";

export const seals = createSealBox(new Uint8Array(32).fill(7), "account");
export const ROUTE: RouteFacts = { model: "m", stream: null, sse: true, headers: {} };

export const BASE: Readonly<Record<DialectId, JsonObject>> = {
  "openai-chat": { model: "m", messages: [{ role: "user", content: "q" }] },
  "openai-responses": { model: "m", input: "q" },
  "anthropic-messages": { model: "m", max_tokens: 1000, messages: [{ role: "user", content: "q" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "q" }] }] },
};

/** A kind of provider, which is a column of the tables. */
export interface ProviderColumn {
  kind: "openai" | "openai-compatible" | "openai-responses" | "anthropic" | "gemini";
  dialect: DialectId;
}

export const PROVIDERS: readonly ProviderColumn[] = [
  { kind: "openai", dialect: "openai-chat" },
  { kind: "openai-compatible", dialect: "openai-chat" },
  { kind: "openai-responses", dialect: "openai-responses" },
  { kind: "anthropic", dialect: "anthropic-messages" },
  { kind: "gemini", dialect: "gemini" },
];

/** The kind that is a dialect's own. */
export function ownProvider(dialect: DialectId): ProviderColumn {
  const found = PROVIDERS.find((item) => item.dialect === dialect);
  if (found === undefined) throw new Error(`no provider speaks ${dialect}`);
  return found;
}

const { providers } = load(`
providers:
${PROVIDERS.map(({ kind }) => `  ${kind}: {kind: ${kind}, base_url: "http://127.0.0.1:1", api_key: k}`).join("\n")}
models:
  - {id: m, provider: openai, price: free}
`);

/** A provider of the kind, with the quirks that a catalog gives it, that can do all that its API can. */
function targetAt({ kind, dialect }: ProviderColumn): TargetFacts {
  const provider = providers.get(kind);
  if (provider === undefined) throw new Error(`the catalog has no ${kind}`);
  return { ...targetOf(dialect), provider: kind, realm: provider.realm, compat: provider.compat };
}

const REALMS: Readonly<Record<DialectId, string>> = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "google",
};

/** A provider of the dialect without quirks, that can do all that its API can. */
export function targetOf(dialect: DialectId): TargetFacts {
  return {
    dialect,
    provider: REALMS[dialect],
    realm: REALMS[dialect],
    upstreamModel: "m",
    capabilities: new Set(CAPABILITIES),
    flags: { sampling: true, thinking: null, prefill: true, maxTokensField: null },
    maxOutput: null,
    compat: DEFAULT_COMPAT,
  };
}

/** What becomes of a feature between a client and a provider. */
export type Outcome =
  | { kind: "absent" }
  | { kind: "native" }
  | { kind: "carried" }
  | { kind: "partly"; losses: Loss[] }
  | { kind: "lost"; losses: Loss[] }
  | { kind: "refused"; message: string }
  /** Neither there nor reported: a fault. */
  | { kind: "silent"; body: string };

export function outcomeOf(feature: Feature, client: DialectId, provider: ProviderColumn, stream: boolean): Outcome {
  const asked = feature.asked[client];
  if (asked === null) return { kind: "absent" };
  const flag = stream && client !== "gemini" ? { stream: true } : {};
  const body = { ...BASE[client], ...asked, ...flag };
  const route = { ...ROUTE, stream: client === "gemini" ? stream : null };
  try {
    return client === provider.dialect
      ? relayed(feature, provider, body, route)
      : translated(feature, client, provider, body, route);
  } catch (error) {
    if (error instanceof GatewayError) return { kind: "refused", message: error.message };
    throw error;
  }
}

function relayed(feature: Feature, provider: ProviderColumn, body: JsonObject, route: RouteFacts): Outcome {
  const doc = scanObject(new TextEncoder().encode(JSON.stringify(body)));
  const { bytes, losses } = DIALECTS[provider.dialect].spliceRequest(doc, { model: "m" }, route, targetAt(provider));
  const sent = new TextDecoder().decode(bytes);
  return feature.mark.test(sent) && losses.length === 0 ? { kind: "native" } : { kind: "silent", body: sent };
}

function translated(
  feature: Feature,
  client: DialectId,
  provider: ProviderColumn,
  body: JsonObject,
  route: RouteFacts,
): Outcome {
  const request = DIALECTS[client].decodeRequest(body, { route, seals });
  const encoded = DIALECTS[provider.dialect].encodeRequest(request, targetAt(provider));
  const losses = [...(request.losses ?? []), ...inClientWords(DIALECTS[client], encoded.losses, body)];
  const sent = JSON.stringify(encoded.body);
  if (losses.length === 0) return feature.mark.test(sent) ? { kind: "carried" } : { kind: "silent", body: sent };
  return { kind: feature.mark.test(sent) ? "partly" : "lost", losses };
}
