import type { PriceRow } from "../catalog/types.ts";
import { INPUT_CLASSES, TOKEN_CLASSES, totalInput, type TokenClass, type Usage } from "../ir/usage.ts";
import { checkNano, type Nano, NANO_PER_UNIT } from "../lib/money.ts";
import { add, compare, ONE, type Rational, rational } from "../lib/rational.ts";
import type { PriceLine, PricedUsage, PricePin, WorstCase } from "./types.ts";
import { priceLines } from "./price-lines.ts";

/** USD per 1M tokens → USD per token. */
const MILLION = 1_000_000n;
const HUNDRED = rational(100n);

/** Prices of one variant as integers over one denominator: Σ tokens × weight / denominator = USD. */
interface Weights {
  byClass: ReadonlyMap<TokenClass, bigint>;
  denominator: bigint;
}

/** A pin made ready for arithmetic: integers only, each variant once. */
interface Compiled {
  /** Keyed by variant names and long-context tier. */
  weights: Map<string, Weights>;
  /** 1 + markup. */
  markup: Rational;
}

const compiledRows = new WeakMap<PriceRow, Map<string, Weights>>();

function compile(pin: PricePin): Compiled {
  let weights = compiledRows.get(pin.row);
  if (weights === undefined) {
    weights = new Map();
    compiledRows.set(pin.row, weights);
  }
  return { weights, markup: add(ONE, rational(pin.markupPercent.num, pin.markupPercent.den * HUNDRED.num)) };
}

