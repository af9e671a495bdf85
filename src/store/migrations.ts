import type { Database } from "bun:sqlite";
import { constants, copyFileSync, existsSync } from "node:fs";
import init from "./migrations/0001_init.sql" with { type: "text" };
import providerKeys from "./migrations/0002_provider_keys.sql" with { type: "text" };
import auditSinks from "./migrations/0003_audit_sinks.sql" with { type: "text" };
import reconciliations from "./migrations/0004_reconciliations.sql" with { type: "text" };
import providerIds from "./migrations/0005_provider_ids.sql" with { type: "text" };
import summaries from "./migrations/0006_summaries.sql" with { type: "text" };
import invoices from "./migrations/0007_invoices.sql" with { type: "text" };
import lowBalanceAlerts from "./migrations/0008_low_balance_alerts.sql" with { type: "text" };
import erasure from "./migrations/0009_erasure.sql" with { type: "text" };
import invoicePayments from "./migrations/0010_invoice_payments.sql" with { type: "text" };

/** Forward only, embedded in the binary. An entry is never edited after a release; a change is a new entry. */
const MIGRATIONS: readonly { name: string; sql: string }[] = [
  { name: "0001_init", sql: init },
  { name: "0002_provider_keys", sql: providerKeys },
  { name: "0003_audit_sinks", sql: auditSinks },
  { name: "0004_reconciliations", sql: reconciliations },
  { name: "0005_provider_ids", sql: providerIds },
  { name: "0006_summaries", sql: summaries },
  { name: "0007_invoices", sql: invoices },
  { name: "0008_low_balance_alerts", sql: lowBalanceAlerts },
  { name: "0009_erasure", sql: erasure },
  { name: "0010_invoice_payments", sql: invoicePayments },
];

const BREAKPOINT = "--> statement-breakpoint";

/**
 * Brings the database to the newest schema; each migration in one transaction, behind a copy of the file as it was
 * (`tollgate.db.before-<name>`), so that a failed upgrade can be taken back by hand. Throws when the database is newer than this program.
 */
export function migrate(db: Database, file: string): void {
  db.run("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
  const rows = db.query<{ name: string }, []>("SELECT name FROM migrations").all();
  const applied = new Set(rows.map((row) => row.name));
  const known = new Set(MIGRATIONS.map((item) => item.name));
  const foreign = [...applied].find((name) => !known.has(name));
  if (foreign !== undefined)
    throw new Error(`the database was written by a newer version (${foreign}); use that version`);
  for (const { name, sql } of MIGRATIONS) {
    if (applied.has(name)) continue;
    if (applied.size > 0) snapshot(db, file, name);
    db.transaction(() => {
      for (const statement of sql.split(BREAKPOINT)) db.run(statement);
      db.run("INSERT INTO migrations (name, applied_at) VALUES (?, ?)", [name, Date.now()]);
    }).immediate();
  }
}

function snapshot(db: Database, file: string, name: string): void {
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const copy = `${file}.before-${name}`;
  if (!existsSync(copy)) copyFileSync(file, copy, constants.COPYFILE_FICLONE);
}
