import type { CacheTtl } from "../ir/request.ts";
import { type TokenClass, TOKEN_CLASSES } from "../ir/usage.ts";
import { ONE, parseDecimal, type Rational, toDecimal, ZERO } from "../lib/rational.ts";
import { FALLBACKS } from "./fallbacks.ts";
import { formatPath, type Path, type Problems } from "./problems.ts";
import type { RawModel, RawPrice } from "./schema.ts";
import type { PriceRow } from "./types.ts";

type TokenPrices = Omit<RawPrice, "from" | "long_context" | "modifiers" | "tool_fees" | "per_image" | "per_call">;

const TTLS: readonly CacheTtl[] = ["5m", "30m", "1h"];

/**
 * The dated price rows of a model, newest first. A model declared `free` has one row of zeros, one without a price none.
 * Two rows that begin at the same instant are a mistake.
 */
export function buildPrices(raw: RawModel, path: Path, problems: Problems, warnings: string[]): PriceRow[] {
  if (raw.price === "free") return [freeRow(raw.id)];
  if (raw.price !== undefined && raw.prices !== undefined) {
    problems.add([...path, "prices"], "price and prices exclude each other; move the row into prices with a from date");
  }
  const entries = raw.prices ?? (raw.price === undefined ? [] : [raw.price]);
  const rows = entries.flatMap((entry, index) => {
    const place = raw.prices === undefined ? [...path, "price"] : [...path, "prices", index];
    const row = buildRow(raw, entry, place, problems, warnings);
    return row === null ? [] : [{ row, place }];
  });
  const begins = new Map<number, Path>();
  for (const { row, place } of rows) {
    if (begins.has(row.effectiveFrom)) {
      problems.add(place, "overlaps another row that begins on the same day; give each row a from date of its own");
    }
    begins.set(row.effectiveFrom, place);
  }
  return rows.map(({ row }) => row).sort((a, b) => b.effectiveFrom - a.effectiveFrom);
}

function buildRow(model: RawModel, raw: RawPrice, path: Path, problems: Problems, warnings: string[]): PriceRow | null {
  const effectiveFrom = raw.from === undefined ? 0 : parseDay(raw.from);
  if (Number.isNaN(effectiveFrom)) {
    problems.add([...path, "from"], `must be a date such as 2026-01-31, not ${JSON.stringify(raw.from)}`);
    return null;
  }
  checkNeeded(model, raw, path, problems, warnings);
  const own = ownPrices(raw);
  const base = withFallbacks(own);
  const content: Omit<PriceRow, "version"> = {
    effectiveFrom,
    perMillion: base,
    longContext: longContext(raw, own, path, problems),
    modifiers: rationals(raw.modifiers ?? {}),
    toolFees: new Map(
      Object.entries(raw.tool_fees ?? {}).map(([name, fee]) => [
        name,
        { usd: parseDecimal(fee.usd), per: fee.per ?? 1 },
      ]),
    ),
    perImage: imagePrices(raw),
    perCall: parseDecimal(raw.per_call ?? "0"),
    cacheWriteTtls: new Set(TTLS.filter((ttl) => own.has(`cache_write_${ttl}`))),
    free: false,
  };
  return { version: priceVersion(model.id, content), ...content };
}

/** A row that prices nothing is a mistake; one that leaves out a side gives that side away, which is worth a warning. */
function checkNeeded(model: RawModel, raw: RawPrice, path: Path, problems: Problems, warnings: string[]): void {
  const missing = (["input", "output"] as const).filter((name) => raw[name] === undefined);
  if (missing.length === 2 && raw.per_image === undefined && raw.per_call === undefined) {
    problems.add(
      path,
      "prices neither tokens nor images nor calls; add input and output in USD per 1M tokens, or price: free",
    );
  }
  const generates = model.capabilities !== undefined && !model.capabilities.some((name) => SINGLE_SIDED.has(name));
  if (generates && missing.length === 1)
    warnings.push(`${formatPath(path)}: ${model.id} has no ${missing[0]} price: it is 0`);
}

/** Models with these are billed by input, or by image. */
const SINGLE_SIDED: ReadonlySet<string> = new Set(["embeddings", "image_generation"]);

