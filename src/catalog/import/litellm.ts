import type { Capability } from "../../ir/target.ts";
import type { TokenClass } from "../../ir/usage.ts";
import { compare, rational, multiply, type Rational, ZERO } from "../../lib/rational.ts";
import { TTLS } from "../raw-price.ts";
import { type ListedModel, PriceDraft } from "./draft.ts";
import {
  type ExactObject,
  type ExactValue,
  exactNumber,
  isExactObject,
  Numeral,
  perMillion,
  wholeNumber,
} from "./exact.ts";

/**
 * LiteLLM's model_prices_and_context_window.json: model id → fields, USD per token
 * (https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.schema.json).
 */

const CLASSES: Readonly<Record<string, TokenClass>> = {
  input_cost_per_token: "input",
  output_cost_per_token: "output",
  output_cost_per_reasoning_token: "reasoning",
  cache_read_input_token_cost: "cached_input",
  input_cost_per_token_cache_hit: "cached_input",
  cache_creation_input_token_cost: "cache_write_5m",
  cache_creation_input_token_cost_above_1hr: "cache_write_1h",
  input_cost_per_audio_token: "input_audio",
  output_cost_per_audio_token: "output_audio",
  cache_read_input_audio_token_cost: "cached_input_audio",
  input_cost_per_image_token: "input_image",
  output_cost_per_image_token: "output_image",
  cache_read_input_image_token_cost: "cached_input_image",
  input_cost_per_video_token: "input_video",
  output_cost_per_video_token: "output_video",
};

const VARIANTS: Readonly<Record<string, string>> = {
  flex: "flex",
  priority: "priority",
  fast: "fast",
  batches: "batch",
};

/** Modes that the gateway serves; `null` is a chat. */
const MODES: ReadonlySet<string> = new Set(["chat", "completion", "responses", "embedding", "image_generation"]);

/** Names under which catalogs have the organisations. */
const PROVIDERS: Readonly<Record<string, string>> = { gemini: "google", together_ai: "together" };

const CAPABILITY_FIELDS: Readonly<Record<string, readonly Capability[]>> = {
  supports_function_calling: ["tools"],
  supports_vision: ["images"],
  supports_audio_input: ["audio"],
  supports_video_input: ["video"],
  supports_pdf_input: ["documents"],
  supports_response_schema: ["json_object", "json_schema"],
  supports_reasoning: ["reasoning"],
  supports_audio_output: ["audio_output"],
};

/** The list's models of the modes that are served here; what is no entry at all is left out. */
export function readLitellm(list: ExactObject): ListedModel[] {
  return Object.entries(list).flatMap(([key, entry]) => {
    if (key === "sample_spec" || !isExactObject(entry) || !isEntry(entry)) return [];
    const { litellm_provider: provider, mode } = entry;
    if (typeof mode === "string" && !MODES.has(mode)) return [];
    return [readEntry(key, typeof provider === "string" ? provider : null, entry)];
  });
}

/** Lists of one's own in this form often leave out the provider. */
export const isEntry = (entry: ExactObject): boolean =>
  typeof entry["litellm_provider"] === "string" || Object.keys(entry).some((field) => placeOf(field) !== null);

function readEntry(key: string, slug: string | null, entry: ExactObject): ListedModel {
  const provider = slug === null ? null : (PROVIDERS[slug] ?? slug);
  const draft = new PriceDraft();
  const used = new Set<string>();
  for (const [field, value] of Object.entries(entry)) if (takeTokens(draft, field, value, provider)) used.add(field);
  for (const field of [...takeTiers(draft, entry, provider), ...takeOthers(draft, entry)]) used.add(field);
  for (const [field, value] of Object.entries(entry)) {
    if (!used.has(field) && /cost|pricing|uplift/.test(field) && isPriced(value)) draft.unmapped.push(field);
  }
  const generates = !["embedding", "image_generation"].includes(String(entry["mode"]));
  if (generates && !(draft.has("input") && draft.has("output")))
    draft.unmapped.push("no price of input and output tokens");
  const price = draft.finish();
  const capabilities = Object.entries(CAPABILITY_FIELDS).flatMap(([field, names]) =>
    entry[field] === true ? names : [],
  );
  return {
    provider,
    upstream: slug !== null && key.startsWith(`${slug}/`) ? key.slice(slug.length + 1) : key,
    price: generates && !(draft.has("input") && draft.has("output")) ? null : price,
    facts: {
      name: null,
      context: wholeNumber(entry["max_input_tokens"]) ?? wholeNumber(entry["max_tokens"]),
      maxOutput: wholeNumber(entry["max_output_tokens"]),
      capabilities: generates ? capabilities : [entry["mode"] === "embedding" ? "embeddings" : "image_generation"],
    },
    unmapped: draft.unmapped,
  };
}

