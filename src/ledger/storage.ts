import type { JsonObject } from "../lib/json.ts";
import type { Nano } from "../lib/money.ts";
import type { LowBalance } from "./alerts.ts";
import type { Book } from "./books.ts";
import type { AccountTerms, AuditRecordInput, LineBasis, PriceLine, Receipt, UsageSource } from "./types.ts";
import type { Usage } from "../ir/usage.ts";

/** One change to write. The ops of one `append` are written together or not at all. */
export type LedgerOp =
  | { op: "hold"; hold: StoredHold }
  | { op: "checkpoint"; holdId: number; checkpoint: StoredCheckpoint }
  /** Ends a hold: its row goes, the settlement's comes. The call's audit op follows in the same `append`. */
  | { op: "settlement"; row: SettlementRow }
  | { op: "entry"; entry: Entry }
  /** A book that a hold names before any entry does. */
  | { op: "book"; book: Book }
  | { op: "counter"; subject: string; period: string; delta: Nano }
  | { op: "grant"; grant: Grant }
  | { op: "credit"; credit: CreditRow }
  | { op: "terms"; terms: AccountTerms }
  | { op: "low_balance"; alert: LowBalance }
  | { op: "audit"; holdId: number | null; record: AuditRecordInput; money: AuditMoney };

/** One transfer: what the debited book loses, the credited one gains. */
export interface Entry {
  at: number;
  debit: Book;
  credit: Book;
  amount: Nano;
  kind: EntryKind;
  /** Hold id of charges, absorbed costs and refunds; credit id of credits; grant's credit id of expiries. */
  reference: number;
}
export type EntryKind =
  | "charge"
  | "absorbed"
  | "refund"
  | "topup"
  | "grant"
  | "adjust"
  | "subscription"
  | "expired"
  | "payment";

/** Part of a hold or charge that comes from one book. */
export interface StoredPart {
  book: number;
  amount: Nano;
}

/** What was fixed when the hold was made, so that a later edit of the catalog changes nothing. */
export interface PinFacts {
  priceVersion: string;
  /** Exact decimals. */
  markupPercent: string;
  fx: string;
}

export interface StoredHold {
  id: number;
  requestId: string;
  accountId: string;
  keyId: string | null;
  amount: Nano;
  parts: StoredPart[];
  createdAt: number;
  /** Calendar month that its charge counts toward, `2026-11`. */
  month: string;
  /** Charged to nobody. */
  free: boolean;
  /** Subject and day of the message that it counts as, null = none. */
  message: { subject: string; day: string } | null;
  pin: PinFacts | null;
  context: JsonObject;
  checkpoint: StoredCheckpoint | null;
}

export interface StoredCheckpoint {
  usage: Usage;
  source: UsageSource;
  charge: Nano;
}

export interface SettlementRow {
  holdId: number;
  requestId: string;
  accountId: string;
  keyId: string | null;
  month: string;
  held: Nano;
  charged: Nano;
  absorbed: Nano;
  released: Nano;
  extended: Nano;
  state: "settled" | "voided" | "expired";
  settledAt: number;
  /** What was charged, by book, in the order of use. */
  paid: StoredPart[];
  detail: SettlementDetail;
}

/** The explaining half of a settlement: what its receipt shows beside the sums. */
export interface SettlementDetail {
  usage: Usage | null;
  source: UsageSource | null;
  priceVersion: string | null;
  /** What the receipt's lines are made from, where the price was one of priceUsage; else `lines` are kept. */
  basis: LineBasis | null;
  lines: readonly PriceLine[];
  /** Why a hold was released, or settled otherwise than by its call. */
  reason: string | null;
}

/** Money columns of an audit record. */
export interface AuditMoney {
  charged: Nano;
  currency: string;
  /** Exact decimals. */
  costUsd: string;
  providerCostUsd: string;
  priceVersion: string | null;
  tokens: AuditTokens;
  usageSource: UsageSource | null;
}
export interface AuditTokens {
  input: number;
  cached: number;
  cacheWrite: number;
  output: number;
  /** Null where the provider did not tell. */
  reasoning: number | null;
}

export interface Grant {
  /** Of the credit that made it. */
  id: number;
  accountId: string;
  kind: "promo" | "subscription";
  amount: Nano;
  expiresAt: number | null;
  createdAt: number;
}

export interface CreditRow {
  id: number;
  accountId: string;
  kind: EntryKind;
  amount: Nano;
  reason: string;
  idempotencyKey: string | null;
  /** SHA-256 of what was asked: the same key with another body is a conflict. */
  fingerprint: string;
  /** The call that a refund is for. */
  holdId: number | null;
  /** The issued invoice that a credit note takes back from, or a payment is for. */
  invoice: number | null;
  /** What of `amount` lowered what the account owes, instead of filling its wallet or grants. */
  receivable: Nano;
  createdAt: number;
}

/** What the core needs at its start. */
export interface LedgerSnapshot {
  books: Book[];
  /** Those that may still be used. */
  grants: Grant[];
  terms: AccountTerms[];
  openHolds: StoredHold[];
  nextHoldId: number;
  nextCreditId: number;
}

/** What a settled call has been charged, book by book in the order of use, less what was refunded. */
export interface ChargedParts {
  holdId: number;
  accountId: string;
  keyId: string | null;
  month: string;
  parts: StoredPart[];
}

export interface AppendOptions {
  /** The rows end what is under way: they are taken as long as the disk takes anything. */
  vital: boolean;
  /** False: it is enough that the rows are written; they are on disk with the next that are flushed. */
  flush: boolean;
}

/**
 * Storage of the ledger. `append` resolves when its rows are on disk and rejects when they can't be (RowsRefused when they never will). What
 * is given to `onReset` is called before any rejection is told, and again before writing goes on: memory must be read anew.
 */
export interface LedgerStorage {
  load(): LedgerSnapshot;
  counter(subject: string, period: string): Nano;
  append(ops: readonly LedgerOp[], options: AppendOptions): Promise<void>;
  onReset(reset: () => void): void;
  /** False: nothing new may be promised. */
  healthy(): boolean;
  /** Resolves when running calls can be settled (again); rejects once the storage is closed. */
  writable(): Promise<void>;
  findReceipt(requestId: string): Receipt | null;
  findReceiptOfHold(holdId: number): Receipt | null;
  findCharge(requestId: string): ChargedParts | null;
  findCredit(accountId: string, idempotencyKey: string): CreditRow | null;
  /** Of the credit that made it. */
  findGrant(id: number): Grant | null;
}
