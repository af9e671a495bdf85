/** How calls end: once, at what they used, never beyond what was agreed. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { readExact } from "../../src/ledger/price-lines.ts";
import type { Receipt } from "../../src/ledger/types.ts";
import { add, type Rational, rational, ZERO } from "../../src/lib/rational.ts";
import { usage } from "./price-support.ts";
import { Book, UNIT } from "../store/support.ts";

const TOKEN = 13_000n;
const DAY_MS = 86_400_000;

test("a repeat gives the first receipt, whatever it says", async () => {
  await using book = new Book();
  await book.credit(UNIT);
  const hold = await book.hold(UNIT / 2n);
  const both = await Promise.all([book.settle(hold, 100), book.settle(hold, 9_000)]);
  expect(both[1]).toEqual(both[0]);
  expect(await book.settle(hold, 1)).toEqual(await book.ledger.void(hold.id, "late", book.audit(hold.requestId)));
  expect(await book.ledger.receipt(hold.requestId)).toMatchObject({ charged: 100n * TOKEN, state: "settled" });
  expect(book.verify()).toEqual([]);
});

describe("usage beyond the hold", () => {
  test("is taken from what is available, the rest is absorbed, with an alarm", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    const hold = await book.hold(UNIT / 2n);
    const receipt = await book.settle(hold, 100_000);
    expect(receipt).toMatchObject({ charged: UNIT, absorbed: 100_000n * TOKEN - UNIT });
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: 0n, held: 0n, available: 0n });
    expect(book.logs.join()).toContain("absorbed");
    expect(book.verify()).toEqual([]);
  });
  test("is an alarm from the first nano-unit on, and none where the account pays", async () => {
    await using book = new Book();
    await book.credit(2n * TOKEN - 1n);
    const hold = await book.hold(TOKEN);
    expect(await book.settle(hold, 2)).toMatchObject({ charged: 2n * TOKEN - 1n, absorbed: 1n });
    expect(book.logs.filter((line) => line.includes("absorbed"))).toHaveLength(1);
    await book.credit(TOKEN);
    await book.settle(await book.hold(TOKEN), 1);
    expect(book.logs.filter((line) => line.includes("absorbed"))).toHaveLength(1);
  });
  test("leaves alone what other calls hold", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    const other = await book.hold(UNIT / 4n);
    const hold = await book.hold(UNIT / 4n);
    expect(await book.settle(hold, 100_000)).toMatchObject({ charged: (UNIT * 3n) / 4n });
    expect(await book.settle(other, 10)).toMatchObject({ charged: 10n * TOKEN });
    expect(book.verify()).toEqual([]);
  });
  test.each([
    ["the cap per call", { callCap: UNIT / 2n }],
    ["the key's cap", { keyMonthlyCap: UNIT / 2n }],
    ["the account's cap", { accountMonthlyCap: UNIT / 2n }],
  ])("does not break %s", async (_name, caps) => {
    await using book = new Book();
    await book.credit(5n * UNIT);
    expect(await book.call(100_000, caps)).toMatchObject({ charged: UNIT / 2n });
    expect(book.verify()).toEqual([]);
  });
});

test("an absorbed end is the operator's; an own key's call costs its fee", async () => {
  await using book = new Book();
  await book.credit(UNIT);
  const early = await book.hold(UNIT / 2n);
  const absorbed = await book.settle(early, 100, { absorb: true });
  expect(absorbed).toMatchObject({ charged: 0n, absorbed: 100n * TOKEN });
  expect(absorbed.lines.at(-1)).toMatchObject({ kind: "absorbed", amount: "-0.0013", currency: "USD" });
  const own = await book.hold(UNIT / 2n);
  const credential = { audit: { ...book.audit(own.requestId), credential: "byok" }, ownKeyFee: 7n } as const;
  const owned = await book.settle(own, 100, credential);
  expect(owned).toMatchObject({ charged: 7n, absorbed: 0n });
  expect(owned.lines.slice(-2)).toMatchObject([
    { kind: "own_key", amount: "-0.0013" },
    { kind: "own_key", amount: "0.000000007" },
  ]);
  const free = await book.hold(UNIT / 2n);
  const unpriced = { providerCostUsd: ZERO, customerCostUsd: ZERO, charge: 0n, lines: [] };
  const audit = { ...book.audit(free.requestId), credential: "byok" } as const;
  const fee = await book.settle(free, 100, { audit, price: unpriced, ownKeyFee: 7n });
  for (const receipt of [absorbed, owned, fee]) {
    expect(sumOf(receipt)).toEqual(rational(receipt.charged, UNIT));
    expect(sumOf(await book.ledger.receipt(receipt.requestId))).toEqual(rational(receipt.charged, UNIT));
  }
  expect(await book.ledger.balance("a")).toMatchObject({ wallet: UNIT - 14n });
  expect(book.verify()).toEqual([]);
});

/** What a receipt's lines in USD add up to. */
function sumOf(receipt: Receipt | null): Rational {
  return (receipt?.lines ?? []).reduce((sum, { amount }) => add(sum, readExact(amount)), ZERO);
}

