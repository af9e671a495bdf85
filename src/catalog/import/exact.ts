import { parseWithSource } from "../../lib/json.ts";
import { multiply, parseNumber, type Rational, rational, toDecimal } from "../../lib/rational.ts";

/** A number of a JSON file as it was written: `1.5e-07` is that and no binary float near it. */
export class Numeral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type ExactValue = Numeral | string | boolean | null | ExactValue[] | ExactObject;
export interface ExactObject {
  [key: string]: ExactValue | undefined;
}

/** Whether a value of parseExact is a mapping. */
export const isExactObject = (value: unknown): value is ExactObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Numeral);

/** JSON with every number as it was written. Throws SyntaxError. */
export const parseExact = (text: string): ExactValue =>
  parseWithSource(text, (value, source) =>
    typeof value === "number" ? new Numeral(source ?? String(value)) : value,
  ) as ExactValue;

/** The number, exact; null for anything that is none, and for negative ones. */
export function exactNumber(value: ExactValue | undefined): Rational | null {
  if (!(value instanceof Numeral)) return null;
  try {
    const number = parseNumber(value.text);
    return number.num < 0n ? null : number;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A whole number above 0; null for anything else. */
export function wholeNumber(value: ExactValue | undefined): number | null {
  const number = exactNumber(value);
  if (number === null || number.den !== 1n || number.num === 0n) return null;
  return number.num > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(number.num);
}

/** USD per token → USD per 1M tokens. */
export const perMillion = (value: Rational): Rational => multiply(value, rational(1_000_000n));

/** Places behind the point that an amount of a catalog may have. */
const MOST_PLACES = 18;

/** An amount as a catalog takes it; null when it has no such form. */
export function amountText(value: Rational): string | null {
  try {
    const text = toDecimal(value);
    return (text.split(".")[1] ?? "").length > MOST_PLACES ? null : text;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
