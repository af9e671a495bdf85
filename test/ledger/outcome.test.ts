/** The numbers of a hold's end: charged + released = held + extended, charged + absorbed = the price. */
import { describe, expect, test } from "bun:test";
import { priceUsage } from "../../src/ledger/price.ts";
import { charge, settledOutcome } from "../../src/ledger/settling.ts";
import { type Caps, LedgerState, type OpenHold } from "../../src/ledger/state.ts";
import type { StoredHold } from "../../src/ledger/storage.ts";
import { settlementRow } from "../../src/ledger/stored.ts";
import { auditOf, PIN } from "../store/support.ts";
import { usage } from "./price-support.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const NO_CAPS: Caps = { call: null, key: null, account: null };

const stored: StoredHold = {
  id: 1,
  requestId: "req_1",
  accountId: "a",
  keyId: "k",
  amount: 100n,
  parts: [{ book: 1, amount: 100n }],
  createdAt: NOW,
  month: "2026-11",
  free: false,
  message: null,
  pin: null,
  context: {},
  checkpoint: null,
};

/** A wallet of 1,000, of which a hold has 100. */
function held(more: Partial<StoredHold> = {}, caps: Caps | null = NO_CAPS): { state: LedgerState; hold: OpenHold } {
  const books = [
    { id: 1, name: "wallet:a", posted: 1_000n, held: 0n },
    { id: 2, name: "receivable:a", posted: 0n, held: 0n },
  ];
  const openHolds = [{ ...stored, ...more }];
  const snapshot = { books, grants: [], terms: [], openHolds, nextHoldId: 2, nextCreditId: 1 };
  const state = new LedgerState(snapshot, () => 0n);
  const hold = state.holds.get(1);
  if (hold === undefined) throw new Error("no hold");
  return { state, hold: { ...hold, caps } };
}

const charged = (wanted: bigint, more: Partial<StoredHold> = {}, caps: Caps | null = NO_CAPS) => {
  const { state, hold } = held(more, caps);
  const { paid, ...sums } = charge(state, hold, wanted, NOW);
  return { ...sums, paid: paid.map(({ book, amount }) => [book.name, amount]) };
};

describe("what is charged", () => {
  test("less than was held, exactly that, and more", () => {
    const plain = { absorbed: 0n, overrun: 0n, extended: 0n };
    expect(charged(0n)).toEqual({ ...plain, charged: 0n, paid: [] });
    expect(charged(60n)).toEqual({ ...plain, charged: 60n, paid: [["wallet:a", 60n]] });
    expect(charged(100n)).toEqual({ ...plain, charged: 100n, paid: [["wallet:a", 100n]] });
    expect(charged(130n)).toMatchObject({ ...plain, charged: 130n, extended: 30n });
    expect(charged(1_001n)).toMatchObject({ charged: 1_000n, extended: 900n, absorbed: 1n, overrun: 1n });
  });
  test("no more than was held where the caps are no longer known, or nobody pays", () => {
    expect(charged(130n, {}, null)).toMatchObject({ charged: 100n, extended: 0n, absorbed: 30n, overrun: 30n });
    expect(charged(130n, { free: true })).toMatchObject({ charged: 100n, absorbed: 30n });
  });
  test.each([
    ["the call's", { call: 120n }, 120n],
    ["the call's, which is under the hold by now", { call: 90n }, 100n],
    ["the account's", { account: 150n }, 150n],
    ["the key's", { key: 101n }, 101n],
    ["the least of all", { call: 160n, account: 150n, key: 140n }, 140n],
    ["the least of all, in any order", { call: 110n, account: 150n, key: 140n }, 110n],
  ])("no more than a cap has room for: %s", (_name, caps, most) => {
    const found = charged(200n, {}, { ...NO_CAPS, ...caps });
    expect(found).toMatchObject({ charged: most, extended: most - 100n, absorbed: 200n - most, overrun: 200n - most });
  });
  test("what was spent before, and what other calls hold, is no room", () => {
    const { state, hold } = held({}, { ...NO_CAPS, account: 200n });
    const [account] = hold.counters;
    if (account === undefined) throw new Error("no counter");
    account.value += 40n;
    account.pending += 30n;
    expect(charge(state, hold, 200n, NOW).charged).toBe(130n);
    account.value += 1_000n;
    expect(charge(state, hold, 200n, NOW).charged).toBe(100n);
  });
  test("the receivable pays beyond the hold only where it is part of it, and up to the credit limit", () => {
    expect(charged(1_500n)).toMatchObject({ charged: 1_000n });
    const parts = [{ book: 2, amount: 100n }];
    expect(charged(1_500n, { parts })).toMatchObject({
      charged: 1_500n,
      paid: [
        ["receivable:a", 100n],
        ["wallet:a", 1_000n],
        ["receivable:a", 400n],
      ],
    });
    expect(charged(1_101n, { parts })).toMatchObject({ charged: 1_101n, overrun: 0n });
    const { state, hold } = held({ parts });
    hold.account.terms = { ...hold.account.terms, creditLimit: 250n };
    expect(charge(state, hold, 1_500n, NOW)).toMatchObject({ charged: 1_250n, overrun: 250n });
  });
});

