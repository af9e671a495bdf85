/** Price rows: what a class without a price costs, what a row is called, and how it is written out again. */
import { describe, expect, test } from "bun:test";
import type { TokenClass } from "../../src/ir/usage.ts";
import { buildPrices, parseDay } from "../../src/catalog/build-prices.ts";
import { blendedPrice, currentPrice, customerPrice } from "../../src/catalog/price.ts";
import { formatProblem } from "../../src/catalog/load.ts";
import { Problems } from "../../src/catalog/problems.ts";
import { factsOf, rawPriceOf, withoutRepeats } from "../../src/catalog/raw-price.ts";
import type { RawPrice } from "../../src/catalog/schema.ts";
import type { PriceRow } from "../../src/catalog/types.ts";
import { toDecimal } from "../../src/lib/rational.ts";
import { load, minimal, problems } from "./support.ts";

const NOW = Date.UTC(2026, 10, 21);
const modelOf = (price: string, more = "") =>
  load(minimal({ models: `  - {id: x, provider: openai, price: ${price}}`, more }));

function row(price: string): PriceRow {
  const found = modelOf(price).models.get("x")?.prices[0];
  if (found === undefined) throw new Error("no row");
  return found;
}

const costs = (price: string, ...names: TokenClass[]): string[] => {
  const { perMillion } = row(price);
  return names.map((name) => toDecimal(perMillion.get(name) ?? { num: -1n, den: 1n }));
};

describe("a class without a price of its own costs as the nearest one that has one", () => {
  const media = ["input_audio", "input_image", "input_video"] as const;
  const cached = ["cached_input_audio", "cached_input_image", "cached_input_video"] as const;
  test("input and what was cached of it", () => {
    const plain = "{input: 1, output: 50}";
    expect(costs(plain, ...media, "cached_input", ...cached)).toEqual(Array(7).fill("1"));
    const withCached = "{input: 1, cached_input: 0.1, output: 50}";
    expect(costs(withCached, ...media)).toEqual(["1", "1", "1"]);
    expect(costs(withCached, ...cached)).toEqual(["0.1", "0.1", "0.1"]);
    const own = "{input: 1, cached_input: 0.1, input_audio: 6, input_image: 7, input_video: 8, output: 50}";
    expect(costs(own, ...cached)).toEqual(["6", "7", "8"]);
    const cachedOwn = "{input: 1, input_audio: 6, cached_input_audio: 0.6, output: 50}";
    expect(costs(cachedOwn, "cached_input_audio", "cached_input_image")).toEqual(["0.6", "1"]);
  });
  test("output and what is made beside text", () => {
    const made = ["output_audio", "output_image", "output_video", "reasoning"] as const;
    expect(costs("{input: 1, output: 50}", ...made)).toEqual(["50", "50", "50", "50"]);
    expect(costs("{input: 1, output: 50, reasoning: 9}", ...made)).toEqual(["50", "50", "50", "9"]);
    expect(costs("{input: 1}", ...made, "output")).toEqual(["0", "0", "0", "0", "0"]);
  });
  test("cache writes by their life: the next shorter one, then input", () => {
    const writes = ["cache_write_5m", "cache_write_30m", "cache_write_1h"] as const;
    const of = (lives: string): string[] => costs(`{input: 1, output: 5, cache_write: ${lives}}`, ...writes);
    expect(costs("{input: 1, cached_input: 0.1, output: 5}", ...writes)).toEqual(["1", "1", "1"]);
    expect(of("1.25")).toEqual(["1.25", "1.25", "1.25"]);
    expect(of("{5m: 2}")).toEqual(["2", "2", "2"]);
    expect(of("{30m: 3}")).toEqual(["1", "3", "3"]);
    expect(of("{1h: 4}")).toEqual(["1", "1", "4"]);
    expect(of("{5m: 2, 30m: 3}")).toEqual(["2", "3", "3"]);
  });
});

