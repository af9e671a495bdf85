import { type Database, SQLiteError, type Statement } from "bun:sqlite";
import { RowsRefused } from "../ledger/unavailable.ts";
import { errorText, type Logger } from "../lib/log.ts";
import type { LogFlush } from "./log-flush.ts";
import type { DiskReserve } from "./disk-reserve.ts";

type Write = () => void;

export interface WriteOptions {
  /** Ends what is under way, and may use the reserve; false. */
  vital?: boolean;
  /** True: done when it is on disk. False: done when it is written, which a killed process doesn't undo, and on disk with the next that is flushed. */
  flush?: boolean;
}

/** What went wrong with single writes of a batch, by their place; null = all of them are on disk. */
type Failures = ReadonlyMap<number, unknown> | null;

interface Batch {
  writes: Write[];
  /** Somebody waits for the disk. */
  mustFlush: boolean;
  done: PromiseWithResolvers<Failures>;
}

interface Committed {
  batch: Batch;
  failures: Failures;
}

/** ms between two probes while the database can't be written. */
const PROBE_MS = 100;
/** ms between two tries, and of all tries, while another process has the database locked. */
const BUSY_RETRY_MS = 20;
const BUSY_PATIENCE_MS = 5_000;

/**
 * `open`: all is well. `tight`: the disk is full and the reserve has been given up for the calls that are under way; nothing new is promised.
 * `down`: nothing can be written.
 */
type WriterState = "open" | "tight" | "down";

/**
 * Group commit: the writes of one turn of the event loop are one transaction, and all who wait for it are told once it has been flushed. What is
 * written while a flush is under way gathers for the next one. After a failure everything new is refused until a probe succeeds, so that nobody is
 * promised what the disk won't keep.
 */
export class Writer {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #reserve: DiskReserve;
  readonly #flush: LogFlush;
  readonly #sql: Record<"begin" | "commit" | "rollback" | "probe", Statement>;
  readonly #beforeCommit: Write[] = [];
  readonly #rollbacks: Write[] = [];
  readonly #resets: Write[] = [];
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  /** Gathers writes. */
  #batch: Batch | null = null;
  /** Is committed and being flushed. */
  #flushing: Committed | null = null;
  /** A flush has failed, and what it was for is not known to be on disk. */
  #mustRescue = false;
  #state: WriterState = "open";
  #busySince: number | null = null;
  #probeTimer: ReturnType<typeof setInterval> | null = null;

  constructor(db: Database, options: { log: Logger; reserve: DiskReserve; flush: LogFlush }) {
    this.#db = db;
    this.#log = options.log;
    this.#reserve = options.reserve;
    this.#flush = options.flush;
    this.#sql = {
      begin: db.prepare("BEGIN IMMEDIATE"),
      commit: db.prepare("COMMIT"),
      rollback: db.prepare("ROLLBACK"),
      probe: db.prepare(
        "INSERT INTO settings (name, value) VALUES ('probe', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
      ),
    };
    if (!this.#reserve.take()) this.#log.warn("the disk has no room for a reserve");
  }

  /** False: nothing new may be promised. */
  get healthy(): boolean {
    return this.#state === "open";
  }

  /** `write` runs last in each transaction: for sums that are kept per batch. */
  onCommit(write: Write): void {
    this.#beforeCommit.push(write);
  }

  /** Called whenever a transaction was rolled back. */
  onRollback(told: Write): void {
    this.#rollbacks.push(told);
  }

  /** Called when writes are given up, before anyone is told, and again before writing goes on: memory must be read anew. */
  onReset(reset: Write): void {
    this.#resets.push(reset);
  }

