import type { JsonObject } from "../lib/json.ts";
import type { Nano } from "../lib/money.ts";
import type { AuditRecordInput, Receipt } from "./types.ts";

/** One row to write. All ops of one `append` are written in one transaction, together with those of other calls of the same turn. */
export type LedgerOp =
  | { op: "hold"; hold: OpenHold }
  | { op: "checkpoint"; holdId: number; checkpoint: StoredCheckpoint }
  | { op: "settlement"; row: SettlementRow }
  | { op: "entry"; at: number; debit: string; credit: string; amount: Nano; kind: string; reference: string }
  | { op: "counter"; subject: string; period: string; delta: Nano }
  | { op: "grant"; grant: Grant }
  | { op: "credit"; credit: CreditRow }
  | { op: "audit"; record: AuditRecordInput; money: AuditMoney };

/** Where a hold's money comes from: a grant, the wallet, or the receivable of metered overage. */
export interface HoldSource {
  /** `wallet`, `receivable`, or a grant's id. */
  source: string;
  amount: Nano;
}

export interface StoredCheckpoint {
  usage: JsonObject;
  source: string;
  charge: Nano;
}

export interface SettlementRow {
  holdId: number;
  requestId: string;
  accountId: string;
  charged: Nano;
  absorbed: Nano;
  released: Nano;
  extended: Nano;
  state: "settled" | "voided" | "expired";
  settledAt: number;
  /** Usage, source, price version and lines, as JSON. */
  body: JsonObject;
}

export interface AuditMoney {
  charged: Nano;
  currency: string;
  /** Exact decimals. */
  costUsd: string;
  providerCostUsd: string;
  priceVersion: string | null;
  tokens: JsonObject;
  usageSource: string | null;
}

export interface Grant {
  id: string;
  accountId: string;
  kind: string;
  amount: Nano;
  expiresAt: number | null;
  createdAt: number;
}

export interface CreditRow {
  id: string;
  accountId: string;
  kind: string;
  amount: Nano;
  reason: string;
  idempotencyKey: string | null;
  fingerprint: string;
  createdAt: number;
}

export interface OpenHold {
  id: number;
  requestId: string;
  accountId: string;
  keyId: string | null;
  amount: Nano;
  sources: HoldSource[];
  createdAt: number;
  context: JsonObject;
  checkpoint: StoredCheckpoint | null;
}

/** What the core needs at its start. */
export interface LedgerSnapshot {
  balances: Map<string, Nano>;
  grants: Grant[];
  openHolds: OpenHold[];
  /** `subject\nperiod` → value. */
  counters: Map<string, Nano>;
  nextHoldId: number;
}

/** Storage of the ledger. `append` resolves when its rows are on disk and rejects when they can't be. */
export interface LedgerStorage {
  load(): LedgerSnapshot;
  append(ops: LedgerOp[]): Promise<void>;
  findReceipt(requestId: string): Receipt | null;
  findReceiptOfHold(holdId: number): Receipt | null;
  findCredit(accountId: string, idempotencyKey: string): CreditRow | null;
  healthy(): boolean;
}
