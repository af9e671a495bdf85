import { Database, SQLiteError } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { asideFault } from "../audit/aside.ts";
import { textsOf } from "../audit/record.ts";
import { type ChainHead, type ChainRow, verifyChain } from "../audit/chain.ts";
import { DATABASE_FILE } from "./files.ts";
import {
  BOOK_INVARIANTS,
  CALL_INVARIANTS,
  INVOICE_INVARIANTS,
  type Invariant,
  SUMMARY_INVARIANTS,
} from "./invariants.ts";
import { has, seenSetting, takeView } from "./verify-view.ts";
import { type CallRow, callRows, chainRow, Walk } from "./verify-walk.ts";

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
    const check = db.query("PRAGMA integrity_check").all() as { integrity_check: string }[];
    const damage = check.filter((row) => row.integrity_check !== "ok").map((row) => `database: ${row.integrity_check}`);
    const rows = verifyRows(db, expectedHead);
    return { ...rows, findings: [...damage, ...rows.findings] };
  } finally {
    db.close();
  }
}

function verifyRows(db: Database, expectedHead: ChainHead | null): Verification {
  const verification = verifyMoment(db, expectedHead);
  if (seenSetting(db, "audit_anchor") === setting(db, "audit_anchor")) return verification;
  // Calls were pruned meanwhile, as if somebody had deleted them. In one transaction they stay; the log grows as long as it lasts.
  db.run("BEGIN");
  try {
    return verifyMoment(db, expectedHead);
  } finally {
    db.run("COMMIT");
  }
}

/**
 * The audit chain goes by `expectedHead`, its last row as it was written down elsewhere; without it by the head that the writer noted in the
 * database itself, which finds a cut-off end only where nobody has forged that note too.
 */
function verifyMoment(db: Database, expectedHead: ChainHead | null): Verification {
  const view = takeView(db);
  const walk = new Walk(db, view);
  const beside = new AsideCheck(db);
  function* rows(): Generator<ChainRow> {
    for (const step of walk.calls()) {
      for (const row of step) {
        beside.look(row);
        yield chainRow(row);
      }
    }
  }
  const anchor = headOf(seenSetting(db, "audit_anchor"));
  const chain = verifyChain(rows(), anchor, expectedHead ?? headOf(seenSetting(db, "audit_head")));
  const findings = [...brokenRules(db), ...chain, ...beside.findings];
  return { findings, ...walk.counts, openHolds: view.openHolds, head: walk.head };
}

/** The rules of the books that do not hold, one sentence per violation. */
function brokenRules(db: Database): string[] {
  // A file of before the migrations has no summaries and no issued invoices.
  const later = [
    ...(has(db, "usage_days") ? SUMMARY_INVARIANTS : []),
    ...(has(db, "invoices") ? INVOICE_INVARIANTS : []),
  ];
  return [...BOOK_INVARIANTS, ...CALL_INVARIANTS, ...later].flatMap((rule) => violations(db, rule));
}

function violations(db: Database, { name, sql }: Invariant): string[] {
  try {
    const rows = db.query(sql).all() as { subject: unknown; found: unknown; expected: unknown }[];
    return rows.map(
      (row) => `${name}: ${String(row.subject)}: found ${String(row.found)}, expected ${String(row.expected)}`,
    );
  } catch (error) {
    // Such as a record that is no JSON, or sums that no number of the database can hold.
    if (error instanceof SQLiteError) return [`${name}: can't be told: ${error.message}`];
    throw error;
  }
}

/** Texts beside the chain are those whose digests are in it, or they are gone with their account. */
class AsideCheck {
  readonly findings: string[] = [];
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  look([seq, text, , aside, , , , , , , accountId]: CallRow): void {
    if (aside === null && !text.includes('"sha256:')) return;
    const texts = textsOf(text.slice(text.indexOf("\n") + 1));
    // A damaged record is the chain's finding.
    const fault = texts === null ? null : asideFault(texts, aside);
    if (fault === null || (fault === "gone" && this.#isErased(accountId))) return;
    this.findings.push(`audit: the texts beside row ${seq} ${fault === "gone" ? "are gone" : "were altered"}`);
  }

  /** Asked when a text is missing, not before: accounts are erased while others are looked at. */
  #isErased(accountId: string): boolean {
    // A file of before the migration has no such table, and no such texts.
    if (!has(this.#db, "erasures")) return false;
    return this.#db.query("SELECT 1 FROM erasures WHERE account_id = ?").get(accountId) !== null;
  }
}

/** What is wrong with the newest rows of the audit chain, `count` of them, which follow the row before them. */
export function verifyNewestCalls(db: Database, count: number): string[] {
  const before = db.query("SELECT seq, hash FROM calls ORDER BY seq DESC LIMIT 1 OFFSET ?").get(count) as {
    seq: bigint;
    hash: Uint8Array;
  } | null;
  const anchor = headOf(setting(db, "audit_anchor"));
  const start = before === null ? anchor : { seq: Number(before.seq), hash: before.hash.toHex() };
  const beside = new AsideCheck(db);
  function* rows(): Generator<ChainRow> {
    for (const step of callRows(db, BigInt(start?.seq ?? 0), 2n ** 62n)) {
      for (const row of step) {
        beside.look(row);
        yield chainRow(row);
      }
    }
  }
  return [...verifyChain(rows(), start, headOf(setting(db, "audit_head"))), ...beside.findings];
}

function setting(db: Database, name: string): string | null {
  const row = db.query("SELECT value FROM settings WHERE name = ?").get(name) as { value: string } | null;
  return row?.value ?? null;
}

const headOf = (text: string | null): ChainHead | null => (text === null ? null : (JSON.parse(text) as ChainHead));
