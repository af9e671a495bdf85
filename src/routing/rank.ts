import { blendedPrice, currentPrice } from "../catalog/price.ts";
import { DIALECT_OF_KIND } from "../catalog/kinds.ts";
import type { Catalog, Model, RoutingWord } from "../catalog/types.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import { compare, type Rational } from "../lib/rational.ts";
import type { Difficulty } from "./classify.ts";

export interface RankInput {
  catalog: Catalog;
  word: RoutingWord;
  /** What `auto` took the request for; null for the other words. */
  difficulty: Difficulty | null;
  clientDialect: DialectId;
  /** Organisation that the seals of a running tool loop belong to; null = none. */
  sealRealm: string | null;
  now: number;
}

/** Tiers in the order in which `auto` looks when the tier it wants has nobody: upward first, since too weak is worse than too dear. */
const TIER_ORDER: Readonly<Record<Difficulty, readonly Difficulty[]>> = {
  simple: ["simple", "medium", "complex"],
  medium: ["medium", "complex", "simple"],
  complex: ["complex", "medium", "simple"],
};

/**
 * The models that a routing word may mean, best first, before anyone asks whether they can serve this call. A running tool loop
 * prefers whoever minted its seals; a model that speaks the client's own dialect wins among equals.
 */
export function rankForWord(input: RankInput): Model[] {
  const ranked = input.word.strategy === "auto" ? rankForAuto(input) : rankByStrategy(input, candidates(input));
  const realm = input.sealRealm;
  if (realm === null) return ranked;
  const minted = (model: Model): boolean => input.catalog.providers.get(model.provider)?.realm === realm;
  return [...ranked.filter(minted), ...ranked.filter((model) => !minted(model))];
}

/** Every model that a routing word may mean for some request at `now` (ms). */
export function modelsOfWord(catalog: Catalog, word: RoutingWord, now: number): Model[] {
  return rankForWord({ catalog, word, difficulty: null, clientDialect: "openai-chat", sealRealm: null, now });
}

/** The model that `auto` is compared with: what it would take for a complex request. */
export function baselineForAuto(input: RankInput): Model | null {
  return rankForAuto({ ...input, difficulty: "complex" })[0] ?? null;
}

/** The tier that a model which `auto` chose belongs to. */
export function tierOf(word: RoutingWord, model: Model | null, wanted: Difficulty): Difficulty {
  const named = [...(word.tiers ?? [])].find(([, ids]) => model !== null && ids.includes(model.id));
  return named?.[0] ?? model?.difficulty ?? wanted;
}

function rankForAuto(input: RankInput): Model[] {
  const { word } = input;
  const tiers = TIER_ORDER[input.difficulty ?? "medium"];
  const pool = candidates(input);
  const ofTier = (tier: Difficulty): Model[] => {
    const named = word.tiers?.get(tier);
    const members =
      named === undefined || named.length === 0
        ? word.tiers === null
          ? pool.filter((model) => model.difficulty === tier)
          : []
        : named.flatMap((id) => input.catalog.models.get(id) ?? []);
    return rankByStrategy({ ...input, word: { ...word, strategy: "cost", models: [] } }, members);
  };
  return [...new Set(tiers.flatMap(ofTier))];
}

/** Rows that a word may choose from: those it names, or all that are listed. `fast` leaves flex rows out, a flex word takes only rows with that variant. */
function candidates({ catalog, word, now }: RankInput): Model[] {
  const named = word.models.flatMap((id) => catalog.models.get(id) ?? []);
  const pool = word.models.length > 0 ? named : [...catalog.models.values()].filter((model) => model.listed);
  return pool.filter((model) => {
    if (word.serviceTier === null) return word.strategy !== "fast" || model.serviceTier !== "flex";
    return model.serviceTier === word.serviceTier || currentPrice(model, now)?.modifiers.has(word.serviceTier) === true;
  });
}

function rankByStrategy(input: RankInput, pool: readonly Model[]): Model[] {
  if (input.word.models.length > 0) return [...pool];
  const facts = pool.map((model) => ({ model, price: priceOf(model, input.now), own: speaksClient(input, model) }));
  const score = balancedScore(facts.map((item) => item.price));
  type Facts = (typeof facts)[number];
  const byPrice = (a: Facts, b: Facts): number => comparePrices(a.price, b.price);
  const orders: Record<RoutingWord["strategy"], (a: Facts, b: Facts) => number> = {
    fast: (a, b) => b.model.speed - a.model.speed || byPrice(a, b),
    quality: (a, b) => b.model.quality - a.model.quality || byPrice(b, a),
    cost: (a, b) => byPrice(a, b) || b.model.quality - a.model.quality,
    auto: byPrice,
    balanced: (a, b) => score(b.model, b.price) - score(a.model, a.price) || byPrice(a, b),
  };
  const order = orders[input.word.strategy];
  return facts.sort((a, b) => order(a, b) || Number(b.own) - Number(a.own)).map((item) => item.model);
}

const priceOf = (model: Model, now: number): Rational | null => {
  const row = currentPrice(model, now);
  return row === null ? null : blendedPrice(row);
};

/** Unpriced rows go last. */
function comparePrices(a: Rational | null, b: Rational | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compare(a, b);
}

function speaksClient({ catalog, clientDialect }: RankInput, model: Model): boolean {
  const provider = catalog.providers.get(model.provider);
  return provider !== undefined && DIALECT_OF_KIND[provider.kind] === clientDialect;
}

/** Quality, speed and cheapness (on a logarithmic scale between the cheapest and the dearest candidate), weighed 4 : 3 : 3. */
function balancedScore(prices: readonly (Rational | null)[]): (model: Model, price: Rational | null) => number {
  // Only ranks: a float is exact enough here, and no amount is ever made of it.
  const level = (price: Rational | null): number =>
    price === null ? 0 : Math.log1p(Number(price.num) / Number(price.den));
  const levels = prices.map(level);
  const lowest = Math.min(...levels);
  const span = Math.max(...levels) - lowest;
  return (model, price) => {
    const cheapness = price === null ? 0 : span === 0 ? 50 : 100 * (1 - (level(price) - lowest) / span);
    return 0.4 * model.quality + 0.3 * model.speed + 0.3 * cheapness;
  };
}
