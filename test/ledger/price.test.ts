/** What a call costs: one exact product, rounded up once. */
import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { TOKEN_CLASSES, type TokenClass, type TokenCounts } from "../../src/ir/usage.ts";
import { priceUsage, worstCasePrice } from "../../src/ledger/price.ts";
import type { PricePin, WorstCase } from "../../src/ledger/types.ts";
import { NANO_PER_UNIT } from "../../src/lib/money.ts";
import { add, ceil, divide, multiply, ONE, parseDecimal, rational, subtract, ZERO } from "../../src/lib/rational.ts";
import { amountOf, pin, row, sumOf, usage } from "./price-support.ts";

const PLAIN = { requestedTier: null };
const million = usage({ input: 1_000_000, output: 1_000_000 });

describe("the worked examples, per million tokens at 30 percent", () => {
  test.each([
    ["1.00", "5.00", 1_300_000_000n, 6_500_000_000n],
    ["3.00", "15.00", 3_900_000_000n, 19_500_000_000n],
    ["2.50", "10.00", 3_250_000_000n, 13_000_000_000n],
    // Shown as 1.63 and 0.10; charged exactly.
    ["1.25", "5.00", 1_625_000_000n, 6_500_000_000n],
    ["0.075", "0.30", 97_500_000n, 390_000_000n],
  ])("%s / %s", (input, output, chargedInput, chargedOutput) => {
    const at = pin(row({ prices: { input, output } }), { markup: "30" });
    expect(priceUsage(usage({ input: 1_000_000 }), at, PLAIN).charge).toBe(chargedInput);
    expect(priceUsage(usage({ output: 1_000_000 }), at, PLAIN).charge).toBe(chargedOutput);
    expect(priceUsage(million, at, PLAIN).charge).toBe(chargedInput + chargedOutput);
  });
});

test("rounded up once for the call, not per class", () => {
  const at = pin(row({ prices: { input: "0.0001", output: "0.0001", cached_input: "0.0001" } }));
  // Each class is 0.1 nano-units.
  expect(priceUsage(usage({ input: 1, output: 1, cached_input: 1 }), at, PLAIN).charge).toBe(1n);
  expect(priceUsage(usage({}), at, PLAIN).charge).toBe(0n);
});

test("a long-context tier goes by all input, cached included, and reprices the whole call", () => {
  const at = pin(
    row({
      prices: { input: "1.25", cached_input: "0.125", output: "10" },
      longContext: [{ above: 200_000, prices: { input: "2.50", cached_input: "0.25", output: "15" } }],
    }),
  );
  const edge = usage({ input: 100_000, cached_input: 100_000, output: 1_000 });
  const above = usage({ input: 100_000, cached_input: 100_001, output: 1_000 });
  expect(priceUsage(edge, at, PLAIN).charge).toBe(125_000_000n + 12_500_000n + 10_000_000n);
  expect(priceUsage(above, at, PLAIN).charge).toBe(250_000_000n + 25_000_250n + 15_000_000n);
});

describe("variants", () => {
  const at = pin(
    row({ prices: { input: "2", output: "2" }, modifiers: { flex: "0.5", priority: "1.75", geo_us: "1.1" } }),
  );
  const used = (variant: object) => usage({ input: 1_000_000 }, { variant });
  test("what the answer reports goes before what was asked", () => {
    expect(priceUsage(used({ serviceTier: "flex" }), at, { requestedTier: "priority" }).charge).toBe(1_000_000_000n);
    expect(priceUsage(used({ serviceTier: "default" }), at, { requestedTier: "priority" }).charge).toBe(2_000_000_000n);
    expect(priceUsage(used({}), at, { requestedTier: "priority" }).charge).toBe(3_500_000_000n);
  });
  test("factors multiply", () => {
    expect(priceUsage(used({ serviceTier: "priority", inferenceGeo: "us" }), at, PLAIN).charge).toBe(3_850_000_000n);
  });
  test("speed is a variant like the others; the row's prices without one stay as they are", () => {
    const quick = pin(row({ prices: { input: "2" }, modifiers: { fast: "6" } }));
    expect(priceUsage(used({ speed: "fast" }), quick, PLAIN).charge).toBe(12_000_000_000n);
    expect(priceUsage(used({ speed: "standard" }), quick, PLAIN).charge).toBe(2_000_000_000n);
    expect(priceUsage(used({}), quick, PLAIN).charge).toBe(2_000_000_000n);
    expect(priceUsage(used({ inferenceGeo: "us" }), at, PLAIN).charge).toBe(2_200_000_000n);
    expect(priceUsage(used({ inferenceGeo: "global" }), quick, { requestedTier: "auto" }).charge).toBe(2_000_000_000n);
  });
  test("names that run into each other are still two", () => {
    const odd = pin(row({ prices: { input: "1" }, modifiers: { ab: "2", c: "3", a: "5", bc: "7" } }));
    const of = (serviceTier: string, speed: string) => priceUsage(used({ serviceTier, speed }), odd, PLAIN).charge;
    expect([of("ab", "c"), of("a", "bc")]).toEqual([6_000_000_000n, 35_000_000_000n]);
  });
  test("a variant that the row does not know costs the plain price", () => {
    expect(priceUsage(used({ serviceTier: "hyper" }), at, PLAIN).charge).toBe(2_000_000_000n);
  });
});

