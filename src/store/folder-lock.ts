import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../lib/log.ts";

/**
 * One process writes a data folder. The lock is an exclusive SQLite transaction on a file of its own: the system lets go of it when the process ends,
 * however it ends, and readers of the real database are not disturbed.
 */
export class FolderLock {
  readonly #db: Database;

  /** Throws Error when another process holds the folder, or it can't be written. */
  constructor(folder: string) {
    const path = join(folder, "lock");
    try {
      this.#db = new Database(path, { create: true });
      chmodSync(path, 0o600);
    } catch (error) {
      throw new Error(`the data folder ${folder} can't be written: ${errorText(error)}`, { cause: error });
    }
    try {
      this.#db.run("BEGIN EXCLUSIVE");
    } catch (error) {
      this.#db.close();
      throw new Error(`the data folder ${folder} is in use by another process`, { cause: error });
    }
  }

  release(): void {
    this.#db.run("ROLLBACK");
    this.#db.close();
  }
}
