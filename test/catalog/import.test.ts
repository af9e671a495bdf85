/** Price lists of LiteLLM's and models.dev's form, read exactly, compared with a catalog, and written into its text. */
import { describe, expect, test } from "bun:test";
import { buildPrices } from "../../src/catalog/build-prices.ts";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { CatalogText } from "../../src/catalog/edit.ts";
import { readPriceList } from "../../src/catalog/import/list.ts";
import { type ImportOptions, type ImportPlan, planImport } from "../../src/catalog/import/plan.ts";
import { Problems } from "../../src/catalog/problems.ts";
import { factsOf, rawPriceOf } from "../../src/catalog/raw-price.ts";
import { currentPrice } from "../../src/catalog/price.ts";
import type { Catalog, Model } from "../../src/catalog/types.ts";
import { toDecimal } from "../../src/lib/rational.ts";
import { load, minimal, projectFile } from "./support.ts";

const FROM = "2026-12-01";
const everything: ImportOptions = { from: FROM, accepts: () => true };

/** Facts of the only model of a list. */
function factsIn(list: unknown): { facts: Record<string, string> | null; unmapped: string[] } {
  const text = typeof list === "string" ? list : JSON.stringify(list);
  const [model] = readPriceList(text).models;
  if (model === undefined) throw new Error("no model");
  const facts = model.price === null ? null : Object.fromEntries(factsOf(model.price));
  return { facts, unmapped: model.unmapped };
}

const litellm = (fields: Record<string, unknown>, provider = "openai"): unknown => ({
  m: { litellm_provider: provider, mode: "chat", input_cost_per_token: 2e-6, output_cost_per_token: 1e-5, ...fields },
});

const modelsDev = (
  cost: Record<string, unknown>,
  more: Record<string, unknown> = {},
  provider = "openai",
): unknown => ({
  [provider]: { id: provider, models: { m: { id: "m", cost: { input: 2, output: 10, ...cost }, ...more } } },
});

test.each(["catalog", "wallet", "smart-router", "four-dialects", "managed", "open"])(
  "every row of %s is the same row after it was written out",
  (name) => {
    const env = { OPENAI_API_KEY: "k", TOLLGATE_JWT_SECRET: "s" };
    for (const model of load(projectFile(name), env).models.values()) {
      for (const row of model.prices.filter(({ free }) => !free)) {
        const from = row.effectiveFrom === 0 ? {} : { from: new Date(row.effectiveFrom).toISOString() };
        const problems = new Problems("test", () => ({ line: 1, col: 1 }));
        const price = { ...from, ...rawPriceOf(row) };
        const [again] = buildPrices({ id: model.id, provider: "p", prices: [price] }, [], problems, []);
        expect(again?.version).toBe(row.version);
      }
    }
  },
);

