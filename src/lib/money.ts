import { ceil, floor, formatScaled, parseDecimal, rational, multiply } from "./rational.ts";

/** An amount of the ledger currency in nano-units (10⁻⁹). The only form in which the ledger holds money. */
export type Nano = bigint;

export const NANO_PER_UNIT = 1_000_000_000n;
const NANO_PER_CENT = 10_000_000n;
/** Largest amount that a column or a JavaScript reader may see: SQLite integers are signed 64-bit, and we keep a wide margin. */
export const MAX_NANO: Nano = 4_000_000_000_000_000_000n;

const NANO_RATIONAL = rational(NANO_PER_UNIT);

/** Range check at every door to storage. Throws RangeError. */
export function checkNano(value: Nano): Nano {
  if (value > MAX_NANO || value < -MAX_NANO) throw new RangeError("amount out of range");
  return value;
}

/** `50.00` → 50_000_000_000n. Throws RangeError on exponents, more than 9 places that matter, or out of range. */
export function parseNano(text: string): Nano {
  const scaled = multiply(parseDecimal(text), NANO_RATIONAL);
  if (scaled.den !== 1n) throw new RangeError("more than nine decimal places");
  return checkNano(scaled.num);
}

/** Exact decimal in units, at least two places: `0.000123` or `5.00`. */
export function formatNano(value: Nano): string {
  return trimPlaces(formatScaled(value, 9), 2);
}

/** Exact decimal in cents, as `cost_cents` shows it: at most 7 places, no exponent, no trailing zeros. */
export function formatCents(value: Nano): string {
  return trimPlaces(formatScaled(value, 7), 0);
}

/** Whole cents, rounded down: balances. */
export const centsFloor = (value: Nano): number => safe(floor(rational(value, NANO_PER_CENT)));
/** Whole cents, rounded up: spend. */
export const centsCeil = (value: Nano): number => safe(ceil(rational(value, NANO_PER_CENT)));

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new RangeError("cents out of range");
  }
  return Number(value);
}

function trimPlaces(text: string, least: number): string {
  const point = text.indexOf(".");
  if (point < 0) return text;
  let end = text.length;
  while (end > point + 1 + least && text[end - 1] === "0") end -= 1;
  return end === point + 1 ? text.slice(0, point) : text.slice(0, end);
}