/** Product of the row's factors for these variants; a variant without a factor costs the plain price. */
export function modifierOf(row: PriceRow, variants: readonly string[]): Rational {
  let num = 1n;
  let den = 1n;
  for (const name of variants) {
    const factor = row.modifiers.get(name);
    if (factor === undefined) continue;
    num *= factor.num;
    den *= factor.den;
  }
  return rational(num, den);
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

/** USD per 1M tokens of one class in one tier; classes without a price of their own have been filled in by the loader. */
export function pricePerMillion(row: PriceRow, tier: number, name: TokenClass): Rational {
  return row.longContext[tier]?.perMillion.get(name) ?? row.perMillion.get(name) ?? rational(0n);
}

function weightsFor(compiled: Compiled, row: PriceRow, tier: number, variants: readonly string[]): Weights {
  const key = `${tier}|${variants.join("|")}`;
  const known = compiled.weights.get(key);
  if (known !== undefined) return known;
  const factor = modifierOf(row, variants);
  const prices = TOKEN_CLASSES.map((name) => ({ name, price: pricePerMillion(row, tier, name) }));
  const common = prices.reduce((den, { price }) => leastCommonMultiple(den, price.den), 1n);
  const byClass = new Map(prices.map(({ name, price }) => [name, price.num * (common / price.den) * factor.num]));
  const made = { byClass, denominator: common * factor.den * MILLION };
  compiled.weights.set(key, made);
  return made;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

export interface PriceOptions {
  /** Service tier that the request asked for; counts when the answer reports none. */
  requestedTier: string | null;
  /** Images made, by size key of the row (`default` when the row tells no sizes). */
  images?: Readonly<Record<string, number>>;
}

/** Variants that decide the price: what the answer reports, else what was asked. */
export function variantsOf(usage: Usage, requestedTier: string | null): string[] {
  const { serviceTier, speed, inferenceGeo } = usage.variant;
  const names = [
    serviceTier ?? requestedTier,
    speed ?? null,
    inferenceGeo === undefined ? null : `geo_${inferenceGeo}`,
  ];
  return names.filter(
    (name): name is string => name !== null && name !== "default" && name !== "standard" && name !== "auto",
  );
}

/**
 * The exact price of a usage: one product over its classes, rounded up once to nano-units of the ledger currency. Without a pin (own keys
 * of the customer at an unpriced model) everything is 0.
 */
export function priceUsage(usage: Usage, pin: PricePin | null, options: PriceOptions): PricedUsage {
  if (pin === null) return FREE;
  const { row } = pin;
  const compiled = compile(pin);
  const tier = row.longContext.length === 0 ? -1 : longContextTier(row, totalInput(usage));
  const variants = variantsOf(usage, options.requestedTier);
  const weights = weightsFor(compiled, row, tier, variants);
  let sum = 0n;
  for (const name of TOKEN_CLASSES) {
    const tokens = usage.tokens[name];
    if (tokens !== undefined && tokens > 0) sum += BigInt(tokens) * (weights.byClass.get(name) ?? 0n);
  }
  const extras = extrasUsd(row, usage.fees, options.images ?? {});
  const cost = extras === null ? unreduced(sum, weights.denominator) : add(rational(sum, weights.denominator), extras);
  const customer = unreduced(cost.num * compiled.markup.num, cost.den * compiled.markup.den);
  const charge = toNano(customer, pin.fx);
  return new Priced(cost, customer, charge, () =>
    priceLines({ usage, pin, tier, variants, options, cost, customer, charge }),
  );
}

class Priced implements PricedUsage {
  readonly providerCostUsd: Rational;
  readonly customerCostUsd: Rational;
  readonly charge: Nano;
  readonly #makeLines: () => PriceLine[];
  constructor(provider: Rational, customer: Rational, charge: Nano, makeLines: () => PriceLine[]) {
    this.providerCostUsd = provider;
    this.customerCostUsd = customer;
    this.charge = charge;
    this.#makeLines = makeLines;
  }
  /** Made when asked for: the hot path needs only the sums. */
  get lines(): PriceLine[] {
    return this.#makeLines();
  }
}

const FREE: PricedUsage = { providerCostUsd: rational(0n), customerCostUsd: rational(0n), charge: 0n, lines: [] };

/** Skips the greatest common divisor, which costs more than all the rest of the arithmetic. */
const unreduced = (num: bigint, den: bigint): Rational => ({ num, den });

/** Per-call price, fees and images, USD; null when there are none. */
function extrasUsd(
  row: PriceRow,
  fees: Readonly<Record<string, number>>,
  images: Readonly<Record<string, number>>,
): Rational | null {
  let sum: Rational | null = row.perCall.num === 0n ? null : row.perCall;
  for (const [name, count] of Object.entries(fees)) {
    const fee = row.toolFees.get(name);
    if (fee === undefined || count <= 0) continue;
    sum = add(sum ?? rational(0n), rational(fee.usd.num * BigInt(count), fee.usd.den * BigInt(fee.per)));
  }
  for (const [size, count] of Object.entries(images)) {
    const price = row.perImage.get(size) ?? row.perImage.get("default");
    if (price === undefined || count <= 0) continue;
    sum = add(sum ?? rational(0n), rational(price.num * BigInt(count), price.den));
  }
  return sum;
}

function toNano(usd: Rational, fx: Rational): Nano {
  const num = usd.num * fx.num * NANO_PER_UNIT;
  const den = usd.den * fx.den;
  const quotient = num / den;
  return checkNano(num % den === 0n ? quotient : quotient + 1n);
}

/**
 * The most that a call can cost at a target, nano-units: every input token at the dearest input class, every output token at the dearest
 * output class, in the dearest variant and long-context tier that may apply, with the largest fees.
 */
export function worstCasePrice(worst: WorstCase): Nano {
  const { pin } = worst;
  const { row } = pin;
  const compiled = compile(pin);
  const tiers = [
    -1,
    ...row.longContext.flatMap((tier, index) => (worst.inputTokens > tier.aboveInputTokens ? [index] : [])),
  ];
  const variants = [
    [],
    ...worst.modifiers.map((name) => [name]),
    worst.modifiers.length > 1 ? [...worst.modifiers] : [],
  ];
  const images = worst.images > 0 ? { [dearestSize(row)]: worst.images } : {};
  const extras = extrasUsd(row, worst.fees, images) ?? rational(0n);
  let most = 0n;
  for (const tier of tiers) {
    for (const names of variants) {
      const weights = weightsFor(compiled, row, tier, names);
      const sum =
        BigInt(worst.inputTokens) * dearest(weights, INPUT_CLASSES) +
        BigInt(worst.outputTokens) * dearest(weights, OUTPUTS);
      const cost = add(rational(sum, weights.denominator), extras);
      const charge = toNano(unreduced(cost.num * compiled.markup.num, cost.den * compiled.markup.den), pin.fx);
      if (charge > most) most = charge;
    }
  }
  return most;
}

const OUTPUTS: readonly TokenClass[] = TOKEN_CLASSES.filter((name) => !INPUT_CLASSES.includes(name));

function dearest(weights: Weights, classes: readonly TokenClass[]): bigint {
  let most = 0n;
  for (const name of classes) {
    const weight = weights.byClass.get(name) ?? 0n;
    if (weight > most) most = weight;
  }
  return most;
}

function dearestSize(row: PriceRow): string {
  let best = "default";
  for (const [size, price] of row.perImage) {
    const most = row.perImage.get(best);
    if (most === undefined || compare(price, most) > 0) best = size;
  }
  return best;
}