describe("refunds", () => {
  test("go back last source first, and never exceed the charge", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    await book.credit(10n * TOKEN, { kind: "grant", expiresAt: book.now + DAY_MS });
    const { requestId } = await book.call(30);
    const refund = (amount: bigint | null) =>
      book.ledger.refund({ requestId, amount, reason: "r", idempotencyKey: null });
    expect(await refund(5n * TOKEN)).toMatchObject({ wallet: UNIT - 15n * TOKEN, grants: 0n });
    await expect(refund(25n * TOKEN + 1n)).rejects.toThrow("at most");
    expect(await refund(null)).toMatchObject({ wallet: UNIT, grants: 10n * TOKEN, spentThisMonth: 0n });
    await expect(refund(null)).rejects.toThrow();
    expect(book.verify()).toEqual([]);
  });
  test("to a grant that is over expire at once", async () => {
    await using book = new Book();
    await book.credit(UNIT, { kind: "grant", expiresAt: book.now + DAY_MS });
    const { requestId } = await book.call(30);
    book.now += 2 * DAY_MS;
    await book.ledger.refund({ requestId, amount: null, reason: "r", idempotencyKey: null });
    expect(await book.ledger.balance("a")).toMatchObject({ available: 0n, grants: 0n });
    expect(book.verify()).toEqual([]);
  });
  test("to a grant at the very instant of its expiry are too late for it", async () => {
    await using book = new Book();
    const expiresAt = book.now + DAY_MS;
    await book.credit(UNIT, { kind: "grant", expiresAt });
    const { requestId } = await book.call(30);
    const other = await book.hold(UNIT / 4n);
    const refund = (amount: bigint) => book.ledger.refund({ requestId, amount, reason: "r", idempotencyKey: null });
    book.now = expiresAt - 1;
    expect(await refund(TOKEN)).toMatchObject({ grants: UNIT - 29n * TOKEN });
    book.now = expiresAt;
    await refund(TOKEN);
    // What the other call still holds is all that the grant has.
    const grant = () => book.store.ledger.load().books.find(({ name }) => name === "grant:1")?.posted;
    expect(grant()).toBe(UNIT / 4n);
    await book.ledger.void(other.id, "test", book.audit(other.requestId));
    expect(grant()).toBe(0n);
    expect(book.verify()).toEqual([]);
  });
  test("of calls that were not charged do not exist", async () => {
    await using book = new Book();
    const refund = book.ledger.refund({ requestId: "req_none", amount: null, reason: "r", idempotencyKey: null });
    await expect(refund).rejects.toMatchObject({ status: 404, code: "not_found" });
  });
});

test("a refund of the least amount, of what is left, and of neither nothing nor more", async () => {
  await using book = new Book();
  await book.credit(UNIT);
  const { requestId } = await book.call(1);
  const refund = (amount: bigint) => book.ledger.refund({ requestId, amount, reason: "r", idempotencyKey: null });
  await expect(refund(0n)).rejects.toMatchObject({ status: 400, param: "amount" });
  expect(await refund(1n)).toMatchObject({ wallet: UNIT - TOKEN + 1n, spentThisMonth: TOKEN - 1n });
  await expect(refund(TOKEN)).rejects.toMatchObject({ status: 400 });
  expect(await refund(TOKEN - 1n)).toMatchObject({ wallet: UNIT, spentThisMonth: 0n });
  expect(await book.ledger.keySpend("k")).toBe(0n);
  expect(book.verify()).toEqual([]);
});

