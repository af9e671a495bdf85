import type { Database } from "bun:sqlite";
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
import { freeBytes, takeSnapshot } from "./snapshot.ts";

/** A change of the schema. */
export interface Migration {
  name: string;
  /** Statements with `--> statement-breakpoint` between them. */
  sql: string;
}

/** Forward only, embedded in the binary. An entry is never edited after a release; a change is a new entry. */
const MIGRATIONS: readonly Migration[] = [
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
 * Brings the database to the newest schema: all migrations that it lacks in one transaction, so that it is upgraded or as it was, behind a copy of the
 * file (`tollgate.db.before-<the first of them>`), with which an upgrade can be taken back by hand. Throws Error when the database is newer than this
 * program, and when there is no room for the copy (`free`: bytes left in a folder).
 */
export function migrate(
  db: Database,
  file: string,
  { migrations = MIGRATIONS, free = freeBytes }: { migrations?: readonly Migration[]; free?: typeof freeBytes } = {},
): void {
  db.run("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
  const rows = db.query<{ name: string }, []>("SELECT name FROM migrations").all();
  const applied = new Set(rows.map((row) => row.name));
  const known = new Set(migrations.map((item) => item.name));
  const foreign = [...applied].find((name) => !known.has(name));
  if (foreign !== undefined)
    throw new Error(`the database was written by a newer version (${foreign}); use that version`);
  const pending = migrations.filter(({ name }) => !applied.has(name));
  const [first] = pending;
  if (first === undefined) return;
  if (applied.size > 0) takeSnapshot(db, file, `${file}.before-${first.name}`, free);
  db.transaction(() => {
    for (const { name, sql } of pending) {
      for (const statement of sql.split(BREAKPOINT)) db.run(statement);
      db.run("INSERT INTO migrations (name, applied_at) VALUES (?, ?)", [name, Date.now()]);
    }
  }).immediate();
}
