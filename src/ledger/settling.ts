import { emptyUsage } from "../ir/usage.ts";
import type { Nano } from "../lib/money.ts";
import { freeOf, type Book } from "./books.ts";
import { payingBooks, receivableRoom } from "./admission.ts";
import { closingLines, linesOf } from "./price-lines.ts";
import type { LedgerState, OpenHold } from "./state.ts";
import type { SettlementDetail, SettlementRow } from "./storage.ts";
import type { Receipt, Settlement } from "./types.ts";

/** How a hold ends, as numbers: charged + released = held + extended. */
export interface Outcome {
  state: SettlementRow["state"];
  charged: Nano;
  /** Borne by the operator: early disconnects, free tiers, and usage beyond what the account could still pay. */
  absorbed: Nano;
  extended: Nano;
  /** The part of `absorbed` that the account should have paid: an alarm. */
  overrun: Nano;
  /** What each book pays, in order. */
  paid: { book: Book; amount: Nano }[];
  detail: SettlementDetail;
}

/** A hold's end by its priced usage: from the hold's own parts first, then from what else is available, the rest absorbed. */
export function settledOutcome(state: LedgerState, hold: OpenHold, settlement: Settlement, now: number): Outcome {
  const { price, usage, source, pin, audit } = settlement;
  const priceVersion = pin?.row.version ?? null;
  const { basis = null } = price;
  const detail = { usage, source, priceVersion, basis, lines: basis === null ? price.lines : [], reason: null };
  if (audit.credential === "byok") {
    // The provider bills the customer: the price is told, but only the fee is owed.
    return { state: "settled", ...charge(state, hold, settlement.ownKeyFee ?? 0n, now), detail };
  }
  if (settlement.absorb || hold.stored.free) {
    return { state: "settled", charged: 0n, absorbed: price.charge, extended: 0n, overrun: 0n, paid: [], detail };
  }
  return { state: "settled", ...charge(state, hold, price.charge, now), detail };
}

/** A hold's end without charge. */
export function voidedOutcome(reason: string): Outcome {
  const detail = { usage: null, source: null, priceVersion: null, basis: null, lines: [], reason };
  return { state: "voided", charged: 0n, absorbed: 0n, extended: 0n, overrun: 0n, paid: [], detail };
}

/** Takes `wanted` from the hold, then from what the account has free beside it; the rest is absorbed. */
export function charge(
  state: LedgerState,
  hold: OpenHold,
  wanted: Nano,
  now: number,
): Pick<Outcome, "charged" | "absorbed" | "extended" | "overrun" | "paid"> {
  const paid: Outcome["paid"] = [];
  let left = wanted;
  const take = (book: Book, most: Nano): void => {
    const amount = most < left ? most : left;
    if (amount === 0n) return;
    paid.push({ book, amount });
    left -= amount;
  };
  for (const { book, amount } of hold.parts) take(book, amount);
  const fromHold = wanted - left;
  const beyond = least(left, capRoom(hold));
  const overCaps = left - beyond;
  left = beyond;
  if (left > 0n && !hold.stored.free) {
    for (const book of payingBooks(hold.account, now)) take(book, freeOf(book));
    const receivable = state.receivable(hold.account);
    if (left > 0n && hold.parts.some(({ book }) => book === receivable)) {
      take(receivable, receivableRoom(state, hold.account) ?? left);
    }
  }
  left += overCaps;
  return { charged: wanted - left, absorbed: left, extended: wanted - left - fromHold, overrun: left, paid };
}

/** What a hold may be extended by under its caps: a cap holds even when a provider used more than it could. Null = without bound. */
function capRoom({ caps, stored, counters }: OpenHold): Nano | null {
  if (caps === null) return 0n;
  const [account, key] = counters;
  let room: Nano | null = caps.call === null ? null : caps.call - stored.amount;
  for (const [cap, counter] of [
    [caps.account, account],
    [caps.key, key],
  ] as const) {
    if (cap !== null && counter !== undefined) room = least(cap - counter.value - counter.pending, room);
  }
  return room !== null && room < 0n ? 0n : room;
}

const least = (a: Nano, b: Nano | null): Nano => (b === null || a < b ? a : b);

/** A settlement row as the receipt that customers see. */
export function receiptOf(row: SettlementRow, currency: string): Receipt {
  const { usage: told, source, priceVersion, basis, lines } = row.detail;
  const usage = told ?? emptyUsage();
  return {
    requestId: row.requestId,
    holdId: String(row.holdId),
    accountId: row.accountId,
    charged: row.charged,
    absorbed: row.absorbed,
    currency,
    usage,
    usageSource: source ?? "provider",
    priceVersion,
    // Made when asked for: few receipts are looked at.
    get lines() {
      const { charged, absorbed } = row;
      const used = basis === null ? lines : linesOf(basis, usage);
      // Lines without a basis are those of a call that was free, or was settled at its last checkpoint.
      const whole = lines.length === 0 ? 0n : charged + absorbed;
      const priced = basis === null ? whole : BigInt(basis.charge);
      return [...used, ...closingLines({ priced, charged, absorbed, currency })];
    },
    settledAt: row.settledAt,
    state: row.state,
  };
}
