/** Issued invoices: numbers without gaps, tax, credit notes that never exceed them. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { array, assert, bigInt, integer, property } from "../support/property.ts";
import {
  creditedTaxes,
  type IssuedInvoice,
  makeDocument,
  NO_DETAILS,
  owedOn,
} from "../../src/accounting/invoice-document.ts";
import { Invoicing } from "../../src/accounting/invoicing.ts";
import type { InvoiceTerms } from "../../src/catalog/types.ts";
import { parseDecimal } from "../../src/lib/rational.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { Book, UNIT } from "./support.ts";

const TOKEN = 13_000n;
const MONTH = "2026-11";
const CENT = UNIT / 100n;

const terms = (more: Partial<InvoiceTerms> = {}): InvoiceTerms => ({
  seller: "Acme",
  sellerTaxId: "T-1",
  prefix: "INV-",
  creditNotePrefix: "CN-",
  taxName: "SST",
  taxPercent: parseDecimal("8"),
  taxIncluded: false,
  ...more,
});

function invoicing(book: Book, more: Partial<InvoiceTerms> = {}): Invoicing {
  return new Invoicing({
    store: book.store.issued,
    invoice: (accountId, month) => book.store.invoices.invoice(accountId, month),
    ledger: book.ledger,
    clock: { now: () => book.now, monotonic: () => book.now },
    terms: () => terms(more),
    currency: () => "USD",
    timezone: () => "UTC",
  });
}

/** A call of an account; 1,000 tokens cost 0.013. */
async function call(book: Book, accountId: string, tokens: number, charge: "wallet" | "metered" = "wallet") {
  const hold = await book.hold(5n * UNIT, { accountId, keyId: null, charge });
  return book.settle(hold, tokens, { audit: { ...book.audit(hold.requestId), accountId, keyId: null } });
}

const nextMonth = (book: Book): void => {
  book.now += 15 * 86_400_000;
};

test("numbers follow each other, and stay when a month is issued again", async () => {
  await using book = new Book();
  const books = invoicing(book);
  for (const accountId of ["b", "a"]) {
    await book.credit(50n * UNIT, { accountId });
    await call(book, accountId, 1_000);
  }
  await expect(books.issue("a", MONTH)).rejects.toThrow("not over");
  nextMonth(book);
  const numbers = (issued: IssuedInvoice[]) => issued.map((one) => [one.number, one.document.invoice.accountId]);
  expect(numbers((await books.issueAll(MONTH)).issued)).toEqual([
    [1, "a"],
    [2, "b"],
  ]);
  await call(book, "a", 1_000);
  book.now += 31 * 86_400_000;
  // All at once, and one that has a number already.
  const many = await Promise.all([books.issue("a", "2026-12"), books.issue("a", "2026-12"), books.issue("b", MONTH)]);
  expect(numbers(many)).toEqual([
    [3, "a"],
    [3, "a"],
    [2, "b"],
  ]);
  await expect(books.issue("b", "2026-12")).rejects.toThrow("was not charged");
  expect(numbers(books.store.list({ accountId: null, month: null }))).toEqual([
    [1, "a"],
    [2, "b"],
    [3, "a"],
  ]);
  await book.restart();
  expect(numbers(invoicing(book).store.list({ accountId: "a", month: MONTH }))).toEqual([[1, "a"]]);
  expect(book.verify()).toEqual([]);
});

test("what was issued stays as it was: rows can't be changed, taken out, or numbered otherwise", async () => {
  await using book = new Book();
  await book.credit(50n * UNIT);
  await call(book, "a", 1_000);
  nextMonth(book);
  await invoicing(book).issue("a", MONTH);
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  const insert = (number: number): void =>
    void db.run(
      "INSERT INTO invoices (number, account_id, month, total, issued_at, document) VALUES (?, 'x', 'y', 1, 1, '{}')",
      [number],
    );
  expect(() => insert(3)).toThrow("no gaps");
  expect(() => db.run("UPDATE invoices SET total = 1")).toThrow("append-only");
  expect(() => db.run("UPDATE invoices SET personal = '{}'")).toThrow("append-only");
  expect(() => db.run("DELETE FROM invoices")).toThrow("append-only");
  db.close();
});

test("while calls of the month are under way there is no invoice", async () => {
  await using book = new Book();
  await book.credit(50n * UNIT);
  await call(book, "a", 1_000);
  const late = await book.hold(UNIT);
  nextMonth(book);
  await expect(invoicing(book).issue("a", MONTH)).rejects.toThrow("under way");
  expect(await invoicing(book).issueAll(MONTH)).toEqual({ issued: [], underWay: ["a"] });
  await book.settle(late, 1_000);
  expect((await invoicing(book).issue("a", MONTH)).document.invoice.total).toBe(2_000n * TOKEN);
});