describe("credits", () => {
  test("one key is one credit in all it says: amount, kind, reason, expiry, invoice", async () => {
    await using book = new Book();
    const same = { idempotencyKey: "k", expiresAt: null } as const;
    await book.credit(10n, same);
    await book.credit(10n, same);
    const others = [
      { kind: "adjust" },
      { reason: "other" },
      { expiresAt: 5 },
      { invoice: { number: 1, owed: 0n } },
    ] as const;
    for (const other of others) {
      await expect(book.credit(10n, { ...same, ...other })).rejects.toMatchObject({ status: 409, code: "conflict" });
    }
    await expect(book.credit(11n, same)).rejects.toMatchObject({ status: 409 });
    // Without a key nothing is a repeat.
    await book.credit(10n);
    await book.credit(10n);
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: 30n });
    expect(book.verify()).toEqual([]);
  });
  test("the largest one, either way, and no larger", async () => {
    await using book = new Book();
    const largest = 1_000_000_000n * UNIT;
    await book.credit(largest);
    await expect(book.credit(largest + 1n)).rejects.toMatchObject({ status: 400, param: "amount" });
    await expect(book.credit(-largest - 1n, { kind: "adjust" })).rejects.toThrow("at most");
    expect(await book.credit(-largest, { kind: "adjust" })).toMatchObject({ wallet: 0n });
    await expect(book.credit(-1n, { kind: "adjust" })).rejects.toMatchObject({ status: 400, param: "amount" });
    expect(book.verify()).toEqual([]);
  });
  test("an adjustment leaves alone what calls under way hold", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    await book.hold(UNIT / 4n);
    await expect(book.credit(-(UNIT * 3n) / 4n - 1n, { kind: "adjust" })).rejects.toMatchObject({ status: 400 });
    expect(await book.credit((-UNIT * 3n) / 4n, { kind: "adjust" })).toMatchObject({
      wallet: UNIT / 4n,
      available: 0n,
    });
    expect(book.verify()).toEqual([]);
  });
  test("each kind has its own other side", async () => {
    await using book = new Book();
    await book.credit(10n);
    await book.credit(20n, { kind: "grant", expiresAt: book.now + 1 });
    await book.credit(40n, { kind: "refund" });
    await book.credit(80n, { kind: "adjust" });
    await book.credit(-5n, { kind: "adjust" });
    const books = Object.fromEntries(book.store.ledger.load().books.map(({ name, posted }) => [name, posted]));
    expect(books).toMatchObject({
      "operator:cash_in": -10n,
      "operator:promo": -20n,
      "operator:revenue": -40n,
      "operator:adjust": -75n,
      "wallet:a": 125n,
    });
    await expect(book.credit(1n, { kind: "grant", expiresAt: book.now })).rejects.toMatchObject({
      param: "expires_at",
    });
    expect(book.verify()).toEqual([]);
  });

  test("one idempotency key, one credit; another body is a conflict", async () => {
    await using book = new Book();
    const twice = [book.credit(UNIT, { idempotencyKey: "k1" }), book.credit(UNIT, { idempotencyKey: "k1" })];
    await Promise.all(twice);
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: UNIT });
    await expect(book.credit(2n * UNIT, { idempotencyKey: "k1" })).rejects.toMatchObject({ status: 409 });
    // Keys belong to an account.
    await book.credit(2n * UNIT, { idempotencyKey: "k1", accountId: "b" });
    await book.restart();
    await book.credit(UNIT, { idempotencyKey: "k1" });
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: UNIT });
  });
  test.each([
    ["nothing", 0n, {}, "amount"],
    ["a negative top-up", -1n, {}, "amount"],
    ["a fortune", 10n ** 19n, {}, "amount"],
    ["an adjustment below zero", -1n, { kind: "adjust" }, "amount"],
    ["a grant that is over", 1n, { kind: "grant", expiresAt: 1 }, "expires_at"],
  ] as const)("%s is refused", async (_name, amount, more, param) => {
    await using book = new Book();
    await expect(book.credit(amount, more)).rejects.toMatchObject({ status: 400, param });
    expect(book.verify()).toEqual([]);
  });
  test("a low balance is told once per crossing", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    await book.ledger.setTerms({ accountId: "a", subscription: null, creditLimit: null, lowBalance: (UNIT * 4n) / 5n });
    await book.call(10_000);
    expect(book.lowBalances).toEqual([]);
    await book.call(10_000);
    await book.call(100);
    expect(book.lowBalances).toEqual([740_000_000n]);
    await book.credit(UNIT);
    await book.call(38_000);
    await book.call(38_000);
    await book.call(100);
    expect(book.lowBalances).toHaveLength(2);
  });
});

