import type { Database, SQLQueryBindings } from "bun:sqlite";
import {
  type BillingDetails,
  type CreditNote,
  type InvoiceDocument,
  type IssuedInvoice,
  NO_DETAILS,
} from "../accounting/invoice-document.ts";
import { type Invoice, makeInvoice } from "../ledger/invoice.ts";
import type { Nano } from "../lib/money.ts";
import type { IssuedInvoiceStore } from "../accounting/port.ts";
import { isObject } from "../lib/json.ts";
import type { InvoiceQueries } from "./invoice-queries.ts";
import type { Writer } from "./writer.ts";

interface RawInvoice {
  number: bigint;
  issued_at: bigint;
  document: string;
  personal: string | null;
}
/** What an invoice says about people, kept apart so that it can go. */
interface Personal {
  customer: BillingDetails;
  /** Reasons of the refunds on it, in their order. */
  reasons: string[];
}
interface RawPayment {
  amount: Nano;
  receivable: Nano;
  reason: string;
  paid_at: bigint;
}
interface RawNote {
  number: bigint;
  amount: Nano;
  receivable: Nano;
  reason: string;
  request_id: string | null;
  issued_at: bigint;
}

const NOTES = `SELECT n.number, n.amount, n.receivable, n.issued_at, r.reason, c.request_id
  FROM credit_notes n JOIN credits r ON r.id = n.credit_id LEFT JOIN calls c ON c.hold_id = r.hold_id
  WHERE n.invoice = ? ORDER BY n.number`;

const PAYMENTS = `SELECT amount, receivable, reason, created_at AS paid_at FROM credits
  WHERE invoice = ? AND kind = 'payment' ORDER BY id`;

const LEFT = `SELECT c.charged - (SELECT coalesce(sum(amount), 0) FROM credits WHERE hold_id = c.hold_id) AS charge,
    i.total - (SELECT coalesce(sum(amount), 0) FROM credit_notes WHERE invoice = i.number) AS invoice
  FROM calls c JOIN invoices i ON i.account_id = c.account_id AND i.month = c.month
  WHERE c.request_id = ? AND c.hold_id IS NOT NULL`;

const OPEN_HOLDS = `SELECT count(*) AS open FROM holds
  WHERE body ->> '$.rest[1]' = ? AND body ->> '$.rest[3]' = ?`;

/** Invoices that were issued, their credit notes, and whom they are made out to. */
export class IssuedInvoices implements IssuedInvoiceStore {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #queries: InvoiceQueries;
  constructor(db: Database, writer: Writer, queries: InvoiceQueries) {
    this.#db = db;
    this.#writer = writer;
    this.#queries = queries;
  }

  details(accountId: string): BillingDetails {
    const row = this.#db.query("SELECT body FROM billing_details WHERE account_id = ?").get(accountId);
    return row === null ? NO_DETAILS : (JSON.parse((row as { body: string }).body) as BillingDetails);
  }

  async putDetails(accountId: string, details: BillingDetails): Promise<void> {
    const sql = `INSERT INTO billing_details (account_id, body) VALUES (?1, ?2)
      ON CONFLICT (account_id) DO UPDATE SET body = ?2`;
    await this.#writer.enqueue(() => void this.#db.run(sql, [accountId, JSON.stringify(details)]));
  }

