import { type TokenClass, TOKEN_CLASSES } from "../ir/usage.ts";
import type { CacheTtl } from "../ir/request.ts";
import { compare, type Rational, toDecimal, ZERO } from "../lib/rational.ts";
import { FALLBACKS } from "./fallbacks.ts";
import type { RawPrice } from "./schema.ts";
import type { PriceRow } from "./types.ts";

/** Token prices as a catalog file has them, by class; cache writes by how long they are kept. */
export type OwnPrices = ReadonlyMap<TokenClass, Rational>;

export const TTLS: readonly CacheTtl[] = ["5m", "30m", "1h"];
type WriteClass = Extract<TokenClass, `cache_write_${string}`>;
const isWriteClass = (name: TokenClass): name is WriteClass => name.startsWith("cache_write_");

/** The row as a catalog file would have it: classes that only inherit a price are left out. Reading it again gives an equal row. */
export function rawPriceOf(row: PriceRow): RawPrice {
  const writes = new Set<TokenClass>(
    TTLS.filter((ttl) => row.cacheWriteTtls.has(ttl)).map((ttl) => `cache_write_${ttl}` as const),
  );
  const base = ownOf(row.perMillion, new Map(), writes);
  const raw: RawPrice = { ...tokenPrices(base) };
  if (row.longContext.length > 0) {
    raw.long_context = row.longContext.map((tier) => ({
      above: tier.aboveInputTokens,
      ...tokenPrices(ownOf(tier.perMillion, base, new Set())),
    }));
  }
  if (row.modifiers.size > 0) raw.modifiers = decimals(row.modifiers);
  if (row.toolFees.size > 0) {
    raw.tool_fees = Object.fromEntries(
      [...row.toolFees].map(([name, { usd, per }]) => [name, { usd: toDecimal(usd), per }]),
    );
  }
  if (row.perImage.size > 0) raw.per_image = decimals(row.perImage);
  if (compare(row.perCall, ZERO) !== 0) raw.per_call = toDecimal(row.perCall);
  return raw;
}

const decimals = (prices: ReadonlyMap<string, Rational>): Record<string, string> =>
  Object.fromEntries([...prices].map(([name, value]) => [name, toDecimal(value)]));

/** Classes whose price is not what it would be without one of their own, over `under`; those in `always` in any case. */
function ownOf(all: OwnPrices, under: OwnPrices, always: ReadonlySet<TokenClass>): Map<TokenClass, Rational> {
  const known = new Map(under);
  const own = new Map<TokenClass, Rational>();
  for (const name of TOKEN_CLASSES) {
    const price = all.get(name) ?? ZERO;
    const source = [name, ...FALLBACKS[name]].find((other) => known.has(other));
    const inherited = (source === undefined ? undefined : known.get(source)) ?? ZERO;
    if (!always.has(name) && compare(price, inherited) === 0) continue;
    known.set(name, price);
    own.set(name, price);
  }
  return own;
}

/** Own prices as the keys of a catalog file, cache writes as one amount where every time has it. */
export function tokenPrices(own: OwnPrices): Partial<RawPrice> {
  const raw: Record<string, unknown> = {};
  for (const name of TOKEN_CLASSES) {
    const price = own.get(name);
    if (price === undefined) continue;
    if (isWriteClass(name)) raw["cache_write"] ??= writesOf(own);
    else raw[name] = toDecimal(price);
  }
  return raw;
}

function writesOf(own: OwnPrices): NonNullable<RawPrice["cache_write"]> {
  const writes = TTLS.flatMap((ttl) => {
    const price = own.get(`cache_write_${ttl}`);
    return price === undefined ? [] : [[ttl, toDecimal(price)] as const];
  });
  const [first] = writes;
  const isOne = first !== undefined && writes.length === TTLS.length && writes.every(([, text]) => text === first[1]);
  return isOne ? first[1] : Object.fromEntries(writes);
}

/**
 * The row without classes that only repeat what they would inherit. Lists have many of these, and one is not quite nothing: with a price of its own
 * for audio, cached audio is no longer priced as cached text.
 */
export function withoutRepeats(raw: RawPrice): RawPrice {
  const kept: RawPrice = { ...raw };
  for (const name of TOKEN_CLASSES) {
    if (isWriteClass(name)) continue;
    const source = FALLBACKS[name].find((other) => !isWriteClass(other) && kept[other] !== undefined);
    if (source !== undefined && !isWriteClass(source) && kept[name] === kept[source]) delete kept[name];
  }
  return kept;
}

/** Every amount of a row by a name for people, such as `cache_write.5m` and `long_context.200000.input`. Equal rows have equal facts. */
export function factsOf(raw: RawPrice): Map<string, string> {
  const facts = new Map<string, string>();
  const walk = (name: string, value: unknown): void => {
    if (typeof value === "string") facts.set(name, value);
    else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) walk(name === "" ? key : `${name}.${key}`, item);
    }
  };
  const { from: _from, long_context: tiers, tool_fees: fees, ...flat } = raw;
  walk("", flat);
  for (const { above, ...prices } of tiers ?? []) walk(`long_context.${above}`, prices);
  for (const [name, { usd, per }] of Object.entries(fees ?? {})) facts.set(`tool_fees.${name}`, `${usd}/${per ?? 1}`);
  return facts;
}