test("terms: no amount below zero or beyond the largest credit", async () => {
  await using book = new Book();
  const terms = { accountId: "a", subscription: null, creditLimit: null, lowBalance: null };
  const largest = 1_000_000_000n * UNIT;
  const plan = { plan: "p", overage: "stop", anchorAt: book.now, endsAt: null } as const;
  for (const amount of [-1n, largest + 1n]) {
    for (const bad of [
      { creditLimit: amount },
      { lowBalance: amount },
      { subscription: { ...plan, includedCredit: amount } },
    ]) {
      await expect(book.ledger.setTerms({ ...terms, ...bad })).rejects.toMatchObject({ status: 400 });
    }
  }
  for (const amount of [0n, largest]) await book.ledger.setTerms({ ...terms, creditLimit: amount, lowBalance: amount });
  expect(book.ledger.terms("a")).toMatchObject({ creditLimit: largest, lowBalance: largest });
});

test("calls under way are counted by account; a sweep ends the old ones and tells how many", async () => {
  await using book = new Book();
  await book.credit(UNIT);
  await book.credit(5n, { kind: "grant", expiresAt: book.now + DAY_MS });
  await book.hold(UNIT / 4n);
  book.now += 1_000;
  const young = await book.hold(UNIT / 4n, { accountId: "a" });
  await book.hold(0n, { accountId: "b", charge: "free" });
  expect([book.ledger.openCalls("a"), book.ledger.openCalls("b"), book.ledger.openCalls("c")]).toEqual([2, 1, 0]);
  expect(await book.ledger.sweep(book.now - 1_000)).toEqual({ grants: 0, holds: 0 });
  expect(await book.ledger.sweep(book.now)).toEqual({ grants: 0, holds: 1 });
  expect(book.ledger.openCalls("a")).toBe(1);
  await book.ledger.void(young.id, "test", book.audit(young.requestId));
  book.now += DAY_MS;
  await book.ledger.setTerms({
    accountId: "d",
    subscription: { plan: "p", includedCredit: 5n, overage: "stop", anchorAt: book.now + 1, endsAt: null },
    creditLimit: null,
    lowBalance: null,
  });
  expect(await book.ledger.sweep(0)).toEqual({ grants: 1, holds: 0 });
  // A period that begins expires nothing.
  book.now += 1;
  expect(await book.ledger.sweep(0)).toEqual({ grants: 0, holds: 0 });
  expect(await book.ledger.balance("d")).toMatchObject({ grants: 5n });
  expect(book.verify()).toEqual([]);
});

