/** Who may spend what: everything is decided at once, before the call. */
import { describe, expect, test } from "bun:test";
import type { ReserveRequest, Refusal, Reservation } from "../../src/ledger/types.ts";
import { Book, UNIT } from "../store/support.ts";

const DAY_MS = 86_400_000;
const DIME = UNIT / 10n;

/** Asks for 1,000 holds of $0.10 at once. */
async function thousand(book: Book, more: Partial<ReserveRequest>): Promise<{ admitted: number; kinds: Set<string> }> {
  const asked = Array.from({ length: 1_000 }, () => book.ledger.reserve(book.request(DIME, more)));
  const answers = await Promise.all(asked);
  const admitted = answers.filter((answer) => answer.ok);
  await Promise.all(admitted.map((answer) => (answer.ok ? answer.durable : undefined)));
  return {
    admitted: admitted.length,
    kinds: new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.refusal.kind]))),
  };
}

async function refusal(asked: Promise<Reservation>): Promise<Refusal> {
  const answer = await asked;
  if (answer.ok) throw new Error("was admitted");
  return answer.refusal;
}

describe("1,000 calls of $0.10 against $5.00: exactly 50, and no phantom refusals afterwards", () => {
  test("of a wallet", async () => {
    await using book = new Book();
    await book.credit(5n * UNIT);
    expect(await thousand(book, {})).toEqual({ admitted: 50, kinds: new Set(["held"]) });
    for (const { id, requestId } of book.openHolds()) await book.ledger.void(id, "test", book.audit(requestId));
    expect(await thousand(book, {})).toMatchObject({ admitted: 50 });
  });
  test("of a grant", async () => {
    await using book = new Book();
    await book.credit(5n * UNIT, { kind: "grant", expiresAt: book.now + DAY_MS });
    expect(await thousand(book, {})).toMatchObject({ admitted: 50 });
  });
  test("of a key's monthly cap", async () => {
    await using book = new Book();
    await book.credit(500n * UNIT);
    expect(await thousand(book, { keyMonthlyCap: 5n * UNIT })).toEqual({ admitted: 50, kinds: new Set(["key_cap"]) });
    // Another key of the account is not in its way.
    expect(await thousand(book, { keyId: "other", keyMonthlyCap: 5n * UNIT })).toMatchObject({ admitted: 50 });
  });
  test("of the account's monthly cap", async () => {
    await using book = new Book();
    await book.credit(500n * UNIT);
    const { admitted, kinds } = await thousand(book, { accountMonthlyCap: 5n * UNIT });
    expect({ admitted, kinds }).toEqual({ admitted: 50, kinds: new Set(["account_cap"]) });
  });
  test("of a day's messages", async () => {
    await using book = new Book();
    const more = { dailyMessages: { subject: "s", limit: 50 }, charge: "free" } as const;
    expect(await thousand(book, more)).toEqual({ admitted: 50, kinds: new Set(["daily_messages"]) });
  });
});

describe("refusals that a client can act on", () => {
  test("too large for the balance, or tied up by calls under way", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    expect(await refusal(book.ledger.reserve(book.request(2n * UNIT)))).toEqual({
      kind: "insufficient",
      available: UNIT,
      needed: 2n * UNIT,
    });
    await book.hold(UNIT - 5n);
    expect(await refusal(book.ledger.reserve(book.request(UNIT)))).toEqual({
      kind: "held",
      available: 5n,
      held: UNIT - 5n,
      needed: UNIT,
    });
  });
  test("a cap tells when it resets", async () => {
    await using book = new Book();
    await book.credit(5n * UNIT);
    const request = book.request(UNIT, { keyMonthlyCap: UNIT / 2n });
    expect(await refusal(book.ledger.reserve(request))).toMatchObject({
      kind: "key_cap",
      cap: UNIT / 2n,
      resetsAt: Date.UTC(2026, 11, 1),
    });
  });
  test("a cap under what is already spent", async () => {
    await using book = new Book();
    await book.credit(5n * UNIT);
    await book.call(10_000);
    const request = book.request(1n, { accountMonthlyCap: 1n });
    expect(await refusal(book.ledger.reserve(request))).toMatchObject({ kind: "account_cap", spent: 130_000_000n });
  });
  test("the cap per call comes first", async () => {
    await using book = new Book();
    const request = book.request(UNIT, { callCap: UNIT - 1n });
    expect(await refusal(book.ledger.reserve(request))).toEqual({ kind: "call_cap", cap: UNIT - 1n, needed: UNIT });
  });
  test("no subscription, and a used-up one", async () => {
    await using book = new Book();
    const request = () => book.request(UNIT, { charge: "subscription" });
    expect(await refusal(book.ledger.reserve(request()))).toEqual({ kind: "subscription_required" });
    await book.subscribe({ includedCredit: UNIT / 2n, overage: "stop", anchorAt: Date.UTC(2026, 10, 5) });
    expect(await refusal(book.ledger.reserve(request()))).toEqual({ kind: "quota", resetsAt: Date.UTC(2026, 11, 5) });
    const later = book.now + DAY_MS;
    await using other = new Book();
    await other.subscribe({ includedCredit: UNIT, overage: "stop", anchorAt: later });
    expect(await refusal(other.ledger.reserve(request()))).toEqual({ kind: "quota", resetsAt: later });
  });
});

