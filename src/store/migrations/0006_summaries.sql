-- Sums of the calls up to the setting `summary_position`, so that reports need not read the calls. Made behind the calls, from nothing but them.
CREATE TABLE usage_days (
  -- In the zone of the setting `summary_zone`.
  day TEXT NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  status TEXT NOT NULL,
  stream_state TEXT NOT NULL,
  calls INTEGER NOT NULL,
  input INTEGER NOT NULL,
  output INTEGER NOT NULL,
  charged INTEGER NOT NULL,
  PRIMARY KEY (day, account_id, key_id, model, provider, status, stream_state)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Charged calls by the month that they count toward, as invoices name them.
CREATE TABLE month_lines (
  month TEXT NOT NULL,
  account_id TEXT NOT NULL,
  model TEXT NOT NULL,
  calls INTEGER NOT NULL,
  input INTEGER NOT NULL,
  output INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (month, account_id, model)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- What paid for them: wallet, grant, receivable.
CREATE TABLE month_payments (
  month TEXT NOT NULL,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (month, account_id, kind)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- Where the calls of a day or month stand, and the times that they span: bounds, which pruning may leave too wide.
CREATE TABLE spans (
  period TEXT PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
-- On which days there are calls of an account, a key, a model, a provider, a status, a state of streams.
CREATE TABLE facets (
  day TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (day, name, value)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX grants_by_account ON grants (account_id, kind);