describe("subscriptions", () => {
  const JANUARY = Date.UTC(2026, 0, 31, 12);
  test("included credit comes anew on the anchor day, clamped to short months; what is left expires", async () => {
    await using book = new Book();
    book.now = JANUARY;
    await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: JANUARY });
    await book.call(10_000, { charge: "subscription" });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT - 130_000_000n });
    book.now = Date.UTC(2026, 1, 28, 12) - 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT - 130_000_000n });
    book.now += 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT });
    book.now = Date.UTC(2026, 2, 31, 12);
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT });
    expect(book.verify()).toEqual([]);
  });
  test("one that begins later gives nothing before, and one that has ended nothing after", async () => {
    await using book = new Book();
    const anchorAt = book.now + DAY_MS;
    const endsAt = anchorAt + 40 * DAY_MS;
    const subscription = { plan: "p", includedCredit: UNIT, overage: "stop", anchorAt, endsAt } as const;
    await book.ledger.setTerms({ accountId: "a", subscription, creditLimit: null, lowBalance: null });
    const grants = async (at: number): Promise<bigint> => {
      book.now = at;
      return (await book.ledger.balance("a")).grants;
    };
    expect(await grants(anchorAt - 1)).toBe(0n);
    expect(await grants(anchorAt)).toBe(UNIT);
    await book.call(10_000, { charge: "subscription" });
    expect(await grants(anchorAt + 1)).toBe(UNIT - 130_000_000n);
    // The second period began before the end: it is had whole. There is no third.
    expect(await grants(Date.UTC(2026, 11, 22, 12))).toBe(UNIT);
    expect(await grants(endsAt + 1)).toBe(UNIT);
    expect(await grants(Date.UTC(2027, 0, 22, 12))).toBe(0n);
    expect(await grants(Date.UTC(2027, 5, 22, 12))).toBe(0n);
    const rows = book.store.ledger.load().books.find(({ name }) => name === "operator:subscription");
    expect(rows?.posted).toBe(-2n * UNIT);
    expect(book.verify()).toEqual([]);
  });
  test("a grant made meanwhile takes nothing from a plan's credit", async () => {
    await using book = new Book();
    await book.credit(5n, { kind: "grant", expiresAt: null });
    await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: book.now - DAY_MS });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT + 5n });
    await book.credit(7n, { kind: "grant", expiresAt: null });
    await book.restart();
    using file = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true });
    expect(file.query("SELECT kind FROM entries ORDER BY id").values().flat()).toEqual([
      "grant",
      "subscription",
      "grant",
    ]);
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT + 12n });
    book.now += 31 * DAY_MS;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT + 12n });
    expect(book.verify()).toEqual([]);
  });
  test("a plan that includes no credit grants none", async () => {
    await using book = new Book();
    await book.subscribe({ includedCredit: 0n, overage: "metered", anchorAt: book.now });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n });
    expect(book.store.ledger.load().grants).toEqual([]);
    await book.call(10, { charge: "subscription" });
    expect(await book.ledger.balance("a")).toMatchObject({ receivable: 10n * TOKEN });
  });
  test("an anchor that is moved gives no second credit while a period's lasts, also when that is used up", async () => {
    await using book = new Book();
    const begun = book.now;
    await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: begun });
    await book.call(1_000, { charge: "subscription" });
    const left = UNIT - 13_000_000n;
    const credit = book.store.ledger.findCredit("a", `subscription period ${begun}`);
    expect(credit).toMatchObject({ kind: "subscription", amount: UNIT, holdId: null, invoice: null, receivable: 0n });
    for (const days of [10, 20]) {
      book.now = begun + days * DAY_MS;
      await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: book.now });
      expect(await book.ledger.balance("a")).toMatchObject({ grants: left });
    }
    const hold = await book.hold(left, { charge: "subscription" });
    await book.settle(hold, 1_000_000);
    await book.restart();
    await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: book.now });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n });
    // The first period ends on 21 December; the next one by the new anchor, on 11 January.
    book.now = Date.UTC(2026, 11, 21, 12) - 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n });
    book.now += 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT });
    book.now = Date.UTC(2027, 0, 11, 12) - 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT });
    expect(book.store.ledger.load().grants).toMatchObject([{ expiresAt: book.now + 1 }]);
    expect(book.verify()).toEqual([]);
  });
  test("a plan with credit after one without gives it at once, also to two who ask at the same time", async () => {
    await using book = new Book();
    await book.subscribe({ includedCredit: 0n, overage: "metered", anchorAt: book.now });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n });
    book.now += DAY_MS;
    await Promise.all(
      [0, 1, 2].map((ms) => book.subscribe({ includedCredit: 1n, overage: "stop", anchorAt: book.now + ms - 5 })),
    );
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 1n });
    expect(book.verify()).toEqual([]);
  });
  test("a clock that jumps back gives no period twice", async () => {
    await using book = new Book();
    await book.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: book.now - 40 * DAY_MS });
    await book.call(10_000, { charge: "subscription" });
    const left = (await book.ledger.balance("a")).grants;
    book.now -= 31 * DAY_MS;
    await book.ledger.balance("a");
    await book.restart();
    book.now += 31 * DAY_MS;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: left });
  });
  test("overage is metered in tiers that charge the wallet, too, once that is empty; stopped where the plan says so", async () => {
    await using book = new Book();
    await book.credit(10n * TOKEN);
    await book.subscribe({ includedCredit: 10n * TOKEN, overage: "metered", anchorAt: book.now });
    await book.call(30, { charge: "wallet" });
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: 0n, grants: 0n, receivable: 10n * TOKEN });
    await book.subscribe({ includedCredit: 10n * TOKEN, overage: "stop", anchorAt: book.now });
    const refused = await book.ledger.reserve(book.request(TOKEN, { charge: "wallet" }));
    expect(refused).toMatchObject({ ok: false, refusal: { kind: "insufficient" } });
    expect(book.verify()).toEqual([]);
  });
  test("a subscription that has ended runs up no bill: one is required again", async () => {
    await using book = new Book();
    const subscription = {
      plan: "p",
      includedCredit: 0n,
      overage: "metered",
      anchorAt: book.now,
      endsAt: book.now + 1,
    } as const;
    await book.ledger.setTerms({ accountId: "a", subscription, creditLimit: null, lowBalance: null });
    const ask = () => book.ledger.reserve(book.request(TOKEN, { charge: "subscription" }));
    book.now = Date.UTC(2026, 11, 21, 12) - 1;
    await book.call(10, { charge: "subscription" });
    expect(await book.ledger.balance("a")).toMatchObject({ receivable: 10n * TOKEN });
    book.now += 1;
    expect(await ask()).toEqual({ ok: false, refusal: { kind: "subscription_required" } });
    const begins = { ...subscription, anchorAt: book.now + DAY_MS, endsAt: null };
    await book.ledger.setTerms({ accountId: "a", subscription: begins, creditLimit: null, lowBalance: null });
    expect(await ask()).toMatchObject({ ok: false, refusal: { kind: "quota", resetsAt: book.now + DAY_MS } });
    expect(book.verify()).toEqual([]);
  });
  test("overage is metered to the receivable, up to the credit limit", async () => {
    await using book = new Book();
    const terms = { includedCredit: 100n * TOKEN, overage: "metered", anchorAt: book.now } as const;
    await book.subscribe(terms, UNIT / 2n);
    await book.call(300, { charge: "subscription" });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n, receivable: 200n * TOKEN });
    const reservation = await book.ledger.reserve(book.request(UNIT / 2n, { charge: "subscription" }));
    expect(reservation).toMatchObject({ ok: false });
    expect(book.verify()).toEqual([]);
  });
});

