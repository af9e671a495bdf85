/** Idempotency keys of credit notes: one key, one note to one invoice. */
import { expect, test } from "bun:test";
import { Invoicing } from "../../src/accounting/invoicing.ts";
import { parseDecimal } from "../../src/lib/rational.ts";
import { Book, UNIT } from "./support.ts";

test("a key that was used for one invoice is not for another; a note lowers what its invoice has left", async () => {
  await using book = new Book();
  const invoicing = new Invoicing({
    store: book.store.issued,
    invoice: (accountId, month) => book.store.invoices.invoice(accountId, month),
    ledger: book.ledger,
    clock: { now: () => book.now, monotonic: () => book.now },
    terms: () => ({
      seller: "Acme",
      sellerTaxId: "T-1",
      prefix: "INV-",
      creditNotePrefix: "CN-",
      taxName: "SST",
      taxPercent: parseDecimal("8"),
      taxIncluded: false,
    }),
    currency: () => "USD",
    timezone: () => "UTC",
  });
  await book.credit(UNIT);
  for (const month of ["2026-11", "2026-12"]) {
    await book.call(1_000);
    book.now += 31 * 86_400_000;
    await invoicing.issue("a", month);
  }
  const note = (number: number) =>
    book.credit(5n, { kind: "refund", idempotencyKey: "n", invoice: { number, owed: 0n } });
  const { wallet } = await note(1);
  expect(await note(1)).toMatchObject({ wallet });
  await expect(note(2)).rejects.toMatchObject({ status: 409, code: "conflict" });
  await expect(book.credit(5n, { kind: "refund", idempotencyKey: "n" })).rejects.toMatchObject({ status: 409 });
  expect(book.verify()).toEqual([]);
  // A note lowers the debt by what its invoice has left, to the last nano-unit; the rest is the wallet's.
  await book.ledger.setTerms({ accountId: "a", subscription: null, creditLimit: null, lowBalance: null });
  await book.credit(-(await book.ledger.balance("a")).wallet, { kind: "adjust" });
  await book.call(10, { charge: "metered" });
  const owed = await book.ledger.balance("a");
  expect(owed.receivable).toBe(130_000n);
  const lowered = await book.credit(5n, { kind: "refund", invoice: { number: 1, owed: 1n } });
  expect(lowered).toMatchObject({ wallet: 4n, receivable: 129_999n });
  expect(book.verify()).toEqual([]);
});
