import type { Book } from "../ledger/books.ts";
import { decodeEnd } from "../audit/record.ts";
import type { CreditRow, EntryKind, Grant, SettlementRow, StoredHold, StoredPart } from "../ledger/storage.ts";
import type { AccountTerms, Checkpoint } from "../ledger/types.ts";
import type { Nano } from "../lib/money.ts";

/** Rows as SQLite gives them (all integers as bigint), and the texts in their JSON columns. */

const AMOUNT = /^-?[0-9]+n$/;

/** JSON with amounts as `"123n"`. */
export const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));

/** What toText wrote. */
export const fromText = <T>(text: string): T =>
  JSON.parse(text, (_key, item: unknown) =>
    typeof item === "string" && AMOUNT.test(item) ? BigInt(item.slice(0, -1)) : item,
  ) as T;

/** What toText gives, written by hand: every running stream has one each tick. */
export function checkpointText({ usage, source, charge }: Checkpoint): string {
  return `{"usage":${JSON.stringify(usage)},"source":"${source}","charge":"${charge}n"}`;
}

/** The body of a hold's row, written by hand: this runs for every call. */
export function holdBody(hold: StoredHold): string {
  const { requestId, accountId, keyId, parts, month, free, message, pin, context } = hold;
  const text = parts.map(({ book, amount }) => `[${book},"${amount}"]`).join(",");
  return `{"parts":[${text}],"rest":${JSON.stringify([requestId, accountId, keyId, month, free, message, pin, context])}}`;
}

export interface RawHold {
  id: bigint;
  amount: bigint;
  created_at: bigint;
  body: string;
  checkpoint: string | null;
}

type HoldRest = [
  StoredHold["requestId"],
  StoredHold["accountId"],
  StoredHold["keyId"],
  StoredHold["month"],
  StoredHold["free"],
  StoredHold["message"],
  StoredHold["pin"],
  StoredHold["context"],
];

/** An open hold from its row. Throws SyntaxError on damaged text. */
export function holdOf(row: RawHold): StoredHold {
  const body = JSON.parse(row.body) as { parts: [number, string][]; rest: HoldRest };
  const [requestId, accountId, keyId, month, free, message, pin, context] = body.rest;
  return {
    id: Number(row.id),
    requestId,
    accountId,
    keyId,
    amount: row.amount,
    parts: body.parts.map(([book, amount]) => ({ book, amount: BigInt(amount) })),
    createdAt: Number(row.created_at),
    month,
    free,
    message,
    pin,
    context,
    checkpoint: row.checkpoint === null ? null : fromText(row.checkpoint),
  };
}

export interface RawEnd {
  hold_id: bigint;
  request_id: string;
  account_id: string;
  month: string;
  held: bigint;
  charged: bigint;
  absorbed: bigint;
  released: bigint;
  extended: bigint;
  state: SettlementRow["state"];
  settled_at: bigint;
  record: string;
}

/** The end of a hold from its row. */
export const settlementOf = (row: RawEnd): SettlementRow => ({
  holdId: Number(row.hold_id),
  requestId: row.request_id,
  accountId: row.account_id,
  month: row.month,
  held: row.held,
  charged: row.charged,
  absorbed: row.absorbed,
  released: row.released,
  extended: row.extended,
  state: row.state,
  settledAt: Number(row.settled_at),
  ...decodeEnd(row.record),
});

export interface RawBook {
  id: bigint;
  name: string;
  posted: bigint;
}
/** A book from its row; what is held of it is not in the row. */
export const bookOf = (row: RawBook): Book => ({ id: Number(row.id), name: row.name, posted: row.posted, held: 0n });

export interface RawGrant {
  id: bigint;
  account_id: string;
  kind: Grant["kind"];
  amount: bigint;
  expires_at: bigint | null;
  created_at: bigint;
}
/** A grant from its row. */
export const grantOf = (row: RawGrant): Grant => ({
  id: Number(row.id),
  accountId: row.account_id,
  kind: row.kind,
  amount: row.amount,
  expiresAt: row.expires_at === null ? null : Number(row.expires_at),
  createdAt: Number(row.created_at),
});

export interface RawCredit {
  id: bigint;
  account_id: string;
  kind: EntryKind;
  amount: bigint;
  reason: string;
  idempotency_key: string | null;
  fingerprint: string;
  hold_id: bigint | null;
  created_at: bigint;
  invoice: bigint | null;
  receivable: Nano;
}
/** A top-up, grant, refund or adjustment from its row. */
export const creditOf = (row: RawCredit): CreditRow => ({
  id: Number(row.id),
  accountId: row.account_id,
  kind: row.kind,
  amount: row.amount,
  reason: row.reason,
  idempotencyKey: row.idempotency_key,
  fingerprint: row.fingerprint,
  holdId: row.hold_id === null ? null : Number(row.hold_id),
  createdAt: Number(row.created_at),
  invoice: row.invoice === null ? null : Number(row.invoice),
  receivable: row.receivable,
});

/** An account's terms from their row. Throws SyntaxError on damaged text. */
export const termsOf = (row: { body: string }): AccountTerms => fromText<AccountTerms>(row.body);

/** What is left of a call's charge by book. Refunds have gone to the books that paid last. */
export function leftOfCharge(paid: readonly StoredPart[], refunded: Nano): StoredPart[] {
  let gone = refunded;
  const left = paid.toReversed().map(({ book, amount }) => {
    const back = amount < gone ? amount : gone;
    gone -= back;
    return { book, amount: amount - back };
  });
  return left.toReversed().filter(({ amount }) => amount > 0n);
}
