import { createHash } from "node:crypto";
import { GatewayError, invalidRequest } from "../ir/error.ts";
import { formatNano, MAX_NANO, type Nano } from "../lib/money.ts";
import { freeOf, grantIdOf, type Book, type OperatorBook } from "./books.ts";
import { type Account, expiryOf, isUnderThreshold, type LedgerState } from "./state.ts";
import type { ChargedParts, CreditRow, LedgerOp, LedgerStorage } from "./storage.ts";
import { openGrant, post } from "./turn.ts";
import type { AccountTerms, CreditRequest, RefundRequest } from "./types.ts";

/** Largest single credit: a mistyped amount must not pass for a top-up. */
export const LARGEST_CREDIT: Nano = 1_000_000_000n * 1_000_000_000n;

/** Booked in memory; `ops` make it durable. No ops: the same credit was booked before. */
export interface Planned {
  account: Account;
  ops: LedgerOp[];
}

/** Where the other side of a credit is booked. */
const COUNTERPART: Record<CreditRequest["kind"], OperatorBook> = {
  topup: "cash_in",
  grant: "promo",
  refund: "revenue",
  adjust: "adjust",
  payment: "cash_in",
};

/** Throws GatewayError: 400 for a bad amount, 409 for an idempotency key that was used for another credit. */
export function planCredit(state: LedgerState, request: CreditRequest, now: number, storage: LedgerStorage): Planned {
  const account = state.account(request.accountId);
  checkAmount(request);
  const { accountId, amount, kind, reason, idempotencyKey, expiresAt } = request;
  const invoice = request.invoice?.number ?? null;
  const facts = [amount.toString(), kind, reason, String(expiresAt)];
  const fingerprint = fingerprintOf(invoice === null ? facts : [...facts, String(invoice)]);
  if (wasBooked(storage, accountId, idempotencyKey, fingerprint)) return { account, ops: [] };
  if (kind === "grant" && expiresAt !== null && expiresAt <= now) {
    throw invalidRequest("expires_at", "expires_at must lie in the future.");
  }
  if (amount < 0n && freeOf(account.wallet) < -amount) {
    const free = formatNano(freeOf(account.wallet));
    throw invalidRequest("amount", `The wallet has only ${free} that no call under way needs.`);
  }
  const other = state.books.operator(COUNTERPART[kind]);
  requireRoom(other, -amount);
  requireRoom(account.wallet, amount);
  const id = state.nextCreditId;
  state.nextCreditId += 1;
  const receivable = lowered(state, account, request);
  const base = { id, accountId, kind, amount, reason, idempotencyKey, fingerprint, createdAt: now };
  const credit: CreditRow = { ...base, holdId: null, invoice, receivable };
  const ops: LedgerOp[] = [{ op: "credit", credit }];
  if (kind === "grant") {
    openGrant(state, ops, { id, accountId, kind: "promo", amount, expiresAt, createdAt: now }, now);
    return { account, ops };
  }
  const move = (debit: Book, to: Book, size: Nano): void => {
    if (size > 0n) post(state, ops, { at: now, debit, credit: to, amount: size, kind: entryKind(kind), reference: id });
  };
  if (receivable > 0n) move(other, state.receivable(account), receivable);
  const rest = kind === "payment" ? state.books.operator("tax") : account.wallet;
  if (amount > 0n) move(other, rest, amount - receivable);
  else move(account.wallet, other, -amount);
  return { account, ops };
}

/** A refund without a call is goodwill: it references its own credit, not a hold. */
const entryKind = (kind: CreditRequest["kind"]) => (kind === "refund" ? "adjust" : kind);

/** What of a credit note or payment lowers a debt: no more than its invoice has left to pay, and the account owes at all. */
function lowered(state: LedgerState, account: Account, { amount, invoice }: CreditRequest): Nano {
  if (invoice === undefined) return 0n;
  const owed = least(invoice.owed, -state.receivable(account).posted);
  return owed > 0n ? least(owed, amount) : 0n;
}

const least = (a: Nano, b: Nano): Nano => (a < b ? a : b);

/** All top-ups add up in one of the operator's books: it must not come to what no column holds, which would stop every call. */
function requireRoom(book: Book, delta: Nano): void {
  const after = book.posted + delta;
  if (after <= MAX_NANO && after >= -MAX_NANO) return;
  throw invalidRequest(
    "amount",
    `The books hold up to ${formatNano(MAX_NANO)} in all; with this, ${book.name} would hold more.`,
  );
}

function checkAmount({ amount, kind }: CreditRequest): void {
  if (amount === 0n) throw invalidRequest("amount", "amount must not be 0.");
  if (amount > LARGEST_CREDIT || amount < -LARGEST_CREDIT) {
    throw invalidRequest("amount", `amount must be at most ${formatNano(LARGEST_CREDIT)}.`);
  }
  if (amount < 0n && kind !== "adjust") throw invalidRequest("amount", "Only an adjustment may be negative.");
}

