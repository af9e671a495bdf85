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
  });
});

describe("what pays", () => {
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
