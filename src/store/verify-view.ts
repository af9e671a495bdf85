import type { Database } from "bun:sqlite";

/** Where what only grows stood when all else was taken down, and what its rows are judged by. */
export interface View {
  /** Last row of `calls`. */
  calls: bigint;
  /** Last row of `entries`. */
  entries: bigint;
  openHolds: number;
  /** Calls up to this one are in the summaries. */
  summedUp: bigint;
  /** Calls of holds up to this one may have been pruned. */
  prunedHold: bigint;
}

/** What changes while calls are served: small, or made small. Each with the table that it is made of, which a file of before the migrations lacks. */
const COPIES: readonly [from: string, name: string, sql: string][] = [
  ["settings", "seen_settings", "SELECT name, value FROM settings WHERE name GLOB 'audit_*' OR name GLOB 'summary_*'"],
  ["books", "seen_books", "SELECT * FROM books"],
  ["holds", "seen_holds", "SELECT id, amount, body FROM holds"],
  ["credits", "seen_credits", "SELECT * FROM credits"],
  ["counters", "seen_counters", "SELECT * FROM counters WHERE subject NOT LIKE 'messages:%'"],
  [
    "usage_days",
    "seen_days",
    "SELECT account_id, sum(calls) AS calls, sum(charged) AS charged FROM usage_days GROUP BY 1",
  ],
  [
    "month_lines",
    "seen_lines",
    "SELECT account_id, month, sum(calls) AS calls, sum(amount) AS amount FROM month_lines GROUP BY 1, 2",
  ],
  [
    "month_payments",
    "seen_payments",
    "SELECT account_id, month, sum(amount) AS amount FROM month_payments GROUP BY 1, 2",
  ],
  ["invoices", "seen_invoices", "SELECT number, account_id, month, total FROM invoices"],
  ["credit_notes", "seen_credit_notes", "SELECT * FROM credit_notes"],
  ["calls", "seen_end", "SELECT coalesce(max(seq), 0) AS seq FROM calls"],
];

/** Is there such a table? */
export function has(db: Database, table: string): boolean {
  return db.query("SELECT 1 FROM main.sqlite_schema WHERE name = ?").get(table) !== null;
}

/**
 * Takes down in temporary tables what the books are at one moment, in one short transaction. Calls and entries only grow: up to where they stood
 * they can be read at leisure, in steps between which the log can be checkpointed. In a transaction that the caller has begun it is its moment.
 */
export function takeView(db: Database): View {
  for (const [, name] of COPIES) db.run(`DROP TABLE IF EXISTS temp.${name}`);
  const begun = db.inTransaction;
  if (!begun) db.run("BEGIN");
  try {
    for (const [from, name, sql] of COPIES) if (has(db, from)) db.run(`CREATE TEMP TABLE ${name} AS ${sql}`);
    const one = (sql: string): bigint => (db.query(sql).get() as { n: bigint }).n;
    return {
      calls: one("SELECT seq AS n FROM seen_end"),
      entries: one("SELECT coalesce(max(id), 0) AS n FROM entries"),
      openHolds: Number(one("SELECT count(*) AS n FROM seen_holds")),
      summedUp: BigInt(seenSetting(db, "summary_position") ?? 0),
      prunedHold: BigInt(seenSetting(db, "audit_pruned_hold") ?? 0),
    };
  } finally {
    if (!begun) db.run("COMMIT");
  }
}

/** A setting as it was taken down. */
export function seenSetting(db: Database, name: string): string | null {
  const row = db.query("SELECT value FROM seen_settings WHERE name = ?").get(name) as { value: string } | null;
  return row?.value ?? null;
}