/** Whether something is there that costs: zeros and texts don't. */
function isPriced(value: ExactValue | undefined): boolean {
  if (value instanceof Numeral) return compare(exactNumber(value) ?? ZERO, ZERO) !== 0;
  if (Array.isArray(value)) return value.some(isPriced);
  return isExactObject(value) && Object.values(value).some(isPriced);
}

/** `input_cost_per_token_above_272k_tokens_flex` → class, tier and variant. */
function placeOf(field: string): { name: TokenClass; above: number; variant: string | null } | null {
  let rest = field;
  let above = 0;
  let variant: string | null = null;
  for (;;) {
    const name = CLASSES[rest];
    if (name !== undefined) return { name, above, variant };
    const suffix = /^(.+)_(?:above_([0-9]{1,7})k_tokens|(flex|priority|fast|batches))$/.exec(rest);
    if (suffix?.[1] === undefined) return null;
    rest = suffix[1];
    if (suffix[2] !== undefined) above = Number(suffix[2]) * 1000;
    if (suffix[3] !== undefined) variant = VARIANTS[suffix[3]] ?? null;
  }
}

function takeTokens(draft: PriceDraft, field: string, value: ExactValue | undefined, provider: string | null): boolean {
  const place = placeOf(field);
  const usd = exactNumber(value);
  if (place === null || usd === null) return false;
  token(draft, place, perMillion(usd), provider);
  return true;
}

/**
 * Anthropic's writes are priced by how long they are kept (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing):
 * the plain field is that of 5 minutes. Elsewhere a write has one price.
 */
function token(
  draft: PriceDraft,
  place: { name: TokenClass; above: number; variant: string | null },
  price: Rational,
  provider: string | null,
): void {
  const { name, above, variant } = place;
  const isOne = name === "cache_write_5m" && provider !== "anthropic";
  const names = isOne ? TTLS.map((ttl) => `cache_write_${ttl}` as const) : [name];
  for (const each of names) draft.token(each, price, above, variant);
}

/** `tiered_pricing`: ranges of input tokens, each with prices of its own. */
function takeTiers(draft: PriceDraft, entry: ExactObject, provider: string | null): string[] {
  const tiers = entry["tiered_pricing"];
  if (!Array.isArray(tiers)) return [];
  for (const tier of tiers) {
    if (!isExactObject(tier) || !Array.isArray(tier["range"])) return [];
    const above = wholeNumber(tier["range"][0]) ?? 0;
    for (const [field, value] of Object.entries(tier)) {
      const place = placeOf(field);
      const usd = exactNumber(value);
      if (place !== null && usd !== null) token(draft, { ...place, above }, perMillion(usd), provider);
    }
  }
  return ["tiered_pricing"];
}

/** Prices that are not by the token. Gives the fields that are dealt with. */
function takeOthers(draft: PriceDraft, entry: ExactObject): string[] {
  const used: string[] = [];
  const take = (field: string, use: (usd: Rational) => void): void => {
    const usd = exactNumber(entry[field]);
    if (usd === null) return;
    used.push(field);
    if (compare(usd, ZERO) !== 0) use(usd);
  };
  take("input_cost_per_request", (usd) => draft.perCall(usd));
  take("file_search_cost_per_1k_calls", (usd) => draft.fee("file_search", usd, 1000));
  if (entry["mode"] === "image_generation") {
    const byToken = draft.has("output_image") || draft.has("output");
    for (const field of ["output_cost_per_image", "input_cost_per_image"]) {
      // Where images are counted in tokens, the price per image only says the same once more.
      take(field, (usd) => (byToken ? undefined : draft.perImage(usd)));
    }
  }
  return [...used, ...takeSearch(draft, entry), ...takeFactors(draft, entry)];
}

/** A fee per search, where it is one whatever the size of the search's context. */
function takeSearch(draft: PriceDraft, entry: ExactObject): string[] {
  const sizes = entry["search_context_cost_per_query"];
  if (!isExactObject(sizes) || entry["web_search_billing_unit"] === "per_prompt") return [];
  const prices = Object.values(sizes).map(exactNumber);
  const [first] = prices;
  if (first === undefined || first === null || compare(first, ZERO) === 0) return [];
  if (!prices.every((price) => price !== null && compare(price, first) === 0)) return [];
  draft.fee("web_search", multiply(first, rational(1000n)), 1000);
  return ["search_context_cost_per_query"];
}

/** `provider_specific_entry: {fast: 6.0, us: 1.1}`: factors on all token prices. */
function takeFactors(draft: PriceDraft, entry: ExactObject): string[] {
  const factors = entry["provider_specific_entry"];
  if (!isExactObject(factors)) return [];
  for (const [name, value] of Object.entries(factors)) {
    const factor = exactNumber(value);
    if (factor !== null) draft.modifier(name === "fast" ? name : `geo_${name}`, factor);
  }
  return ["provider_specific_entry"];
}