describe("to the last nano-unit", () => {
  test("a balance, a cap per call and a month's caps", async () => {
    await using book = new Book();
    await book.credit(10n);
    const asked = (amount: bigint, more: Partial<ReserveRequest>) => book.ledger.reserve(book.request(amount, more));
    expect(await asked(11n, {})).toMatchObject({ refusal: { kind: "insufficient", available: 10n, needed: 11n } });
    expect(await asked(3n, { callCap: 2n })).toMatchObject({ refusal: { kind: "call_cap" } });
    expect(await asked(3n, { callCap: 3n })).toMatchObject({ ok: true });
    expect(await asked(3n, { keyMonthlyCap: 5n })).toMatchObject({
      refusal: { kind: "key_cap", held: 3n, needed: 3n },
    });
    expect(await asked(3n, { keyMonthlyCap: 6n })).toMatchObject({ ok: true });
    expect(await asked(4n, { accountMonthlyCap: 9n })).toMatchObject({ refusal: { kind: "account_cap", cap: 9n } });
    expect(await asked(4n, { accountMonthlyCap: 10n })).toMatchObject({ ok: true });
    expect(await asked(1n, {})).toMatchObject({ refusal: { kind: "held", available: 0n, held: 10n, needed: 1n } });
    expect(await asked(11n, {})).toMatchObject({ refusal: { kind: "insufficient" } });
  });
  test("a credit limit", async () => {
    await using book = new Book();
    await book.ledger.setTerms({ accountId: "a", subscription: null, creditLimit: 10n, lowBalance: null });
    const asked = (amount: bigint) => book.ledger.reserve(book.request(amount, { charge: "metered" }));
    expect(await asked(11n)).toMatchObject({ ok: false });
    expect(await asked(6n)).toMatchObject({ ok: true });
    expect(await asked(5n)).toMatchObject({ ok: false });
    expect(await asked(3n)).toMatchObject({ ok: true });
    expect(await asked(1n)).toMatchObject({ ok: true });
    expect(await asked(1n)).toMatchObject({ ok: false });
    // By credit only where the caller is billed: the wallet of the others is empty.
    expect(await book.ledger.reserve(book.request(1n))).toMatchObject({ refusal: { kind: "insufficient" } });
  });
  test("what ended no longer counts toward a cap but with its charge", async () => {
    await using book = new Book();
    await book.credit(5n * UNIT);
    const capped = { keyMonthlyCap: UNIT, accountMonthlyCap: UNIT } as const;
    const hold = await book.hold(UNIT, capped);
    expect(await refusal(book.ledger.reserve(book.request(1n, capped)))).toMatchObject({ kind: "key_cap", spent: 0n });
    await book.settle(hold, 10);
    const left = UNIT - 130_000n;
    expect(await refusal(book.ledger.reserve(book.request(left + 1n, capped)))).toMatchObject({
      held: 0n,
      spent: 130_000n,
    });
    await book.hold(left, capped);
  });
});

test("a message that was not served is given back", async () => {
  await using book = new Book();
  const more = { dailyMessages: { subject: "s", limit: 2 }, charge: "free" } as const;
  const [first] = [await book.hold(0n, more), await book.hold(0n, more)];
  const full = await refusal(book.ledger.reserve(book.request(0n, more)));
  expect(full).toEqual({ kind: "daily_messages", limit: 2, resetsAt: Date.UTC(2026, 10, 22) });
  await book.ledger.void(first.id, "test", book.audit(first.requestId));
  const again = await book.hold(0n, more);
  await book.settle(again, 1);
  expect(await refusal(book.ledger.reserve(book.request(0n, more)))).toMatchObject({ kind: "daily_messages" });
  book.now = Date.UTC(2026, 10, 22);
  await book.hold(0n, more);
});

test("a used-up subscription with credit beside it: back when the first of both gives some", async () => {
  await using book = new Book();
  const quota = async () => await refusal(book.ledger.reserve(book.request(UNIT, { charge: "subscription" })));
  await book.credit(5n, { kind: "grant", expiresAt: book.now + DAY_MS });
  expect(await quota()).toEqual({ kind: "quota", resetsAt: book.now + DAY_MS });
  await book.subscribe({ includedCredit: 5n, overage: "stop", anchorAt: Date.UTC(2026, 10, 5) });
  expect(await quota()).toEqual({ kind: "quota", resetsAt: book.now + DAY_MS });
  book.now += 2 * DAY_MS;
  expect(await quota()).toEqual({ kind: "quota", resetsAt: Date.UTC(2026, 11, 5) });
});

