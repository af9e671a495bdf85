import { modifierName } from "../catalog/price.ts";
import type { PriceRow } from "../catalog/types.ts";
import { INPUT_CLASSES, OUTPUT_CLASSES, TOKEN_CLASSES, totalInput, type TokenClass, type Usage } from "../ir/usage.ts";
import { checkNano, type Nano } from "../lib/money.ts";
import { add, compare, ONE, type Rational, rational, ZERO } from "../lib/rational.ts";
import { dearest, type Factors, factorsOf, longContextTier, modifierOf, type Weights, weightsFor } from "./compile.ts";
import { exactText } from "./decimal.ts";
import { linesOf } from "./price-lines.ts";
import type { LineBasis, PriceLine, PricedUsage, PricePin, WorstCase } from "./types.ts";

export interface PriceOptions {
  /** Service tier that the request asked for; counts when the answer reports none. */
  requestedTier: string | null;
  /** Images made, by size key of the row (`default` when the row tells no sizes). */
  images?: Readonly<Record<string, number>>;
}

/** Variants that decide the price: what the answer reports, else what was asked. Names as in the price row. */
export function variantsOf(usage: Usage, requestedTier: string | null): string[] {
  const { serviceTier, speed, inferenceGeo } = usage.variant;
  const tier = serviceTier ?? requestedTier;
  if (tier === null && speed === undefined && inferenceGeo === undefined) return NO_VARIANTS;
  const names = [
    tier === null ? null : modifierName("service_tier", tier),
    speed === undefined ? null : modifierName("speed", speed),
    inferenceGeo === undefined ? null : modifierName("inference_geo", inferenceGeo),
  ];
  return names.filter((name) => name !== null);
}

const NO_VARIANTS: string[] = [];

/**
 * The exact price of a usage: one product over its classes, rounded up once to nano-units of the ledger currency. A long-context tier goes by
 * the total input and reprices the whole call. Without a pin (the customer's own key at an unpriced model) everything is 0.
 */
export function priceUsage(usage: Usage, pin: PricePin | null, options: PriceOptions): PricedUsage {
  if (pin === null) return FREE;
  const { row } = pin;
  const tier = row.longContext.length === 0 ? -1 : longContextTier(row, totalInput(usage));
  const weights = weightsFor(row, tier, variantsOf(usage, options.requestedTier));
  const factors = factorsOf(pin);
  const tokens = tokenCost(usage, weights);
  const extras = extrasUsd(row, usage.fees, options.images ?? NO_IMAGES);
  const cost = extras === null ? tokens : add(tokens, extras);
  return new Priced({ usage, pin, weights, factors, images: options.images ?? NO_IMAGES, cost });
}

const NO_IMAGES: Readonly<Record<string, number>> = {};

function tokenCost(usage: Usage, weights: Weights): Rational {
  let sum = 0n;
  for (let index = 0; index < TOKEN_CLASSES.length; index += 1) {
    const tokens = usage.tokens[TOKEN_CLASSES[index] as TokenClass];
    if (tokens !== undefined && tokens > 0) sum += BigInt(tokens) * (weights.byClass[index] ?? 0n);
  }
  return { num: sum, den: weights.denominator };
}

/** A price and what it was made of. Rationals in it are not reduced: that costs more than all the rest. */
interface PriceFacts {
  usage: Usage;
  pin: PricePin;
  weights: Weights;
  factors: Factors;
  images: Readonly<Record<string, number>>;
  /** USD at the provider. */
  cost: Rational;
}

class Priced implements PricedUsage {
  readonly providerCostUsd: Rational;
  readonly customerCostUsd: Rational;
  readonly charge: Nano;
  readonly #facts: PriceFacts;

  constructor(facts: PriceFacts) {
    const { cost, factors } = facts;
    this.#facts = facts;
    this.providerCostUsd = cost;
    this.customerCostUsd = { num: cost.num * factors.markup.num, den: cost.den * factors.markup.den };
    this.charge = toNano(cost, factors);
  }

