import type { Database } from "bun:sqlite";
import type { Logger } from "../lib/log.ts";
import type { Writer } from "./writer.ts";

/** Calls that go in one transaction: other calls' commits must not wait long. */
const STEP = 5_000;

/** How many rows were about people. */
export interface Erased {
  records: number;
  credits: number;
  invoices: number;
  storedResponses: number;
}

const FORGOTTEN =
  "UPDATE credits SET reason = 'erased', fingerprint = 'erased' WHERE account_id = ? AND reason <> 'erased'";

/** Rows that are nothing but personal, by the column that names the account. */
const PERSONAL = [
  ["billing_details", "account_id"],
  ["idempotency", "subject"],
  ["provider_ids", "account_id"],
  ["call_caps", "account_id"],
] as const;

/**
 * Takes what is about people out of an account's rows. Amounts, times and ids stay, and so do the books and the chain of the records: it holds digests
 * of what goes. What can't be erased any more is in backups, and in the copies that migrations leave.
 */
export class Erasure {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #log: Logger;
  constructor(db: Database, writer: Writer, log: Logger) {
    this.#db = db;
    this.#writer = writer;
    this.#log = log;
  }

  /** ms at which the account was erased; null = it was not. */
  erasedAt(accountId: string): number | null {
    const row = this.#db.query("SELECT at FROM erasures WHERE account_id = ?").get(accountId) as { at: bigint } | null;
    return row === null ? null : Number(row.at);
  }

  /**
   * May be repeated: what an earlier try has left is done. `first` writes what goes through other stores; of its rows, too, nothing is left in the
   * file when this resolves.
   */
  async erase(accountId: string, at: number, keepInvoices: boolean, first: () => Promise<void>): Promise<Erased> {
    // Else what is deleted stays readable in free pages of the file.
    this.#db.run("PRAGMA secure_delete = ON");
    try {
      await first();
      const erased = await this.#eraseSmall(accountId, at, keepInvoices);
      const records = await this.#eraseTexts(accountId);
      return { ...erased, records };
    } finally {
      this.#db.run("PRAGMA secure_delete = FAST");
      this.#scrubLog(accountId);
    }
  }

  /** The note of the erasure goes first: from then on missing texts are no finding. */
  async #eraseSmall(accountId: string, at: number, keepInvoices: boolean): Promise<Omit<Erased, "records">> {
    const counts = { credits: 0, invoices: 0, storedResponses: 0 };
    const run = (sql: string, ...values: (string | number)[]): number => this.#db.run(sql, values).changes;
    await this.#writer.enqueue(() => {
      const note = "INSERT INTO erasures (account_id, at, kept_invoices) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
      run(note, accountId, at, keepInvoices ? 1 : 0);
      counts.credits = run(FORGOTTEN, accountId);
      counts.storedResponses = run("DELETE FROM responses WHERE account_id = ?", accountId);
      for (const [table, column] of PERSONAL) run(`DELETE FROM ${table} WHERE ${column} = ?`, accountId);
      if (keepInvoices) return;
      const invoices = "UPDATE invoices SET personal = NULL WHERE account_id = ? AND personal IS NOT NULL";
      counts.invoices = run(invoices, accountId);
      run("UPDATE erasures SET kept_invoices = 0 WHERE account_id = ?", accountId);
    });
    return counts;
  }

  async #eraseTexts(accountId: string): Promise<number> {
    const end = `SELECT max(seq) AS seq FROM (SELECT seq FROM calls WHERE account_id = ? AND seq > ? ORDER BY seq LIMIT ${STEP})`;
    const clear = "UPDATE calls SET aside = NULL WHERE account_id = ? AND seq > ? AND seq <= ? AND aside IS NOT NULL";
    let records = 0;
    for (let after = 0; ;) {
      const last = (this.#db.query(end).get(accountId, after) as { seq: bigint | null }).seq;
      if (last === null) return records;
      const until = Number(last);
      const from = after;
      let cleared = 0;
      await this.#writer.enqueue(() => {
        cleared = this.#db.run(clear, [accountId, from, until]).changes;
      });
      records += cleared;
      after = until;
    }
  }

  /** The write-ahead log still has the pages as they were. */
  #scrubLog(accountId: string): void {
    const { busy } = this.#db.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: bigint };
    if (busy === 0n) return;
    this.#log.warn(
      "erased texts stay in the write-ahead log until it is written anew: another process reads the database",
      {
        account_id: accountId,
      },
    );
  }
}
