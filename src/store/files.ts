import { closeSync, fsyncSync, openSync } from "node:fs";

/** Files of a data folder. */
export const DATABASE_FILE = "tollgate.db";
export const SECRET_FILE = "secret";
export const ADMIN_TOKEN_FILE = "admin-token";
/** Space put aside for the day the disk is full. */
export const RESERVE_FILE = "reserve";

/** Is it the operating system that refused: no space, no permission, a broken disk? */
export const isSystemError = (error: unknown): boolean => error instanceof Error && "errno" in error;

/** Has a file, or the names in a folder, written to disk. Throws Error when the system can't. */
export function flushToDisk(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
