import type { Database } from "bun:sqlite";
import type { AlertStore, LowBalance } from "../ledger/alerts.ts";
import type { Writer } from "./writer.ts";

interface RawAlert {
  id: bigint;
  account_id: string;
  at: bigint;
  balance: bigint;
  threshold: bigint;
}

/** Alerts that have not arrived. The ledger's storage adds them, in the transaction of what made the balance low. */
export class AlertTable implements AlertStore {
  readonly #db: Database;
  readonly #writer: Writer;
  constructor(db: Database, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  pending(limit: number): (LowBalance & { id: number })[] {
    const rows = this.#db.query("SELECT * FROM low_balance_alerts ORDER BY id LIMIT ?").all(limit) as RawAlert[];
    return rows.map((row) => ({
      id: Number(row.id),
      accountId: row.account_id,
      at: Number(row.at),
      balance: row.balance,
      threshold: row.threshold,
    }));
  }

  remove(id: number): Promise<void> {
    return this.#writer.enqueue(() => void this.#db.query("DELETE FROM low_balance_alerts WHERE id = ?").run(id));
  }
}
