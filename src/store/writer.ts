import type { Database } from "bun:sqlite";
import type { Logger } from "../lib/log.ts";
import { errorText } from "../lib/log.ts";

type Write = () => void;

interface Batch {
  writes: Write[];
  done: PromiseWithResolvers<void>;
}

/**
 * Group commit: writes of one turn of the event loop go to disk in one transaction, and all who wait for it are told at once. After a
 * failed flush everything is refused until a probe commit succeeds, so that nobody is promised what the disk won't keep.
 */
export class Writer {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #probe: Write;
  #batch: Batch | null = null;
  #down = false;
  #probeTimer: ReturnType<typeof setInterval> | null = null;
  /** Run inside each transaction after its writes, for sums that are kept per batch. */
  readonly #beforeCommit: Write;
  readonly #afterFailure: Write;

  constructor(db: Database, options: { log: Logger; beforeCommit: Write; afterFailure: Write }) {
    this.#db = db;
    this.#log = options.log;
    this.#beforeCommit = options.beforeCommit;
    this.#afterFailure = options.afterFailure;
    const probe = db.prepare(
      "INSERT INTO settings (name, value) VALUES ('probe', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
    );
    this.#probe = () => void probe.run(String(performance.now()));
  }

  get healthy(): boolean {
    return !this.#down;
  }

  /** Joins the transaction of this turn. Resolves when it is on disk; rejects when it can't be. */
  enqueue(write: Write): Promise<void> {
    if (this.#down) return Promise.reject(new Error("the database can't be written"));
    if (this.#batch === null) {
      this.#batch = { writes: [], done: Promise.withResolvers() };
      setImmediate(() => this.flush());
    }
    this.#batch.writes.push(write);
    return this.#batch.done.promise;
  }

  /** Writes what has been queued, now. */
  flush(): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#batch = null;
    try {
      this.#transaction(batch.writes);
    } catch (error) {
      this.#goDown(error);
      batch.done.reject(error);
      return;
    }
    batch.done.resolve();
  }

  #transaction(writes: readonly Write[]): void {
    this.#db.run("BEGIN IMMEDIATE");
    try {
      for (const write of writes) write();
      this.#beforeCommit();
      this.#db.run("COMMIT");
    } catch (error) {
      this.#afterFailure();
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  #goDown(error: unknown): void {
    this.#log.error("the database can't be written; calls are refused until it can", { error: errorText(error) });
    this.#down = true;
    this.#probeTimer ??= setInterval(() => this.#tryAgain(), 250);
  }

  #tryAgain(): void {
    try {
      this.#transaction([this.#probe]);
    } catch (error) {
      this.#log.debug("the database still can't be written", { error: errorText(error) });
      return;
    }
    if (this.#probeTimer !== null) clearInterval(this.#probeTimer);
    this.#probeTimer = null;
    this.#down = false;
    this.#log.info("the database can be written again");
  }

  close(): void {
    this.flush();
    if (this.#probeTimer !== null) clearInterval(this.#probeTimer);
  }
}
