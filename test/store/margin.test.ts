/** The margin report adds up to the ledger to the last nano-unit. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeMargin, MarginMismatch } from "../../src/accounting/margin.ts";
import { roundHalfUp } from "../../src/accounting/rounding.ts";
import { ONE, parseDecimal, rational, toDecimal } from "../../src/lib/rational.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { Book, UNIT } from "./support.ts";

const NO_FEE = { percent: parseDecimal("0"), fixed: 0n };
const MONTH = "2026-11";

/** A token is 13,000 nano-units to customers and 10,000 at the provider (PIN: 30 % markup, rate 1). */
async function report(book: Book, fee = NO_FEE) {
  const books = await book.store.accounting.margin(MONTH, ONE);
  if (books === null) throw new Error("pruned");
  return makeMargin(books, fee, 2);
}

test("charges, refunds, absorbed costs and fees, by model and account", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT, { idempotencyKey: "payment pi_1" });
  await book.credit(3n * UNIT, { idempotencyKey: "by hand" });
  await book.call(1_000);
  await book.call(2_000);
  // Nobody pays: a free call, and one whose client left before the first token.
  await book.call(500, { free: true });
  await book.settle(await book.hold(UNIT), 700, { absorb: true });
  // Used more than there was: part of it is absorbed.
  await book.ledger.credit({
    accountId: "poor",
    amount: 1_300_000n,
    kind: "topup",
    reason: "",
    idempotencyKey: null,
    expiresAt: null,
  });
  const poor = await book.hold(1_300_000n, { accountId: "poor", keyId: null });
  await book.settle(poor, 400, { audit: { ...book.audit(poor.requestId), accountId: "poor", keyId: null } });
  await book.ledger.refund({ requestId: "req_2", amount: 6_000_000n, reason: "sorry", idempotencyKey: null });

  const fee = { percent: parseDecimal("2.9"), fixed: UNIT / 100n };
  const { total, byModel, byAccount, rows } = await report(book, fee);
  const db = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true, safeIntegers: true });
  const entries = (kind: string): bigint =>
    (db.query("SELECT sum(amount) AS sum FROM entries WHERE kind = ?").get(kind) as { sum: bigint }).sum;
  expect([total.charged, total.refunded, total.absorbed]).toEqual([
    entries("charge"),
    entries("refund"),
    entries("absorbed"),
  ]);
  db.close();
  expect([total.charged, total.absorbed]).toEqual([3_100n * 13_000n, 1_500n * 13_000n]);
  expect(total.calls).toBe(5);
  expect(toDecimal(total.cost)).toBe("0.046");
  // 300 of the 400 tokens of the last call, and both calls that nobody paid.
  expect(toDecimal(total.absorbedCost)).toBe("0.015");
  // 2.9 % of 5.00 and a cent, to the cent: 0.155 is 0.16. The top-up by hand has none.
  expect(total.fees).toBe((16n * UNIT) / 100n);
  expect(toDecimal(total.margin)).toBe("-0.1717");
  expect(byModel).toHaveLength(1);
  expect(byAccount.map(({ accountId, fees, charged }) => [accountId, fees, charged])).toEqual([
    ["a", total.fees, 3_000n * 13_000n],
    ["poor", 0n, 1_300_000n],
  ]);
  for (const part of [byAccount, rows]) {
    expect(part.reduce((sum, line) => sum + line.charged - line.refunded, 0n)).toBe(total.charged - total.refunded);
    expect(part.reduce((sum, line) => sum + line.absorbed, 0n)).toBe(total.absorbed);
  }
});

test("goodwill and credit notes to whole invoices lower the margin of the month in which they are made", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  await book.call(1_000);
  await book.credit(UNIT / 100n, { kind: "refund" });
  await book.credit(UNIT, { kind: "refund", accountId: "b" });
  book.now += 20 * 86_400_000;
  await book.credit(UNIT, { kind: "refund" });
  const { total, byAccount, byModel } = await report(book);
  // 0.013 for calls that cost 0.010, less 0.01 and 1.00.
  expect([total.goodwill, toDecimal(total.margin)]).toEqual([(101n * UNIT) / 100n, "-1.007"]);
  expect(byAccount.map(({ accountId, goodwill, margin }) => [accountId, goodwill, toDecimal(margin)])).toEqual([
    ["a", UNIT / 100n, "-0.007"],
    ["b", UNIT, "-1"],
  ]);
  expect(byModel.map(({ margin }) => toDecimal(margin))).toEqual(["0.003"]);
});

test("an account that only paid in is there for its fees", async () => {
  await using book = new Book();
  await book.credit(10n * UNIT, { idempotencyKey: "payment pi_1" });
  const { byAccount, total } = await report(book, { percent: parseDecimal("1"), fixed: 0n });
  expect(byAccount).toMatchObject([{ accountId: "a", calls: 0, fees: UNIT / 10n }]);
  expect(toDecimal(total.margin)).toBe("-0.1");
});

test("the report is the same before and after the calls are summed up", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  for (const days of [0, 3, 20, 1]) {
    await book.call(1_000);
    book.now += days * 86_400_000;
  }
  const costs = () => book.store.accounting.providerCosts("p", "2026-11-24", "2026-12-31");
  const before = [await report(book), await costs()];
  await book.store.summaries.catchUp();
  expect([await report(book), await costs()]).toEqual(before);
  // What comes later is read behind the sums.
  await book.call(2_000);
  expect((await costs()).map(({ day, costUsd }) => [day, toDecimal(costUsd)])).toEqual([
    ["2026-11-24", "0.01"],
    ["2026-12-14", "0.01"],
    ["2026-12-15", "0.02"],
  ]);
});

test("calls and payments of other months are left out; pruned months have no report", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT, { idempotencyKey: "payment pi_1" });
  await book.call(1_000);
  book.now += 20 * 86_400_000;
  await book.call(1_000);
  const { total } = await report(book, { percent: parseDecimal("1"), fixed: 0n });
  expect([total.calls, total.fees]).toEqual([1, UNIT / 20n]);
  await book.store.retention.prune(MONTH);
  expect(await book.store.accounting.margin(MONTH, ONE)).toBeNull();
});

test("rows that do not add up to the ledger give no report", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  await book.call(1_000);
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  db.run("UPDATE counters SET value = value - 1 WHERE subject = 'account:a'");
  db.close();
  await expect(report(book)).rejects.toThrow(MarginMismatch);
});

test("fees are rounded half up to the minor unit", () => {
  const at = (num: bigint, places: number): bigint => roundHalfUp(rational(num, 10n), places);
  expect([
    at(149_999_999n, 2),
    at(50_000_000n, 2),
    at(49_999_999n, 2),
    at(-50_000_000n, 2),
    at(-50_000_001n, 2),
  ]).toEqual([10_000_000n, 10_000_000n, 0n, 0n, -10_000_000n]);
  expect([at(5_000_000_000n, 0), at(4_999_999_999n, 0), at(15n, 9)]).toEqual([UNIT, 0n, 2n]);
});
