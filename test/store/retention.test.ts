/** Old calls may go; the books, the chain and everything that counts stay provable. */
import { expect, test } from "bun:test";
import { verifyDataFolder } from "../../src/store/verify.ts";
import { Book, UNIT } from "./support.ts";

const DAY_MS = 86_400_000;

/** Calls in August, September, October and November. */
async function fourMonths(): Promise<Book> {
  const book = new Book();
  await book.credit(5n * UNIT);
  for (const month of [7, 8, 9, 10]) {
    book.now = Date.UTC(2026, month, 10);
    for (const tokens of [100, 200, 300]) await book.call(tokens, { dailyMessages: { subject: "s", limit: 9 } });
    await book.ledger.record({ ...book.audit(`req_refused_${month}`), status: 402, streamState: null });
  }
  return book;
}

test("whole months go; balances, counters and the rest of the chain stay", async () => {
  await using book = await fourMonths();
  const before = await book.ledger.balance("a");
  const { head } = verifyDataFolder(book.dataDir);
  const pruned = await book.store.retention.prune("2026-09");
  expect(pruned).toMatchObject({ calls: 8, anchor: { seq: 8 } });
  expect(await book.ledger.balance("a")).toEqual(before);
  expect(verifyDataFolder(book.dataDir, head)).toMatchObject({ findings: [], auditRows: 8 });
  expect(await book.ledger.receipt("req_1")).toBeNull();
  expect(await book.ledger.receipt("req_7")).toMatchObject({ charged: 1_300_000n });
  expect(book.store.invoices.invoice("a", "2026-09")).toBeNull();
  expect(book.store.invoices.invoice("a", "2026-10")).toMatchObject({ total: 7_800_000n });
  // Once more: nothing left to do.
  expect(await book.store.retention.prune("2026-09")).toMatchObject({ calls: 0, anchor: pruned.anchor });
});

test("life goes on after it: ids are not used again, the chain continues, a restart finds all in order", async () => {
  await using book = await fourMonths();
  await book.store.retention.prune("2026-11");
  expect(verifyDataFolder(book.dataDir)).toMatchObject({ findings: [], auditRows: 1 });
  await book.restart();
  await book.call(1_000);
  await book.restart();
  await book.call(1_000);
  expect(verifyDataFolder(book.dataDir)).toMatchObject({ findings: [], auditRows: 3 });
});

test("a call that ended late keeps what stands behind it", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  const late = await book.hold(UNIT);
  book.now += 20 * DAY_MS;
  await book.call(100);
  await book.settle(late, 100);
  await book.call(100);
  // The late call belongs to November, and stands behind one of December.
  expect(await book.store.retention.prune("2026-11")).toEqual({ calls: 0, anchor: null });
  expect(verifyDataFolder(book.dataDir).findings).toEqual([]);
});

test("a head whose row has been pruned is told as that, not as rows that were cut off", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  book.now = Date.UTC(2026, 7, 10);
  await book.call(100);
  const { head: early } = verifyDataFolder(book.dataDir);
  await book.call(100);
  const { head: last } = verifyDataFolder(book.dataDir);
  book.now = Date.UTC(2026, 8, 10);
  await book.call(100);
  expect(await book.store.retention.prune("2026-08")).toMatchObject({ anchor: last });
  const pruned = "audit: row 1 has been pruned; use a later head";
  expect(verifyDataFolder(book.dataDir, early).findings).toEqual([pruned]);
  // The anchor itself is still there.
  expect(verifyDataFolder(book.dataDir, last).findings).toEqual([]);
});

test("an empty ledger", async () => {
  await using book = new Book();
  expect(await book.store.retention.prune("2026-11")).toEqual({ calls: 0, anchor: null });
});
