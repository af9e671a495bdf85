/** An invoice is a view of the books: it adds up to them, or there is none. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { InvoiceMismatch } from "../../src/ledger/invoice.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { Book, UNIT } from "./support.ts";

const TOKEN = 13_000n;

test("lines by model, refunds, and what paid for them", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  await book.credit(20_000_000n, { kind: "grant", expiresAt: book.now + 86_400_000 });
  await book.call(1_000);
  await book.call(2_000);
  await book.call(500, { accountId: "other", free: true });
  await book.ledger.refund({ requestId: "req_2", amount: 5_000_000n, reason: "sorry", idempotencyKey: null });
  const invoice = book.store.invoices.invoice("a", "2026-11");
  expect(invoice).toEqual({
    accountId: "a",
    month: "2026-11",
    currency: "USD",
    lines: [{ model: "m", calls: 2, tokensInput: 0, tokensOutput: 3_000, amount: 3_000n * TOKEN }],
    refunds: [{ requestId: "req_2", amount: 5_000_000n, reason: "sorry", at: book.now }],
    total: 3_000n * TOKEN - 5_000_000n,
    paidFrom: { wallet: 3_000n * TOKEN - 20_000_000n, grants: 20_000_000n, receivable: 0n },
    returnedTo: { wallet: 5_000_000n, grants: 0n, receivable: 0n },
  });
  expect((await book.ledger.balance("a")).spentThisMonth).toBe(invoice?.total ?? 0n);
});

test("metered overage is what is still to be paid", async () => {
  await using book = new Book();
  await book.call(1_000, { charge: "metered" });
  expect(book.store.invoices.invoice("a", "2026-11")).toMatchObject({
    total: 1_000n * TOKEN,
    paidFrom: { wallet: 0n, grants: 0n, receivable: 1_000n * TOKEN },
  });
});

test("a call counts in the month in which its hold was made", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  const hold = await book.hold(UNIT);
  book.now += 15 * 86_400_000;
  await book.settle(hold, 1_000);
  expect(book.store.invoices.invoice("a", "2026-11")?.total).toBe(1_000n * TOKEN);
  expect(book.store.invoices.invoice("a", "2026-12")).toMatchObject({ lines: [], total: 0n });
});

test("books that contradict themselves give no invoice", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  await book.call(1_000);
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  db.run("UPDATE counters SET value = value - 1 WHERE subject = 'account:a'");
  db.close();
  expect(() => book.store.invoices.invoice("a", "2026-11")).toThrow(InvoiceMismatch);
});
