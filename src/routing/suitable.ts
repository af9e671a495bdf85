import { allowedByGlobs, modelNames } from "../catalog/globs.ts";
import { currentPrice, modifierName } from "../catalog/price.ts";
import { DIALECT_OF_KIND } from "../catalog/kinds.ts";
import type { Catalog, Model, PriceRow } from "../catalog/types.ts";
import type { Hints, PriceField } from "../dialects/dialect.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import { GatewayError, unsupportedFeature } from "../ir/error.ts";
import type { Capability } from "../ir/target.ts";
import { type ReferenceWants, referenceRefusal } from "./references.ts";
import type { Target } from "./types.ts";

export type Operation = "generate" | "embed" | "image" | "count";

/** What a call asks of whoever serves it, and who asks. */
export interface Wants extends ReferenceWants {
  catalog: Catalog;
  hints: Hints;
  operation: Operation;
  /** Allowlists in force; each must match. */
  principal: { globs: readonly (readonly string[])[] };
  /** ms since the epoch. */
  now: number;
}

const FOR_OPERATION: Readonly<Record<Operation, Capability | null>> = {
  generate: null,
  count: null,
  embed: "embeddings",
  image: "image_generation",
};

/**
 * Needs that a named model must meet. The others are no reason to refuse a model that a client has asked for by name: the dialect drops
 * them with a loss, or the provider says no in its own words. A routing word goes by all of them.
 */
const STRICT_NEEDS: ReadonlySet<Capability> = new Set(["tools", "images", "embeddings", "image_generation"]);

/** Capabilities that a call needs and the model lacks; for a model asked for by name only the strict ones. */
function lackingCapabilities(wants: Wants, model: Model, named: boolean): Capability[] {
  const lacking: Capability[] = [];
  const need = (capability: Capability): void => {
    const counts = !named || STRICT_NEEDS.has(capability);
    if (counts && !model.capabilities.has(capability) && !lacking.includes(capability)) lacking.push(capability);
  };
  for (const capability of wants.hints.needs) need(capability);
  const extra = FOR_OPERATION[wants.operation];
  if (extra !== null) need(extra);
  return lacking;
}

/** The one thing that a model is for when it can't generate text. */
function onlyFor(model: Model): "embeddings" | "image_generation" | null {
  if (model.capabilities.has("embeddings")) return "embeddings";
  return model.capabilities.has("image_generation") && !model.capabilities.has("tools") ? "image_generation" : null;
}

/** Tokens that the input will be, roughly: four bytes each. An estimate for choosing, never a bound for holding. */
const estimatedInput = (hints: Hints): number => Math.ceil(hints.input.textBytes / 4);

const fitsContext = (wants: Wants, model: Model): boolean =>
  model.context === 0 || estimatedInput(wants.hints) <= model.context;

/** Whether the caller's allowlists let the model through, by its id, behind its provider's name, or by the alias asked for. */
function isAllowed(wants: Wants, model: Model, alias: string | null): boolean {
  const { globs } = wants.principal;
  if (globs.length === 0) return true;
  return allowedByGlobs(globs, alias === null ? modelNames(model) : [...modelNames(model), alias]);
}

/** The first field of the request that changes the price in a way the row does not cover; null = all covered. */
function uncoveredField(wants: Wants, model: Model, row: PriceRow | null): PriceField | null {
  if (row === null || row.free) return null;
  const provider = wants.catalog.providers.get(model.provider);
  if (provider === undefined) return wants.hints.priceFields[0] ?? null;
  const dialect = DIALECT_OF_KIND[provider.kind];
  return wants.hints.priceFields.find((item) => !covers(row, item, isTold(wants, item, dialect))) ?? null;
}

/** Hosted tools and cache lives of another dialect are not carried over, so they can't cost anything; but Anthropic's cache marks are also OpenRouter's. */
function isTold({ clientDialect }: Wants, item: PriceField, dialect: DialectId): boolean {
  if (dialect === clientDialect) return true;
  return dialect === "anthropic-messages" && item.kind === "cache_ttl" && item.field.includes("cache_control");
}

