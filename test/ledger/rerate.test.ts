/** Recorded calls by another price book: exact, and nothing that was never charged is charged now. */
import { expect, test } from "bun:test";
import { load } from "../catalog/support.ts";
import { currentPrice } from "../../src/catalog/price.ts";
import { priceUsage } from "../../src/ledger/price.ts";
import { decimalText, exactText } from "../../src/ledger/decimal.ts";
import { type RatedCall, Rerating, type RerateReport } from "../../src/ledger/rerate.ts";
import type { Usage } from "../../src/ir/usage.ts";
import { pin, usage } from "./price-support.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const DAY = 86_400_000;

const bookOf = (prices: string) =>
  load(`providers: {p: {kind: openai, api_key: k}, q: {kind: openai, api_key: k}}
models:
  - {id: m, provider: p, ${prices}}
  - {id: m, provider: q, price: {input: 1, output: 1}}
`).models;

const OLD = "price: {input: 2, output: 10, modifiers: {flex: 0.5, priority: 2}, per_image: {small: 0.02}}";
const old = bookOf(OLD);

interface Making {
  tier?: string | null;
  charged?: bigint;
  ownKey?: boolean;
  at?: number;
  images?: Record<string, number>;
  provider?: string;
}

/** A call as it was priced by the old book, with 30 % markup in MYR. */
function call(used: Usage, more: Making = {}): RatedCall {
  const model = old.get("m");
  const row = model === undefined ? null : currentPrice(model, NOW);
  if (row === null) throw new Error("no price");
  const pinned = pin(row, { markup: "30", fx: "4.4", currency: "MYR" });
  const images = more.images === undefined ? {} : { images: more.images };
  const price = priceUsage(used, pinned, { requestedTier: more.tier ?? null, ...images });
  return {
    model: "m",
    provider: more.provider ?? "p",
    at: more.at ?? NOW - DAY,
    ownKey: more.ownKey ?? false,
    charged: more.charged ?? price.charge,
    providerCostUsd: decimalText(price.providerCostUsd),
    priceVersion: row.version,
    usage: used,
    basis: price.basis ?? null,
  };
}

function rerate(prices: string, calls: readonly RatedCall[], choice: "now" | "call" = "now"): RerateReport {
  const rerating = new Rerating(bookOf(prices), { choice, now: NOW });
  for (const each of calls) rerating.add(each);
  return rerating.report();
}

const sums = ({ total }: RerateReport) => [
  total.charged,
  total.recharged,
  exactText(total.costUsd),
  exactText(total.recostUsd),
];

test("the same book changes nothing, whatever was used", () => {
  const calls = [
    call(usage({ input: 1_000, output: 500, cached_input: 77 })),
    call(usage({ input: 3, reasoning: 5 })),
    call(usage({}, {}), { images: { small: 3 } }),
    call(usage({ input: 1_000, output: 500 }), { tier: "flex" }),
    call(usage({ input: 1_000 }, { variant: { serviceTier: "priority" } })),
  ];
  const { total, assumedStandard } = rerate(OLD, calls);
  expect(total.recharged).toBe(total.charged);
  expect(exactText(total.recostUsd)).toBe(exactText(total.costUsd));
  expect([total.calls, assumedStandard]).toEqual([5, 0]);
});

test("another price: markup and rate of the call, rounded up once per call, exact", () => {
  // 1,001 × 2 + 7 × 10 = 2,072 millionths of a USD; at 3 and 10 it is 3,073.
  const report = rerate("price: {input: 3, output: 10}", [call(usage({ input: 1_001, output: 7 }))]);
  const charge = (millionths: bigint): bigint => (millionths * 1_000n * 13n * 44n + 99n) / 100n;
  expect(sums(report)).toEqual([charge(2_072n), charge(3_073n), "0.002072", "0.003073"]);
  expect(report.models).toMatchObject([{ model: "m", provider: "p", calls: 1 }]);
});

test("a tier that only the request named is found by the old row; a book that has lost it takes standard and says so", () => {
  const flexed = [call(usage({ input: 1_000_000 }), { tier: "flex" })];
  const dated = `prices: [{input: 2, output: 10, modifiers: {flex: 0.5, priority: 2}, per_image: {small: 0.02}}, {from: 2026-11-21, input: 4, output: 10, modifiers: {flex: 0.25}}]`;
  const kept = rerate(dated, flexed);
  expect([exactText(kept.total.recostUsd), kept.assumedStandard]).toEqual(["1", 0]);
  const lost = rerate("price: {input: 4, output: 10, modifiers: {flex: 0.25}}", flexed);
  expect([exactText(lost.total.recostUsd), lost.assumedStandard]).toEqual(["4", 1]);
  // By the rows of their own time nothing would change.
  expect(exactText(rerate(dated, flexed, "call").total.recostUsd)).toBe("1");
  expect(exactText(rerate(dated, [call(usage({ input: 1_000_000 }))], "call").total.recostUsd)).toBe("2");
  expect(exactText(rerate(dated, [call(usage({ input: 1_000_000 }))]).total.recostUsd)).toBe("4");
});

test("what was not charged is not charged; what was cut is not charged more", () => {
  const used = usage({ input: 1_000_000 });
  const dearer = "price: {input: 4, output: 10}";
  const cheaper = "price: {input: 1, output: 10}";
  const absorbed = call(used, { charged: 0n });
  const fee = call(used, { charged: 5n, ownKey: true });
  const cut = call(used, { charged: 6_000_000_000n });
  expect(rerate(dearer, [absorbed, fee, cut]).total.recharged).toBe(6_000_000_005n);
  expect(rerate(cheaper, [absorbed, fee, cut]).total.recharged).toBe(5_720_000_005n);
  expect(exactText(rerate(cheaper, [absorbed]).total.recostUsd)).toBe("1");
});

test("what cost nothing is not charged by a dearer book; what was cut follows a price that falls under it", () => {
  const used = usage({ input: 1_000_000 });
  const gift = call(used);
  const free = { ...gift, charged: 0n, basis: gift.basis === null ? null : { ...gift.basis, charge: "0" } };
  expect(rerate("price: {input: 4, output: 10}", [free]).total.recharged).toBe(0n);
  // Charged in full, to the last nano-unit, is not cut.
  expect(rerate("price: {input: 4, output: 10}", [gift]).total.recharged).toBe(2n * gift.charged);
  const cut = call(used, { charged: gift.charged - 1n });
  expect(rerate("price: {input: 4, output: 10}", [cut]).total.recharged).toBe(gift.charged - 1n);
  expect(rerate("price: {input: 2, output: 10}", [cut]).total.recharged).toBe(gift.charged - 1n);
  expect(rerate("price: {input: 1, output: 10}", [cut]).total.recharged).toBe(gift.charged / 2n);
});

test("each provider's own row; models without a row, and calls without a price, are counted", () => {
  const used = usage({ input: 1_000_000 });
  const unknown = { ...call(used), model: "gone" };
  const nowhere = call(used, { provider: "r" });
  const checkpoint = { ...call(used), basis: null };
  const report = rerate(OLD, [call(used), call(used, { provider: "q" }), unknown, nowhere, checkpoint]);
  expect(report.models.map(({ provider, recostUsd }) => [provider, exactText(recostUsd)])).toEqual([
    ["p", "2"],
    ["q", "1"],
  ]);
  expect(report.left).toEqual({
    unpriced: { calls: 2, charged: 2n * unknown.charged },
    withoutPrice: { calls: 1, charged: checkpoint.charged },
  });
});
