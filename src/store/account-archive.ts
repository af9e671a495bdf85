import type { Database } from "bun:sqlite";
import { decodeRecord, forCustomer } from "../audit/record.ts";
import { settlementOf, type RawEnd } from "./ledger-rows.ts";
import { receiptOf } from "../ledger/settling.ts";
import type { Receipt } from "../ledger/types.ts";
import { type JsonObject, parseJson } from "../lib/json.ts";
import { formatNano, type Nano } from "../lib/money.ts";

/** Rows that are read in one go: calls under way must not wait for an export. */
const STEP = 2_000;
/** Stored responses hold whole conversations. */
const RESPONSES_STEP = 50;

const ACCOUNT_BOOKS = `SELECT id, name FROM books WHERE name IN ('wallet:' || ?1, 'receivable:' || ?1)
    OR name IN (SELECT 'grant:' || id FROM grants WHERE account_id = ?1)`;

const ENTRIES = `SELECT e.id, e.at, d.name AS debit, c.name AS credit, e.amount, e.kind, e.reference
  FROM entries e JOIN books d ON d.id = e.debit JOIN books c ON c.id = e.credit
  WHERE e.id > ?1 AND e.id <= ?2
    AND (e.debit IN (SELECT value FROM json_each(?3)) OR e.credit IN (SELECT value FROM json_each(?3))) ORDER BY e.id`;

const CREDITS = `SELECT id, kind, amount, reason, idempotency_key, hold_id, invoice, created_at
  FROM credits WHERE account_id = ? ORDER BY id`;
const GRANTS = "SELECT id, kind, amount, expires_at, created_at FROM grants WHERE account_id = ? ORDER BY id";
const CALLS = "SELECT * FROM calls WHERE account_id = ? AND seq > ? ORDER BY seq LIMIT ?";
const RESPONSES = `SELECT id, created_at, expires_at, input, response FROM responses
  WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?`;

type Raw = Record<string, bigint | string | null>;
type RawCall = RawEnd & { seq: bigint; hash: Uint8Array; aside: string | null; state: string | null };

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const time = (ms: bigint | string | null | undefined): string | null =>
  typeof ms === "bigint" ? new Date(Number(ms)).toISOString() : null;
const number = (value: bigint | string | null | undefined): number | null =>
  typeof value === "bigint" ? Number(value) : null;
const amount = (value: bigint | string | null | undefined): string => formatNano(value as Nano);

/** Everything that is kept of one account in rows of its own, read in short steps. */
export class AccountArchive {
  readonly #db: Database;
  readonly #currency: () => string;
  constructor(db: Database, currency: () => string) {
    this.#db = db;
    this.#currency = currency;
  }

  /** Records and receipts, oldest first, as the customer may see them. */
  async *calls(
    accountId: string,
  ): AsyncGenerator<{ seq: number; hash: string; record: JsonObject; receipt: Receipt | null }> {
    let after = 0;
    for (;;) {
      const rows = this.#db.query(CALLS).all(accountId, after, STEP) as RawCall[];
      for (const row of rows) {
        const receipt = row.state === null ? null : receiptOf(settlementOf(row), this.#currency());
        const record = forCustomer(decodeRecord(row.record, row.aside));
        yield { seq: Number(row.seq), hash: row.hash.toHex(), record, receipt };
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < STEP) return;
      after = Number(last.seq);
      await pause();
    }
  }

  /** Entries of the ledger that moved something of the account's, oldest first. */
  async *entries(accountId: string): AsyncGenerator<JsonObject> {
    const books = this.#db.query(ACCOUNT_BOOKS).all(accountId) as { id: bigint; name: string }[];
    const ids = JSON.stringify(books.map(({ id }) => Number(id)));
    const newest = this.#db.query("SELECT coalesce(max(id), 0) AS id FROM entries").get() as { id: bigint };
    const last = books.length === 0 ? 0 : Number(newest.id);
    for (let after = 0; after < last; after += STEP * 10) {
      const rows = this.#db.query(ENTRIES).all(after, Math.min(after + STEP * 10, last), ids) as Raw[];
      for (const { id, at, debit, credit, kind, reference, ...row } of rows) {
        const moved = { debit: String(debit), credit: String(credit), amount: amount(row["amount"]) };
        yield { id: number(id), at: time(at), ...moved, kind: String(kind), reference: number(reference) };
      }
      await pause();
    }
  }

  /** Top-ups, grants, refunds and adjustments, as they were asked for. */
  credits(accountId: string): JsonObject[] {
    const rows = this.#db.query(CREDITS).all(accountId) as Raw[];
    return rows.map((row) => ({
      id: number(row["id"]),
      kind: String(row["kind"]),
      amount: amount(row["amount"]),
      reason: String(row["reason"]),
      idempotency_key: row["idempotency_key"] === null ? null : String(row["idempotency_key"]),
      hold_id: number(row["hold_id"]),
      invoice: number(row["invoice"]),
      created_at: time(row["created_at"]),
    }));
  }

  /** As they were given; what is left of them is among the balances. */
  grants(accountId: string): JsonObject[] {
    const rows = this.#db.query(GRANTS).all(accountId) as Raw[];
    return rows.map((row) => ({
      id: number(row["id"]),
      kind: String(row["kind"]),
      amount: amount(row["amount"]),
      expires_at: time(row["expires_at"]),
      created_at: time(row["created_at"]),
    }));
  }

  /** Responses that were stored for the customer, contents and all. No query stays open between two: the log could not be cut while one does. */
  *responses(accountId: string): Generator<JsonObject> {
    let after = "";
    for (;;) {
      const rows = this.#db.query(RESPONSES).all(accountId, after, RESPONSES_STEP) as Raw[];
      for (const row of rows) {
        yield {
          id: String(row["id"]),
          created_at: time(row["created_at"]),
          expires_at: time(row["expires_at"]),
          input: parseJson(String(row["input"])),
          response: parseJson(String(row["response"])),
        };
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < RESPONSES_STEP) return;
      after = String(last["id"]);
    }
  }
}
