import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ChainHead, type ChainRow, verifyChain } from "../audit/chain.ts";
import { positionOf } from "../audit/record.ts";
import { DATABASE_FILE } from "./files.ts";
import { BOOK_INVARIANTS, CALL_INVARIANTS } from "./invariants.ts";

export interface Verification {
  /** One sentence per violation; [] = all is well. */
  findings: string[];
  entries: number;
  settlements: number;
  openHolds: number;
  auditRows: number;
  /** The audit's last row: keep it elsewhere, and a cut-off end can be proved. */
  head: ChainHead | null;
}

/** Checks the books and the audit chain of a data folder, read-only, also while a server runs. Throws Error when there is no database. */
export function verifyDataFolder(dataDir: string, expectedHead: ChainHead | null = null): Verification {
  const path = join(dataDir, DATABASE_FILE);
  if (!existsSync(path)) throw new Error(`no database in ${dataDir}`);
  const db = new Database(path, { readonly: true, safeIntegers: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    // One snapshot for all queries.
    db.run("BEGIN");
    const check = db.query("PRAGMA integrity_check").all() as { integrity_check: string }[];
    const damage = check.filter((row) => row.integrity_check !== "ok").map((row) => `database: ${row.integrity_check}`);
    return { findings: [...damage, ...verifyLedger(db), ...verifyAudit(db, expectedHead)], ...counts(db) };
  } finally {
    db.close();
  }
}

/** The rules of the books that do not hold, one sentence per violation. The connection must give integers as bigint. */
export function verifyLedger(db: Database): string[] {
  return [...BOOK_INVARIANTS, ...CALL_INVARIANTS].flatMap(({ name, sql }) =>
    (db.query(sql).all() as { subject: unknown; found: unknown; expected: unknown }[]).map(
      (row) => `${name}: ${String(row.subject)}: found ${String(row.found)}, expected ${String(row.expected)}`,
    ),
  );
}

interface RawAudit {
  seq: bigint;
  at: bigint;
  account_id: string;
  body: string;
  hash: Uint8Array;
}

/** What is wrong with the audit chain. `expectedHead` is its last row as it was written down elsewhere. */
export function verifyAudit(db: Database, expectedHead: ChainHead | null): string[] {
  const anchor = db.query("SELECT value FROM settings WHERE name = 'audit_anchor'").get() as { value: string } | null;
  const rows = db
    .query("SELECT seq, at, account_id, body, hash FROM audit ORDER BY seq")
    .iterate() as IterableIterator<RawAudit>;
  const findings: string[] = [];
  const parsed = anchor === null ? null : (JSON.parse(anchor.value) as ChainHead);
  const broken = verifyChain(chainRows(rows, findings), parsed, expectedHead);
  return [...broken, ...findings];
}

/** The hash covers the body; the columns beside it must say the same. */
function* chainRows(rows: Iterable<RawAudit>, findings: string[]): Generator<ChainRow> {
  for (const { seq, at, account_id: account, body, hash } of rows) {
    if (!saysSame(body, Number(at), account)) findings.push(`audit: columns of row ${seq} differ from its record`);
    yield { seq: Number(seq), body, hash };
  }
}

function saysSame(body: string, at: number, account: string): boolean {
  try {
    const record = JSON.parse(body) as unknown[];
    return record[positionOf("time")] === at && record[positionOf("account_id")] === account;
  } catch {
    return false;
  }
}

function counts(db: Database): Omit<Verification, "findings"> {
  const count = (table: string): number =>
    Number((db.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: bigint }).n);
  const last = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").get() as {
    seq: bigint;
    hash: Uint8Array;
  } | null;
  const head = last === null ? null : { seq: Number(last.seq), hash: Buffer.from(last.hash).toString("hex") };
  return {
    entries: count("entries"),
    settlements: count("settlements"),
    openHolds: count("holds"),
    auditRows: count("audit"),
    head,
  };
}
