import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DATABASE_FILE, flushToDisk } from "./files.ts";
import { type Verification, verifyFile } from "./verify.ts";

/**
 * Copies the database of a data folder into a new file (0600), also while a server runs: one consistent snapshot, made by `VACUUM INTO`
 * (https://sqlite.org/lang_vacuum.html), flushed to disk, and checked like the original. The master secret is not in it: without the secret of
 * the folder, keys of customers and providers in a backup are of no use. Throws Error when the file exists or the copy does not verify.
 */
export function backUp(dataDir: string, file: string): Verification {
  const source = join(dataDir, DATABASE_FILE);
  if (!existsSync(source)) throw new Error(`no database in ${dataDir}`);
  const target = resolve(file);
  // Made by us first, so that nobody else can ever read it; SQLite takes an empty file.
  closeSync(openSync(target, "wx", 0o600));
  try {
    const db = new Database(source, { readonly: true });
    try {
      db.run("PRAGMA busy_timeout = 5000");
      db.run("VACUUM INTO ?", [target]);
    } finally {
      db.close();
    }
    flushToDisk(target);
    flushToDisk(dirname(target));
    const verification = verifyFile(target);
    const [first] = verification.findings;
    if (first !== undefined) throw new Error(`the backup does not verify: ${first}`);
    return verification;
  } catch (error) {
    unlinkSync(target);
    throw error;
  }
}