test("fees, images and the price per call", () => {
  const at = pin(
    row({
      prices: { input: "1" },
      fees: { web_search: { usd: "10", per: 1000 }, per_three: { usd: "0.01", per: 3 } },
      images: { default: "0.04", "1024x1536": "0.06" },
      perCall: "0.001",
    }),
  );
  const price = (fees: Record<string, number>, images: Record<string, number>) =>
    priceUsage(usage({}, { fees }), at, { requestedTier: null, images }).charge;
  expect(price({ web_search: 2 }, {})).toBe(21_000_000n);
  expect(price({}, { "1024x1536": 2, "64x64": 1 })).toBe(161_000_000n);
  expect(price({ unknown_fee: 5 }, {})).toBe(1_000_000n);
  // 0.01 / 3 does not end: up to the next nano-unit.
  expect(price({ per_three: 1 }, {})).toBe(4_333_334n);
  const lines = priceUsage(usage({}, { fees: { per_three: 1 } }), at, PLAIN).lines;
  expect(lines.find((item) => item.kind === "fee")?.amount).toBe("1/300");
});

test("a receipt in ringgit: cost, markup, rate and rounding are lines of their own", () => {
  const at = pin(row({ prices: { input: "0.3", output: "2.5" } }), { markup: "30", fx: "4.2137", currency: "MYR" });
  const priced = priceUsage(usage({ input: 7, output: 3 }), at, PLAIN);
  expect(priced.charge).toBe(52_587n);
  expect(
    priced.lines.map(({ kind, name, quantity, unitUsd, amount, currency }) => [
      kind,
      name,
      quantity,
      unitUsd,
      amount,
      currency,
    ]),
  ).toEqual([
    ["tokens", "input", 7, "0.0000003", "0.0000021", "USD"],
    ["tokens", "output", 3, "0.0000025", "0.0000075", "USD"],
    ["markup", "30 %", 1, "0.00000288", "0.00000288", "USD"],
    ["fx", "1 USD = 4.2137 MYR", 1, "4.2137", "0.000052586976", "MYR"],
    ["rounding", "up to the next nano-unit", 1, "0.000000000024", "0.000000000024", "MYR"],
  ]);
});

test("tiers in any order: the highest that the input is above", () => {
  const tier = (above: number, input: string) => ({ above, prices: { input } });
  const at = pin(row({ prices: { input: "1" }, longContext: [tier(300, "3"), tier(100, "2"), tier(200, "2.5")] }));
  const perToken = (input: number): bigint => priceUsage(usage({ input }), at, PLAIN).charge / BigInt(input);
  expect([100, 101, 200, 201, 300, 301].map(perToken)).toEqual([1_000n, 2_000n, 2_000n, 2_500n, 2_500n, 3_000n]);
});

test("a row keeps nothing of one account for another", () => {
  const shared = row({ prices: { input: "1" } });
  const of = (markup: string, fx: string) =>
    priceUsage(usage({ input: 1_000_000 }), pin(shared, { markup, fx, currency: "MYR" }), PLAIN).charge;
  expect([of("0", "1"), of("30", "1"), of("30", "4"), of("0", "4"), of("0", "1")]).toEqual(
    [1_000n, 1_300n, 5_200n, 4_000n, 1_000n].map((thousandth) => thousandth * 1_000_000n),
  );
});

