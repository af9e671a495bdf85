-- Credits that name an invoice are credit notes to it, or payments of it.
DROP TRIGGER credits_noted;
--> statement-breakpoint
CREATE TRIGGER credits_noted AFTER INSERT ON credits WHEN NEW.invoice IS NOT NULL AND NEW.kind = 'refund'
BEGIN
  INSERT INTO credit_notes (number, invoice, credit_id, amount, receivable, issued_at)
  SELECT coalesce(max(number), 0) + 1, NEW.invoice, NEW.id, NEW.amount, NEW.receivable, NEW.created_at FROM credit_notes;
END;
--> statement-breakpoint
CREATE INDEX credits_by_invoice ON credits (invoice) WHERE invoice IS NOT NULL;
