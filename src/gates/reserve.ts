import { currentPrice, modifierName } from "../catalog/price.ts";
import type { Catalog } from "../catalog/types.ts";
import type { Hints } from "../dialects/dialect.ts";
import { worstCasePrice } from "../ledger/price.ts";
import type { PricePin, WorstCase } from "../ledger/types.ts";
import type { Nano } from "../lib/money.ts";
import { parseDecimal, type Rational } from "../lib/rational.ts";
import type { Target } from "../routing/types.ts";
import type { Principal } from "./types.ts";

/** A client without a cap gets at least this many output tokens, or a refusal. */
export const LEAST_OUTPUT_CAP = 1024;

/**
 * Everything that decides the price at a target, fixed for the call: row, markup (account over model over catalog), FX. Null when nothing is
 * charged by price: own keys of the customer without a fee, models declared free keep their (zero) row.
 */
export function pinFor(catalog: Catalog, target: Target, principal: Principal, now: number): PricePin | null {
  const row = target.price ?? currentPrice(target.model, now);
  if (row === null) return null;
  const { billing } = catalog;
  const fx = billing.fx.get(billing.currency);
  if (fx === undefined) throw new Error(`no FX rate for ${billing.currency}`);
  return { row, markupPercent: markupFor(catalog, target, principal), fx, currency: billing.currency };
}

function markupFor(catalog: Catalog, target: Target, principal: Principal): Rational {
  if (principal.account.markupPercent !== null) return parseDecimal(principal.account.markupPercent);
  return target.model.markupPercent ?? catalog.billing.markupPercent;
}

/** True when the call is not charged to the account: the customer's own provider key pays. */
export const isOwnKey = (target: Target): boolean => target.credential.kind === "byok";

/** Output cap that bounds a call at a target, tokens per choice. */
export function outputCap(catalog: Catalog, target: Target, wanted: number | null): number {
  const { model } = target;
  const cap = wanted ?? model.defaultOutputCap ?? catalog.billing.defaultOutputCap;
  return model.maxOutput === null ? cap : Math.min(cap, model.maxOutput);
}

export interface HoldFacts {
  catalog: Catalog;
  principal: Principal;
  hints: Hints;
  /** Upper bound of input tokens at a target. */
  inputBound(target: Target): number;
  operation: "generate" | "embed" | "image" | "count";
  /** ms since the epoch. */
  now: number;
}

/** Worst-case price over the plan's targets with this output cap, nano-units: what is held. */
export function worstCaseAmount(facts: HoldFacts, targets: readonly Target[], cap: number | null): Nano {
  let most = 0n;
  for (const target of targets) {
    if (isOwnKey(target)) {
      if (facts.catalog.billing.byokFee > most) most = facts.catalog.billing.byokFee;
      continue;
    }
    const pin = pinFor(facts.catalog, target, facts.principal, facts.now);
    if (pin === null) continue;
    const price = worstCasePrice(worstCase(facts, target, pin, cap));
    if (price > most) most = price;
  }
  return most;
}

function worstCase(facts: HoldFacts, target: Target, pin: PricePin, cap: number | null): WorstCase {
  const { hints } = facts;
  const hosted = hints.priceFields.length === 0 ? NO_FIELDS : hints.priceFields.filter(isHostedTool);
  const input = facts.inputBound(target);
  return {
    pin,
    // Every use of a hosted tool may bring back as much as the context holds.
    inputTokens: hosted.length === 0 ? input : target.model.context * (HOSTED_TOOL_USES + 1),
    outputTokens: outputBound(facts, target, cap),
    modifiers: variants(hints, target),
    fees: hosted.length === 0 ? NO_FEES : Object.fromEntries(hosted.map((item) => [item.value, HOSTED_TOOL_USES])),
    images: facts.operation === "image" ? hints.n : 0,
  };
}

const NO_FIELDS: Hints["priceFields"] = [];
const NO_FEES: WorstCase["fees"] = {};
const isHostedTool = (item: Hints["priceFields"][number]): boolean => item.kind === "server_tool";

/** Tokens of the dearest image where a model's row tells no cap of its own (gpt-image-1: 6,240 at high quality, 1024x1536). */
const IMAGE_TOKENS = 8_192;

/** Embeddings have no output; images have tokens where the provider bills them so. */
function outputBound(facts: HoldFacts, target: Target, cap: number | null): number {
  if (facts.operation === "embed") return 0;
  if (facts.operation === "image") return (target.model.defaultOutputCap ?? IMAGE_TOKENS) * facts.hints.n;
  return outputCap(facts.catalog, target, cap) * facts.hints.n;
}

/** Uses of one hosted tool that a call is held for when the request sets no limit of its own. */
const HOSTED_TOOL_USES = 5;

function variants(hints: Hints, target: Target): string[] {
  const names: string[] = [];
  for (const { kind, value } of hints.priceFields) {
    if (kind !== "service_tier" && kind !== "speed" && kind !== "inference_geo") continue;
    const name = modifierName(kind, value);
    if (name !== null) names.push(name);
  }
  if (target.serviceTier !== null) names.push(target.serviceTier);
  return names;
}

/** Largest output cap whose worst case fits into `available` nano-units; 0 when not even one token fits. */
export function affordableCap(facts: HoldFacts, targets: readonly Target[], available: Nano, ceiling: number): number {
  let low = 0;
  let high = ceiling;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (worstCaseAmount(facts, targets, middle) <= available) low = middle;
    else high = middle - 1;
  }
  return low;
}