test("a receipt has a line for whatever was used, and for nothing else", () => {
  const at = pin(
    row({
      prices: { input: "1", output: "2" },
      fees: { web_search: { usd: "10", per: 1000 }, maps: { usd: "1", per: 1 } },
      images: { default: "0.04", large: "0.08" },
      perCall: "0.001",
    }),
  );
  const used = usage({ input: 3, output: 0 }, { fees: { web_search: 2, maps: 0, unknown_fee: 1 } });
  const priced = priceUsage(used, at, { requestedTier: null, images: { large: 2, small: 1, default: 0 } });
  expect(
    priced.lines.map(({ kind, name, quantity, unitUsd, amount }) => [kind, name, quantity, unitUsd, amount]),
  ).toEqual([
    ["tokens", "input", 3, "0.000001", "0.000003"],
    ["fee", "web_search", 2, "0.01", "0.02"],
    ["image", "large", 2, "0.08", "0.16"],
    ["image", "small", 1, "0.04", "0.04"],
    ["call", "per call", 1, "0.001", "0.001"],
    ["markup", "0 %", 1, "0", "0"],
    ["rounding", "up to the next nano-unit", 1, "0", "0"],
  ]);
  expect(priced.charge).toBe(221_003_000n);
  expect(priced.basis).toMatchObject({ fees: { web_search: "0.01" }, perCall: "0.001", currency: "USD" });
  expect(priceUsage(usage({ input: 3 }), pin(row({ prices: { input: "1" } })), PLAIN).basis).toEqual({
    units: { input: "0.000001" },
    markupPercent: "0",
    fx: "1",
    currency: "USD",
    charge: "3000",
  });
});

test("without a pin nothing is charged", () => {
  expect(priceUsage(million, null, PLAIN)).toMatchObject({ charge: 0n, lines: [] });
});

test("a price beyond the range of the ledger is refused, not wrapped", () => {
  const at = pin(row({ prices: { input: "999999999" } }));
  expect(() => priceUsage(usage({ input: 1_000_000_000 }), at, PLAIN)).toThrow(RangeError);
});

const decimal = fc.tuple(fc.nat(50), fc.nat(9999)).map(([whole, part]) => `${whole}.${String(part).padStart(4, "0")}`);
const tokens = fc
  .dictionary(fc.constantFrom(...TOKEN_CLASSES), fc.nat(2_000_000), { maxKeys: 8 })
  .map((counts) => counts as TokenCounts);
const anyPin: fc.Arbitrary<PricePin> = fc
  .record({
    prices: fc.dictionary(fc.constantFrom(...TOKEN_CLASSES), decimal),
    above: fc.nat(1_000_000),
    markup: decimal,
    fx: decimal,
    flex: decimal,
  })
  .map(({ prices, above, markup, fx, flex }) => {
    const known = prices as Partial<Record<TokenClass, string>>;
    const priceRow = row({
      prices: { input: "1", output: "2", ...known },
      longContext: [{ above, prices: { output: "9.75", input: "3.5", ...known } }],
      modifiers: { flex, priority: "2.5" },
      fees: { web_search: { usd: "10", per: 1000 } },
    });
    return pin(priceRow, { markup, fx: fx === "0.0000" ? "1" : fx, currency: "MYR" });
  });
const tier = fc.constantFrom("flex", "priority", null);

test("property: the charge is the exact product, rounded up; the lines add up to it", () => {
  fc.assert(
    fc.property(anyPin, tokens, tier, fc.nat(20), (at, counts, requestedTier, searches) => {
      const used = usage(counts, { fees: { web_search: searches } });
      const priced = priceUsage(used, at, { requestedTier });
      const usd = (kinds: readonly string[]) =>
        sumOf(priced.lines.filter((line) => kinds.includes(line.kind)).map((line) => line.amount));
      const cost = usd(["tokens", "fee"]);
      expect(subtract(cost, reduced(priced.providerCostUsd))).toEqual(ZERO);
      expect(subtract(add(cost, usd(["markup"])), reduced(priced.customerCostUsd))).toEqual(ZERO);
      const customer = multiply(cost, add(ONE, divide(at.markupPercent, rational(100n))));
      const exact = multiply(customer, at.fx);
      expect(priced.charge).toBe(ceil(multiply(exact, rational(NANO_PER_UNIT))));
      expect(add(usd(["fx"]), usd(["rounding"]))).toEqual(rational(priced.charge, NANO_PER_UNIT));
      for (const line of priced.lines.filter(({ kind }) => kind === "tokens" || kind === "fee")) {
        expect(multiply(amountOf(line.unitUsd), rational(BigInt(line.quantity)))).toEqual(amountOf(line.amount));
      }
    }),
    { numRuns: 300 },
  );
});

const reduced = ({ num, den }: { num: bigint; den: bigint }) => rational(num, den);

