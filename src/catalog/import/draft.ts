import type { Capability } from "../../ir/target.ts";
import type { TokenClass } from "../../ir/usage.ts";
import { compare, divide, type Rational, ZERO } from "../../lib/rational.ts";
import { tokenPrices } from "../raw-price.ts";
import type { RawPrice } from "../schema.ts";
import { amountText } from "./exact.ts";

/** One model of a price list. */
export interface ListedModel {
  /** Organisation, by the name that catalogs use; null = the list doesn't tell: it is known by its id alone. */
  provider: string | null;
  /** The provider's own id. */
  upstream: string;
  /** What the list tells of its price; null: nothing that a row could hold. */
  price: RawPrice | null;
  facts: ModelFacts;
  /** What the list tells and a row can't hold, in words. */
  unmapped: string[];
}

/** What a new row is filled with beside its price. */
export interface ModelFacts {
  name: string | null;
  context: number | null;
  maxOutput: number | null;
  capabilities: Capability[];
}

interface VariantPrice {
  name: TokenClass;
  /** Of the tier that it belongs to, 0 = the plain prices. */
  above: number;
  price: Rational;
}

/** A price row as it is put together from a list's fields. All amounts in USD per 1M tokens. */
export class PriceDraft {
  readonly unmapped: string[] = [];
  readonly #base = new Map<TokenClass, Rational>();
  readonly #tiers = new Map<number, Map<TokenClass, Rational>>();
  readonly #variants = new Map<string, VariantPrice[]>();
  readonly #modifiers: Record<string, string> = {};
  readonly #fees: Record<string, { usd: string; per: number }> = {};
  #perImage: string | null = null;
  #perCall: string | null = null;

  /** `above`: total input tokens above which it holds, 0 = always. `variant`: only there. A first one stays. */
  token(name: TokenClass, price: Rational, above = 0, variant: string | null = null): void {
    if (amountText(price) === null) this.unmapped.push(`${name}: more decimal places than a catalog holds`);
    else if (variant !== null)
      this.#variants.set(variant, [...(this.#variants.get(variant) ?? []), { name, above, price }]);
    else {
      const row = above === 0 ? this.#base : (this.#tiers.get(above) ?? new Map<TokenClass, Rational>());
      if (!row.has(name)) row.set(name, price);
      if (above > 0) this.#tiers.set(above, row);
    }
  }

  has(name: TokenClass): boolean {
    return this.#base.has(name);
  }

  modifier(name: string, factor: Rational): void {
    const text = amountText(factor);
    if (text === null) this.unmapped.push(`${name}: a factor without an end`);
    else this.#modifiers[name] = text;
  }

  /** USD for so many uses. */
  fee(name: string, usd: Rational, per: number): void {
    const text = amountText(usd);
    if (text !== null) this.#fees[name] = { usd: text, per };
  }

  perImage(usd: Rational): void {
    this.#perImage = amountText(usd);
  }

  perCall(usd: Rational): void {
    this.#perCall = amountText(usd);
  }

  /** The row; null when it would price nothing, or only with zeros: a list never makes a model free. */
  finish(): RawPrice | null {
    for (const [variant, prices] of this.#variants) this.#addFactor(variant, prices);
    const amounts = [...this.#base.values()].filter((price) => compare(price, ZERO) !== 0);
    if (amounts.length === 0 && this.#perImage === null && this.#perCall === null) return null;
    const raw: RawPrice = { ...tokenPrices(this.#base) };
    const tiers = [...this.#tiers].sort(([a], [b]) => a - b);
    if (tiers.length > 0) raw.long_context = tiers.map(([above, prices]) => ({ above, ...tokenPrices(prices) }));
    if (Object.keys(this.#modifiers).length > 0) raw.modifiers = this.#modifiers;
    if (Object.keys(this.#fees).length > 0) raw.tool_fees = this.#fees;
    if (this.#perImage !== null) raw.per_image = { default: this.#perImage };
    if (this.#perCall !== null) raw.per_call = this.#perCall;
    return raw;
  }

  /** A row has one factor per variant: the list's prices must all stand in that one proportion. */
  #addFactor(variant: string, prices: readonly VariantPrice[]): void {
    let factor: Rational | null = null;
    for (const { name, above, price } of prices) {
      const plain = this.#tiers.get(above)?.get(name) ?? this.#base.get(name);
      if (plain === undefined || compare(plain, ZERO) === 0) {
        if (compare(price, ZERO) === 0) continue;
        return void this.unmapped.push(`${variant}: priced for ${name}, which has no plain price`);
      }
      const ratio = divide(price, plain);
      if (factor !== null && compare(factor, ratio) !== 0) {
        return void this.unmapped.push(`${variant}: not one factor on all token prices`);
      }
      factor = ratio;
    }
    if (factor !== null) this.modifier(variant, factor);
  }
}
