import type { Database } from "bun:sqlite";
import { closeSync, fdatasync, fdatasyncSync, openSync, statSync } from "node:fs";

/**
 * Makes commits stay: flushes the write-ahead log as SQLite does after each commit under `synchronous=FULL`, but off the event loop, so that
 * neither streams nor the next transaction wait for the disk. SQLite itself flushes the log's header and, around a checkpoint, log and database
 * (`synchronous=NORMAL`, https://sqlite.org/wal.html); a commit counts only when its flush is done.
 */
export class LogFlush {
  readonly #db: Database;
  readonly #file: number;
  /** Database and log with the inodes that are open: what is written into files that have lost their names is gone with the process. */
  readonly #inodes: ReadonlyMap<string, number>;

  /** The database must be in WAL mode and have been used: then its log is there, and stays the same file until the database is closed. */
  constructor(db: Database) {
    const { journal_mode: mode } = db.query("PRAGMA journal_mode").get() as { journal_mode: string };
    if (mode !== "wal") throw new Error(`the database must be in WAL mode, not ${mode}`);
    db.run("PRAGMA synchronous = NORMAL");
    this.#db = db;
    const log = `${db.filename}-wal`;
    this.#file = openSync(log, "r");
    this.#inodes = new Map([db.filename, log].map((path) => [path, statSync(path).ino]));
  }

  /** Flushes all that has been committed up to now. Rejects with the system's error: then nobody knows what of it is on disk. */
  start(): Promise<void> {
    const lost = this.#lostFile();
    if (lost !== null) return Promise.reject(lost);
    const done = Promise.withResolvers<void>();
    fdatasync(this.#file, (error) => (error === null ? done.resolve() : done.reject(error)));
    return done.promise;
  }

  /** The same, waiting for it. Throws the system's error. */
  now(): void {
    const lost = this.#lostFile();
    if (lost !== null) throw lost;
    fdatasyncSync(this.#file);
  }

  /**
   * After a failed flush the system may take pages for written that are not, so flushing again proves nothing. Copying the whole log into the
   * database and flushing that does. False when somebody else's lock stands in the way; throws the error when it
   * can't be written.
   */
  rescue(): boolean {
    const { busy } = this.#db.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: bigint | number };
    // A log without a name has been copied once more; no other one may be relied on.
    const lost = this.#lostFile();
    if (lost !== null) throw lost;
    return Number(busy) === 0;
  }

  /** An error when somebody has removed or replaced one of the files. */
  #lostFile(): Error | null {
    for (const [path, inode] of this.#inodes) {
      if (statSync(path, { throwIfNoEntry: false })?.ino === inode) continue;
      return new Error(
        `${path} was removed or replaced while in use; stop this process before anything else is done to its folder`,
      );
    }
    return null;
  }

  close(): void {
    closeSync(this.#file);
  }
}
