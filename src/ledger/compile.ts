import type { PriceRow } from "../catalog/types.ts";
import { INPUT_CLASSES, OUTPUT_CLASSES, TOKEN_CLASSES, type TokenClass } from "../ir/usage.ts";
import { add, divide, multiply, ONE, type Rational, rational, ZERO } from "../lib/rational.ts";
import { NANO_PER_UNIT } from "../lib/money.ts";
import { exactText, overPowerOfTen } from "./decimal.ts";
import type { PricePin } from "./types.ts";

const MILLION = rational(1_000_000n);
const HUNDRED = rational(100n);

/** Token prices of one variant as integers over one denominator: Σ tokens × weight / denominator = USD. */
export interface Weights {
  /** In the order of TOKEN_CLASSES. */
  byClass: readonly bigint[];
  denominator: bigint;
  /** The largest weight among the input classes, and among those of output: a hold is by the dearest. */
  dearestInput: bigint;
  dearestOutput: bigint;
  /** USD per token by class, exact. */
  unitText: readonly string[];
}

/** Markup and FX as factors of integers. */
export interface Factors {
  markupPercent: Rational;
  fx: Rational;
  /** 1 + markup. */
  markup: Rational;
  /** USD at the provider → nano-units of the ledger currency. */
  toNano: Rational;
  markupText: string;
  fxText: string;
}

interface Compiled {
  plain: Weights | null;
  /** By long-context tier and names of the variants. */
  variants: Map<string, Weights>;
  factors: Factors | null;
}

/** Rows are immutable, so what is made of one lives as long as the row. */
const compiledRows = new WeakMap<PriceRow, Compiled>();

function compiled(row: PriceRow): Compiled {
  let found = compiledRows.get(row);
  if (found === undefined) {
    found = { plain: null, variants: new Map(), factors: null };
    compiledRows.set(row, found);
  }
  return found;
}

/** Product of the row's factors for these variants; a variant without a factor costs the plain price. */
export function modifierOf(row: PriceRow, variants: readonly string[]): Rational {
  return variants.reduce((product, name) => multiply(product, row.modifiers.get(name) ?? ONE), ONE);
}

/** Index of the long-context tier that a total input falls into, -1 = the plain prices. */
export function longContextTier(row: PriceRow, inputTokens: number): number {
  let found = -1;
  row.longContext.forEach((tier, index) => {
    const best = row.longContext[found]?.aboveInputTokens ?? -1;
    if (inputTokens > tier.aboveInputTokens && tier.aboveInputTokens > best) found = index;
  });
  return found;
}

/** USD per 1M tokens of one class in one tier; classes without a price of their own have been filled in by the catalog. */
function pricePerMillion(row: PriceRow, tier: number, name: TokenClass): Rational {
  return row.longContext[tier]?.perMillion.get(name) ?? row.perMillion.get(name) ?? ZERO;
}

/** The row's token prices in one long-context tier and one set of variants. */
export function weightsFor(row: PriceRow, tier: number, variants: readonly string[]): Weights {
  const cache = compiled(row);
  if (tier === -1 && variants.length === 0) return (cache.plain ??= makeWeights(row, tier, variants));
  const key = `${tier}|${variants.join("|")}`;
  let found = cache.variants.get(key);
  if (found === undefined) {
    found = makeWeights(row, tier, variants);
    cache.variants.set(key, found);
  }
  return found;
}

function makeWeights(row: PriceRow, tier: number, variants: readonly string[]): Weights {
  const factor = divide(modifierOf(row, variants), MILLION);
  const units = TOKEN_CLASSES.map((name) => overPowerOfTen(multiply(pricePerMillion(row, tier, name), factor)));
  const denominator = units.reduce((den, unit) => leastCommonMultiple(den, unit.den), 1n);
  const byClass = units.map((unit) => unit.num * (denominator / unit.den));
  return {
    byClass,
    denominator,
    dearestInput: dearest(byClass, INPUT_CLASSES),
    dearestOutput: dearest(byClass, OUTPUT_CLASSES),
    unitText: units.map(exactText),
  };
}

/** The largest weight of some classes. */
export function dearest(byClass: readonly bigint[], classes: readonly TokenClass[]): bigint {
  let most = 0n;
  for (const name of classes) {
    const weight = byClass[TOKEN_CLASSES.indexOf(name)] ?? 0n;
    if (weight > most) most = weight;
  }
  return most;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** The pin's markup and FX; those of the last pin of a row are kept, since they change only with the catalog or the account. */
export function factorsOf(pin: PricePin): Factors {
  const cache = compiled(pin.row);
  const known = cache.factors;
  if (known !== null && known.markupPercent === pin.markupPercent && known.fx === pin.fx) return known;
  const markup = overPowerOfTen(add(ONE, divide(pin.markupPercent, HUNDRED)));
  cache.factors = {
    markupPercent: pin.markupPercent,
    fx: pin.fx,
    markup,
    toNano: multiply(multiply(markup, pin.fx), rational(NANO_PER_UNIT)),
    markupText: exactText(pin.markupPercent),
    fxText: exactText(pin.fx),
  };
  return cache.factors;
}
