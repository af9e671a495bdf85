import type { Book } from "../ledger/books.ts";
import type { CreditRow, EntryKind, Grant, SettlementDetail, SettlementRow, StoredHold } from "../ledger/storage.ts";
import type { AccountTerms, LineBasis, PriceLine } from "../ledger/types.ts";
import { emptyUsage, type Usage } from "../ir/usage.ts";
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

type LineRow = [PriceLine["kind"], string, number, string, string, string];

/** The explaining half of a settlement; lines as arrays. */
export function detailText({ usage, source, priceVersion, basis, lines, reason }: SettlementDetail): string {
  const rows = lines.map((line) => [line.kind, line.name, line.quantity, line.unitUsd, line.amount, line.currency]);
  const told = usage === null ? null : [usage.tokens, usage.reasoningKnown, usage.fees, usage.variant];
  return JSON.stringify([told, source, priceVersion, basis ?? rows, reason]);
}

type UsageRow = [Usage["tokens"], boolean, Usage["fees"], Usage["variant"]];

function detailOf(text: string): SettlementDetail {
  const [told, source, priceVersion, priced, reason] = JSON.parse(text) as [
    UsageRow | null,
    SettlementDetail["source"],
    string | null,
    LineBasis | LineRow[],
    string | null,
  ];
  const usage = told === null ? null : usageOf(told);
  if (!Array.isArray(priced)) return { usage, source, priceVersion, basis: priced, lines: [], reason };
  const lines = priced.map(([kind, name, quantity, unitUsd, amount, currency]) => ({
    kind,
    name,
    quantity,
    unitUsd,
    amount,
    currency,
  }));
  return { usage, source, priceVersion, basis: null, lines, reason };
}

const usageOf = ([tokens, reasoningKnown, fees, variant]: UsageRow): Usage => ({
  ...emptyUsage(),
  tokens,
  reasoningKnown,
  fees,
  variant,
});

export interface RawSettlement {
  hold_id: bigint;
  request_id: string;
  account_id: string;
  key_id: string | null;
  month: string;
  held: bigint;
  charged: bigint;
  absorbed: bigint;
  released: bigint;
  extended: bigint;
  state: SettlementRow["state"];
  settled_at: bigint;
  detail: string;
}

export const settlementOf = (row: RawSettlement): SettlementRow => ({
  holdId: Number(row.hold_id),
  requestId: row.request_id,
  accountId: row.account_id,
  keyId: row.key_id,
  month: row.month,
  held: row.held,
  charged: row.charged,
  absorbed: row.absorbed,
  released: row.released,
  extended: row.extended,
  state: row.state,
  settledAt: Number(row.settled_at),
  detail: detailOf(row.detail),
});

export interface RawBook {
  id: bigint;
  name: string;
  posted: bigint;
}
export const bookOf = (row: RawBook): Book => ({ id: Number(row.id), name: row.name, posted: row.posted, held: 0n });

export interface RawGrant {
  id: bigint;
  account_id: string;
  kind: Grant["kind"];
  amount: bigint;
  expires_at: bigint | null;
  created_at: bigint;
}
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
}
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
});

export const termsOf = (row: { body: string }): AccountTerms => fromText<AccountTerms>(row.body);

/** What is left of a call's charge by book: its charges less its refunds, in the order of use. */
export function chargedParts(rows: readonly { kind: EntryKind; debit: bigint; credit: bigint; amount: bigint }[]) {
  const left = new Map<number, Nano>();
  for (const { kind, debit, credit, amount } of rows) {
    const book = Number(kind === "charge" ? debit : credit);
    left.set(book, (left.get(book) ?? 0n) + (kind === "charge" ? amount : -amount));
  }
  return [...left].filter(([, amount]) => amount > 0n).map(([book, amount]) => ({ book, amount }));
}
