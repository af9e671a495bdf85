import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { asideFault } from "../audit/aside.ts";
import { textsOf } from "../audit/record.ts";
import { type ChainHead, type ChainRow, verifyChain } from "../audit/chain.ts";
import { DATABASE_FILE } from "./files.ts";
import { BOOK_INVARIANTS, CALL_INVARIANTS, INVOICE_INVARIANTS, SUMMARY_INVARIANTS } from "./invariants.ts";

/** What was checked, and what was found. */
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
  return verifyFile(path, expectedHead);
}

/** The same for a database file by itself, such as a backup. */
export function verifyFile(path: string, expectedHead: ChainHead | null = null): Verification {
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
  // A file of before the migrations has no summaries and no issued invoices.
  const has = (table: string): boolean => db.query("SELECT 1 FROM sqlite_schema WHERE name = ?").get(table) !== null;
  const later = [...(has("usage_days") ? SUMMARY_INVARIANTS : []), ...(has("invoices") ? INVOICE_INVARIANTS : [])];
  return [...BOOK_INVARIANTS, ...CALL_INVARIANTS, ...later].flatMap(({ name, sql }) =>
    (db.query(sql).all() as { subject: unknown; found: unknown; expected: unknown }[]).map(
      (row) => `${name}: ${String(row.subject)}: found ${String(row.found)}, expected ${String(row.expected)}`,
    ),
  );
}

interface RawCall {
  seq: bigint;
  hold_id: bigint | null;
  account_id: string;
  at: bigint;
  state: string | null;
  month: string | null;
  held: bigint;
  charged: bigint;
  absorbed: bigint;
  released: bigint;
  extended: bigint;
  settled_at: bigint | null;
  record: string;
  hash: Uint8Array;
  aside?: string | null;
}

/**
 * What is wrong with the audit chain. `expectedHead` is its last row as it was written down elsewhere; without it the head that the writer
 * noted in the database itself is expected, which finds a cut-off end only where nobody has forged that note too.
 */
function verifyAudit(db: Database, expectedHead: ChainHead | null): string[] {
  const rows = db.query("SELECT * FROM calls ORDER BY seq").iterate() as IterableIterator<RawCall>;
  const beside = new AsideCheck(db);
  const head = expectedHead ?? noted(db, "audit_head");
  return [...verifyChain(chainRows(rows, beside), noted(db, "audit_anchor"), head), ...beside.findings];
}

/** Texts beside the chain are those whose digests are in it, or they are gone with their account. */
class AsideCheck {
  readonly findings: string[] = [];
  readonly #erased: ReadonlySet<string>;

  constructor(db: Database) {
    // A file of before the migration has no such table, and no such texts.
    const isThere = db.query("SELECT 1 FROM sqlite_schema WHERE name = 'erasures'").get() !== null;
    const rows = isThere ? (db.query("SELECT account_id FROM erasures").all() as { account_id: string }[]) : [];
    this.#erased = new Set(rows.map((row) => row.account_id));
  }

  look({ seq, record, aside = null, account_id }: RawCall): void {
    if (aside === null && !record.includes('"sha256:')) return;
    const texts = textsOf(record);
    // A damaged record is the chain's finding.
    const fault = texts === null ? null : asideFault(texts, aside);
    if (fault === null || (fault === "gone" && this.#erased.has(account_id))) return;
    this.findings.push(`audit: the texts beside row ${seq} ${fault === "gone" ? "are gone" : "were altered"}`);
  }
}

/** What is wrong with the newest rows of the audit chain, `count` of them, which follow the row before them. */
export function verifyNewestCalls(db: Database, count: number): string[] {
  const before = db.query("SELECT seq, hash FROM calls ORDER BY seq DESC LIMIT 1 OFFSET ?").get(count) as {
    seq: bigint;
    hash: Uint8Array;
  } | null;
  const start = before === null ? noted(db, "audit_anchor") : { seq: Number(before.seq), hash: before.hash.toHex() };
  const rows = db.query("SELECT * FROM calls WHERE seq > ? ORDER BY seq").iterate(start?.seq ?? 0);
  const beside = new AsideCheck(db);
  const chain = chainRows(rows as IterableIterator<RawCall>, beside);
  return [...verifyChain(chain, start, noted(db, "audit_head")), ...beside.findings];
}

function noted(db: Database, name: "audit_anchor" | "audit_head"): ChainHead | null {
  const row = db.query("SELECT value FROM settings WHERE name = ?").get(name) as { value: string } | null;
  return row === null ? null : (JSON.parse(row.value) as ChainHead);
}

function* chainRows(rows: Iterable<RawCall>, beside: AsideCheck): Generator<ChainRow> {
  for (const row of rows) {
    beside.look(row);
    const { state, month, held, charged, absorbed, released, extended, record, hash } = row;
    const holdId = row.hold_id === null ? null : Number(row.hold_id);
    const settledAt = row.settled_at === null ? null : Number(row.settled_at);
    const end = { holdId, state, month, held, charged, absorbed, released, extended, settledAt };
    yield { seq: Number(row.seq), end, record, hash };
  }
}

function counts(db: Database): Omit<Verification, "findings"> {
  const count = (rows: string): number =>
    Number((db.query(`SELECT count(*) AS n FROM ${rows}`).get() as { n: bigint }).n);
  const last = db.query("SELECT seq, hash FROM calls ORDER BY seq DESC LIMIT 1").get() as {
    seq: bigint;
    hash: Uint8Array;
  } | null;
  const head = last === null ? null : { seq: Number(last.seq), hash: Buffer.from(last.hash).toString("hex") };
  return {
    entries: count("entries"),
    settlements: count("calls WHERE hold_id IS NOT NULL"),
    openHolds: count("holds"),
    auditRows: count("calls"),
    head,
  };
}