test("tax: the account's rate or the catalog's, added or contained, without what grants paid; rounded once", async () => {
  await using book = new Book();
  await book.credit(20_000_000n, { kind: "grant", expiresAt: book.now + 86_400_000 });
  await book.credit(1n * UNIT);
  await call(book, "a", 100_000, "metered");
  const invoice = book.store.invoices.invoice("a", MONTH);
  if (invoice === null) throw new Error("pruned");
  // 1.30: 0.02 from the grant, 1.00 from the wallet, 0.28 to be paid.
  expect(invoice.paidFrom).toEqual({ grants: 20_000_000n, wallet: UNIT, receivable: 280_000_000n });
  const added = makeDocument(invoice, NO_DETAILS, terms(), 2);
  expect(added.tax).toMatchObject({ percent: "8", base: 128n * CENT, amount: 10n * CENT });
  expect(added.due).toEqual({ receivable: 28n * CENT, tax: 10n * CENT, rounding: 0n, amount: 38n * CENT });
  const contained = makeDocument(invoice, NO_DETAILS, terms({ taxIncluded: true }), 2);
  // 128 × 8 / 108 = 9.48…
  expect([contained.tax.amount, contained.due.amount]).toEqual([9n * CENT, 28n * CENT]);
  const own = makeDocument(invoice, { ...NO_DETAILS, taxPercent: "0", taxNote: "reverse charge" }, terms(), 2);
  expect([own.tax.amount, own.tax.note]).toEqual([0n, "reverse charge"]);
  const yen = makeDocument(invoice, NO_DETAILS, terms(), 0);
  expect(yen.due).toEqual({ receivable: 28n * CENT, tax: 0n, rounding: -28n * CENT, amount: 0n });
});

test("a refund of an invoiced call is a credit note; what is owed goes down", async () => {
  await using book = new Book();
  await book.credit(1n * UNIT);
  await call(book, "a", 100_000, "metered");
  await book.ledger.refund({ requestId: "req_1", amount: 10n * CENT, reason: "before", idempotencyKey: null });
  nextMonth(book);
  const books = invoicing(book);
  const before = await books.issue("a", MONTH);
  expect([before.document.invoice.total, before.document.due.receivable]).toEqual([120n * CENT, 20n * CENT]);
  await books.refund({ requestId: "req_1", amount: 50n * CENT, reason: "after", idempotencyKey: "k" });
  await books.refund({ requestId: "req_1", amount: 50n * CENT, reason: "after", idempotencyKey: "k" });
  const after = await books.issue("a", MONTH);
  expect(after.document).toEqual(before.document);
  // The refund before is on the invoice itself. Sources are refilled in reverse: 0.20 that were owed, then the wallet.
  expect(after.creditNotes).toEqual([
    { number: 1, amount: 50n * CENT, receivable: 20n * CENT, reason: "after", requestId: "req_1", issuedAt: book.now },
  ]);
  // 20 + 10 tax were owed; the tax of 50 of 120 went along: 4.
  expect([owedOn(before, 2), owedOn(after, 2), creditedTaxes(after, 2)]).toEqual([30n * CENT, 6n * CENT, [4n * CENT]]);
  expect((await book.ledger.balance("a")).receivable).toBe(0n);
  expect(book.verify()).toEqual([]);
});

