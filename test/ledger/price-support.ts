import type { PriceRow } from "../../src/catalog/types.ts";
import { FALLBACKS } from "../../src/catalog/fallbacks.ts";
import { TOKEN_CLASSES, type TokenClass, type TokenCounts, type Usage } from "../../src/ir/usage.ts";
import type { PricePin } from "../../src/ledger/types.ts";
import { add, parseDecimal, type Rational, rational, ZERO } from "../../src/lib/rational.ts";

interface RowInput {
  prices: Partial<Record<TokenClass, string>>;
  longContext?: { above: number; prices: Partial<Record<TokenClass, string>> }[];
  modifiers?: Record<string, string>;
  fees?: Record<string, { usd: string; per: number }>;
  images?: Record<string, string>;
  perCall?: string;
}

/** Classes without a price of their own get that of the class they fall back to, as the catalog's loader does it. */
function filled(prices: Partial<Record<TokenClass, string>>): Map<TokenClass, Rational> {
  const map = new Map<TokenClass, Rational>();
  for (const name of TOKEN_CLASSES) {
    const own = [name, ...FALLBACKS[name]].map((candidate) => prices[candidate]).find((text) => text !== undefined);
    if (own !== undefined) map.set(name, parseDecimal(own));
  }
  return map;
}

const decimals = (texts: Record<string, string>): Map<string, Rational> =>
  new Map(Object.entries(texts).map(([name, text]) => [name, parseDecimal(text)]));

/** A price row as the catalog makes them. Prices are USD per 1M tokens. */
export function row(input: RowInput): PriceRow {
  return {
    version: "m@1",
    effectiveFrom: 0,
    perMillion: filled(input.prices),
    longContext: (input.longContext ?? []).map((tier) => ({
      aboveInputTokens: tier.above,
      perMillion: filled(tier.prices),
    })),
    modifiers: decimals(input.modifiers ?? {}),
    toolFees: new Map(
      Object.entries(input.fees ?? {}).map(([name, fee]) => [name, { usd: parseDecimal(fee.usd), per: fee.per }]),
    ),
    perImage: decimals(input.images ?? {}),
    perCall: parseDecimal(input.perCall ?? "0"),
    cacheWriteTtls: new Set(),
    free: false,
  };
}

export function pin(priceRow: PriceRow, options: { markup?: string; fx?: string; currency?: string } = {}): PricePin {
  return {
    row: priceRow,
    markupPercent: parseDecimal(options.markup ?? "0"),
    fx: parseDecimal(options.fx ?? "1"),
    currency: options.currency ?? "USD",
  };
}

export function usage(tokens: TokenCounts, more: Partial<Usage> = {}): Usage {
  return { tokens, reasoningKnown: tokens.reasoning !== undefined, fees: {}, variant: {}, ...more };
}

/** Reads a receipt's amount: a decimal, or a fraction. */
export function amountOf(text: string): Rational {
  const [num = "0", den] = text.split("/");
  return den === undefined ? parseDecimal(num) : rational(BigInt(num), BigInt(den));
}

export const sumOf = (texts: readonly string[]): Rational =>
  texts.reduce((sum, text) => add(sum, amountOf(text)), ZERO);
