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
-- A hold is written once; its end stands in settlements, but for the state, which recovery looks for.
CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  sources TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'voided', 'expired')),
  context TEXT NOT NULL,
  checkpoint TEXT
) STRICT;
--> statement-breakpoint
CREATE INDEX holds_open ON holds (id) WHERE state = 'open';
--> statement-breakpoint
CREATE TABLE settlements (
  hold_id INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL,
  charged INTEGER NOT NULL CHECK (charged >= 0),
  absorbed INTEGER NOT NULL CHECK (absorbed >= 0),
  released INTEGER NOT NULL CHECK (released >= 0),
  extended INTEGER NOT NULL CHECK (extended >= 0),
  state TEXT NOT NULL CHECK (state IN ('settled', 'voided', 'expired')),
  settled_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
--> statement-breakpoint
-- Double entry: each row moves an amount from one account to another, so the sum over all accounts is 0 by construction.
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  debit TEXT NOT NULL,
  credit TEXT NOT NULL CHECK (credit <> debit),
  amount INTEGER NOT NULL CHECK (amount > 0),
  kind TEXT NOT NULL,
  reference TEXT NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX entries_by_reference ON entries (reference);
--> statement-breakpoint
CREATE TABLE balances (account TEXT PRIMARY KEY, posted INTEGER NOT NULL) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE credits (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  reason TEXT NOT NULL,
  idempotency_key TEXT,
  fingerprint TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX credits_by_key ON credits (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
--> statement-breakpoint
-- Spend by subject (a key or an account) and calendar month, and messages by subject and day.
CREATE TABLE counters (
  subject TEXT NOT NULL,
  period TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (subject, period)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT,
  model TEXT,
  provider TEXT,
  status INTEGER NOT NULL,
  charged INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX audit_by_account ON audit (account_id, seq);
--> statement-breakpoint
CREATE INDEX audit_by_request ON audit (request_id);
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
CREATE TABLE responses (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  previous TEXT,
  input TEXT NOT NULL,
  response TEXT NOT NULL,
  pin TEXT NOT NULL
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
CREATE TRIGGER settlements_keep BEFORE UPDATE ON settlements BEGIN SELECT RAISE(ABORT, 'settlements are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER settlements_stay BEFORE DELETE ON settlements BEGIN SELECT RAISE(ABORT, 'settlements are append-only'); END;
