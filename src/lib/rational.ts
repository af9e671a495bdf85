/** Exact non-float numbers. A rational is `num / den`, den > 0, kept reduced. Prices, markup, FX and modifiers are these. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** num ÷ den in lowest terms, the denominator above 0. Throws RangeError for a denominator of 0. */
export function rational(num: bigint, den: bigint = 1n): Rational {
  if (den === 0n) throw new RangeError("rational with denominator 0");
  const sign = den < 0n ? -1n : 1n;
  const divisor = gcd(num, den);
  return divisor === 0n ? { num: 0n, den: 1n } : { num: (sign * num) / divisor, den: (sign * den) / divisor };
}

export const ZERO: Rational = { num: 0n, den: 1n };
export const ONE: Rational = { num: 1n, den: 1n };

const DECIMAL = /^(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?$/;

/** Reads a plain decimal (`1.25`, no exponent). Throws RangeError on anything else. */
export function parseDecimal(text: string): Rational {
  const match = DECIMAL.exec(text.trim());
  if (match === null) throw new RangeError(`not a plain decimal number: ${JSON.stringify(text)}`);
  const fraction = match[3] ?? "";
  const value = BigInt(`${match[2]}${fraction}`);
  return rational(match[1] === "-" ? -value : value, 10n ** BigInt(fraction.length));
}

const SCIENTIFIC = /^(-?[0-9]{1,30}(?:\.[0-9]{1,30})?)[eE]([+-]?[0-9]{1,2})$/;

/** The same for numbers as JSON writes them, exponent included (`1.5e-07`): exact. Throws RangeError on anything else. */
export function parseNumber(text: string): Rational {
  const match = SCIENTIFIC.exec(text.trim());
  if (match === null) return parseDecimal(text);
  const exponent = Number(match[2]);
  const power = 10n ** BigInt(Math.abs(exponent));
  return multiply(parseDecimal(match[1] ?? ""), exponent < 0 ? rational(1n, power) : rational(power));
}

/** a + b, reduced. */
export const add = (a: Rational, b: Rational): Rational => rational(a.num * b.den + b.num * a.den, a.den * b.den);
/** a − b, reduced. */
export const subtract = (a: Rational, b: Rational): Rational => rational(a.num * b.den - b.num * a.den, a.den * b.den);
/** a × b, reduced. */
export const multiply = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
/** a ÷ b, reduced. Throws RangeError for b = 0. */
export const divide = (a: Rational, b: Rational): Rational => rational(a.num * b.den, a.den * b.num);
/** −1 when a < b, 0 when they are equal, 1 when a > b. */
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.num * b.den;
  const right = b.num * a.den;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Smallest integer ≥ a. */
export function ceil(a: Rational): bigint {
  const quotient = a.num / a.den;
  return a.num > 0n && a.num % a.den !== 0n ? quotient + 1n : quotient;
}
/** Largest integer ≤ a. */
export function floor(a: Rational): bigint {
  const quotient = a.num / a.den;
  return a.num < 0n && a.num % a.den !== 0n ? quotient - 1n : quotient;
}

/** Half-up rounding to `places` decimals, as text. For display only, never for the ledger. */
export function toFixed(a: Rational, places: number): string {
  const scaled = multiply(a, rational(10n ** BigInt(places)));
  const doubled = multiply(scaled, rational(2n));
  const rounded = floor(rational(doubled.num + doubled.den, doubled.den * 2n));
  return formatScaled(rounded, places);
}

const TRAILING_ZEROS = /\.?0+$/;

interface DecimalScale {
  places: number;
  factor: bigint;
}

/** Denominators come from prices, so there are few: what lifts each to a power of ten is worked out once. */
const scales = new Map<bigint, DecimalScale | null>();
const MOST_SCALES = 10_000;

/** The least power of ten that a denominator divides; null when there is none. */
function scaleOf(den: bigint): DecimalScale | null {
  const known = scales.get(den);
  if (known !== undefined) return known;
  let rest = den;
  let twos = 0;
  let fives = 0;
  while (rest % 2n === 0n) {
    rest /= 2n;
    twos += 1;
  }
  while (rest % 5n === 0n) {
    rest /= 5n;
    fives += 1;
  }
  const places = Math.max(twos, fives);
  const scale = rest === 1n ? { places, factor: 10n ** BigInt(places) / den } : null;
  if (scales.size < MOST_SCALES) scales.set(den, scale);
  return scale;
}

/**
 * Exact decimal text without exponent and without trailing zeros; `a` need not be reduced. Throws RangeError when the value has no
 * finite decimal form.
 */
export function toDecimal(a: Rational): string {
  const scale = scaleOf(a.den);
  if (scale === null) {
    const reduced = rational(a.num, a.den);
    if (reduced.den === a.den) throw new RangeError("no finite decimal form");
    return toDecimal(reduced);
  }
  const text = formatScaled(a.num * scale.factor, scale.places);
  return scale.places === 0 ? text : text.replace(TRAILING_ZEROS, "");
}

/** `value / 10^places` as plain decimal text. */
export function formatScaled(value: bigint, places: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
