import type { Nano } from "../lib/money.ts";
import { dayOf, endOfPeriod, monthOf } from "./periods.ts";
import { counterKey, type LedgerState } from "./state.ts";
import type { HoldSource } from "./storage.ts";
import type { Refusal, ReserveRequest } from "./types.ts";

export interface Admission {
  sources: HoldSource[];
  /** Counters that the hold's money counts toward, by key; pinned to the month of the hold's creation. */
  counted: string[];
}

/** Counters of a key's and an account's monthly spend. */
export function spendCounters(accountId: string, keyId: string | null, at: number, zone: string): string[] {
  const month = monthOf(at, zone);
  const own = counterKey(`account:${accountId}`, month);
  return keyId === null ? [own] : [own, counterKey(`key:${keyId}`, month)];
}

export const messageCounter = (subject: string, at: number, zone: string): string =>
  counterKey(`messages:${subject}`, dayOf(at, zone));

/**
 * Decides a reservation against everything at once: call cap, daily messages, key cap, account cap, and money. All of it or none: the
 * caller books what this gives in the same turn, so no other call can come between.
 */
export function admit(
  state: LedgerState,
  request: ReserveRequest,
  at: { now: number; zone: string },
): { ok: true; admission: Admission } | { ok: false; refusal: Refusal } {
  const refuse = (refusal: Refusal) => ({ ok: false as const, refusal });
  const { amount } = request;
  if (request.callCap !== null && amount > request.callCap) {
    return refuse({ kind: "call_cap", cap: request.callCap, needed: amount });
  }
  const counted = spendCounters(request.accountId, request.keyId, at.now, at.zone);
  const daily = request.dailyMessages;
  if (daily !== null && state.counter(messageCounter(daily.subject, at.now, at.zone)) >= BigInt(daily.limit)) {
    return refuse({ kind: "daily_messages", limit: daily.limit, resetsAt: endOfPeriod(at.now, at.zone, "day") });
  }
  const [accountCounter = "", keyCounter] = counted;
  const overKey = capRefusal(state, "key_cap", keyCounter, request.keyMonthlyCap, amount, at);
  if (overKey !== null) return refuse(overKey);
  const overAccount = capRefusal(state, "account_cap", accountCounter, request.accountMonthlyCap, amount, at);
  if (overAccount !== null) return refuse(overAccount);
  if (request.free || amount === 0n) return { ok: true, admission: { sources: [], counted } };
  const sources = takeSources(state, request, at.now);
  return sources === null ? refuse(moneyRefusal(state, request, at)) : { ok: true, admission: { sources, counted } };
}

function capRefusal(
  state: LedgerState,
  kind: "key_cap" | "account_cap",
  counter: string | undefined,
  cap: Nano | null,
  needed: Nano,
  at: { now: number; zone: string },
): Refusal | null {
  if (cap === null || counter === undefined) return null;
  const spent = state.counter(counter);
  const held = state.pending(counter);
  // A cap that is reached refuses free calls no more than it needs to: only what costs money counts.
  if (spent + held + needed <= cap) return null;
  return { kind, cap, spent, held, needed, resetsAt: endOfPeriod(at.now, at.zone, "month") };
}

/** Splits the amount over grants and wallet; metered tiers put the rest on the receivable. Null = not enough. */
function takeSources(state: LedgerState, request: ReserveRequest, now: number): HoldSource[] | null {
  const taken: HoldSource[] = [];
  let left = request.amount;
  for (const source of state.sources(request.accountId, now)) {
    if (left === 0n) break;
    const free = state.free(request.accountId, source);
    const amount = free < left ? free : left;
    if (amount === 0n) continue;
    taken.push({ source, amount });
    left -= amount;
  }
  if (left === 0n) return taken;
  if (request.charge !== "metered") return null;
  taken.push({ source: "receivable", amount: left });
  return taken;
}

function moneyRefusal(state: LedgerState, request: ReserveRequest, at: { now: number }): Refusal {
  const { accountId, amount } = request;
  const available = state.sources(accountId, at.now).reduce((sum, source) => sum + state.free(accountId, source), 0n);
  const held = state.account(accountId).heldTotal;
  if (held > 0n && available + held >= amount) return { kind: "held", available, held, needed: amount };
  if (request.charge === "subscription") {
    const hadGrant = state.account(accountId).grants.length > 0;
    return hadGrant
      ? { kind: "quota", resetsAt: nextGrantEnd(state, accountId, at.now) }
      : { kind: "subscription_required" };
  }
  return { kind: "insufficient", available, needed: amount };
}

function nextGrantEnd(state: LedgerState, accountId: string, now: number): number {
  const ends = state
    .account(accountId)
    .grants.map((grant) => grant.expiresAt ?? now)
    .filter((end) => end > now);
  return ends.length === 0 ? now : Math.min(...ends);
}
