import { type TokenClass, TOKEN_CLASSES } from "../ir/usage.ts";
import {
  add,
  compare,
  divide,
  multiply,
  ONE,
  parseDecimal,
  type Rational,
  rational,
  toDecimal,
  toFixed,
  ZERO,
} from "../lib/rational.ts";
import { FALLBACKS } from "./fallbacks.ts";
import type { Billing, Model, PriceRow } from "./types.ts";

const HUNDRED = rational(100n);

/** The row in force at `now` (ms since the epoch); null = the model has no price yet. */
export function currentPrice(model: Model, now: number): PriceRow | null {
  return model.prices.find((row) => row.effectiveFrom <= now) ?? null;
}

/** USD → ledger currency, markup in: `1 + markup / 100` times the rate of the currency. */
function customerFactor(billing: Billing, markupPercent: Rational): Rational {
  const fx = billing.fx.get(billing.currency) ?? ONE;
  return multiply(add(ONE, divide(markupPercent, HUNDRED)), fx);
}

/** One price as text: exact, and rounded half up to two places for people. Both in the ledger currency. */
export interface ShownPrice {
  exact: string;
  display: string;
}

export interface CustomerPrice {
  version: string;
  currency: string;
  free: boolean;
  /** Per 1M tokens, by class; the classes that cost other than the class they fall back to, and always input and output. */
  perMillion: ReadonlyMap<TokenClass, ShownPrice>;
  longContext: { aboveInputTokens: number; perMillion: ReadonlyMap<TokenClass, ShownPrice> }[];
  /** Factors on the token prices by variant, exact. */
  modifiers: ReadonlyMap<string, string>;
  /** Per image, by size. */
  perImage: ReadonlyMap<string, ShownPrice>;
  perCall: ShownPrice | null;
  /** Per so many uses. */
  toolFees: ReadonlyMap<string, ShownPrice & { per: number }>;
}

/** What a modifier makes of a row, or a plain 1 for the variant that every row covers; null when the row does not cover it. */
export function modifierOf(row: PriceRow, variant: string | null): Rational | null {
  return variant === null ? ONE : (row.modifiers.get(variant) ?? null);
}

/**
 * What a customer pays for a model, as shown in model lists. `markupPercent` is the account's own markup when it has one; else the
 * model's, else the catalog's. `variant` prices a flex or priority name. Null = no price in force.
 */
export function customerPrice(
  model: Model,
  billing: Billing,
  now: number,
  options: { markupPercent?: Rational | null; variant?: string | null } = {},
): CustomerPrice | null {
  const row = currentPrice(model, now);
  if (row === null) return null;
  const markup = options.markupPercent ?? model.markupPercent ?? billing.markupPercent;
  const factor = customerFactor(billing, markup);
  const tokens = multiply(factor, modifierOf(row, options.variant ?? null) ?? ONE);
  return {
    version: row.version,
    currency: billing.currency,
    free: row.free,
    perMillion: shownClasses(row.perMillion, tokens),
    longContext: row.longContext.map((tier) => ({
      aboveInputTokens: tier.aboveInputTokens,
      perMillion: shownClasses(tier.perMillion, tokens),
    })),
    modifiers: mapValues(row.modifiers, toDecimal),
    perImage: mapValues(row.perImage, (usd) => shown(multiply(usd, factor))),
    perCall: compare(row.perCall, ZERO) === 0 ? null : shown(multiply(row.perCall, factor)),
    toolFees: mapValues(row.toolFees, (fee) => ({ ...shown(multiply(fee.usd, factor)), per: fee.per })),
  };
}

/** A price as it is shown: all its digits, and half-up to two decimals. */
export const shown = (value: Rational): ShownPrice => ({ exact: toDecimal(value), display: toFixed(value, 2) });

function mapValues<A, B>(map: ReadonlyMap<string, A>, change: (value: A) => B): Map<string, B> {
  return new Map([...map].map(([name, value]) => [name, change(value)]));
}

function shownClasses(prices: ReadonlyMap<TokenClass, Rational>, factor: Rational): Map<TokenClass, ShownPrice> {
  const result = new Map<TokenClass, ShownPrice>();
  for (const name of TOKEN_CLASSES) {
    const usd = prices.get(name);
    if (usd === undefined) continue;
    const fallbacks = FALLBACKS[name].map((other) => prices.get(other));
    const inherited = fallbacks.some((other) => other !== undefined && compare(usd, other) === 0);
    if (!inherited) result.set(name, shown(multiply(usd, factor)));
  }
  return result;
}

/**
 * Name of the price modifier that a field of a request asks for; null = the variant that every price row covers (a standard tier, the
 * provider's own choice). Names as in the catalog: `flex`, `priority`, `batch`, `fast`, `geo_us`.
 */
export function modifierName(kind: "service_tier" | "speed" | "inference_geo", value: string): string | null {
  if (kind === "inference_geo") return value === "global" || value === "not_available" ? null : `geo_${value}`;
  if (PLAIN_VARIANTS.has(value)) return null;
  return value;
}

/** Provider words for "at the list price": OpenAI auto and default, Anthropic auto, standard_only and standard, Gemini standard. */
const PLAIN_VARIANTS: ReadonlySet<string> = new Set(["auto", "default", "standard", "standard_only", "on_demand"]);

/** A flat sum of one price row for ranking: three parts input and one part output, USD per 1M tokens. Never charged. */
export function blendedPrice(row: PriceRow): Rational {
  const three = multiply(row.perMillion.get("input") ?? ZERO, parseDecimal("3"));
  return divide(add(three, row.perMillion.get("output") ?? ZERO), parseDecimal("4"));
}
