CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  tier TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'closed')),
  monthly_cap INTEGER,
  markup_percent TEXT,
  own_providers_only INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  display TEXT NOT NULL,
  models TEXT NOT NULL,
  monthly_cap INTEGER,
  limits TEXT,
  strict INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT;
--> statement-breakpoint
CREATE INDEX keys_by_account ON keys (account_id);
--> statement-breakpoint
-- Books of the double-entry ledger with their posted balances. Σ posted = 0.
CREATE TABLE books (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  posted INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
-- Open holds only: the row goes when its settlement comes.
CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  created_at INTEGER NOT NULL,
  -- JSON: request, account, key, parts by book, pin, facts for recovery.
  body TEXT NOT NULL,
  checkpoint TEXT
) STRICT;
--> statement-breakpoint
-- Double entry: each row moves an amount from one book to another, so the sum over all books is 0 by construction.
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  debit INTEGER NOT NULL,
  credit INTEGER NOT NULL CHECK (credit <> debit),
  amount INTEGER NOT NULL CHECK (amount > 0),
  kind TEXT NOT NULL,
  -- Hold of charges, absorbed costs and refunds; else a credit.
  reference INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('promo', 'subscription')),
  amount INTEGER NOT NULL CHECK (amount > 0),
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
-- Top-ups, grants, refunds and adjustments, as they were asked for.
CREATE TABLE credits (
  id INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  reason TEXT NOT NULL,
  idempotency_key TEXT,
  fingerprint TEXT NOT NULL,
  hold_id INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX credits_by_hold ON credits (hold_id) WHERE hold_id IS NOT NULL;
--> statement-breakpoint
CREATE UNIQUE INDEX credits_by_key ON credits (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
--> statement-breakpoint
-- What an account has agreed with the operator: subscription, credit limit, threshold of alerts. JSON.
CREATE TABLE terms (account_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
--> statement-breakpoint
-- Spend by subject (a key or an account) and calendar month, and messages by subject and day.
CREATE TABLE counters (
  subject TEXT NOT NULL,
  period TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (subject, period)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- One row per call, chained by hash: its audit record, how its hold ended, and what its receipt is made of. Refused calls had no hold.
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY,
  hold_id INTEGER,
  request_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  state TEXT CHECK (state IN ('settled', 'voided', 'expired')),
  month TEXT,
  held INTEGER NOT NULL CHECK (held >= 0),
  charged INTEGER NOT NULL CHECK (charged >= 0),
  absorbed INTEGER NOT NULL CHECK (absorbed >= 0),
  released INTEGER NOT NULL CHECK (released >= 0),
  extended INTEGER NOT NULL CHECK (extended >= 0),
  settled_at INTEGER,
  -- JSON array, see audit/record.ts.
  record TEXT NOT NULL,
  hash BLOB NOT NULL,
  CHECK (charged + released = held + extended),
  CHECK ((hold_id IS NULL) = (state IS NULL))
) STRICT;
--> statement-breakpoint
-- A hold ends once.
CREATE UNIQUE INDEX calls_by_hold ON calls (hold_id) WHERE hold_id IS NOT NULL;
--> statement-breakpoint
CREATE UNIQUE INDEX calls_by_request ON calls (request_id) WHERE hold_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX calls_refused ON calls (request_id) WHERE hold_id IS NULL;
--> statement-breakpoint
CREATE INDEX calls_by_account ON calls (account_id, seq);
--> statement-breakpoint
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
--> statement-breakpoint
-- A subject is an account, or the address of an anonymous caller.
CREATE TABLE idempotency (
  subject TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (subject, key)
) STRICT;
--> statement-breakpoint
-- Ids are the providers' own: two accounts may have the same.
CREATE TABLE responses (
  id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  previous TEXT,
  input TEXT NOT NULL,
  response TEXT NOT NULL,
  pin TEXT NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT;
--> statement-breakpoint
CREATE INDEX responses_by_expiry ON responses (expires_at);
--> statement-breakpoint
CREATE TABLE call_caps (
  account_id TEXT NOT NULL,
  model_id TEXT NOT NULL,
  cap INTEGER NOT NULL,
  PRIMARY KEY (account_id, model_id)
) STRICT;
--> statement-breakpoint
CREATE TRIGGER entries_keep BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER credits_keep BEFORE UPDATE ON credits BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER credits_stay BEFORE DELETE ON credits BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER calls_keep BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'calls are append-only'); END;
--> statement-breakpoint
-- Only what lies before the anchor may go: whole segments that were pruned on purpose.
CREATE TRIGGER calls_stay BEFORE DELETE ON calls
WHEN OLD.seq > coalesce((SELECT value ->> '$.seq' FROM settings WHERE name = 'audit_anchor'), 0)
BEGIN SELECT RAISE(ABORT, 'calls are append-only'); END;
