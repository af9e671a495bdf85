import type { Database, Statement } from "bun:sqlite";

export type LedgerStatements = Record<
  | "hold"
  | "endHold"
  | "checkpoint"
  | "settlement"
  | "entry"
  | "balance"
  | "counter"
  | "grant"
  | "credit"
  | "audit"
  | "head"
  | "settlementOfRequest"
  | "settlementOfHold"
  | "creditOfKey",
  Statement
>;

/** Prepared once: building a statement costs more than running it. */
export function prepareLedgerStatements(db: Database): LedgerStatements {
  return {
    hold: db.prepare(
      "INSERT INTO holds (id, request_id, account_id, key_id, amount, sources, created_at, state, context) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?)",
    ),
    endHold: db.prepare("UPDATE holds SET state = ? WHERE id = ? AND state = 'open'"),
    checkpoint: db.prepare("UPDATE holds SET checkpoint = ? WHERE id = ? AND state = 'open'"),
    settlement: db.prepare(
      "INSERT INTO settlements (hold_id, request_id, account_id, charged, absorbed, released, extended, state, settled_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    entry: db.prepare("INSERT INTO entries (at, debit, credit, amount, kind, reference) VALUES (?, ?, ?, ?, ?, ?)"),
    balance: db.prepare(
      "INSERT INTO balances (account, posted) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET posted = posted + ?2",
    ),
    counter: db.prepare(
      "INSERT INTO counters (subject, period, value) VALUES (?1, ?2, ?3) ON CONFLICT (subject, period) DO UPDATE SET value = value + ?3",
    ),
    grant: db.prepare(
      "INSERT INTO grants (id, account_id, kind, amount, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    credit: db.prepare(
      "INSERT INTO credits (id, account_id, kind, amount, reason, idempotency_key, fingerprint, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    audit: db.prepare(
      "INSERT INTO audit (seq, request_id, at, account_id, key_id, model, provider, status, charged, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    head: db.prepare("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"),
    settlementOfRequest: db.prepare("SELECT * FROM settlements WHERE request_id = ?"),
    settlementOfHold: db.prepare("SELECT * FROM settlements WHERE hold_id = ?"),
    creditOfKey: db.prepare("SELECT * FROM credits WHERE account_id = ? AND idempotency_key = ?"),
  };
}
