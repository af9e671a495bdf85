import type { Rational } from "../lib/rational.ts";
import { formatScaled } from "../lib/rational.ts";

/** 10^0 … 10^40 and back: amounts are decimals, so their denominators nearly always are in here. */
const POWERS: readonly bigint[] = Array.from({ length: 41 }, (_, places) => 10n ** BigInt(places));
const PLACES: ReadonlyMap<bigint, number> = new Map(POWERS.map((power, places) => [power, places]));

/** The same value over the smallest power of ten, when it is a decimal of at most 40 places; else as it was. */
export function overPowerOfTen(value: Rational): Rational {
  if (PLACES.has(value.den)) return value;
  const power = POWERS.find((candidate) => candidate % value.den === 0n);
  return power === undefined ? value : { num: value.num * (power / value.den), den: power };
}

/**
 * Exact text of a value: a plain decimal without exponent or trailing zeros, or the fraction `n/d` where a decimal would not end (a tool fee
 * per 3 uses). Never rounded.
 */
export function exactText(value: Rational): string {
  const { num, den } = overPowerOfTen(value);
  const places = PLACES.get(den);
  if (places === undefined) return reducedFraction(num, den);
  if (places === 0) return num.toString();
  const text = formatScaled(num, places);
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end -= 1;
  return text.slice(0, text.charCodeAt(end - 1) === 46 ? end - 1 : end);
}

function reducedFraction(num: bigint, den: bigint): string {
  let x = num < 0n ? -num : num;
  let y = den;
  while (y !== 0n) [x, y] = [y, x % y];
  const reduced = overPowerOfTen({ num: num / x, den: den / x });
  return PLACES.has(reduced.den) ? exactText(reduced) : `${reduced.num}/${reduced.den}`;
}

/** The value as a plain decimal: exact where it ends, else rounded up at 18 places. For fields that must be numbers; receipts use exactText. */
export function decimalText(value: Rational): string {
  const text = exactText(value);
  if (!text.includes("/")) return text;
  const scaled = value.num * 10n ** 18n;
  const up = scaled > 0n && scaled % value.den !== 0n ? 1n : 0n;
  return exactText({ num: scaled / value.den + up, den: 10n ** 18n });
}