  /** Calls of the month that have not ended. */
  openHolds(accountId: string, month: string): number {
    return Number((this.#db.query(OPEN_HOLDS).get(accountId, month) as { open: bigint }).open);
  }

  /** Accounts that were charged in a month, in the order of their ids. */
  chargedIn(month: string): string[] {
    const sql = "SELECT subject FROM counters WHERE subject LIKE 'account:%' AND period = ? ORDER BY subject";
    const rows = this.#db.query(sql).all(month) as { subject: string }[];
    return rows.map(({ subject }) => subject.slice("account:".length));
  }

  /**
   * Gives a month's invoice the next number, once: a repeat changes nothing. The document is made in the transaction that writes it, so that every
   * refund is either on it or a credit note to it.
   */
  async issue(
    accountId: string,
    month: string,
    at: number,
    make: (invoice: Invoice) => InvoiceDocument,
  ): Promise<void> {
    const isThere = "SELECT 1 FROM invoices WHERE account_id = ? AND month = ?";
    const insert = `INSERT INTO invoices (number, account_id, month, total, issued_at, document, personal)
      SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ? FROM invoices`;
    await this.#writer.enqueue(() => {
      if (this.#db.query(isThere).get(accountId, month) !== null) return;
      const parts = this.#queries.parts(accountId, month);
      const refunded = parts.refunds.reduce((sum, { amount }) => sum + amount, 0n);
      const charged = parts.lines.reduce((sum, { amount }) => sum + amount, 0n);
      // The ledger's counters are written last in a transaction: they were compared before.
      const document = make(makeInvoice(parts, charged - refunded));
      const { refunds } = document.invoice;
      const personal: Personal = { customer: this.details(accountId), reasons: refunds.map(({ reason }) => reason) };
      const text = toText({ ...document, invoice: { ...document.invoice, refunds: refunds.map(withoutReason) } });
      this.#db.run(insert, [accountId, month, document.invoice.total, at, text, JSON.stringify(personal)]);
    });
  }

  ofMonth(accountId: string, month: string): IssuedInvoice | null {
    return this.#first("account_id = ? AND month = ?", [accountId, month]);
  }

  byNumber(number: number): IssuedInvoice | null {
    return this.#first("number = ?", [number]);
  }

  /** The invoice that a credit note belongs to. */
  ofCreditNote(number: number): IssuedInvoice | null {
    return this.#first("number = (SELECT invoice FROM credit_notes WHERE number = ?)", [number]);
  }

  /** Number of the credit note that was made with an idempotency key. */
  noteOfKey(accountId: string, key: string): number | null {
    const sql = `SELECT n.number FROM credit_notes n JOIN credits r ON r.id = n.credit_id
      WHERE r.account_id = ? AND r.idempotency_key = ?`;
    const row = this.#db.query(sql).get(accountId, key) as { number: bigint } | null;
    return row === null ? null : Number(row.number);
  }

  /** By number, of one account or month where they are given. */
  list(filter: { accountId: string | null; month: string | null }): IssuedInvoice[] {
    const where = "(?1 IS NULL OR account_id = ?1) AND (?2 IS NULL OR month = ?2)";
    const rows = this.#db
      .query(`SELECT * FROM invoices WHERE ${where} ORDER BY number`)
      .all(filter.accountId, filter.month) as RawInvoice[];
    return rows.map((row) => this.#issued(row));
  }

  leftOfCall(requestId: string): { charge: Nano; invoice: Nano } | null {
    return this.#db.query(LEFT).get(requestId) as { charge: Nano; invoice: Nano } | null;
  }

  hasCredit(accountId: string, key: string): boolean {
    const sql = "SELECT 1 FROM credits WHERE account_id = ? AND idempotency_key = ?";
    return this.#db.query(sql).get(accountId, key) !== null;
  }

  #first(where: string, values: SQLQueryBindings[]): IssuedInvoice | null {
    const row = this.#db.query(`SELECT * FROM invoices WHERE ${where}`).get(...values) as RawInvoice | null;
    return row === null ? null : this.#issued(row);
  }

  #issued(row: RawInvoice): IssuedInvoice {
    const notes = this.#db.query(NOTES).all(row.number) as RawNote[];
    const payments = this.#db.query(PAYMENTS).all(row.number) as RawPayment[];
    const document = fromText<InvoiceDocument>(row.document);
    const personal = row.personal === null ? null : (JSON.parse(row.personal) as Personal);
    for (const [index, refund] of document.invoice.refunds.entries()) refund.reason = personal?.reasons[index] ?? "";
    return {
      number: Number(row.number),
      issuedAt: Number(row.issued_at),
      document,
      customer: personal?.customer ?? null,
      creditNotes: notes.map((note): CreditNote => ({
        number: Number(note.number),
        amount: note.amount,
        receivable: note.receivable,
        reason: note.reason,
        requestId: note.request_id,
        issuedAt: Number(note.issued_at),
      })),
      payments: payments.map(({ paid_at: paidAt, ...paid }) => ({ ...paid, paidAt: Number(paidAt) })),
    };
  }
}

const withoutReason = <T extends { reason: string }>(refund: T): T => ({ ...refund, reason: "" });

/** JSON with amounts as `{"nano":"123"}`: texts of people and models can't be taken for one. */
const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? { nano: item.toString() } : item));

const fromText = <T>(text: string): T =>
  JSON.parse(text, (_key, item: unknown) =>
    isObject(item) && typeof item["nano"] === "string" ? BigInt(item["nano"]) : item,
  ) as T;
