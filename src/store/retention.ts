import type { Database } from "bun:sqlite";
import type { ChainHead } from "../audit/chain.ts";
import type { Summaries } from "./summaries.ts";
import type { Writer } from "./writer.ts";

/** Calls that go in one transaction: other calls' commits must not wait long. */
const SEGMENT = 250;

/** What pruning has dropped. */
export interface Pruned {
  /** Calls that were dropped. */
  calls: number;
  /** Where the chain begins now; null = at its first row. */
  anchor: ChainHead | null;
}

/**
 * Drops calls with their audit records and receipts. Entries, balances and counters are never dropped, so the books add up as before; the chain
 * goes on from the last row dropped, which is kept as its anchor.
 */
export class Retention {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #summaries: Summaries;
  constructor(db: Database, writer: Writer, summaries: Summaries) {
    this.#db = db;
    this.#writer = writer;
    this.#summaries = summaries;
  }

  /**
   * Drops the calls of whole months up to and with `month` (`2026-08`), as far as they stand before all later ones; a call that ended late
   * keeps its neighbours. The newest row always stays. Rejects when the database can't be written.
   */
  async prune(month: string): Promise<Pruned> {
    await this.#summaries.catchUp();
    const last = this.#lastToGo(month);
    let calls = 0;
    for (;;) {
      const dropped = await this.#dropSegment(last);
      calls += dropped;
      if (dropped < SEGMENT) break;
    }
    await this.#writer.enqueue(() => {
      this.#db.run("DELETE FROM counters WHERE subject LIKE 'messages:%' AND period <= ?", [`${month}-31`]);
    });
    return { calls, anchor: this.#anchor() };
  }

  /** Calls that came in behind the summaries stay: they are newer than all that may go. */
  #lastToGo(month: string): number {
    const position = this.#summaries.position();
    const { later } = this.#db
      .query("SELECT min(first_seq) AS later FROM spans WHERE length(period) = 7 AND period > ?")
      .get(month) as { later: bigint | null };
    const newest = this.#db.query("SELECT max(seq) AS newest FROM calls").get() as { newest: bigint | null };
    return Math.min(Number(later ?? newest.newest ?? 1n) - 1, position);
  }

  /** Moves the anchor first: triggers let only rows before it go. Gives the number of calls dropped. */
  async #dropSegment(last: number): Promise<number> {
    let dropped = 0;
    await this.#writer.enqueue(() => {
      const end = this.#db
        .query("SELECT seq, hash FROM calls WHERE seq <= ? ORDER BY seq LIMIT 1 OFFSET ?")
        .get(last, SEGMENT - 1) as { seq: bigint; hash: Uint8Array } | null;
      const newest = end ?? (this.#db.query("SELECT seq, hash FROM calls WHERE seq = ?").get(last) as typeof end);
      if (newest === null) return;
      const seq = Number(newest.seq);
      this.#set("audit_anchor", JSON.stringify({ seq, hash: newest.hash.toHex() }));
      const { hold, month } = this.#db
        .query("SELECT max(hold_id) AS hold, max(month) AS month FROM calls WHERE seq <= ?")
        .get(seq) as { hold: bigint | null; month: string | null };
      if (hold !== null) this.#raise("audit_pruned_hold", String(hold), (old) => BigInt(old) < hold);
      if (month !== null) this.#raise("audit_pruned_month", month, (old) => old < month);
      this.#summaries.subtract(seq);
      dropped = this.#db.run("DELETE FROM calls WHERE seq <= ?", [seq]).changes;
    });
    return dropped;
  }

  #raise(name: string, value: string, isLower: (old: string) => boolean): void {
    const old = this.#get(name);
    if (old === null || isLower(old)) this.#set(name, value);
  }

  #anchor(): ChainHead | null {
    const text = this.#get("audit_anchor");
    return text === null ? null : (JSON.parse(text) as ChainHead);
  }

  #get(name: string): string | null {
    const row = this.#db.query("SELECT value FROM settings WHERE name = ?").get(name) as { value: string } | null;
    return row?.value ?? null;
  }

  #set(name: string, value: string): void {
    this.#db.run("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", [
      name,
      value,
    ]);
  }
}