describe("LiteLLM's form", () => {
  test("numbers are read from their source text, USD per token to USD per million", () => {
    const text = `{"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07,
      "output_cost_per_token": 0.00000060000000000000001, "cache_read_input_token_cost": 7.5E-8}}`;
    expect(factsIn(text).facts).toEqual({ input: "0.15", output: "0.60000000000000001", cached_input: "0.075" });
  });

  test("every class, cache writes by their time at Anthropic and as one elsewhere", () => {
    const fields = {
      cache_read_input_token_cost: 2e-7,
      cache_creation_input_token_cost: 2.5e-6,
      output_cost_per_reasoning_token: 1.2e-5,
      input_cost_per_audio_token: 4e-5,
      output_cost_per_audio_token: 8e-5,
      input_cost_per_image_token: 3e-6,
      output_cost_per_image_token: 4e-5,
      input_cost_per_request: 0.01,
    };
    const both = {
      input: "2",
      output: "10",
      cached_input: "0.2",
      reasoning: "12",
      input_audio: "40",
      output_audio: "80",
      input_image: "3",
      output_image: "40",
      per_call: "0.01",
    };
    expect(factsIn(litellm(fields)).facts).toEqual({ ...both, cache_write: "2.5" });
    const longer = { ...fields, cache_creation_input_token_cost_above_1hr: 4e-6 };
    expect(factsIn(litellm(longer, "anthropic")).facts).toEqual({
      ...both,
      "cache_write.5m": "2.5",
      "cache_write.1h": "4",
    });
  });

  test("long-context tiers, by name and as ranges", () => {
    const named = litellm({
      input_cost_per_token_above_200k_tokens: 4e-6,
      output_cost_per_token_above_200k_tokens: 1.5e-5,
      input_cost_per_token_above_512k_tokens: 8e-6,
    });
    const tiers = {
      "long_context.200000.input": "4",
      "long_context.200000.output": "15",
      "long_context.512000.input": "8",
    };
    expect(factsIn(named).facts).toMatchObject(tiers);
    const ranges = litellm({
      tiered_pricing: [
        { range: [0, 32000], input_cost_per_token: 2e-6, output_cost_per_token: 1e-5 },
        { range: [32000, 128000], input_cost_per_token: 3e-6, output_cost_per_token: 2e-5 },
      ],
    });
    expect(factsIn(ranges)).toEqual({
      facts: { input: "2", output: "10", "long_context.32000.input": "3", "long_context.32000.output": "20" },
      unmapped: [],
    });
  });

  test("flex, priority and batch are factors where all prices stand in one proportion, else they are told", () => {
    const fields = {
      cache_read_input_token_cost: 2e-7,
      input_cost_per_token_flex: 1e-6,
      output_cost_per_token_flex: 5e-6,
      cache_read_input_token_cost_flex: 1e-7,
      input_cost_per_token_batches: 1e-6,
      output_cost_per_token_batches: 5e-6,
      input_cost_per_token_priority: 4e-6,
      output_cost_per_token_priority: 1.9e-5,
      provider_specific_entry: { fast: 6, us: 1.1 },
    };
    const { facts, unmapped } = factsIn(litellm(fields));
    expect(facts).toMatchObject({
      "modifiers.flex": "0.5",
      "modifiers.batch": "0.5",
      "modifiers.fast": "6",
      "modifiers.geo_us": "1.1",
    });
    expect(facts).not.toHaveProperty("modifiers.priority");
    expect(unmapped).toEqual(["priority: not one factor on all token prices"]);
  });

  test("fees of searches, images by piece, and what has no place in a row", () => {
    const sizes = { search_context_size_low: 0.01, search_context_size_medium: 0.01, search_context_size_high: 0.01 };
    expect(factsIn(litellm({ search_context_cost_per_query: sizes })).facts).toMatchObject({
      "tool_fees.web_search": "10/1000",
    });
    const unequal = { ...sizes, search_context_size_high: 0.05 };
    expect(
      factsIn(litellm({ search_context_cost_per_query: unequal, input_cost_per_video_per_second: 0.002 })).unmapped,
    ).toEqual(["search_context_cost_per_query", "input_cost_per_video_per_second"]);
    const image = { m: { litellm_provider: "gemini", mode: "image_generation", output_cost_per_image: 0.04 } };
    expect(factsIn(image).facts).toEqual({ "per_image.default": "0.04" });
  });

  test("half a price, a price of nothing and texts make no row", () => {
    expect(factsIn({ m: { litellm_provider: "openai", mode: "chat", input_cost_per_token: 1e-6 } }).facts).toBeNull();
    expect(factsIn(litellm({ input_cost_per_token: 0, output_cost_per_token: 0 })).facts).toBeNull();
    expect(factsIn(litellm({ input_cost_per_token: "dear" })).facts).toBeNull();
    expect(factsIn(litellm({ input_cost_per_token: -1e-6 })).facts).toBeNull();
    expect(
      readPriceList(JSON.stringify({ w: { litellm_provider: "openai", mode: "audio_transcription" } })).models,
    ).toEqual([]);
  });
});

describe("models.dev's form", () => {
  test("every price, tiers over their older form, and modes", () => {
    const cost = {
      reasoning: 12,
      cache_read: 0.2,
      cache_write: 2.5,
      input_audio: 40,
      output_audio: 80,
      tiers: [{ input: 4, output: 15, tier: { type: "context", size: 272_000 } }],
      context_over_200k: { input: 4, output: 15 },
    };
    const experimental = { modes: { fast: { cost: { input: 12, output: 60 } } } };
    expect(factsIn(modelsDev(cost, { experimental })).facts).toEqual({
      input: "2",
      output: "10",
      reasoning: "12",
      cached_input: "0.2",
      cache_write: "2.5",
      input_audio: "40",
      output_audio: "80",
      "long_context.272000.input": "4",
      "long_context.272000.output": "15",
      "modifiers.fast": "6",
    });
    const older = modelsDev({ cache_write: 2.5, context_over_200k: { input: 4, output: 15 }, odd: 1 }, {}, "anthropic");
    const { facts, unmapped } = factsIn(older);
    expect(facts).toMatchObject({ "cache_write.5m": "2.5", "long_context.200000.input": "4" });
    expect(unmapped).toEqual(["cost.odd"]);
  });

  test("what it tells of a model", () => {
    const list = modelsDev(
      {},
      {
        name: "M",
        tool_call: true,
        reasoning: true,
        limit: { context: 1000, output: 100 },
        modalities: { input: ["text", "image", "pdf"], output: ["text"] },
      },
    );
    expect(readPriceList(JSON.stringify(list)).models[0]?.facts).toEqual({
      name: "M",
      context: 1000,
      maxOutput: 100,
      capabilities: ["tools", "images", "documents", "reasoning"],
    });
  });
});