describe("how a call's end is stored", () => {
  const used = usage({ output: 1 });
  const price = priceUsage(used, PIN, { requestedTier: null });
  const settlement = { usage: used, source: "provider", pin: PIN, price, absorb: false } as const;
  const audit = auditOf("req_1", NOW);

  test("its lines are kept as what they are made from", () => {
    const { state, hold } = held();
    const { detail } = settledOutcome(state, hold, { ...settlement, audit }, NOW);
    expect(detail).toMatchObject({ priceVersion: "m@1", lines: [], reason: null });
    expect(detail.basis).toEqual(price.basis ?? null);
    const { providerCostUsd, customerCostUsd, charge: nano, lines } = price;
    const bare = { providerCostUsd, customerCostUsd, charge: nano, lines };
    const told = settledOutcome(state, hold, { ...settlement, price: bare, audit }, NOW).detail;
    expect(told).toMatchObject({ basis: null, lines });
  });
  test("an own key's call without a fee, and one that is absorbed", () => {
    const { state, hold } = held();
    const own = settledOutcome(state, hold, { ...settlement, audit: { ...audit, credential: "byok" } }, NOW);
    expect(own).toMatchObject({ state: "settled", charged: 0n, absorbed: 0n, paid: [] });
    const absorbed = settledOutcome(state, hold, { ...settlement, absorb: true, audit }, NOW);
    expect(absorbed).toMatchObject({ charged: 0n, absorbed: price.charge, overrun: 0n, extended: 0n, paid: [] });
  });
  test.each([0n, 60n, 100n, 130n, 5_000n])("the sums of a charge of %d add up", (wanted) => {
    const { state, hold } = held();
    const detail = { usage: null, source: null, priceVersion: null, basis: null, lines: [], reason: null };
    const row = settlementRow(hold, { state: "settled", ...charge(state, hold, wanted, NOW), detail }, NOW);
    expect(row.charged + row.released).toBe(row.held + row.extended);
    expect(row.charged + row.absorbed).toBe(wanted);
    expect(row.released).toBe(wanted < 100n ? 100n - wanted : 0n);
  });
});

test("a hold that ends gives back what it had put aside, money and caps", () => {
  const { state, hold } = held();
  const [account, key] = hold.counters;
  expect([hold.account.wallet.held, account?.pending, key?.pending]).toEqual([100n, 100n, 100n]);
  state.removeHold(hold);
  expect([hold.account.wallet.held, account?.pending, key?.pending]).toEqual([0n, 0n, 0n]);
  expect(state.holds.size).toBe(0);
});
