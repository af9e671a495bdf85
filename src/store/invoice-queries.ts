import type { Database } from "bun:sqlite";
import { positionOf, type StoredField } from "../audit/record.ts";
import { type Invoice, makeInvoice, type Sources } from "../ledger/invoice.ts";
import type { StoredPart } from "../ledger/storage.ts";
import type { Summaries } from "./summaries.ts";
import { leftOfCharge } from "./ledger-rows.ts";

const field = (name: StoredField): string => `json_extract(c.record, '$[${positionOf(name)}]')`;

/** Calls behind the summaries, which end at ?3. */
const CALLS = "c.account_id = ?1 AND c.month = ?2 AND c.hold_id IS NOT NULL AND c.seq > ?3";

const LINES = `SELECT model, sum(calls) AS calls, sum(input) AS input, sum(output) AS output, sum(amount) AS amount FROM (
    SELECT model, calls, input, output, amount FROM month_lines WHERE ?3 > 0 AND account_id = ?1 AND month = ?2
    UNION ALL
    SELECT coalesce(${field("model")}, ${field("model_asked")}, ''), 1, ${field("input")}, ${field("output")}, c.charged
    FROM calls c WHERE ${CALLS} AND c.charged > 0)
  GROUP BY model ORDER BY amount DESC, model`;

const PAID = `SELECT kind, sum(amount) AS amount FROM (
    SELECT kind, amount FROM month_payments WHERE ?3 > 0 AND account_id = ?1 AND month = ?2
    UNION ALL
    SELECT substr(b.name, 1, instr(b.name, ':') - 1), CAST(p.value ->> 1 AS INTEGER)
    FROM calls c, json_each(c.record, '$[${positionOf("paid")}]') p JOIN books b ON b.id = p.value ->> 0
    WHERE ${CALLS})
  GROUP BY kind`;

// From the refunds to their calls: an account has few of the ones and many of the others.
const REFUNDS = `SELECT c.request_id, r.amount, r.reason, r.created_at
  FROM credits r CROSS JOIN calls c ON c.hold_id = r.hold_id WHERE r.hold_id IS NOT NULL AND c.account_id = ?1 AND c.month = ?2 ORDER BY r.id`;

const REFUNDED = `SELECT json_extract(c.record, '$[${positionOf("paid")}]') AS paid, sum(r.amount) AS refunded
  FROM credits r CROSS JOIN calls c ON c.hold_id = r.hold_id
  WHERE r.hold_id IS NOT NULL AND c.account_id = ?1 AND c.month = ?2 GROUP BY c.hold_id`;

const BOOK_KIND = "SELECT substr(name, 1, instr(name, ':') - 1) AS kind FROM books WHERE id = ?";

interface RawLine {
  model: string;
  calls: bigint;
  input: bigint;
  output: bigint;
  amount: bigint;
}
interface RawRefund {
  request_id: string;
  amount: bigint;
  reason: string;
  created_at: bigint;
}

/** Invoices, made whenever they are asked for: from the summaries, and from the calls that are not summed up yet. */
export class InvoiceQueries {
  readonly #db: Database;
  readonly #summaries: Pick<Summaries, "position">;
  readonly #currency: () => string;
  constructor(db: Database, summaries: Pick<Summaries, "position">, currency: () => string) {
    this.#db = db;
    this.#summaries = summaries;
    this.#currency = currency;
  }

  /** Checked against the ledger. Null when the month's calls have been pruned. Throws InvoiceMismatch when the rows do not add up to the ledger's counters. */
  invoice(accountId: string, month: string): Invoice | null {
    const pruned = this.#db.query("SELECT value FROM settings WHERE name = 'audit_pruned_month'").get();
    if (pruned !== null && month <= (pruned as { value: string }).value) return null;
    // One snapshot for all queries.
    return this.#db.transaction(() => {
      const parts = this.parts(accountId, month);
      const counted = this.#db
        .query("SELECT value FROM counters WHERE subject = ? AND period = ?")
        .get(`account:${accountId}`, month) as { value: bigint } | null;
      return makeInvoice(parts, counted?.value ?? 0n);
    })();
  }

  /** What an invoice is made of, as the rows have it at this moment. */
  parts(accountId: string, month: string): Omit<Invoice, "total"> {
    const all = <T>(sql: string): T[] => this.#db.query(sql).all(accountId, month) as T[];
    const position = this.#summaries.position();
    const summed = <T>(sql: string): T[] => this.#db.query(sql).all(accountId, month, position) as T[];
    const paid = new Map(summed<{ kind: string; amount: bigint }>(PAID).map(({ kind, amount }) => [kind, amount]));
    return {
      accountId,
      month,
      currency: this.#currency(),
      lines: summed<RawLine>(LINES).map(({ model, calls, input, output, amount }) => ({
        model,
        calls: Number(calls),
        tokensInput: Number(input),
        tokensOutput: Number(output),
        amount,
      })),
      refunds: all<RawRefund>(REFUNDS).map(({ request_id: requestId, amount, reason, created_at: at }) => ({
        requestId,
        amount,
        reason,
        at: Number(at),
      })),
      paidFrom: sources(paid),
      returnedTo: this.#returned(all<{ paid: string; refunded: bigint }>(REFUNDED)),
    };
  }

  /** Refunds go to the sources of a charge, the last first. */
  #returned(rows: readonly { paid: string; refunded: bigint }[]): Sources {
    const sums = new Map<string, bigint>();
    for (const row of rows) {
      const paid = (JSON.parse(row.paid) as [number, string][]).map(([book, amount]): StoredPart => ({
        book,
        amount: BigInt(amount),
      }));
      const left = new Map(leftOfCharge(paid, row.refunded).map(({ book, amount }) => [book, amount]));
      for (const { book, amount } of paid) {
        const { kind } = this.#db.query(BOOK_KIND).get(book) as { kind: string };
        sums.set(kind, (sums.get(kind) ?? 0n) + amount - (left.get(book) ?? 0n));
      }
    }
    return sources(sums);
  }
}

const sources = (amounts: ReadonlyMap<string, bigint>): Sources => ({
  wallet: amounts.get("wallet") ?? 0n,
  grants: amounts.get("grant") ?? 0n,
  receivable: amounts.get("receivable") ?? 0n,
});
