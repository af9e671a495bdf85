import type { Database } from "bun:sqlite";
import { chmodSync, constants, copyFileSync, existsSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { flushToDisk, isSystemError } from "./files.ts";

/** Left over beside the copy: for the migrations themselves, and for the first calls behind them. */
const SPARE_BYTES = 64 * 1024 * 1024;
const MIB = 1024 * 1024;

/** Bytes that may still be written to the disk of a folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Copies a database's file as it is now to `copy` (0600), which is whole and on disk when this returns; an older copy is replaced unless the
 * database has not been written since. Where the file system can, both share their blocks and the copy takes no space. `free` gives what is left
 * in a folder, in bytes. Throws Error when that is too little, or another process keeps the write-ahead log from being written back.
 */
export function takeSnapshot(db: Database, file: string, copy: string, free = freeBytes): void {
  const { busy } = db.query("PRAGMA wal_checkpoint(FULL)").get() as { busy: bigint | number };
  if (Number(busy) !== 0)
    throw new Error(`another process reads ${file}; end it, so that the database can be upgraded`);
  if (existsSync(copy) && isSame(file, copy)) return;
  const unfinished = `${copy}.part`;
  rmSync(unfinished, { force: true });
  try {
    if (!shareBlocks(file, unfinished)) {
      requireSpace(file, copy, free);
      copyFileSync(file, unfinished);
    }
    chmodSync(unfinished, 0o600);
    flushToDisk(unfinished);
    renameSync(unfinished, copy);
    flushToDisk(dirname(copy));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** So that a start which fails again and again does not copy again and again. */
function isSame(file: string, copy: string): boolean {
  const [now, then] = [statSync(file), statSync(copy)];
  return then.size === now.size && then.mtimeMs >= now.mtimeMs;
}

/** False where files can't share blocks: on most file systems, and across two of them. */
function shareBlocks(file: string, copy: string): boolean {
  try {
    copyFileSync(file, copy, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    // Whatever the reason is, a plain copy works or says it better.
    if (isSystemError(error)) return false;
    throw error;
  }
}

function requireSpace(file: string, copy: string, free: (folder: string) => number): void {
  const needed = statSync(file).size + SPARE_BYTES;
  const left = free(dirname(copy));
  if (left >= needed) return;
  const inMib = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`;
  throw new Error(
    `the upgrade copies the database first, to ${copy}: that takes ${inMib(needed)}, and ${inMib(left)} are left; nothing has been changed`,
  );
}