function covers(row: PriceRow, item: PriceField, told: boolean): boolean {
  switch (item.kind) {
    case "service_tier":
    case "speed":
    case "inference_geo": {
      const name = modifierName(item.kind, item.value);
      return name === null || row.modifiers.has(name);
    }
    case "cache_ttl":
      // Without a price of its own the shortest life costs what input costs.
      return !told || item.value === "5m" || [...row.cacheWriteTtls].some((ttl) => ttl === item.value);
    case "background":
      return !told || row.modifiers.has("background");
    default:
      return !told || row.toolFees.has(item.value);
  }
}

/** Why a named model can't serve the call on this kind of credential; null = it can. */
export function refusal(wants: Wants, model: Model, asked: string, alias: string | null): GatewayError | null {
  if (!isAllowed(wants, model, alias)) {
    return new GatewayError({
      status: 403,
      code: "model_not_allowed",
      param: "model",
      message: `The model ${JSON.stringify(asked)} is not in the allowlist of this key or its plan.`,
    });
  }
  const [lacking] = lackingCapabilities(wants, model, true);
  if (lacking !== undefined) {
    return unsupportedFeature(
      "model",
      `The model ${JSON.stringify(asked)} can't do what the request asks: ${lacking}.`,
    );
  }
  if (!generates(wants, model)) {
    return unsupportedFeature(
      "model",
      `The model ${JSON.stringify(asked)} does not generate text; it is for ${onlyFor(model)}.`,
    );
  }
  return fitsContext(wants, model) ? null : tooLong(wants, model);
}

const generates = (wants: Wants, model: Model): boolean =>
  FOR_OPERATION[wants.operation] !== null || onlyFor(model) === null;

function tooLong(wants: Wants, model: Model): GatewayError {
  return new GatewayError({
    status: 400,
    code: "context_length_exceeded",
    message: `The input is about ${estimatedInput(wants.hints)} tokens; the context window of ${model.id} is ${model.context}.`,
    details: { context: model.context },
  });
}

/**
 * Whether a model that nobody asked for by name may stand in: allowed (also by the word or alias that leads to it), and able to do all
 * that is asked; with `lenient` the strict needs are enough.
 */
export function isSuitable(wants: Wants, model: Model, by: { alias: string | null; lenient: boolean }): boolean {
  if (!isAllowed(wants, model, by.alias) || !generates(wants, model) || !fitsContext(wants, model)) return false;
  return lackingCapabilities(wants, model, by.lenient).length === 0;
}

/** Why none of a word's candidates can serve the call: 403 when the allowlist leaves none, else what the best of them lacks. */
export function refusalForWord(wants: Wants, ranked: readonly Model[], word: string): GatewayError | null {
  const allowed = ranked.find((model) => isAllowed(wants, model, word));
  const best = allowed ?? ranked[0];
  return best === undefined ? null : refusal(wants, best, word, allowed === undefined ? null : word);
}

/** Why a call can't go to a target though its model is suitable; null = it can. A customer's own key pays whatever is asked. */
export function targetRefusal(wants: Wants, target: Target): GatewayError | null {
  const refused = referenceRefusal(wants, target);
  if (refused !== null || target.credential.kind === "byok") return refused;
  return priceRefusal(wants, target.model);
}

function priceRefusal(wants: Wants, model: Model): GatewayError | null {
  const row = currentPrice(model, wants.now);
  if (row === null && wants.catalog.billing.unpriced === "refuse") {
    return new GatewayError({
      status: 402,
      code: "model_unpriced",
      param: "model",
      type: "billing_error",
      message: `The model ${JSON.stringify(model.id)} has no price, so it is not served.`,
    });
  }
  const field = uncoveredField(wants, model, row);
  if (field === null) return null;
  return unsupportedFeature(
    field.field,
    `${field.field}: ${JSON.stringify(field.value)} changes the price of ${model.id} and its price row does not cover it.`,
  );
}