describe("a row written out again", () => {
  test.each([
    ["{input: 1, output: 5}", { input: "1", output: "5" }],
    ["{input: 1, cached_input: 1, input_audio: 1, output: 5, reasoning: 5}", { input: "1", output: "5" }],
    ["{input: 1, output: 5, cache_write: 1.25}", { input: "1", output: "5", cache_write: "1.25" }],
    // Lives that have a price are those that may be asked for: they stay, also at the price of input.
    ["{input: 1, output: 5, cache_write: 1}", { input: "1", output: "5", cache_write: "1" }],
    [
      "{input: 1, output: 5, cache_write: {5m: 2, 1h: 2}}",
      { input: "1", output: "5", cache_write: { "5m": "2", "1h": "2" } },
    ],
    [
      "{input: 1, output: 5, cache_write: {5m: 2, 30m: 2, 1h: 4}}",
      { input: "1", output: "5", cache_write: { "5m": "2", "30m": "2", "1h": "4" } },
    ],
    [
      "{input: 1, output: 5, long_context: [{above: 10, input: 2}, {above: 20, input: 3, output: 6, reasoning: 7}]}",
      {
        input: "1",
        output: "5",
        long_context: [
          { above: 10, input: "2" },
          { above: 20, input: "3", output: "6", reasoning: "7" },
        ],
      },
    ],
    ["{per_image: 0.04}", { per_image: { default: "0.04" } }],
    ["{per_image: {a: 0.04, b: 0.05}, per_call: 0.1}", { per_image: { a: "0.04", b: "0.05" }, per_call: "0.1" }],
    [
      "{input: 1, output: 5, modifiers: {flex: 0.5}, tool_fees: {web_search: {usd: 10, per: 1000}, maps: {usd: 2}}}",
      {
        input: "1",
        output: "5",
        modifiers: { flex: "0.5" },
        tool_fees: { web_search: { usd: "10", per: 1000 }, maps: { usd: "2", per: 1 } },
      },
    ],
  ])("%s", (text, raw) => {
    const found = row(text);
    expect(rawPriceOf(found) as unknown).toEqual(raw);
    const notes = new Problems("test", () => ({ line: 1, col: 1 }));
    const [again] = buildPrices({ id: "x", provider: "p", price: rawPriceOf(found) }, [], notes, []);
    expect(again).toEqual(found);
  });

  test("repeats of what would be inherited are left out, cache writes never", () => {
    const raw: RawPrice = { input: "1", cached_input: "0.1", input_audio: "1", cached_input_audio: "1", output: "5" };
    expect(withoutRepeats({ ...raw, reasoning: "5", output_audio: "9", cache_write: "1" })).toEqual({
      input: "1",
      cached_input: "0.1",
      cached_input_audio: "1",
      output: "5",
      output_audio: "9",
      cache_write: "1",
    });
    // The nearest one that has a price counts, not any.
    expect(withoutRepeats({ input: "1", cached_input: "0.1", cached_input_image: "0.1", output: "1" })).toEqual({
      input: "1",
      cached_input: "0.1",
      output: "1",
    });
  });

  test("its facts name every amount once", () => {
    const raw: RawPrice = {
      from: "2026-12-01",
      input: "1",
      cache_write: { "5m": "2" },
      long_context: [{ above: 10, input: "3" }],
      tool_fees: { a: { usd: "4" }, b: { usd: "5", per: 6 } },
      per_image: { large: "7" },
    };
    expect(Object.fromEntries(factsOf(raw))).toEqual({
      input: "1",
      "cache_write.5m": "2",
      "long_context.10.input": "3",
      "tool_fees.a": "4/1",
      "tool_fees.b": "5/6",
      "per_image.large": "7",
    });
  });
});

test("whatever a row says is in its version", () => {
  const base = "input: 1, output: 5";
  const others = [
    base,
    "input: 1, output: 6",
    `${base}, cached_input: 0.5`,
    `from: 2026-01-01, ${base}`,
    `${base}, cache_write: 1`,
    `${base}, modifiers: {flex: 0.5}`,
    `${base}, modifiers: {flex: 0.6}`,
    `${base}, tool_fees: {a: {usd: 1}}`,
    `${base}, tool_fees: {a: {usd: 1, per: 2}}`,
    `${base}, tool_fees: {b: {usd: 1}}`,
    `${base}, per_image: 0.1`,
    `${base}, per_call: 0.1`,
    `${base}, long_context: [{above: 10, input: 2}]`,
    `${base}, long_context: [{above: 11, input: 2}]`,
  ].map((text) => row(`{${text}}`).version);
  expect(new Set(others).size).toBe(others.length);
  const fees = (names: string[]): string =>
    row(`{${base}, tool_fees: {${names.map((name) => `${name}: {usd: 1}`).join(", ")}}}`).version;
  expect(fees(["a", "b"])).toBe(fees(["b", "a"]));
});

test("a version never changes: records of earlier releases go by it", () => {
  const fields =
    "cache_write: {1h: 2}, modifiers: {priority: 2, flex: 0.5, fast: 6}, per_image: {b: 1, a: 2}, per_call: 0.1";
  const version = row(`{input: 1, output: 5, ${fields}, long_context: [{above: 10, output: 7}]}`).version;
  expect(version).toBe("x@39ead314");
  expect(row("{input: 1, output: 5}").version).toBe("x@948788f6");
});

describe("long-context tiers", () => {
  const tiers = "long_context: [{above: 20, input: 3}, {above: 10, input: 2}]";
  test("stand by size, whatever their order in the file", () => {
    expect(row(`{input: 1, output: 5, ${tiers}}`).longContext.map((tier) => tier.aboveInputTokens)).toEqual([10, 20]);
  });
  test("two at one size are a mistake", () => {
    const twice = "{input: 1, output: 5, long_context: [{above: 20, input: 3}, {above: 20, input: 2}]}";
    const found = problems(minimal({ models: `  - {id: x, provider: openai, price: ${twice}}` }));
    expect(found.map(formatProblem)).toEqual([
      expect.stringContaining("models[2].price.long_context[1]: two tiers begin above 20 tokens"),
    ]);
  });
});