  /**
   * Joins the transaction of this turn. Resolves when it is on disk, or only written if that is enough; rejects when it can't be, with RowsRefused
   * when this write alone was at fault.
   */
  enqueue(write: Write, { vital = false, flush = true }: WriteOptions = {}): Promise<void> {
    if (this.#state === "down" || (this.#state === "tight" && !vital)) {
      return Promise.reject(new Error("the database can't be written"));
    }
    if (this.#batch === null) {
      this.#batch = { writes: [], mustFlush: false, done: Promise.withResolvers() };
      if (this.#flushing === null || !flush) this.#commitSoon();
    }
    if (flush) this.#batch.mustFlush = true;
    const place = this.#batch.writes.push(write) - 1;
    return this.#batch.done.promise.then((failures) => {
      if (failures !== null && failures.has(place)) throw new RowsRefused(failures.get(place));
    });
  }

  /** Resolves when vital writes are taken (again); rejects when the writer is closed. */
  writable(): Promise<void> {
    if (this.#state !== "down") return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  #commitSoon(): void {
    setImmediate(() => this.#commitBatch());
  }

  #commitBatch(): void {
    const batch = this.#batch;
    // What needs no flush does not wait for one.
    if (batch === null || (this.#flushing !== null && batch.mustFlush)) return;
    try {
      const failures = this.#commit(batch.writes);
      this.#batch = null;
      this.#busySince = null;
      if (failures !== null) this.#tryReset();
      if (!batch.mustFlush) return batch.done.resolve(failures);
      const committed = { batch, failures };
      this.#flushing = committed;
      this.#flush.start().then(
        () => this.#flushed(committed),
        (error: unknown) => this.#flushFailed(committed, error),
      );
    } catch (error) {
      if (this.#mayWait(error)) return void setTimeout(() => this.#commitBatch(), BUSY_RETRY_MS);
      this.#batch = null;
      this.#busySince = null;
      this.#goDown(error);
      batch.done.reject(error);
    }
  }

  #flushed(committed: Committed): void {
    if (this.#flushing !== committed) return;
    this.#flushing = null;
    committed.batch.done.resolve(committed.failures);
    // In the next turn: those who were told just now may have more to write.
    if (this.#batch !== null) this.#commitSoon();
  }

  #flushFailed(committed: Committed, error: unknown): void {
    if (this.#flushing !== committed) return;
    this.#log.error("a commit could not be flushed", { error: errorText(error) });
    this.#mustRescue = true;
    if (this.#rescued()) return this.#flushed(committed);
    const gathered = this.#batch;
    this.#flushing = null;
    this.#batch = null;
    this.#goDown(error);
    committed.batch.done.reject(error);
    gathered?.done.reject(error);
  }

  /** True when nothing hangs on a flush that failed (any more). */
  #rescued(): boolean {
    if (!this.#mustRescue) return true;
    try {
      this.#mustRescue = !this.#flush.rescue();
    } catch (error) {
      this.#log.error("the log can't be copied into the database", { error: errorText(error) });
    }
    return !this.#mustRescue;
  }

  /** A lock of another process, such as a backup's, is worth a short wait; writes that come meanwhile join the batch. */
  #mayWait(error: unknown): boolean {
    if (codeOf(error) !== "SQLITE_BUSY") return false;
    const now = performance.now();
    this.#busySince ??= now;
    return now - this.#busySince < BUSY_PATIENCE_MS;
  }

  #commit(writes: readonly Write[]): Failures {
    try {
      this.#transaction(() => {
        for (const write of writes) write();
      });
      return null;
    } catch (error) {
      if (isOutage(error)) throw error;
      this.#log.error("rows were refused; their batch is written one by one", { error: errorText(error) });
      return this.#oneByOne(writes);
    }
  }

  /** One bad row must not take those of other calls with it. */
  #oneByOne(writes: readonly Write[]): Failures {
    const failures = new Map<number, unknown>();
    this.#transaction(() => {
      for (const [place, write] of writes.entries()) {
        this.#db.run("SAVEPOINT one");
        try {
          write();
        } catch (error) {
          if (isOutage(error)) throw error;
          this.#db.run("ROLLBACK TO one");
          failures.set(place, error);
        }
        this.#db.run("RELEASE one");
      }
    });
    return failures;
  }

  #transaction(run: Write): void {
    this.#sql.begin.run();
    try {
      run();
      for (const write of this.#beforeCommit) write();
      this.#sql.commit.run();
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollback.run();
      for (const told of this.#rollbacks) told();
      throw error;
    }
  }

  /** False when memory could not be read anew: the database can't be read either. */
  #tryReset(): boolean {
    try {
      for (const reset of this.#resets) reset();
      return true;
    } catch (error) {
      this.#log.error("the database can't be read", { error: errorText(error) });
      return false;
    }
  }

  #goDown(error: unknown): void {
    this.#log.error("the database can't be written; calls are refused until it can", { error: errorText(error) });
    this.#state = "down";
    this.#tryReset();
    this.#probeTimer ??= setInterval(() => this.#tryAgain(), PROBE_MS);
  }

  #tryAgain(): void {
    if (this.#state === "down" && !this.#probeSucceeds()) return;
    if (this.#reserve.take()) {
      if (this.#probeTimer !== null) clearInterval(this.#probeTimer);
      this.#probeTimer = null;
      this.#state = "open";
      this.#log.info("the database can be written again");
    } else if (this.#state === "down") {
      this.#state = "tight";
      this.#log.warn("the disk is full: calls under way are settled from the reserve, new ones are refused");
    }
    for (const waiter of this.#waiting.splice(0)) waiter.resolve();
  }

  #probeSucceeds(): boolean {
    try {
      this.#transaction(() => void this.#sql.probe.run(String(performance.now())));
      this.#flush.now();
      return this.#rescued() && this.#tryReset();
    } catch (error) {
      const freed = codeOf(error) === "SQLITE_FULL" && this.#reserve.release();
      this.#log.debug("the database still can't be written", { error: errorText(error), freed });
      return false;
    }
  }

  /** Writes what has been gathered, and waits for the disk. */
  close(): void {
    const flushing = this.#flushing;
    if (flushing !== null) this.#finish(flushing.batch, () => flushing.failures);
    const left = this.#batch;
    if (left !== null) this.#finish(left, () => this.#commit(left.writes));
    this.#flushing = null;
    this.#batch = null;
    this.#flush.close();
    if (this.#probeTimer !== null) clearInterval(this.#probeTimer);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new Error("the database is closed"));
  }

  #finish(batch: Batch, commit: () => Failures): void {
    try {
      const failures = commit();
      this.#flush.now();
      batch.done.resolve(failures);
    } catch (error) {
      this.#log.error("the last writes could not be flushed", { error: errorText(error) });
      batch.done.reject(error);
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof SQLiteError ? (error.code ?? "") : "");

/** Codes of storage that is out of order, as against rows that are wrong (https://sqlite.org/rescode.html). */
const OUTAGES =
  /^SQLITE_(?:BUSY|LOCKED|NOMEM|READONLY|INTERRUPT|IOERR|CORRUPT|FULL|CANTOPEN|PROTOCOL|NOLFS|AUTH|NOTADB)/;

const isOutage = (error: unknown): boolean => OUTAGES.test(codeOf(error));
