import { type Rational, rational } from "./rational.ts";

/** Adds up plain decimals, exactly, without reducing at every step: for sums over all calls. */
export class DecimalSum {
  #value = 0n;
  #places = 0;

  /** `text` as receipts and records have it: a plain decimal without exponent. */
  add(text: string): void {
    const point = text.indexOf(".");
    const places = point < 0 ? 0 : text.length - point - 1;
    let value = BigInt(point < 0 ? text : text.slice(0, point) + text.slice(point + 1));
    if (places > this.#places) {
      this.#value *= 10n ** BigInt(places - this.#places);
      this.#places = places;
    } else if (places < this.#places) value *= 10n ** BigInt(this.#places - places);
    this.#value += value;
  }

  get total(): Rational {
    return rational(this.#value, 10n ** BigInt(this.#places));
  }
}
