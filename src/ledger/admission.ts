import type { Nano } from "../lib/money.ts";
import { freeOf } from "./books.ts";
import { type Counter, messageSubject } from "./counters.ts";
import { dayOf, endOfPeriod, monthOf, periodAt } from "./periods.ts";
import { type Account, availableOf, expiryOf, type HeldPart, type LedgerState, liveGrants } from "./state.ts";
import type { Refusal, ReserveRequest } from "./types.ts";

export interface Admission {
  parts: HeldPart[];
  /** Sum of the parts: 0 for calls that are charged to nobody. */
  amount: Nano;
  counters: Counter[];
  month: string;
  message: Counter | null;
}

export interface Instant {
  now: number;
  /** IANA zone of the billing calendar. */
  zone: string;
}

type Decision = { ok: true; admission: Admission } | { ok: false; refusal: Refusal };

/**
 * Decides a reservation against everything at once: call cap, daily messages, key cap, account cap, and money. All of it or none: the
 * caller books what this gives in the same turn, so no other call can come between.
 */
export function admit(state: LedgerState, request: ReserveRequest, at: Instant): Decision {
  const { amount, callCap, dailyMessages } = request;
  if (callCap !== null && amount > callCap) return refuse({ kind: "call_cap", cap: callCap, needed: amount });
  const message =
    dailyMessages === null ? null : state.counters.of(messageSubject(dailyMessages.subject), dayOf(at.now, at.zone));
  if (message !== null && dailyMessages !== null && message.value >= BigInt(dailyMessages.limit)) {
    const resetsAt = endOfPeriod(at.now, at.zone, "day");
    return refuse({ kind: "daily_messages", limit: dailyMessages.limit, resetsAt });
  }
  const month = monthOf(at.now, at.zone);
  const counters = state.spendCounters(request.accountId, request.keyId, month);
  const free = isFree(request);
  const needed = free ? 0n : amount;
  const [account, key] = counters;
  const capped =
    capRefusal("key_cap", key, request.keyMonthlyCap, needed, at) ??
    capRefusal("account_cap", account, request.accountMonthlyCap, needed, at);
  if (capped !== null) return refuse(capped);
  if (needed === 0n) return { ok: true, admission: { parts: [], amount: 0n, counters, month, message } };
  const parts = takeParts(state, request, at.now);
  if (parts === null) return refuse(moneyRefusal(state, request, at.now));
  return { ok: true, admission: { parts, amount, counters, month, message } };
}

/** Nothing is held or charged for the call, whatever it uses. */
export const isFree = (request: ReserveRequest): boolean => request.free || request.charge === "free";

const refuse = (refusal: Refusal): Decision => ({ ok: false, refusal });

/** What is spent counts, and what calls under way may still spend. */
function capRefusal(
  kind: "key_cap" | "account_cap",
  counter: Counter | undefined,
  cap: Nano | null,
  needed: Nano,
  at: Instant,
): Refusal | null {
  if (cap === null || counter === undefined || needed === 0n) return null;
  const { value: spent, pending: held } = counter;
  if (spent + held + needed <= cap) return null;
  return { kind, cap, spent, held, needed, resetsAt: endOfPeriod(at.now, at.zone, "month") };
}

/** Splits the amount over grants, wallet and, where the account may run up a bill, the receivable. Null = not enough. */
function takeParts(state: LedgerState, request: ReserveRequest, now: number): HeldPart[] | null {
  const account = state.account(request.accountId);
  const parts: HeldPart[] = [];
  let left = request.amount;
  const books = account.grants.length === 0 ? [account.wallet] : payingBooks(account, now);
  for (const book of books) {
    const free = freeOf(book);
    const amount = free < left ? free : left;
    if (amount === 0n) continue;
    parts.push({ book, amount });
    left -= amount;
    if (left === 0n) return parts;
  }
  if (!isMetered(request, account, now)) return null;
  const room = receivableRoom(state, account);
  if (room !== null && room < left) return null;
  parts.push({ book: state.receivable(account), amount: left });
  return parts;
}

/** Grants by earliest expiry, then the wallet. */
export const payingBooks = (account: Account, now: number) => [
  ...liveGrants(account, now).map(({ book }) => book),
  account.wallet,
];

/** A plan's overage goes to the bill as long as one of its periods runs, in every tier: a subscription that has ended runs up none. */
function isMetered(request: ReserveRequest, { terms }: Account, now: number): boolean {
  if (request.charge === "metered") return true;
  const { subscription } = terms;
  return subscription !== null && subscription.overage === "metered" && periodAt(subscription, now) !== null;
}

/** What the receivable may still grow by; null = without bound. */
export function receivableRoom(state: LedgerState, account: Account): Nano | null {
  const { creditLimit } = account.terms;
  if (creditLimit === null) return null;
  const { posted, held } = state.receivable(account);
  const room = creditLimit + posted - held;
  return room > 0n ? room : 0n;
}

function moneyRefusal(state: LedgerState, request: ReserveRequest, now: number): Refusal {
  const account = state.account(request.accountId);
  const { amount: needed } = request;
  const available = availableOf(account, now);
  // What holds have of expired grants comes back to nobody.
  const held = payingBooks(account, now).reduce((sum, book) => sum + book.held, 0n);
  if (held > 0n && available + held >= needed) return { kind: "held", available, held, needed };
  if (request.charge === "subscription" && available < needed) {
    const { subscription } = account.terms;
    const resetsAt = Math.min(...liveGrants(account, now).map(expiryOf), nextPeriod(account));
    if (Number.isFinite(resetsAt)) return { kind: "quota", resetsAt };
    const isOver = subscription === null || periodAt(subscription, now) === null;
    if (isOver && account.grants.length === 0) return { kind: "subscription_required" };
  }
  return { kind: "insufficient", available, needed };
}

/** When the account's subscription gives credit again, ms; Infinity without one. */
const nextPeriod = (account: Account): number => (account.terms.subscription === null ? Infinity : account.turnAt);
