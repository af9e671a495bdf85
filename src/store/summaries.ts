import type { Database, Statement } from "bun:sqlite";
import { errorText, type Logger } from "../lib/log.ts";
import { localDaySql } from "./local-day.ts";
import * as sql from "./summary-sql.ts";
import type { Writer } from "./writer.ts";

/** Calls that are summed up in one transaction: other calls' commits must not wait long. */
const CHUNK = 250;

/** ms between two steps that nobody waits for: calls under way come first. */
const PAUSE_MS = 25;

/**
 * Sums of the calls by day and month, and where in the table they stand. They follow the calls at a distance, off the way of a call, and hold
 * nothing that the calls don't: what is not summed up yet is read from the calls themselves, so that reports are always exact.
 */
export class Summaries {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #timezone: () => string;
  readonly #log: Logger;
  readonly #read: Statement;
  readonly #extract: Statement;
  readonly #last: Statement;
  /** What is being summed up, by the pause between its steps. */
  readonly #running = new Map<number, Promise<void>>();
  #closed = false;

  /** `timezone`: IANA zone of the days; when it changes, all is summed up anew. */
  constructor(db: Database, options: { writer: Writer; timezone: () => string; log: Logger }) {
    this.#db = db;
    this.#writer = options.writer;
    this.#timezone = options.timezone;
    this.#log = options.log;
    db.run(sql.SCRATCH);
    this.#read = db.prepare("SELECT value FROM settings WHERE name = ?");
    this.#extract = db.prepare(sql.EXTRACT);
    this.#last = db.prepare("SELECT max(seq) AS last FROM (SELECT seq FROM calls WHERE seq > ? ORDER BY seq LIMIT ?)");
  }

  /** Number of the last call that is summed up; 0 when none is, or the days are those of another zone. */
  position(): number {
    return this.#setting("summary_zone") === this.#timezone() ? Number(this.#setting("summary_position") ?? 0) : 0;
  }

  /** Sums up the calls there are now, step by step. Resolves also when the database can't be written: the rest stays for later. */
  catchUp(): Promise<void> {
    return this.#run(0);
  }

  /** The same with pauses, for when nobody waits for it. */
  follow(): Promise<void> {
    return this.#run(PAUSE_MS);
  }

  #run(pauseMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    let running = this.#running.get(pauseMs);
    if (running === undefined) {
      running = this.#sumUp(pauseMs).finally(() => this.#running.delete(pauseMs));
      this.#running.set(pauseMs, running);
    }
    return running;
  }

  async #sumUp(pauseMs: number): Promise<void> {
    try {
      // Not those that come in meanwhile: under load there is always one more.
      const newest = this.#db.query("SELECT max(seq) AS newest FROM calls").get() as { newest: bigint | null };
      const target = Number(newest.newest ?? 0n);
      while (!this.#closed && this.position() < target) {
        await this.#writer.enqueue(() => this.#step(), { flush: false });
        if (pauseMs > 0 && this.position() < target) await Bun.sleep(pauseMs);
      }
    } catch (error) {
      this.#log.warn("calls could not be summed up; reports read the calls themselves", { error: errorText(error) });
    }
  }

  /** Resolves when nothing more is written. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }

  /** Part of a transaction. */
  #step(): void {
    const zone = this.#timezone();
    if (this.#setting("summary_zone") !== zone) {
      for (const table of sql.TABLES) this.#db.run(`DELETE FROM ${table}`);
      this.#set("summary_zone", zone);
      this.#set("summary_position", "0");
    }
    const position = Number(this.#setting("summary_position") ?? 0);
    const end = this.#chunkEnd(position);
    if (end === null) return;
    this.#apply(position, end, 1);
    this.#set("summary_position", String(end));
  }

  /**
   * Takes the calls up to `seq` out of the sums again, which are about to be dropped; part of the transaction that drops them. They must have been
   * summed up.
   */
  subtract(seq: number): void {
    if (seq > Number(this.#setting("summary_position") ?? 0)) throw new Error("the calls have not been summed up yet");
    this.#apply(0, seq, -1);
    for (const statement of sql.AFTER_SUBTRACTION) this.#db.run(statement);
    this.#db.run("DELETE FROM facets WHERE day IN (SELECT period FROM spans WHERE last_seq <= ?)", [seq]);
    this.#db.run("DELETE FROM spans WHERE last_seq <= ?", [seq]);
  }

  #apply(after: number, end: number, sign: 1 | -1): void {
    this.#db.run("DELETE FROM temp.summed");
    this.#extract.run(after, end);
    const { first, last } = this.#db.query("SELECT min(at) AS first, max(at) AS last FROM temp.summed").get() as {
      first: bigint | null;
      last: bigint | null;
    };
    const zone = this.#setting("summary_zone") ?? this.#timezone();
    this.#db.run(`UPDATE temp.summed SET day = ${localDaySql("at", Number(first ?? 0n), Number(last ?? 0n), zone)}`);
    for (const statement of sql.SUMS) this.#db.query(statement).run(sign);
    if (sign === 1) for (const statement of sql.PLACES) this.#db.query(statement).run();
  }

  #chunkEnd(position: number): number | null {
    const { last } = this.#last.get(position, CHUNK) as { last: bigint | null };
    return last === null ? null : Number(last);
  }

  #setting(name: string): string | null {
    return (this.#read.get(name) as { value: string } | null)?.value ?? null;
  }

  #set(name: string, value: string): void {
    this.#db.run(
      "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2 WHERE value <> ?2",
      [name, value],
    );
  }
}