test.each(["", "[]", "{}", '{"a": 1}', "no json"])("%j is no price list", (text) => {
  expect(() => readPriceList(text)).toThrow();
});

const CATALOG = `# A price book of one's own.
providers:
  openai: {kind: openai, api_key: "sk-test"}
  second: {kind: openai, realm: openai, api_key: "sk-test"}
  anthropic: {kind: anthropic, api_key: "sk-test"}
models:
  - id: plain
    provider: [openai, second]
    # read on a Sunday
    price:
      input: 2.00
      output: 10.00
      tool_fees: &fees { web_search: { usd: 10.00, per: 1000 } }
  - { id: flow, provider: openai, upstream: flow-2, price: { input: 1.00, cached_input: 0.10, output: 4.00, tool_fees: *fees } }
  - id: dated
    provider: anthropic
    prices:
      - { from: 2026-01-01, input: 3.00, cache_write: { 5m: 3.75, 1h: 6.00 }, output: 15.00 }
  - { id: same, provider: anthropic, price: { input: 1.00, output: 5.00, reasoning: 5.00 } }
  - { id: gone, provider: anthropic, price: { input: 1.00, output: 5.00 } }
  - { id: gift, provider: openai, price: free }
`;

const entry = (provider: string, input: number, output: number, more: Record<string, unknown> = {}): unknown => ({
  litellm_provider: provider,
  mode: "chat",
  input_cost_per_token: input,
  output_cost_per_token: output,
  ...more,
});

const LIST = JSON.stringify({
  plain: entry("openai", 2.5e-6, 1e-5),
  "flow-2": entry("openai", 1e-6, 4e-6, { input_cost_per_token_flex: 5e-7, output_cost_per_token_flex: 2e-6 }),
  dated: entry("anthropic", 2e-6, 1e-5, { cache_creation_input_token_cost: 2.5e-6 }),
  same: entry("anthropic", 1e-6, 5e-6),
  gift: entry("openai", 1e-6, 5e-6),
  fresh: entry("openai", 1.5e-7, 6e-7, { max_input_tokens: 1000, supports_function_calling: true }),
  elsewhere: entry("bedrock", 1e-6, 5e-6),
});

function planned(text = CATALOG, options = everything): { plan: ImportPlan; file: CatalogText } {
  const file = new CatalogText(text);
  return { plan: planImport(load(text), file.models(), readPriceList(LIST).models, options), file };
}

function modelOf(catalog: Catalog, id: string): Model {
  const model = catalog.models.get(id);
  if (model === undefined) throw new Error(`no model ${id}`);
  return model;
}

