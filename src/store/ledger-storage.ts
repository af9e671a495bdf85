import type { Database, Statement } from "bun:sqlite";
import { type ChainedEnd, type ChainHead, chainHash, GENESIS } from "../audit/chain.ts";
import { asideOf } from "../audit/aside.ts";
import { encodeRecord } from "../audit/record.ts";
import type { Book } from "../ledger/books.ts";
import { receiptOf } from "../ledger/settling.ts";
import type {
  AppendOptions,
  ChargedParts,
  CreditRow,
  Grant,
  LedgerOp,
  LedgerSnapshot,
  LedgerStorage,
  SettlementRow,
} from "../ledger/storage.ts";
import type { Receipt } from "../ledger/types.ts";
import { checkNano, type Nano } from "../lib/money.ts";
import * as rows from "./ledger-rows.ts";
import { type LedgerStatements, prepareLedgerStatements } from "./ledger-statements.ts";
import type { Writer } from "./writer.ts";

/** The last row of the chain. */
interface Head {
  seq: number;
  hash: Uint8Array;
}

interface CounterDelta {
  subject: string;
  period: string;
  delta: Nano;
}

/** The ledger's rows in SQLite. Writes join the group commit; balances and counters are summed up once per transaction. */
export class SqliteLedgerStorage implements LedgerStorage {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #sql: LedgerStatements;
  readonly #currency: () => string;
  /** Changes of the running transaction. */
  readonly #posted = new Map<Book, Nano>();
  readonly #counted = new Map<string, CounterDelta>();
  #head: Head;
  /** Number of the row that `audit_head` names: a cut-off end is found by it. */
  #writtenHead = 0;
  /** The settlement whose audit row comes next. */
  #ending: SettlementRow | null = null;