test("property: no usage within the bounds costs more than the worst case", () => {
  fc.assert(
    fc.property(anyPin, tokens, tier, fc.nat(5), (at, counts, requestedTier, searches) => {
      const sum = (side: "in" | "out"): number =>
        Object.entries(counts)
          .filter(([name]) => (name.startsWith("output") || name === "reasoning" ? "out" : "in") === side)
          .reduce((total, [, count]) => total + count, 0);
      const worst: WorstCase = {
        pin: at,
        inputTokens: sum("in"),
        outputTokens: sum("out"),
        modifiers: requestedTier === null ? [] : [requestedTier],
        fees: { web_search: 5 },
        images: 0,
      };
      const used = usage(counts, { fees: { web_search: searches } });
      expect(priceUsage(used, at, { requestedTier }).charge).toBeLessThanOrEqual(worstCasePrice(worst));
      // The provider may serve the plain tier instead.
      const plain = { ...used, variant: { serviceTier: "default" } };
      expect(priceUsage(plain, at, { requestedTier }).charge).toBeLessThanOrEqual(worstCasePrice(worst));
    }),
    { numRuns: 300 },
  );
});

describe("the worst case", () => {
  const base = { inputTokens: 1_000_000, outputTokens: 1_000_000, modifiers: [], fees: {}, images: 0 };
  test("every input token at the dearest input class", () => {
    const at = pin(row({ prices: { input: "1", cache_write_1h: "2", output: "5", reasoning: "6" } }));
    expect(worstCasePrice({ ...base, pin: at })).toBe(8_000_000_000n);
    const classes = ["input", "output"] as const;
    expect(worstCasePrice({ ...base, pin: at, classes })).toBe(6_000_000_000n);
  });
  test("a cheaper variant may not be granted: the plain price is held", () => {
    const at = pin(row({ prices: { input: "1", output: "5" }, modifiers: { flex: "0.5", fast: "6" } }));
    expect(worstCasePrice({ ...base, pin: at, modifiers: ["flex"] })).toBe(6_000_000_000n);
    expect(worstCasePrice({ ...base, pin: at, modifiers: ["fast", "fast"] })).toBe(36_000_000_000n);
  });
  test("a long-context tier counts above its edge, the dearest of those that may apply", () => {
    const prices = { input: "1", output: "1" };
    const tiers = [
      { above: 1_000, prices: { input: "2", output: "2" } },
      { above: 2_000, prices: { input: "5", output: "5" } },
      { above: 3_000, prices: { input: "3", output: "3" } },
    ];
    const at = pin(row({ prices, longContext: tiers }));
    const most = (inputTokens: number): bigint =>
      worstCasePrice({ ...base, pin: at, inputTokens, outputTokens: 1_000_000 - inputTokens });
    expect([1_000, 1_001, 2_000, 2_001, 3_001].map(most)).toEqual(
      [1n, 2n, 2n, 5n, 5n].map((usd) => usd * NANO_PER_UNIT),
    );
    // Fewer tokens may be read than were counted: a tier that is cheaper doesn't lower what is held.
    const cheaper = pin(row({ prices, longContext: [{ above: 1_000, prices: { input: "0.5", output: "0.5" } }] }));
    expect(worstCasePrice({ ...base, pin: cheaper })).toBe(2n * NANO_PER_UNIT);
  });
  test("images at the only size, none without a count; a call at its price", () => {
    const at = pin(row({ prices: {}, images: { small: "0.01", large: "0.02", middle: "0.015" }, perCall: "0.005" }));
    const none = { ...base, inputTokens: 0, outputTokens: 0, pin: at };
    expect(worstCasePrice(none)).toBe(5_000_000n);
    expect(worstCasePrice({ ...none, images: 1 })).toBe(25_000_000n);
    expect(worstCasePrice({ ...none, images: 2, fees: { unknown_fee: 3 } })).toBe(45_000_000n);
  });
  test("images at the dearest size", () => {
    const at = pin(row({ prices: {}, images: { default: "0.04", large: "0.08" } }));
    expect(worstCasePrice({ ...base, inputTokens: 0, outputTokens: 0, pin: at, images: 3 })).toBe(240_000_000n);
  });
  test("the largest fees", () => {
    const at = pin(row({ prices: {}, fees: { web_search: { usd: "10", per: 1000 } } }));
    expect(worstCasePrice({ ...base, pin: at, fees: { web_search: 5 } })).toBe(50_000_000n);
  });
});

test("exact amounts are read back from receipts", () => {
  expect(amountOf("1/300")).toEqual(rational(1n, 300n));
  expect(amountOf("0.875")).toEqual(parseDecimal("0.875"));
});
