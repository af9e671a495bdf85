import { createHash } from "node:crypto";
import { freeOf } from "./books.ts";
import { periodAt } from "./periods.ts";
import { type Account, expiryOf, type LedgerState } from "./state.ts";
import type { CreditRow, Entry, Grant, LedgerOp, LedgerStorage } from "./storage.ts";

/** Books an entry in memory, and says so to storage. */
export function post(state: LedgerState, ops: LedgerOp[], entry: Entry): void {
  state.post(entry);
  ops.push({ op: "entry", entry });
}

/**
 * Lets time pass for an account: what is left of expired grants goes to the operator's `expired` book (a part that a hold has put aside stays until the
 * hold ends), and a subscription's new period begins with its included credit.
 */
export function turnAccount(
  state: LedgerState,
  account: Account,
  now: number,
  findCredit: LedgerStorage["findCredit"],
): LedgerOp[] {
  const ops: LedgerOp[] = [];
  if (now < account.turnAt) return ops;
  expireGrants(state, account, now, ops);
  const next = beginPeriod(state, account, now, findCredit, ops);
  const pending = account.grants.filter((live) => expiryOf(live) > now).map(expiryOf);
  account.turnAt = Math.min(next, ...pending);
  return ops;
}

function expireGrants(state: LedgerState, account: Account, now: number, ops: LedgerOp[]): void {
  if (account.grants.every((live) => expiryOf(live) > now)) return;
  for (const live of account.grants) {
    const amount = expiryOf(live) > now ? 0n : freeOf(live.book);
    if (amount === 0n) continue;
    const credit = state.books.operator("expired");
    post(state, ops, { at: now, debit: live.book, credit, amount, kind: "expired", reference: live.grant.id });
  }
  account.grants = account.grants.filter((live) => expiryOf(live) > now || live.book.held > 0n);
}

/** Gives the time of the next period's beginning, ms; Infinity when there is none. */
function beginPeriod(
  state: LedgerState,
  account: Account,
  now: number,
  findCredit: LedgerStorage["findCredit"],
  ops: LedgerOp[],
): number {
  const { subscription } = account.terms;
  if (subscription === null) return Infinity;
  const period = periodAt(subscription, now);
  if (period === null) return now < subscription.anchorAt ? subscription.anchorAt : Infinity;
  // One period's credit at a time: neither a clock that was set back nor an anchor that was moved gives another while it lasts.
  if (now < account.subscribedUntil) return Math.min(account.subscribedUntil, period.end);
  const idempotencyKey = `subscription period ${period.start}`;
  if (subscription.includedCredit > 0n && findCredit(account.id, idempotencyKey) === null) {
    const amount = subscription.includedCredit;
    const base = { id: state.nextCreditId, accountId: account.id, amount, createdAt: period.start };
    state.nextCreditId += 1;
    const credit: CreditRow = {
      ...base,
      kind: "subscription",
      reason: `${subscription.plan}: included credit`,
      idempotencyKey,
      fingerprint: createHash("sha256").update(idempotencyKey).digest("hex"),
      holdId: null,
      invoice: null,
      receivable: 0n,
    };
    ops.push({ op: "credit", credit });
    openGrant(state, ops, { ...base, kind: "subscription", expiresAt: period.end }, now);
  }
  return period.end;
}

/** Makes a grant and fills it from the operator's book of its kind. */
export function openGrant(state: LedgerState, ops: LedgerOp[], grant: Grant, now: number): void {
  const { book } = state.addGrant(grant);
  ops.push({ op: "grant", grant });
  const kind = grant.kind === "promo" ? "grant" : "subscription";
  const debit = state.books.operator(grant.kind);
  post(state, ops, { at: now, debit, credit: book, amount: grant.amount, kind, reference: grant.id });
}
