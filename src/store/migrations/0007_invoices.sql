-- Whom invoices are made out to, and at which rate they are taxed, where it is not the catalog's. JSON.
CREATE TABLE billing_details (account_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
--> statement-breakpoint
-- Issued invoices: what was sent out, as it was sent out. Numbers have no gaps.
CREATE TABLE invoices (
  number INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  month TEXT NOT NULL,
  total INTEGER NOT NULL CHECK (total >= 0),
  issued_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  -- JSON: what is about people, apart from the document so that it can go.
  personal TEXT,
  UNIQUE (account_id, month)
) STRICT;
--> statement-breakpoint
CREATE TRIGGER invoices_follow BEFORE INSERT ON invoices
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM invoices)
BEGIN SELECT RAISE(ABORT, 'invoice numbers have no gaps'); END;
--> statement-breakpoint
CREATE TRIGGER invoices_keep BEFORE UPDATE OF number, account_id, month, total, issued_at, document ON invoices
BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER invoices_forget BEFORE UPDATE OF personal ON invoices WHEN NEW.personal IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices BEGIN SELECT RAISE(ABORT, 'invoices are append-only'); END;
--> statement-breakpoint
-- What an issued invoice was lowered by afterwards. `receivable` is the part that lowered what is owed.
CREATE TABLE credit_notes (
  number INTEGER PRIMARY KEY,
  invoice INTEGER NOT NULL REFERENCES invoices (number),
  credit_id INTEGER NOT NULL UNIQUE,
  amount INTEGER NOT NULL CHECK (amount > 0),
  receivable INTEGER NOT NULL CHECK (receivable >= 0 AND receivable <= amount),
  issued_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX credit_notes_by_invoice ON credit_notes (invoice);
--> statement-breakpoint
CREATE TRIGGER credit_notes_follow BEFORE INSERT ON credit_notes
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM credit_notes)
BEGIN SELECT RAISE(ABORT, 'numbers of credit notes have no gaps'); END;
--> statement-breakpoint
CREATE TRIGGER credit_notes_bound BEFORE INSERT ON credit_notes
WHEN NEW.amount + (SELECT coalesce(sum(amount), 0) FROM credit_notes WHERE invoice = NEW.invoice)
  > (SELECT total FROM invoices WHERE number = NEW.invoice)
BEGIN SELECT RAISE(ABORT, 'credit notes do not exceed their invoice'); END;
--> statement-breakpoint
CREATE TRIGGER credit_notes_keep BEFORE UPDATE ON credit_notes
BEGIN SELECT RAISE(ABORT, 'credit notes are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER credit_notes_stay BEFORE DELETE ON credit_notes
BEGIN SELECT RAISE(ABORT, 'credit notes are append-only'); END;
--> statement-breakpoint
ALTER TABLE credits ADD COLUMN invoice INTEGER;
--> statement-breakpoint
ALTER TABLE credits ADD COLUMN receivable INTEGER NOT NULL DEFAULT 0;
--> statement-breakpoint
CREATE TRIGGER credits_noted AFTER INSERT ON credits WHEN NEW.invoice IS NOT NULL
BEGIN
  INSERT INTO credit_notes (number, invoice, credit_id, amount, receivable, issued_at)
  SELECT coalesce(max(number), 0) + 1, NEW.invoice, NEW.id, NEW.amount, NEW.receivable, NEW.created_at FROM credit_notes;
END;
--> statement-breakpoint
-- Whatever is given back of a month's calls once its invoice is out is a credit note, in the same transaction.
CREATE TRIGGER credits_of_issued_noted AFTER INSERT ON credits WHEN NEW.hold_id IS NOT NULL
BEGIN
  INSERT INTO credit_notes (number, invoice, credit_id, amount, receivable, issued_at)
  SELECT (SELECT coalesce(max(number), 0) + 1 FROM credit_notes), i.number, NEW.id, NEW.amount, NEW.receivable, NEW.created_at
  FROM calls c JOIN invoices i ON i.account_id = c.account_id AND i.month = c.month WHERE c.hold_id = NEW.hold_id;
END;