function wasBooked(storage: LedgerStorage, accountId: string, key: string | null, fingerprint: string): boolean {
  const earlier = key === null ? null : storage.findCredit(accountId, key);
  if (earlier === null) return false;
  if (earlier.fingerprint === fingerprint) return true;
  throw new GatewayError({
    status: 409,
    code: "conflict",
    message: "This idempotency key was used for another credit.",
  });
}

const fingerprintOf = (facts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(facts)).digest("hex");

/**
 * Gives back what a call was charged, last source first, never more than is left of the charge. What returns to a grant whose time is over
 * expires at once. Throws GatewayError 404 for an unknown call, 400 for too large an amount, 409 as planCredit.
 */
export function planRefund(state: LedgerState, request: RefundRequest, now: number, storage: LedgerStorage): Planned {
  const charge = storage.findCharge(request.requestId);
  if (charge === null) throw new GatewayError({ status: 404, code: "not_found", message: "No such call was charged." });
  const account = state.account(charge.accountId);
  const fingerprint = fingerprintOf([request.requestId, String(request.amount), request.reason]);
  if (wasBooked(storage, account.id, request.idempotencyKey, fingerprint)) return { account, ops: [] };
  const left = charge.parts.reduce((sum, part) => sum + part.amount, 0n);
  const amount = request.amount ?? left;
  if (amount <= 0n || amount > left) {
    throw invalidRequest(
      "amount",
      `The refund must be more than 0 and at most ${formatNano(left)}, what is left of the charge.`,
    );
  }
  const id = state.nextCreditId;
  state.nextCreditId += 1;
  const moves: LedgerOp[] = [];
  const receivable = giveBack(
    state,
    account,
    charge,
    { amount, now, findGrant: (grant) => storage.findGrant(grant) },
    moves,
  );
  const credit: CreditRow = {
    id,
    accountId: account.id,
    kind: "refund",
    amount,
    reason: request.reason,
    idempotencyKey: request.idempotencyKey,
    fingerprint,
    holdId: charge.holdId,
    invoice: null,
    receivable,
    createdAt: now,
  };
  const ops: LedgerOp[] = [{ op: "credit", credit }, ...moves];
  for (const counter of state.spendCounters(charge.accountId, charge.keyId, charge.month)) {
    counter.value -= amount;
    ops.push({ op: "counter", subject: counter.subject, period: counter.period, delta: -amount });
  }
  return { account, ops };
}

/** Gives what of it went to the receivable. */
function giveBack(
  state: LedgerState,
  account: Account,
  charge: ChargedParts,
  { amount, now, findGrant }: { amount: Nano; now: number; findGrant: LedgerStorage["findGrant"] },
  ops: LedgerOp[],
): Nano {
  const { revenue } = state.books;
  const owed = state.receivable(account);
  let left = amount;
  let receivable = 0n;
  for (const part of charge.parts.toReversed()) {
    const size = least(part.amount, left);
    if (size === 0n) continue;
    const book = state.books.numbered(part.book);
    if (book === owed) receivable += size;
    post(state, ops, { at: now, debit: revenue, credit: book, amount: size, kind: "refund", reference: charge.holdId });
    const grantId = grantIdOf(book);
    if (grantId !== null && !isLive(state, account, grantId, now, findGrant)) {
      const credit = state.books.operator("expired");
      const reference = grantId;
      post(state, ops, { at: now, debit: book, credit, amount: size, kind: "expired", reference });
    }
    left -= size;
  }
  return receivable;
}

/** Whether a grant may still be used. One that was used up before this process began is known to storage only, and taken up again. */
function isLive(
  state: LedgerState,
  account: Account,
  grantId: number,
  now: number,
  findGrant: LedgerStorage["findGrant"],
): boolean {
  const known = account.grants.find(({ grant }) => grant.id === grantId);
  if (known !== undefined) return expiryOf(known) > now;
  const grant = findGrant(grantId);
  if (grant === null || (grant.expiresAt !== null && grant.expiresAt <= now)) return false;
  state.addGrant(grant);
  return true;
}

/** Replaces an account's terms. Throws GatewayError 400 for negative amounts. */
export function planTerms(state: LedgerState, terms: AccountTerms): LedgerOp[] {
  const amounts = [terms.creditLimit, terms.lowBalance, terms.subscription?.includedCredit ?? null];
  if (amounts.some((amount) => amount !== null && (amount < 0n || amount > LARGEST_CREDIT))) {
    throw invalidRequest(null, "Amounts of an account's terms must not be negative.");
  }
  const account = state.account(terms.accountId);
  account.terms = terms;
  account.turnAt = 0;
  account.isLow = isUnderThreshold(account);
  return [{ op: "terms", terms }];
}