test("credit notes by hand lower what is owed, then fill the wallet, up to the invoice and once per key", async () => {
  await using book = new Book();
  await book.credit(1n * UNIT);
  await call(book, "a", 100_000, "metered");
  nextMonth(book);
  const books = invoicing(book);
  const { number } = await books.issue("a", MONTH);
  const note = (amount: bigint | null, idempotencyKey: string | null = null) =>
    books.creditNote({ number, amount, reason: "late delivery", idempotencyKey });
  expect(await note(40n * CENT, "k")).toBe(1);
  expect(await note(40n * CENT, "k")).toBe(1);
  await expect(note(41n * CENT, "k")).rejects.toThrow("another credit");
  expect(await book.ledger.balance("a")).toMatchObject({ wallet: 10n * CENT, receivable: 0n });
  // At most the invoice, whatever comes at once; a call that was credited can't be refunded as well.
  const both = await Promise.allSettled([note(60n * CENT), note(60n * CENT)]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await expect(books.refund({ requestId: "req_1", amount: null, reason: "", idempotencyKey: null })).rejects.toThrow(
    "0.30",
  );
  expect(await note(null)).toBe(3);
  await expect(note(null)).rejects.toThrow("at most 0.00");
  const issued = books.store.byNumber(number);
  expect(issued === null ? null : owedOn(issued, 2)).toBe(0n);
  expect(issued?.creditNotes.map(({ amount }) => amount)).toEqual([40n * CENT, 60n * CENT, 30n * CENT]);
  await expect(books.creditNote({ number: 9, amount: null, reason: "", idempotencyKey: null })).rejects.toThrow(
    "No such",
  );
  expect(book.verify()).toEqual([]);
});

test("payments lower what is owed, the receivable first, then the tax; never more, and once per key", async () => {
  await using book = new Book();
  await book.ledger.setTerms({ accountId: "a", subscription: null, creditLimit: UNIT, lowBalance: null });
  await book.settle(await book.hold(UNIT, { charge: "metered" }), 50_000);
  await expect(book.hold(UNIT, { charge: "metered" })).rejects.toThrow("insufficient");
  nextMonth(book);
  const books = invoicing(book);
  const { number } = await books.issue("a", MONTH);
  // 0.65 and 8 % of it: 0.702, of which 0.05 is tax.
  const owed = () => owedOn(books.store.byNumber(number) as IssuedInvoice, 2);
  expect(owed()).toBe(70n * CENT);
  const pay = (amount: bigint | null, idempotencyKey: string | null = null) =>
    books.pay({ number, amount, reason: "transfer", idempotencyKey });
  await pay(60n * CENT, "k");
  await pay(60n * CENT, "k");
  expect([owed(), (await book.ledger.balance("a")).receivable]).toEqual([10n * CENT, 5n * CENT]);
  await expect(pay(11n * CENT)).rejects.toThrow("at most 0.10");
  await expect(pay(59n * CENT, "k")).rejects.toThrow("another credit");
  // What is credited of a paid invoice goes to the wallet.
  await books.creditNote({ number, amount: 15n * CENT, reason: "late", idempotencyKey: null });
  expect(await book.ledger.balance("a")).toMatchObject({ wallet: 10n * CENT, receivable: 0n });
  await pay(null);
  const issued = books.store.byNumber(number);
  expect(issued?.payments.map(({ amount, receivable }) => [amount, receivable])).toEqual([
    [60n * CENT, 60n * CENT],
    [4n * CENT, 0n],
  ]);
  await expect(pay(null)).rejects.toThrow("at most 0.00");
  // The credit limit has room again.
  await book.hold(UNIT, { charge: "metered" });
  expect(book.verify()).toEqual([]);
});

test("however an invoice is taken back, its whole tax goes with it, and never more", () => {
  assert(
    property(
      array(bigInt(1n, 5n * UNIT), { minLength: 1, maxLength: 20 }),
      integer({ min: 0, max: 2_500 }),
      (amounts, rate) => {
        const total = amounts.reduce((sum, amount) => sum + amount, 0n);
        const sources = { wallet: 0n, grants: 0n, receivable: 0n };
        const document = makeDocument(
          {
            accountId: "a",
            month: MONTH,
            currency: "USD",
            lines: [],
            refunds: [],
            total,
            paidFrom: { ...sources, receivable: total },
            returnedTo: sources,
          },
          { ...NO_DETAILS, taxPercent: (rate / 100).toFixed(2) },
          terms(),
          2,
        );
        const note = { reason: "", requestId: null, issuedAt: 0 };
        const creditNotes = amounts.map((amount, index) => ({
          ...note,
          number: index + 1,
          amount,
          receivable: amount,
        }));
        const issued = { number: 1, issuedAt: 0, document, customer: null, creditNotes, payments: [] };
        const taxes = creditedTaxes(issued, 2);
        expect(taxes.every((tax) => tax >= 0n && tax % CENT === 0n)).toBe(true);
        expect(taxes.reduce((sum, tax) => sum + tax, 0n)).toBe(document.tax.amount);
        expect(owedOn(issued, 2)).toBe(0n);
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  ["an invoice was taken out", "DELETE FROM invoices WHERE number = 1", "invoice numbers have no gaps"],
  ["an invoice was raised", "UPDATE invoices SET total = total + 1 WHERE number = 2", "invoices less their refunds"],
  ["a note was taken out", "DELETE FROM credit_notes WHERE number = 1", "numbers of credit notes have no gaps"],
  ["a note was lowered", "UPDATE credit_notes SET amount = 1, receivable = 0", "credit notes are booked"],
  ["a note was raised", "UPDATE credit_notes SET amount = 9000000000", "credit notes do not exceed"],
])("verify finds that %s", async (_what, statement, finding) => {
  await using book = new Book();
  for (const accountId of ["a", "b"]) {
    await book.credit(9n * UNIT, { accountId });
    await call(book, accountId, 100_000);
  }
  nextMonth(book);
  const books = invoicing(book);
  await books.issueAll(MONTH);
  await books.refund({ requestId: "req_1", amount: CENT, reason: "", idempotencyKey: null });
  await books.refund({ requestId: "req_2", amount: CENT, reason: "", idempotencyKey: null });
  expect(book.verify()).toEqual([]);
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  for (const trigger of ["invoices_keep", "invoices_stay", "credit_notes_keep", "credit_notes_stay"]) {
    db.run(`DROP TRIGGER ${trigger}`);
  }
  db.run(statement);
  db.close();
  expect(book.verify().join("\n")).toContain(finding);
});
