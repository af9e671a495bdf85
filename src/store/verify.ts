import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ChainHead, type ChainRow, verifyChain } from "../audit/chain.ts";
import { DATABASE_FILE } from "./files.ts";

/** Invariants of the books as queries that give one row per violation. */
const INVARIANTS: readonly { name: string; sql: string }[] = [
  {
    name: "posted balances equal the sum of entries",
    sql: `WITH moved AS (
            SELECT account, sum(amount) AS total FROM (
              SELECT credit AS account, amount FROM entries UNION ALL SELECT debit, -amount FROM entries
            ) GROUP BY account)
          SELECT coalesce(b.account, m.account) AS subject, b.posted AS found, m.total AS expected
          FROM balances b FULL OUTER JOIN moved m ON m.account = b.account
          WHERE coalesce(b.posted, 0) <> coalesce(m.total, 0)`,
  },
  {
    name: "all balances add up to zero",
    sql: "SELECT 'all' AS subject, sum(posted) AS found, 0 AS expected FROM balances HAVING coalesce(sum(posted), 0) <> 0",
  },
  {
    name: "no wallet or grant is overdrawn",
    sql: `SELECT account AS subject, posted AS found, 0 AS expected FROM balances
          WHERE posted < 0 AND (account LIKE 'wallet:%' OR account LIKE 'grant:%')`,
  },
  {
    name: "open holds are covered",
    sql: `SELECT b.account AS subject, b.posted AS found, h.held AS expected FROM balances b
          JOIN (SELECT 'wallet:' || account_id AS account,
                       sum(CAST(rtrim(json_extract(s.value, '$.amount'), 'n') AS INTEGER)) AS held
                FROM holds, json_each(holds.sources) s
                WHERE state = 'open' AND json_extract(s.value, '$.source') = 'wallet' GROUP BY account_id) h
          ON h.account = b.account WHERE b.posted < h.held`,
  },
  {
    name: "every hold that is not open has one settlement",
    sql: `SELECT h.request_id AS subject, h.state AS found, coalesce(s.state, 'none') AS expected FROM holds h
          LEFT JOIN settlements s ON s.hold_id = h.id
          WHERE (h.state <> 'open' AND (s.state IS NULL OR s.state <> h.state)) OR (h.state = 'open' AND s.state IS NOT NULL)`,
  },
  {
    name: "charged + released = hold + extensions",
    sql: `SELECT s.request_id AS subject, s.charged + s.released AS found, h.amount + s.extended AS expected
          FROM settlements s JOIN holds h ON h.id = s.hold_id WHERE s.charged + s.released <> h.amount + s.extended`,
  },
  {
    name: "entries of a call add up to its charge and absorbed part",
    sql: `SELECT s.request_id AS subject, coalesce(e.total, 0) AS found, s.charged + s.absorbed AS expected FROM settlements s
          LEFT JOIN (SELECT reference, sum(amount) AS total FROM entries WHERE kind = 'charge' GROUP BY reference) e
          ON e.reference = s.request_id WHERE coalesce(e.total, 0) <> s.charged + s.absorbed`,
  },
  {
    name: "one audit row per call",
    sql: `SELECT s.request_id AS subject, count(a.seq) AS found, 1 AS expected FROM settlements s
          LEFT JOIN audit a ON a.request_id = s.request_id
          WHERE s.hold_id > coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'audit_pruned_hold'), 0)
          GROUP BY s.request_id HAVING count(a.seq) <> 1`,
  },
];

export interface Verification {
  /** One sentence per violation; [] = all is well. */
  findings: string[];
  entries: number;
  settlements: number;
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
    db.run("BEGIN");
    return { findings: [...books(db), ...chain(db, expectedHead)], ...counts(db) };
  } finally {
    db.close();
  }
}

function books(db: Database): string[] {
  const findings = INVARIANTS.flatMap(({ name, sql }) =>
    (db.query(sql).all() as { subject: string; found: unknown; expected: unknown }[]).map(
      (row) => `${name}: ${row.subject}: ${String(row.found)}, expected ${String(row.expected)}`,
    ),
  );
  const check = db.query("PRAGMA integrity_check").all() as { integrity_check: string }[];
  return [
    ...findings,
    ...check.filter((row) => row.integrity_check !== "ok").map((row) => `database: ${row.integrity_check}`),
  ];
}

function chain(db: Database, head: ChainHead | null): string[] {
  const anchor = db.query("SELECT value FROM settings WHERE name = 'audit_anchor'").get() as { value: string } | null;
  const rows = db.query("SELECT seq, body, hash FROM audit ORDER BY seq").iterate() as IterableIterator<{
    seq: bigint;
    body: string;
    hash: Uint8Array;
  }>;
  return verifyChain(chainRows(rows), anchor === null ? null : (JSON.parse(anchor.value) as ChainHead), head);
}

function* chainRows(rows: Iterable<{ seq: bigint; body: string; hash: Uint8Array }>): Generator<ChainRow> {
  for (const row of rows) yield { seq: Number(row.seq), body: row.body, hash: row.hash };
}

function counts(db: Database): Omit<Verification, "findings"> {
  const count = (table: string): number =>
    Number((db.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: bigint }).n);
  const last = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").get() as {
    seq: bigint;
    hash: Uint8Array;
  } | null;
  const head = last === null ? null : { seq: Number(last.seq), hash: Buffer.from(last.hash).toString("hex") };
  return { entries: count("entries"), settlements: count("settlements"), auditRows: count("audit"), head };
}
