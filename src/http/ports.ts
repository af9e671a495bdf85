import type { AuditFilter } from "../audit/filter.ts";
import type { Receipt } from "../ledger/types.ts";
import type { Nano } from "../lib/money.ts";
import type { JsonObject } from "../lib/json.ts";

/** The customer's own caps per call. Amounts in nano-units of the ledger currency. Writes resolve when durable. */
export interface CallCapStore {
  get(accountId: string, modelId: string): Nano | null;
  set(accountId: string, modelId: string, cap: Nano | null): Promise<void>;
}

/** Which idempotency keys have been used. Answers themselves are not stored here. Records older than a day may be dropped. */
export interface IdempotencyStore {
  find(subject: string, key: string): IdempotencyRecord | null;
  /** False when the key is taken. Resolves when durable. */
  insert(record: IdempotencyRecord): Promise<boolean>;
  /** Frees a key whose call failed before it cost anything. */
  remove(subject: string, key: string): Promise<void>;
}

export interface IdempotencyRecord {
  /** Whose key it is: the account. */
  subject: string;
  key: string;
  /** SHA-256 of path and body, hex: the same key with another request is refused. */
  fingerprint: string;
  requestId: string;
  createdAt: number;
}

export interface AuditPage {
  /** Newest first, in the shape that clients see. */
  records: JsonObject[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/** Dropping old calls; see `anchor` for where the audit chain begins then. */
export interface CallRetention {
  prune(month: string): Promise<{ calls: number; anchor: { seq: number; hash: string } | null }>;
}

export type UsageGroup = "day" | "model" | "key";

/** Reports over the audit records. */
export interface AuditReader {
  page(filter: AuditFilter, options: { limit: number; cursor: string | null; operator: boolean }): Promise<AuditPage>;
  usage(filter: AuditFilter, groups: readonly UsageGroup[]): Promise<JsonObject[]>;
}

/** A call's record with its place in the chain, and the receipt of its hold; null = it had none. */
export interface ArchivedCall {
  seq: number;
  /** Hex. */
  hash: string;
  record: JsonObject;
  receipt: Receipt | null;
}

/** Everything that is kept of one account in rows of its own, oldest first, as its customer may see it. */
export interface AccountArchive {
  calls(accountId: string): AsyncGenerator<ArchivedCall>;
  /** Entries of the ledger that moved something of the account's. */
  entries(accountId: string): AsyncGenerator<JsonObject>;
  credits(accountId: string): JsonObject[];
  grants(accountId: string): JsonObject[];
  responses(accountId: string): Iterable<JsonObject>;
}

/** Taking what is about people out of an account's rows; the books and the chain of the records stay whole. */
export interface AccountErasure {
  /** ms at which the account was erased; null = it was not. */
  erasedAt(accountId: string): number | null;
  /**
   * May be repeated: what an earlier try has left is done. `first` writes what goes through other stores, so that nothing of it is left in any file
   * either. Gives how many rows were about people.
   */
  erase(
    accountId: string,
    at: number,
    keepInvoices: boolean,
    first: () => Promise<void>,
  ): Promise<{ records: number; credits: number; invoices: number; storedResponses: number }>;
}

export interface Asset {
  path: string;
  contentType: string;
  body: string | Blob;
}

export interface Readiness {
  ready: boolean;
  /** What stands in the way, in words. */
  reasons: string[];
}

export type ReloadResult =
  | { ok: true; version: string; warnings: readonly string[] }
  | { ok: false; problems: string[] };
