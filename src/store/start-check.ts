import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Logger } from "../lib/log.ts";
import { verifyNewestCalls } from "./verify.ts";

/** A file up to this size is checked whole, in a fraction of a second. */
const SMALL_BYTES = 128 * 1024 * 1024;

/** Tables that grow with the calls. Of a large file they are left to `tollgate verify` and to backups, which read every page. */
const GROWING = ["calls", "entries", "responses", "usage_days", "facets"];

/** Calls at the end of the audit chain that are looked at: what a crash could have hurt was written last. */
const NEWEST_CALLS = 1_000;

/**
 * Is the file whole? A small one is checked page by page; of a large one, all tables that do not grow with the calls: a start must not read
 * gigabytes. Throws Error when it is damaged.
 */
export function checkFile(db: Database, file: string): void {
  if (statSync(file).size <= SMALL_BYTES) return check(db, file, "PRAGMA quick_check(1)");
  for (const table of tables(db)) if (!GROWING.includes(table)) check(db, file, `PRAGMA quick_check('${table}')`);
}

/** Do the newest calls fit their hashes? When they don't, it is told in the log: calls can still be served and charged. */
export function checkNewestCalls(db: Database, log: Logger): void {
  for (const finding of verifyNewestCalls(db, NEWEST_CALLS)) {
    log.error("the end of the audit chain does not hold; tollgate verify says more", { finding });
  }
}

function tables(db: Database): string[] {
  const rows = db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  return (rows as { name: string }[]).map(({ name }) => name);
}

function check(db: Database, file: string, pragma: string): void {
  const { quick_check: found } = db.query(pragma).get() as { quick_check: string };
  if (found !== "ok")
    throw new Error(`the database ${file} is damaged (${found.replaceAll("\n", " ")}); restore a backup of it`);
}
