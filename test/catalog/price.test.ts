/** Customer prices: exact strings, and rounded ones for display. The worked examples of the product are here. */
import { describe, expect, test } from "bun:test";
import { parseDecimal } from "../../src/lib/rational.ts";
import { currentPrice, customerPrice, modifierName } from "../../src/catalog/price.ts";
import { resolve } from "../../src/catalog/resolve.ts";
import { load, minimal, projectFile } from "./support.ts";

const NOW = Date.UTC(2026, 10, 21);

function shownBy(
  profile: string,
  id: string,
  name: "input" | "cached_input" | "output",
  env: Record<string, string> = {},
) {
  const catalog = load(projectFile(profile), env);
  const found = resolve(catalog, id);
  if (found.kind !== "model") throw new Error(`${id} is no model`);
  const price = customerPrice(found.model, catalog.billing, NOW, { variant: found.serviceTier });
  return price?.perMillion.get(name);
}

describe("the worked examples, at 30 percent", () => {
  test.each([
    ["claude-haiku-4-5", "1.30", "6.50", "1.3", "6.5"],
    ["claude-sonnet-4-6", "3.90", "19.50", "3.9", "19.5"],
    ["gpt-4o", "3.25", "13.00", "3.25", "13"],
    ["gemini-pro", "1.63", "6.50", "1.625", "6.5"],
    ["gemini-flash-1.5", "0.10", "0.39", "0.0975", "0.39"],
  ])("%s is shown as %s / %s", (id, input, output, exactInput, exactOutput) => {
    expect(shownBy("managed", id, "input")).toEqual({ display: input, exact: exactInput });
    expect(shownBy("managed", id, "output")).toEqual({ display: output, exact: exactOutput });
  });
});

test("flex prices are derived: 0.88 is 1.75 × 0.5", () => {
  expect(shownBy("open", "gpt-flex", "input")).toEqual({ display: "0.88", exact: "0.875" });
  expect(shownBy("open", "gpt-flex", "output")).toEqual({ display: "7.00", exact: "7" });
  expect(shownBy("open", "gpt-mini-flex", "input")).toEqual({ display: "0.13", exact: "0.125" });
  expect(shownBy("open", "gpt-nano-flex", "input")).toEqual({ display: "0.03", exact: "0.025" });
});

test("ringgit: USD × margin × rate, three rates per model", () => {
  expect(shownBy("wallet", "springtech/flash", "input")?.exact).toBe("1.638");
  expect(shownBy("wallet", "springtech/flash", "cached_input")?.exact).toBe("0.1638");
  expect(shownBy("wallet", "springtech/flash", "output")?.exact).toBe("13.65");
  expect(shownBy("wallet", "springtech/flash", "output", { LLM_MARKUP_PERCENT: "0" })?.exact).toBe("10.5");
});

test("the markup of the account goes before that of the model, and that before the catalog's", () => {
  const catalog = load(
    minimal({
      models: "  - {id: x, provider: openai, markup_percent: 50, price: {input: 2, output: 4}}",
      more: "billing: {markup_percent: 10}",
    }),
  );
  const input = (id: string, markup?: string): string | undefined => {
    const model = catalog.models.get(id);
    if (model === undefined) throw new Error(id);
    const options = markup === undefined ? {} : { markupPercent: parseDecimal(markup) };
    return customerPrice(model, catalog.billing, NOW, options)?.perMillion.get("input")?.exact;
  };
  expect(input("gpt-5")).toBe("1.375");
  expect(input("x")).toBe("3");
  expect(input("x", "0")).toBe("2");
});

test("a row applies from its day on, and the latest one counts", () => {
  const text = minimal({
    models:
      "  - {id: x, provider: openai, prices: [{input: 1, output: 1}, {from: 2026-12-01, input: 2, output: 2}]}\n  - {id: later, provider: openai, prices: [{from: 2027-01-01, input: 1, output: 1}]}",
  });
  const { models } = load(text);
  const at = (id: string, now: number): string | undefined => {
    const model = models.get(id);
    return model === undefined ? undefined : currentPrice(model, now)?.version;
  };
  const turn = Date.UTC(2026, 11, 1);
  expect(at("x", 0)).toBe(at("x", turn - 1));
  expect(at("x", turn)).not.toBe(at("x", turn - 1));
  expect(at("later", turn)).toBeUndefined();
});

test("what costs as the class behind it is not shown twice", () => {
  const catalog = load(
    minimal({
      models:
        "  - {id: x, provider: openai, price: {input: 2, cached_input: 0.2, input_audio: 6, output: 8, per_call: 0.01, tool_fees: {web_search: {usd: 10, per: 1000}}, modifiers: {flex: 0.5}, long_context: [{above: 200000, input: 4, output: 16}]}}",
    }),
  );
  const model = catalog.models.get("x");
  if (model === undefined) throw new Error("x");
  const price = customerPrice(model, catalog.billing, NOW);
  expect([...(price?.perMillion.keys() ?? [])]).toEqual(["input", "input_audio", "cached_input", "output"]);
  expect(price?.perCall?.exact).toBe("0.01");
  expect(price?.toolFees.get("web_search")).toEqual({ exact: "10", display: "10.00", per: 1000 });
  expect(price?.modifiers.get("flex")).toBe("0.5");
  expect(price?.longContext[0]?.perMillion.get("cached_input")?.exact).toBe("0.2");
});

test("fields and the modifiers they ask for", () => {
  expect(modifierName("service_tier", "flex")).toBe("flex");
  for (const plain of ["auto", "default", "standard", "standard_only", "on_demand"])
    expect(modifierName("service_tier", plain)).toBeNull();
  expect(modifierName("speed", "fast")).toBe("fast");
  expect(modifierName("inference_geo", "us")).toBe("geo_us");
  for (const anywhere of ["global", "not_available"]) expect(modifierName("inference_geo", anywhere)).toBeNull();
});