test("a grant that is over is none: a subscription is required again, unless a call still holds a part of it", async () => {
  await using book = new Book();
  const asked = () => refusal(book.ledger.reserve(book.request(UNIT, { charge: "subscription" })));
  await book.credit(5n, { kind: "grant", expiresAt: book.now + DAY_MS });
  const hold = await book.hold(1n, { charge: "subscription" });
  book.now += DAY_MS;
  expect(await asked()).toMatchObject({ kind: "insufficient", available: 0n });
  await book.ledger.void(hold.id, "test", book.audit(hold.requestId));
  expect(await asked()).toEqual({ kind: "subscription_required" });
});

test("a grant that is over gives nothing again, though a call still holds a part of it", async () => {
  await using book = new Book();
  const expiresAt = book.now + DAY_MS;
  await book.credit(5n, { kind: "grant", expiresAt });
  await book.subscribe({ includedCredit: 5n, overage: "stop", anchorAt: Date.UTC(2026, 10, 5) });
  await book.hold(1n, { charge: "subscription" });
  for (const now of [expiresAt, expiresAt + 1]) {
    book.now = now;
    const told = await refusal(book.ledger.reserve(book.request(UNIT, { charge: "subscription" })));
    expect(told).toEqual({ kind: "quota", resetsAt: Date.UTC(2026, 11, 5) });
  }
});

test("the last nano-unit may be held, too", async () => {
  await using book = new Book();
  await book.credit(1n);
  await book.hold(1n);
  expect(await refusal(book.ledger.reserve(book.request(1n)))).toEqual({
    kind: "held",
    available: 0n,
    held: 1n,
    needed: 1n,
  });
});

describe("what pays", () => {
  test("a grant is over at its very instant, and what is left of it is the operator's", async () => {
    await using book = new Book();
    await book.credit(5n, { kind: "grant", expiresAt: book.now + DAY_MS });
    await book.credit(7n, { kind: "grant", expiresAt: book.now + 2 * DAY_MS });
    book.now += DAY_MS - 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 12n, available: 12n });
    book.now += 1;
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 7n, available: 7n });
    const books = new Map(book.store.ledger.load().books.map(({ name, posted }) => [name, posted]));
    expect(books.get("operator:expired")).toBe(5n);
    book.now += DAY_MS;
    expect(await book.ledger.sweep(0)).toEqual({ grants: 1, holds: 0 });
    expect(book.verify()).toEqual([]);
  });
  test("a balance tells what is there, what calls under way hold of it, and what is left", async () => {
    await using book = new Book();
    await book.credit(10n);
    await book.credit(5n, { kind: "grant", expiresAt: book.now + DAY_MS });
    await book.hold(8n);
    expect(await book.ledger.balance("a")).toEqual({
      accountId: "a",
      currency: "USD",
      wallet: 10n,
      grants: 5n,
      held: 8n,
      available: 7n,
      spentThisMonth: 0n,
      receivable: 0n,
    });
  });
  test("grants by earliest expiry, then the wallet", async () => {
    await using book = new Book();
    await book.credit(UNIT);
    await book.credit(10n * 13_000n, { kind: "grant", expiresAt: book.now + 2 * DAY_MS, reason: "later" });
    await book.credit(5n * 13_000n, { kind: "grant", expiresAt: book.now + DAY_MS, reason: "first" });
    await book.call(7);
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 8n * 13_000n, wallet: UNIT });
    await book.call(10);
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n, wallet: UNIT - 2n * 13_000n });
  });
  test("an expired grant pays nothing new; a hold keeps its part of it", async () => {
    await using book = new Book();
    await book.credit(UNIT, { kind: "grant", expiresAt: book.now + DAY_MS });
    const hold = await book.hold(UNIT / 2n);
    book.now += DAY_MS;
    expect(await book.ledger.balance("a")).toMatchObject({ available: 0n });
    expect(await refusal(book.ledger.reserve(book.request(1n)))).toMatchObject({ kind: "insufficient" });
    expect(await book.settle(hold, 1_000)).toMatchObject({ charged: 13_000_000n });
    expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n, held: 0n });
    // What the call left of it has expired too.
    const books = new Map(book.store.ledger.load().books.map(({ name, posted }) => [name, posted]));
    expect(books.get("operator:expired")).toBe(UNIT - 13_000_000n);
    expect(book.verify()).toEqual([]);
  });
  test("free calls are charged to nobody, and hold nothing", async () => {
    await using book = new Book();
    const hold = await book.hold(UNIT, { charge: "free" });
    expect(await book.settle(hold, 1_000)).toMatchObject({ charged: 0n, absorbed: 13_000_000n });
    expect(book.verify()).toEqual([]);
  });
});
