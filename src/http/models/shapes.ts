import type { Catalog, Model } from "../../catalog/types.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { ModelEntry } from "./entries.ts";
import { pricingView, type PricingFacts } from "./pricing.ts";

/** OpenAI's model object, with what the gateway adds: limits, capabilities and the customer's price. */
export function openaiModel(facts: PricingFacts, entry: ModelEntry): JsonObject {
  const { catalog } = facts;
  if (entry.model === null) {
    return {
      id: entry.name,
      object: "model",
      created: 0,
      owned_by: catalog.brand.name.toLowerCase(),
      routing: entry.word?.strategy ?? null,
      ...(entry.aliasOf === null ? {} : { alias_of: entry.aliasOf }),
      ...(entry.serviceTier === null ? {} : { service_tier: entry.serviceTier }),
    };
  }
  const { model } = entry;
  return {
    id: entry.name,
    object: "model",
    created: model.created,
    owned_by: realmOf(catalog, model),
    ...(entry.aliasOf === null ? {} : { alias_of: entry.aliasOf }),
    ...(entry.serviceTier === null ? {} : { service_tier: entry.serviceTier }),
    provider: model.provider,
    display_name: model.displayName,
    context_window: model.context,
    max_output_tokens: model.maxOutput,
    capabilities: [...model.capabilities],
    pricing: pricingView(facts, model, entry.serviceTier),
  };
}

/** OpenAI's list of models, with prices. */
export const openaiList = (facts: PricingFacts, entries: readonly ModelEntry[]): JsonObject => ({
  object: "list",
  data: entries.map((entry) => openaiModel(facts, entry)),
});

/** Anthropic's model object (docs.anthropic.com, Models). */
export function anthropicModel(facts: PricingFacts, entry: ModelEntry): JsonObject {
  const { model } = entry;
  return {
    type: "model",
    id: entry.name,
    display_name: model?.displayName ?? entry.name,
    created_at: new Date((model?.created ?? 0) * 1000).toISOString(),
    ...(model === null
      ? {}
      : {
          max_input_tokens: model.context,
          max_tokens: model.maxOutput,
          pricing: pricingView(facts, model, entry.serviceTier),
        }),
  };
}

/** Anthropic's list: `limit` 1 to 1000 (20), `after_id`, `before_id`. */
export function anthropicList(facts: PricingFacts, entries: readonly ModelEntry[], query: URLSearchParams): JsonObject {
  const limit = readCount(query, "limit", 20, 1000);
  const after = positionOf(entries, query.get("after_id"));
  const before = positionOf(entries, query.get("before_id"));
  const end = before ?? entries.length;
  const start = after === null ? (before === null ? 0 : Math.max(0, end - limit)) : after + 1;
  const page = entries.slice(start, Math.min(end, start + limit));
  const more = before === null ? start + page.length < entries.length : start > 0;
  return {
    data: page.map((entry) => anthropicModel(facts, entry)),
    has_more: more,
    first_id: page[0]?.name ?? null,
    last_id: page.at(-1)?.name ?? null,
  };
}

function positionOf(entries: readonly ModelEntry[], name: string | null): number | null {
  if (name === null) return null;
  const at = entries.findIndex((entry) => entry.name === name);
  return at < 0 ? null : at;
}

/** Gemini's model resource (ai.google.dev/api/models). */
export function geminiModel(facts: PricingFacts, entry: ModelEntry): JsonObject {
  const { model } = entry;
  const outputLimit = model?.maxOutput ?? null;
  return {
    name: `models/${entry.name}`,
    baseModelId: entry.aliasOf ?? entry.name,
    version: "001",
    displayName: model?.displayName ?? entry.name,
    description:
      model === null
        ? `Routing word: ${entry.word?.strategy ?? ""}`
        : `${model.displayName} (${realmOf(facts.catalog, model)})`,
    ...(model === null ? {} : { inputTokenLimit: model.context }),
    ...(outputLimit === null ? {} : { outputTokenLimit: outputLimit }),
    supportedGenerationMethods: generationMethods(model),
    ...(model?.capabilities.has("reasoning") === true ? { thinking: true } : {}),
    ...(model === null ? {} : { pricing: pricingView(facts, model, entry.serviceTier) }),
  };
}

/** Gemini's list: `pageSize` 1 to 1000 (50), `pageToken` from the page before. */
export function geminiList(facts: PricingFacts, entries: readonly ModelEntry[], query: URLSearchParams): JsonObject {
  const size = readCount(query, "pageSize", 50, 1000);
  const start = readCount(query, "pageToken", 0, Number.MAX_SAFE_INTEGER);
  const page = entries.slice(start, start + size);
  return {
    models: page.map((entry) => geminiModel(facts, entry)),
    ...(start + page.length < entries.length ? { nextPageToken: String(start + page.length) } : {}),
  };
}

function generationMethods(model: Model | null): string[] {
  if (model?.capabilities.has("embeddings") === true) return ["embedContent", "batchEmbedContents"];
  // Images are made at /v1/images/generations; Gemini's `predict` is not served.
  if (model?.capabilities.has("image_generation") === true) return [];
  return ["generateContent", "streamGenerateContent", "countTokens"];
}

const realmOf = (catalog: Catalog, model: Model): string =>
  catalog.providers.get(model.provider)?.realm ?? model.provider;

/** A whole number of the query; above `most` it is lowered to it, as the originals do. Throws GatewayError 400. */
function readCount(query: URLSearchParams, name: string, fallback: number, most: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const least = name === "pageToken" ? 0 : 1;
  if (!/^[0-9]{1,15}$/.test(text) || Number(text) < least) {
    throw invalidRequest(name, `${name} must be a whole number of at least ${least}.`);
  }
  return Math.min(Number(text), most);
}