describe("a process that died", () => {
  test("leaves no hold: settled at the checkpoint, or released where nothing was delivered", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    const running = await book.hold(UNIT / 4n);
    const silent = await book.hold(UNIT / 4n);
    const checkpoint = { usage: usage({ output: 50 }), source: "counted", charge: 50n * TOKEN } as const;
    await book.ledger.checkpoint(running.id, checkpoint);
    await book.restart();
    expect(await book.ledger.balance("a")).toMatchObject({ wallet: UNIT - 50n * TOKEN, held: 0n });
    expect(await book.ledger.receipt(running.requestId)).toMatchObject({
      charged: 50n * TOKEN,
      usageSource: "counted",
    });
    expect(await book.ledger.receipt(silent.requestId)).toMatchObject({ charged: 0n, state: "voided" });
    expect(book.verify()).toEqual([]);
  });
  test("its checkpoint never charges more than was held", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    const running = await book.hold(UNIT / 4n);
    const checkpoint = { usage: usage({ output: 50 }), source: "counted", charge: UNIT } as const;
    await book.ledger.checkpoint(running.id, checkpoint);
    await book.restart();
    expect(await book.ledger.receipt(running.requestId)).toMatchObject({ charged: UNIT / 4n });
    expect(book.verify()).toEqual([]);
  });
});
