import { refusalToError } from "../gates/refusal.ts";
import {
  affordableCap,
  type HoldFacts,
  isOwnKey,
  LEAST_OUTPUT_CAP,
  outputCap,
  pinFor,
  worstCaseAmount,
} from "../gates/reserve.ts";
import { OUTPUT_CLASSES } from "../ir/usage.ts";
import type { Refusal, Reservation, ReserveRequest } from "../ledger/types.ts";
import type { Nano } from "../lib/money.ts";
import type { Target } from "../routing/types.ts";
import type { LiveCall } from "./live-call.ts";

export interface Reserved {
  /** Resolves when the hold is on disk; for an answer that goes out as a whole, when it is written. */
  durable: Promise<void>;
  /** The balance pays only for a lower output cap than the request was prepared with: it must be prepared anew. */
  capLowered: boolean;
}

/**
 * The output cap that a call gets which brings none of its own, tokens; null when it has one, or when no target charges for output
 * (free models, the customer's own keys).
 */
export function defaultCap(live: LiveCall, targets: readonly Target[]): number | null {
  if (live.read.maxOutput !== null || !targets.some((target) => chargesOutput(live, target))) return null;
  return largestCap(live, targets);
}

function chargesOutput(live: LiveCall, target: Target): boolean {
  if (isOwnKey(target)) return false;
  const row = pinFor(live.catalog, target, live.call.principal, live.call.receivedAt)?.row;
  if (row === undefined) return false;
  for (const name of OUTPUT_CLASSES) if ((row.perMillion.get(name)?.num ?? 0n) > 0n) return true;
  return false;
}

/**
 * Holds the worst case of the plan. A cap that the gateway has set is lowered to what the balance buys (never under 1,024 tokens);
 * a cap of the client's own that can't be paid is a 402 that names the largest which fits. Throws GatewayError 402, 429 or 503.
 */
export async function reserveCall(live: LiveCall, targets: readonly Target[]): Promise<Reserved> {
  const facts = holdFacts(live);
  const wanted = live.read.maxOutput;
  const first = await tryReserve(live, targets, worstCaseAmount(facts, targets, wanted));
  if (first.ok) return accept(live, first, null);
  const available = spendable(first.refusal);
  const ceiling = wanted ?? largestCap(live, targets);
  const fits = available === null ? null : affordableCap(facts, targets, available, ceiling);
  if (wanted === null && fits !== null && fits >= LEAST_OUTPUT_CAP) {
    const second = await tryReserve(live, targets, worstCaseAmount(facts, targets, fits));
    if (second.ok) return accept(live, second, fits);
  }
  throw refusalToError(first.refusal, live.catalog, fits, live.deps.clock.now());
}

function accept(live: LiveCall, reservation: Extract<Reservation, { ok: true }>, cap: number | null): Reserved {
  live.hold = reservation.hold;
  if (cap !== null) live.injectedCap = cap;
  // The caller awaits it a little later; a rejection before that must not count as unhandled.
  reservation.durable.catch(() => undefined);
  return { durable: reservation.durable, capLowered: cap !== null };
}

function holdFacts(live: LiveCall): HoldFacts {
  return {
    catalog: live.catalog,
    principal: live.call.principal,
    hints: live.read,
    inputBound: (target) => live.deps.tokens.boundInput(live.read.input, target.model),
    operation: live.call.operation,
    now: live.call.receivedAt,
  };
}

function largestCap(live: LiveCall, targets: readonly Target[]): number {
  return Math.max(...targets.map((target) => outputCap(live.catalog, target, null)));
}

function spendable(refusal: Refusal): Nano | null {
  return refusal.kind === "insufficient" || refusal.kind === "held" ? refusal.available : null;
}

function tryReserve(live: LiveCall, targets: readonly Target[], amount: Nano): Promise<Reservation> {
  const { call, catalog, deps } = live;
  const { principal } = call;
  const [first] = targets;
  if (first === undefined) throw new Error("a plan without targets");
  const tier = catalog.access.tiers.get(principal.tier);
  const free = targets.every(isOwnKey) && catalog.billing.byokFee === 0n;
  const request: ReserveRequest = {
    requestId: call.requestId,
    accountId: principal.account.id,
    keyId: principal.key?.id ?? null,
    amount,
    free,
    keyMonthlyCap: principal.key?.monthlyCap ?? null,
    accountMonthlyCap: principal.account.monthlyCap,
    callCap: deps.callCap(principal.account.id, first.model.id) ?? first.model.callCap,
    dailyMessages:
      principal.limits.messagesPerDay > 0
        ? { subject: principal.limitSubject, limit: principal.limits.messagesPerDay }
        : null,
    charge: tier?.charge ?? "wallet",
    streamed: live.read.stream,
    context: {
      model: first.model.id,
      provider: first.provider.name,
      endpoint: call.endpoint,
      dialect: call.dialect.id,
      model_asked: live.read.model,
      tier: principal.tier,
      stream: live.read.stream,
    },
    pin: pinFor(catalog, first, principal, call.receivedAt),
  };
  return deps.ledger.reserve(request);
}
