-- Texts of clients, with the salt of the digests that stand for them in the record: they can go, and the chain still holds.
ALTER TABLE calls ADD COLUMN aside TEXT;
--> statement-breakpoint
DROP TRIGGER calls_keep;
--> statement-breakpoint
CREATE TRIGGER calls_keep BEFORE UPDATE OF
  seq, hold_id, request_id, account_id, at, state, month, held, charged, absorbed, released, extended, settled_at, record, hash ON calls
BEGIN SELECT RAISE(ABORT, 'calls are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER calls_forget BEFORE UPDATE OF aside ON calls WHEN NEW.aside IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'calls are append-only'); END;
--> statement-breakpoint
DROP TRIGGER credits_keep;
--> statement-breakpoint
CREATE TRIGGER credits_keep BEFORE UPDATE OF
  id, account_id, kind, amount, idempotency_key, hold_id, created_at, invoice, receivable ON credits
BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;
--> statement-breakpoint
-- Reasons are written by people about people; the fingerprint is made from the reason, too.
CREATE TRIGGER credits_forget BEFORE UPDATE OF reason, fingerprint ON credits
WHEN NEW.reason <> 'erased' OR NEW.fingerprint <> 'erased'
BEGIN SELECT RAISE(ABORT, 'credits are append-only'); END;
--> statement-breakpoint
-- Accounts whose personal data has gone, and whether their invoices were kept whole, as tax laws may ask.
CREATE TABLE erasures (
  account_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  kept_invoices INTEGER NOT NULL
) STRICT;