  constructor(db: Database, writer: Writer, currency: () => string) {
    this.#db = db;
    this.#writer = writer;
    this.#currency = currency;
    this.#sql = prepareLedgerStatements(db);
    this.#head = this.#readHead();
    writer.onCommit(() => this.#writeSums());
    writer.onRollback(() => this.#forget());
  }

  healthy(): boolean {
    return this.#writer.healthy;
  }

  writable(): Promise<void> {
    return this.#writer.writable();
  }

  onReset(reset: () => void): void {
    this.#writer.onReset(reset);
  }

  append(ops: readonly LedgerOp[], options: AppendOptions): Promise<void> {
    return this.#writer.enqueue(() => this.#applyAll(ops), options);
  }

  /** All ops or none: sums are added only when every row is in. */
  #applyAll(ops: readonly LedgerOp[]): void {
    const head = this.#head;
    try {
      for (const op of ops) this.#apply(op);
      if (this.#ending !== null) throw new Error("a settlement without its audit record");
    } catch (error) {
      this.#head = head;
      this.#ending = null;
      throw error;
    }
    for (const op of ops) this.#sumUp(op);
  }

  #apply(op: LedgerOp): void {
    const sql = this.#sql;
    switch (op.op) {
      case "hold": {
        const { id, amount, createdAt } = op.hold;
        return void sql.hold.run(id, checkNano(amount), createdAt, rows.holdBody(op.hold));
      }
      case "settlement":
        this.#ending = op.row;
        return void sql.dropHold.run(op.row.holdId);
      case "entry": {
        const { at, debit, credit, amount, kind, reference } = op.entry;
        return void sql.entry.run(at, debit.id, credit.id, checkNano(amount), kind, reference);
      }
      case "audit":
        return this.#call(op);
      case "checkpoint":
        return void sql.checkpoint.run(rows.checkpointText(op.checkpoint), op.holdId);
      case "grant": {
        const { id, accountId, kind, amount, expiresAt, createdAt } = op.grant;
        return void sql.grant.run(id, accountId, kind, checkNano(amount), expiresAt, createdAt);
      }
      case "credit":
        return this.#credit(op.credit);
      case "terms":
        return void sql.terms.run(op.terms.accountId, rows.toText(op.terms));
      case "low_balance": {
        const { accountId, at, balance, threshold } = op.alert;
        return void sql.lowBalance.run(accountId, at, checkNano(balance), checkNano(threshold));
      }
      case "book":
      case "counter":
    }
  }

  #credit(credit: CreditRow): void {
    const { id, accountId, kind, amount, reason, idempotencyKey, fingerprint, holdId, createdAt } = credit;
    const { invoice, receivable } = credit;
    this.#sql.credit.run(
      id,
      accountId,
      kind,
      checkNano(amount),
      reason,
      idempotencyKey,
      fingerprint,
      holdId,
      createdAt,
      invoice,
      checkNano(receivable),
    );
  }

  #call({ record, money }: Extract<LedgerOp, { op: "audit" }>): void {
    const ended = this.#ending;
    this.#ending = null;
    const seq = this.#head.seq + 1;
    const end = ended ?? REFUSED;
    const aside = asideOf(record);
    const text = encodeRecord(record, money, ended, aside?.digests ?? null);
    const hash = chainHash(this.#head.hash, seq, end, text);
    this.#sql.call.run(
      seq,
      end.holdId,
      record.requestId,
      record.accountId,
      record.time,
      end.state,
      end.month,
      checkNano(end.held),
      checkNano(end.charged),
      checkNano(end.absorbed),
      checkNano(end.released),
      checkNano(end.extended),
      end.settledAt,
      text,
      hash,
      aside?.text ?? null,
    );
    this.#head = { seq, hash };
  }

  #sumUp(op: LedgerOp): void {
    if (op.op === "entry") {
      const { debit, credit, amount } = op.entry;
      this.#posted.set(debit, (this.#posted.get(debit) ?? 0n) - amount);
      this.#posted.set(credit, (this.#posted.get(credit) ?? 0n) + amount);
    } else if (op.op === "counter") {
      const key = `${op.subject}\n${op.period}`;
      const sum = this.#counted.get(key);
      if (sum === undefined) this.#counted.set(key, { subject: op.subject, period: op.period, delta: op.delta });
      else sum.delta += op.delta;
    } else if (op.op === "book" && !this.#posted.has(op.book)) {
      this.#posted.set(op.book, 0n);
    }
  }

  /** Last in each transaction. */
  #writeSums(): void {
    for (const [book, delta] of this.#posted) this.#sql.book.run(book.id, book.name, checkNano(delta));
    for (const { subject, period, delta } of this.#counted.values()) this.#sql.counter.run(subject, period, delta);
    this.#posted.clear();
    this.#counted.clear();
    if (this.#head.seq === this.#writtenHead) return;
    const { seq, hash } = this.#head;
    this.#sql.writeHead.run(JSON.stringify({ seq, hash: hash.toHex() }));
    this.#writtenHead = seq;
  }

  /** A transaction was rolled back. */
  #forget(): void {
    this.#posted.clear();
    this.#counted.clear();
    this.#head = this.#readHead();
    this.#writtenHead = 0;
  }

  #readHead(): Head {
    const row = this.#sql.head.get() as { seq: bigint; hash: Uint8Array } | null;
    if (row !== null) return { seq: Number(row.seq), hash: row.hash };
    const anchor = this.#sql.anchor.get() as { value: string } | null;
    if (anchor === null) return { seq: 0, hash: GENESIS };
    const { seq, hash } = JSON.parse(anchor.value) as ChainHead;
    return { seq, hash: Buffer.from(hash, "hex") };
  }

  load(): LedgerSnapshot {
    const read = <T>(sql: string): T[] => this.#db.query(sql).all() as T[];
    const next = (sql: string): number => Number((this.#db.query(sql).get() as { next: bigint }).next);
    return {
      books: read<rows.RawBook>("SELECT id, name, posted FROM books").map(rows.bookOf),
      grants: read<rows.RawGrant>(LIVE_GRANTS).map(rows.grantOf),
      terms: read<{ body: string }>("SELECT body FROM terms").map(rows.termsOf),
      openHolds: read<rows.RawHold>("SELECT * FROM holds ORDER BY id").map(rows.holdOf),
      nextHoldId: next(
        `SELECT max(coalesce((SELECT max(id) FROM holds), 0), coalesce((SELECT max(hold_id) FROM calls WHERE hold_id IS NOT NULL), 0),
           coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'audit_pruned_hold'), 0)) + 1 AS next`,
      ),
      nextCreditId: next("SELECT coalesce(max(id), 0) + 1 AS next FROM credits"),
    };
  }

  counter(subject: string, period: string): Nano {
    const row = this.#sql.readCounter.get(subject, period) as { value: bigint } | null;
    return row?.value ?? 0n;
  }

  findReceipt(requestId: string): Receipt | null {
    return this.#receipt(this.#sql.endOfRequest, requestId);
  }

  findReceiptOfHold(holdId: number): Receipt | null {
    return this.#receipt(this.#sql.endOfHold, holdId);
  }

  #receipt(statement: Statement, value: string | number): Receipt | null {
    const row = statement.get(value) as rows.RawEnd | null;
    return row === null ? null : receiptOf(rows.settlementOf(row), this.#currency());
  }

  findCharge(requestId: string): ChargedParts | null {
    const row = this.#sql.endOfRequest.get(requestId) as rows.RawEnd | null;
    if (row === null || row.charged === 0n) return null;
    const { holdId, accountId, keyId, month, paid } = rows.settlementOf(row);
    const { refunded } = this.#sql.refundsOfHold.get(holdId) as { refunded: bigint };
    return { holdId, accountId, keyId, month, parts: rows.leftOfCharge(paid, refunded) };
  }

  findGrant(id: number): Grant | null {
    const row = this.#db.query("SELECT * FROM grants WHERE id = ?").get(id) as rows.RawGrant | null;
    return row === null ? null : rows.grantOf(row);
  }

  findCredit(accountId: string, idempotencyKey: string): CreditRow | null {
    const row = this.#sql.creditOfKey.get(accountId, idempotencyKey) as rows.RawCredit | null;
    return row === null ? null : rows.creditOf(row);
  }
}

/** The columns of a call without a hold. */
const REFUSED: ChainedEnd = {
  holdId: null,
  state: null,
  month: null,
  held: 0n,
  charged: 0n,
  absorbed: 0n,
  released: 0n,
  extended: 0n,
  settledAt: null,
};

/** Grants with something left, and the newest subscription grant of each account, which tells the period that was begun. */
const LIVE_GRANTS = `SELECT g.* FROM grants g LEFT JOIN books b ON b.name = 'grant:' || g.id
  WHERE coalesce(b.posted, 0) > 0
     OR (g.kind = 'subscription' AND g.id = (SELECT max(id) FROM grants n WHERE n.account_id = g.account_id AND n.kind = 'subscription'))`;