describe("against a catalog", () => {
  test("what is changed, added, removed and unchanged, and what could not be mapped", () => {
    const { plan } = planned();
    expect(plan.changed.map(({ entry: { id }, facts, kept }) => ({ id, facts, kept }))).toEqual([
      { id: "plain", facts: [{ name: "input", before: "2", after: "2.5" }], kept: ["tool_fees.web_search"] },
      {
        id: "flow",
        facts: [{ name: "modifiers.flex", before: null, after: "0.5" }],
        kept: ["cached_input", "tool_fees.web_search"],
      },
      {
        id: "dated",
        facts: [
          { name: "input", before: "3", after: "2" },
          { name: "cache_write.5m", before: "3.75", after: "2.5" },
          { name: "output", before: "15", after: "10" },
        ],
        kept: ["cache_write.1h"],
      },
    ]);
    expect(plan.added.map(({ model }) => model)).toEqual([
      {
        id: "fresh",
        provider: "openai",
        context: 1000,
        capabilities: ["tools"],
        listed: false,
        prices: [{ from: FROM, input: "0.15", output: "0.6" }],
      },
    ]);
    expect(plan.removed.map(({ id }) => id)).toEqual(["gone"]);
    expect(plan.unchanged.map(({ id }) => id)).toEqual(["same"]);
    expect(plan.unmapped).toEqual([{ model: "gift", provider: "openai", reasons: ["the catalog declares it free"] }]);
    expect(plan.elsewhere).toBe(1);
  });

  test("a class that only repeats what it inherits changes nothing, not even what inherits from it", () => {
    const text = minimal({ models: "  - {id: m, provider: openai, price: {input: 1, cached_input: 0.1, output: 4}}" });
    const fields = { input_cost_per_audio_token: 1e-6, output_cost_per_reasoning_token: 4e-6 };
    const list = readPriceList(JSON.stringify({ m: entry("openai", 1e-6, 4e-6, fields) })).models;
    const plan = planImport(load(text), new CatalogText(text).models(), list, everything);
    expect([plan.changed, plan.unchanged.map(({ id }) => id)]).toEqual([[], ["m"]]);
  });

  test("a list that tells no provider goes by the provider's id, and adds nothing", () => {
    const { litellm_provider: _provider, ...plain } = entry("", 3e-6, 9e-6) as Record<string, unknown>;
    const list = readPriceList(JSON.stringify({ plain, unknown: plain })).models;
    const plan = planImport(load(CATALOG), new CatalogText(CATALOG).models(), list, everything);
    expect(plan.changed.map(({ entry: { id } }) => id)).toEqual(["plain"]);
    expect([plan.added, plan.removed, plan.elsewhere]).toEqual([[], [], 1]);
  });

  test("a name that means something already is not added", () => {
    const more = `aliases: {short: plain}`;
    const text = `${CATALOG.replace("upstream: flow-2", "upstream: flow-2, dated: [flow-2025]")}${more}`;
    const taken = Object.fromEntries(
      ["short", "flow-2025", "flow", "balanced", "odd id"].map((id) => [id, entry("openai", 1e-6, 2e-6)]),
    );
    const list = readPriceList(JSON.stringify(taken)).models;
    expect(planImport(load(text), new CatalogText(text).models(), list, everything).added).toEqual([]);
  });

  test("only the models that were asked for", () => {
    const { plan } = planned(CATALOG, { from: FROM, accepts: (id) => id === "plain" });
    expect([plan.changed.length, plan.added.length, plan.removed.length]).toEqual([1, 0, 0]);
  });

  test.each([
    ["as it was written", CATALOG],
    ["as it is built into the binary", compileCatalog(CATALOG)],
  ])("the text %s takes the rows; those that it had stay, with their versions", (_name, text) => {
    const { plan, file } = planned(text);
    for (const {
      entry: { index },
      row,
    } of plan.changed)
      file.addPrice(index, row);
    for (const { model } of plan.added) file.addModel(model);
    const written = file.toString();
    const [before, after] = [load(text), load(written)];
    const at = Date.parse(FROM);
    for (const model of before.models.values()) {
      const now = after.models.get(model.id);
      expect(now?.prices.map(({ version }) => version)).toEqual(
        expect.arrayContaining(model.prices.map(({ version }) => version)),
      );
      if (now !== undefined)
        expect(currentPrice(now, at - 1)?.version).toBe(currentPrice(model, at - 1)?.version ?? "");
    }
    const rowOf = (id: string, when: number) => currentPrice(modelOf(after, id), when);
    const price = (id: string): Record<string, string> =>
      Object.fromEntries([...(rowOf(id, at)?.perMillion ?? [])].map(([name, value]) => [name, toDecimal(value)]));
    expect(price("plain")).toMatchObject({ input: "2.5", output: "10" });
    expect(after.models.get("plain")?.alternates?.[0]?.prices).toHaveLength(2);
    expect(price("dated")).toMatchObject({ input: "2", cache_write_5m: "2.5", cache_write_1h: "6" });
    expect(price("fresh")).toMatchObject({ input: "0.15" });
    expect(rowOf("fresh", at - 1)).toBeNull();
    // Taken over once more, there is nothing to do.
    const again = new CatalogText(written);
    const next = planImport(after, again.models(), readPriceList(LIST).models, everything);
    expect([next.changed, next.added]).toEqual([[], []]);
  });

  test("comments, anchors and amounts stay as they were written", () => {
    const { plan, file } = planned();
    for (const {
      entry: { index },
      row,
    } of plan.changed)
      file.addPrice(index, row);
    const written = file.toString();
    for (const kept of ["# A price book of one's own.", "# read on a Sunday", "&fees", "*fees", "10.00"]) {
      expect(written).toContain(kept);
    }
    const tiny = minimal({
      models: "  - {id: tiny, provider: openai, price: {input: 0.0000001, output: 0.100000000000000005}}",
    });
    expect(new CatalogText(tiny).toString()).toContain("0.0000001");
    expect(new CatalogText(tiny).toString()).toContain("0.100000000000000005");
  });

  test("a second row of one day is no row", () => {
    const { plan } = planned(CATALOG.replace("from: 2026-01-01", `from: ${FROM}`));
    expect(plan.changed.map(({ entry: { id } }) => id)).not.toContain("dated");
    expect(plan.unmapped).toContainEqual({
      model: "dated",
      provider: "anthropic",
      reasons: [`a row from ${FROM} is there already`],
    });
  });
});
