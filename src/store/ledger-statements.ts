import type { Database } from "bun:sqlite";

/** Statements of the ledger, prepared once: building one costs more than running it. */
export function prepareLedgerStatements(db: Database) {
  return {
    hold: db.prepare("INSERT INTO holds (id, amount, created_at, body) VALUES (?, ?, ?, ?)"),
    dropHold: db.prepare("DELETE FROM holds WHERE id = ?"),
    checkpoint: db.prepare("UPDATE holds SET checkpoint = ? WHERE id = ?"),
    call: db.prepare("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    entry: db.prepare("INSERT INTO entries (at, debit, credit, amount, kind, reference) VALUES (?, ?, ?, ?, ?, ?)"),
    book: db.prepare(
      "INSERT INTO books (id, name, posted) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET posted = posted + ?3",
    ),
    counter: db.prepare(
      "INSERT INTO counters (subject, period, value) VALUES (?1, ?2, ?3) ON CONFLICT (subject, period) DO UPDATE SET value = value + ?3",
    ),
    readCounter: db.prepare("SELECT value FROM counters WHERE subject = ? AND period = ?"),
    grant: db.prepare(
      "INSERT INTO grants (id, account_id, kind, amount, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    credit: db.prepare(
      "INSERT INTO credits (id, account_id, kind, amount, reason, idempotency_key, fingerprint, hold_id, created_at, invoice, receivable) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    terms: db.prepare(
      "INSERT INTO terms (account_id, body) VALUES (?1, ?2) ON CONFLICT (account_id) DO UPDATE SET body = ?2",
    ),
    lowBalance: db.prepare("INSERT INTO low_balance_alerts (account_id, at, balance, threshold) VALUES (?, ?, ?, ?)"),
    head: db.prepare("SELECT seq, hash FROM calls ORDER BY seq DESC LIMIT 1"),
    writeHead: db.prepare(
      "INSERT INTO settings (name, value) VALUES ('audit_head', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
    ),
    anchor: db.prepare("SELECT value FROM settings WHERE name = 'audit_anchor'"),
    endOfRequest: db.prepare("SELECT * FROM calls WHERE request_id = ? AND hold_id IS NOT NULL"),
    endOfHold: db.prepare("SELECT * FROM calls WHERE hold_id = ?"),
    refundsOfHold: db.prepare("SELECT coalesce(sum(amount), 0) AS refunded FROM credits WHERE hold_id = ?"),
    creditOfKey: db.prepare("SELECT * FROM credits WHERE account_id = ? AND idempotency_key = ?"),
  };
}

export type LedgerStatements = ReturnType<typeof prepareLedgerStatements>;