  get basis(): LineBasis {
    return basisOf(this.#facts, this.charge);
  }

  /** Made when asked for. */
  get lines(): PriceLine[] {
    return linesOf(this.basis, this.#facts.usage);
  }
}

function basisOf({ usage, pin, weights, factors, images }: PriceFacts, charge: Nano): LineBasis {
  const { row } = pin;
  const units: LineBasis["units"] = {};
  for (let index = 0; index < TOKEN_CLASSES.length; index += 1) {
    const name = TOKEN_CLASSES[index] as TokenClass;
    if ((usage.tokens[name] ?? 0) > 0) units[name] = weights.unitText[index] ?? "0";
  }
  const { markupText: markupPercent, fxText: fx } = factors;
  const basis: LineBasis = { units, markupPercent, fx, currency: pin.currency, charge: charge.toString() };
  for (const name in usage.fees) {
    const fee = row.toolFees.get(name);
    if (fee === undefined || (usage.fees[name] ?? 0) <= 0) continue;
    basis.fees = { ...basis.fees, [name]: exactText({ num: fee.usd.num, den: fee.usd.den * BigInt(fee.per) }) };
  }
  for (const size in images) {
    const price = row.perImage.get(size) ?? row.perImage.get("default");
    const count = images[size] ?? 0;
    if (price !== undefined && count > 0) basis.images = { ...basis.images, [size]: [count, exactText(price)] };
  }
  if (row.perCall.num !== 0n) basis.perCall = exactText(row.perCall);
  return basis;
}

const FREE: PricedUsage = { providerCostUsd: ZERO, customerCostUsd: ZERO, charge: 0n, lines: [] };

/** Rounded up, the one time. Throws RangeError beyond the range of the ledger. */
function toNano(cost: Rational, factors: Factors): Nano {
  const num = cost.num * factors.toNano.num;
  const den = cost.den * factors.toNano.den;
  const quotient = num / den;
  return checkNano(num % den === 0n ? quotient : quotient + 1n);
}

/** Per-call price, fees and images, USD; null when there are none. */
function extrasUsd(
  row: PriceRow,
  fees: Readonly<Record<string, number>>,
  images: Readonly<Record<string, number>>,
): Rational | null {
  let sum: Rational | null = row.perCall.num === 0n ? null : row.perCall;
  for (const name in fees) {
    const fee = row.toolFees.get(name);
    const count = fees[name] ?? 0;
    if (fee === undefined || count <= 0) continue;
    sum = add(sum ?? ZERO, rational(fee.usd.num * BigInt(count), fee.usd.den * BigInt(fee.per)));
  }
  for (const size in images) {
    const price = row.perImage.get(size) ?? row.perImage.get("default");
    const count = images[size] ?? 0;
    if (price === undefined || count <= 0) continue;
    sum = add(sum ?? ZERO, rational(price.num * BigInt(count), price.den));
  }
  return sum;
}

/**
 * The most that a call can cost at a target, nano-units: every input token at the dearest input class, every output token at the dearest
 * output class, in the dearest variant and long-context tier that may apply, with the largest fees.
 */
export function worstCasePrice(worst: WorstCase): Nano {
  const { pin } = worst;
  const { row } = pin;
  const factors = factorsOf(pin);
  const variants = dearestVariants(row, worst.modifiers);
  const images = worst.images > 0 ? { [dearestSize(row)]: worst.images } : NO_IMAGES;
  const extras = extrasUsd(row, worst.fees, images);
  const priceIn = (tier: number): Nano => {
    const weights = weightsFor(row, tier, variants);
    const { input, output } = dearestOf(weights, worst.classes);
    const num = BigInt(worst.inputTokens) * input + BigInt(worst.outputTokens) * output;
    const tokens = { num, den: weights.denominator };
    return toNano(extras === null ? tokens : add(tokens, extras), factors);
  };
  let most = priceIn(-1);
  for (const [index, tier] of row.longContext.entries()) {
    if (worst.inputTokens <= tier.aboveInputTokens) continue;
    const price = priceIn(index);
    if (price > most) most = price;
  }
  return most;
}

/** A provider may serve any of the variants that were asked for, or none: those that make it dearer count. */
function dearestVariants(row: PriceRow, names: readonly string[]): readonly string[] {
  return names.length === 0
    ? NO_VARIANTS
    : [...new Set(names)].filter((name) => compare(modifierOf(row, [name]), ONE) > 0);
}

/** Weights of the dearest input and output class, of those that can be billed. */
function dearestOf(weights: Weights, billable: readonly TokenClass[] | undefined): { input: bigint; output: bigint } {
  if (billable === undefined) return { input: weights.dearestInput, output: weights.dearestOutput };
  const among = (classes: readonly TokenClass[]): bigint =>
    dearest(
      weights.byClass,
      classes.filter((name) => billable.includes(name)),
    );
  return { input: among(INPUT_CLASSES), output: among(OUTPUT_CLASSES) };
}

function dearestSize(row: PriceRow): string {
  let best = "default";
  for (const [size, price] of row.perImage) {
    const most = row.perImage.get(best);
    if (most === undefined || compare(price, most) > 0) best = size;
  }
  return best;
}