function ownPrices(raw: TokenPrices): Map<TokenClass, Rational> {
  const prices = new Map<TokenClass, Rational>();
  for (const name of TOKEN_CLASSES) {
    const text = name in raw ? (raw as Record<string, unknown>)[name] : undefined;
    if (typeof text === "string") prices.set(name, parseDecimal(text));
  }
  const write = raw.cache_write;
  for (const ttl of TTLS) {
    const text = typeof write === "string" ? write : write?.[ttl];
    if (text !== undefined) prices.set(`cache_write_${ttl}`, parseDecimal(text));
  }
  return prices;
}

/** Every class gets a price: its own, or that of the class it falls back to. */
function withFallbacks(own: ReadonlyMap<TokenClass, Rational>): Map<TokenClass, Rational> {
  const all = new Map<TokenClass, Rational>();
  for (const name of TOKEN_CLASSES) {
    const source = [name, ...FALLBACKS[name]].find((other) => own.has(other));
    all.set(name, (source === undefined ? undefined : own.get(source)) ?? ZERO);
  }
  return all;
}

/** Tiers by total input, lowest first. What a tier leaves out keeps the price of the row itself. */
function longContext(
  raw: RawPrice,
  base: ReadonlyMap<TokenClass, Rational>,
  path: Path,
  problems: Problems,
): PriceRow["longContext"] {
  const seen = new Set<number>();
  const tiers = (raw.long_context ?? []).map((tier, index) => {
    if (seen.has(tier.above))
      problems.add([...path, "long_context", index], `two tiers begin above ${tier.above} tokens`);
    seen.add(tier.above);
    return { aboveInputTokens: tier.above, perMillion: withFallbacks(new Map([...base, ...ownPrices(tier)])) };
  });
  return tiers.sort((a, b) => a.aboveInputTokens - b.aboveInputTokens);
}

function imagePrices(raw: RawPrice): Map<string, Rational> {
  if (raw.per_image === undefined) return new Map();
  if (typeof raw.per_image === "string") return new Map([["default", parseDecimal(raw.per_image)]]);
  return rationals(raw.per_image);
}

const rationals = (record: Record<string, string>): Map<string, Rational> =>
  new Map(Object.entries(record).map(([name, text]) => [name, parseDecimal(text)]));

/** Midnight UTC of a day, or an instant with zone; ms since the epoch, NaN when it is neither. */
export function parseDay(text: string): number {
  return /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(\.\d{1,3})?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : NaN;
}

/** The row of a model that is declared free: all classes cost 0, under any variant. */
export function freeRow(modelId: string): PriceRow {
  const content: Omit<PriceRow, "version"> = {
    effectiveFrom: 0,
    perMillion: new Map(TOKEN_CLASSES.map((name) => [name, ZERO])),
    longContext: [],
    modifiers: new Map(["flex", "priority", "fast", "batch"].map((name) => [name, ONE])),
    toolFees: new Map(),
    perImage: new Map([["default", ZERO]]),
    perCall: ZERO,
    cacheWriteTtls: new Set(TTLS),
    free: true,
  };
  return { version: priceVersion(modelId, content), ...content };
}

/** `<model>@<8 hex>`: equal content, equal version, in whatever order or form the file has it. */
function priceVersion(modelId: string, row: Omit<PriceRow, "version">): string {
  const sorted = (map: ReadonlyMap<string, Rational>): [string, string][] =>
    [...map].map(([name, value]): [string, string] => [name, toDecimal(value)]).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const canonical = JSON.stringify([
    row.effectiveFrom,
    sorted(row.perMillion),
    row.longContext.map((tier) => [tier.aboveInputTokens, sorted(tier.perMillion)]),
    sorted(row.modifiers),
    [...row.toolFees].map(([name, fee]) => [name, toDecimal(fee.usd), fee.per]).sort(),
    sorted(row.perImage),
    toDecimal(row.perCall),
    [...row.cacheWriteTtls].sort(),
    row.free,
  ]);
  return `${modelId}@${new Bun.CryptoHasher("sha256").update(canonical).digest("hex").slice(0, 8)}`;
}