test("a free model costs nothing, in whatever way it is asked for", () => {
  const free = modelOf("free").models.get("x")?.prices[0];
  expect(free).toMatchObject({ free: true, effectiveFrom: 0 });
  expect([...(free?.perMillion.values() ?? [])].every(({ num }) => num === 0n)).toBe(true);
  expect(free?.perMillion.size).toBe(16);
  expect([...(free?.modifiers ?? [])].map(([name, factor]) => [name, toDecimal(factor)])).toEqual(
    ["flex", "priority", "fast", "batch"].map((name) => [name, "1"]),
  );
  expect([...(free?.perImage.keys() ?? [])]).toEqual(["default"]);
  expect([...(free?.cacheWriteTtls ?? [])]).toEqual(["5m", "30m", "1h"]);
});

test.each([
  ["2026-01-31", Date.UTC(2026, 0, 31)],
  ["2026-01-31T10:00Z", Date.UTC(2026, 0, 31, 10)],
  ["2026-01-31T10:00:30.5+08:00", Date.UTC(2026, 0, 31, 2, 0, 30, 500)],
  ["2026-13-01", Number.NaN],
  ["2026-1-31", Number.NaN],
  ["2026-01-31T10:00", Number.NaN],
  ["31.01.2026", Number.NaN],
  ["x2026-01-31", Number.NaN],
])("the day %s", (text, at) => {
  expect(parseDay(text)).toBe(at);
});

describe("what is missing", () => {
  const warnings = (fields: string): readonly string[] =>
    load(minimal({ models: `  - {id: x, provider: openai, ${fields}}` })).warnings;
  test("one side of a model that generates is told, with the side", () => {
    expect(warnings("capabilities: [tools], price: {input: 1}")).toEqual([
      "models[2].price: x has no output price: it is 0",
    ]);
    expect(warnings("capabilities: [tools], price: {input: 1, output: 1}")).toEqual([]);
    expect(warnings("capabilities: [tools], price: {per_call: 1}")).toEqual([]);
    expect(warnings("capabilities: [embeddings], price: {input: 1}")).toEqual([]);
    expect(warnings("capabilities: [tools, image_generation], price: {input: 1}")).toEqual([]);
    expect(warnings("price: {input: 1}")).toEqual([]);
  });
  test("rows of one model may not begin together, nor stand in two places", () => {
    const told = (fields: string): string[] =>
      problems(minimal({ models: `  - {id: x, provider: openai, ${fields}}` })).map(({ message }) => message);
    const one = "{input: 1, output: 1}";
    expect(told(`prices: [${one}, {from: 2026-01-01, input: 1, output: 1}]`)).toEqual([]);
    expect(told(`prices: [${one}, ${one}]`)).toEqual([expect.stringContaining("overlaps")]);
    expect(told(`price: ${one}, prices: [{from: 2026-01-01, input: 1, output: 1}]`)).toEqual([
      expect.stringContaining("exclude each other"),
    ]);
  });
});

test("prices in ranking: three parts input, one part output", () => {
  expect(toDecimal(blendedPrice(row("{input: 1, output: 9}")))).toBe("3");
  expect(toDecimal(blendedPrice(row("{input: 2, output: 2}")))).toBe("2");
});

test("every part of a customer's price has markup and rate, and only token prices the variant's factor", () => {
  const text =
    "{input: 1, output: 5, per_call: 0.5, per_image: {a: 0.1}, modifiers: {flex: 0.5}, tool_fees: {s: {usd: 3, per: 7}}, long_context: [{above: 10, input: 2}]}";
  const { models, billing } = modelOf(text, "billing: {markup_percent: 10, currency: MYR, fx: {MYR: 4}}");
  const model = models.get("x");
  if (model === undefined) throw new Error("x");
  const flex = customerPrice(model, billing, NOW, { variant: "flex" });
  const exact = (prices: ReadonlyMap<string, { exact: string }> | undefined) =>
    Object.fromEntries([...(prices ?? [])].map(([name, price]) => [name, price.exact]));
  expect(exact(flex?.perMillion)).toEqual({ input: "2.2", output: "11" });
  expect(exact(flex?.longContext[0]?.perMillion)).toEqual({ input: "4.4", output: "11" });
  expect(flex?.longContext[0]?.aboveInputTokens).toBe(10);
  expect(flex?.perCall).toEqual({ exact: "2.2", display: "2.20" });
  expect(exact(flex?.perImage)).toEqual({ a: "0.44" });
  expect(flex?.toolFees.get("s")).toEqual({ exact: "13.2", display: "13.20", per: 7 });
  expect(flex).toMatchObject({ currency: "MYR", free: false, version: currentPrice(model, NOW)?.version });
  expect(exact(customerPrice(model, billing, NOW, { variant: "unknown" })?.perMillion)).toEqual({
    input: "4.4",
    output: "22",
  });
  const none = modelOf("{input: 1, output: 5}").models.get("x");
  expect(none === undefined ? "none" : customerPrice(none, billing, NOW)?.perCall).toBeNull();
  expect(customerPrice({ ...model, prices: [] }, billing, NOW)).toBeNull();
});
