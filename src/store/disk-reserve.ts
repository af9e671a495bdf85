import { closeSync, existsSync, fsyncSync, openSync, statfsSync, statSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { isSystemError } from "./files.ts";

/** Enough to settle some thousand calls that are under way when the disk fills up. */
const RESERVE_BYTES = 8 * 1024 * 1024;

/** Disk space put aside in a file of its own. It is given up when the disk is full, so that calls under way can be settled. */
export class DiskReserve {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }

  /** Puts the space aside when it isn't. False when the disk hasn't as much and the same again. */
  take(): boolean {
    if (existsSync(this.#path) && statSync(this.#path).size === RESERVE_BYTES) return true;
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < 2 * RESERVE_BYTES) return false;
    try {
      const file = openSync(this.#path, "w", 0o600);
      try {
        // Written, not truncated to: a hole takes no space.
        const chunk = new Uint8Array(1024 * 1024);
        for (let written = 0; written < RESERVE_BYTES;) written += writeSync(file, chunk);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return true;
    } catch (error) {
      // Full after all, over a quota, read-only, broken: what the system says is answered in one way, by doing without.
      if (!isSystemError(error)) throw error;
      this.release();
      return false;
    }
  }

  /** Gives the space back. False when there was none. */
  release(): boolean {
    if (!existsSync(this.#path)) return false;
    unlinkSync(this.#path);
    return true;
  }
}
