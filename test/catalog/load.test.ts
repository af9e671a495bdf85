import { describe, expect, test } from "bun:test";
import { toDecimal } from "../../src/lib/rational.ts";
import type { TokenClass } from "../../src/ir/usage.ts";
import type { PriceRow } from "../../src/catalog/types.ts";
import { load, minimal, projectFile } from "./support.ts";

const price = (row: PriceRow | undefined, name: TokenClass): string | null => {
  const value = row?.perMillion.get(name);
  return value === undefined ? null : toDecimal(value);
};

test("a file of the contract's keys alone is a whole catalog", () => {
  const catalog = load(minimal());
  expect(catalog.brand).toEqual({
    name: "Tollgate",
    headerPrefix: "X-Tollgate",
    extension: "tollgate",
    keyPrefix: "tg-",
  });
  expect(catalog.access.auth).toBe("required");
  expect(catalog.access.limits.requestsPerMinute).toBe(200);
  expect(catalog.access.defaultTier).toBe("standard");
  expect(catalog.routing.retries).toBe(2);
  expect(catalog.routing.breaker).toMatchObject({
    enabled: true,
    consecutiveFailures: 5,
    failureRate: 0.5,
    minimumCalls: 10,
  });
  expect([...catalog.routing.words.keys()]).toEqual([
    "fast",
    "speed",
    "fast-flex",
    "balanced",
    "balanced-flex",
    "quality",
    "cost",
    "auto",
  ]);
  expect(catalog.models.get("gpt-5")?.upstream).toBe("gpt-5");
  expect(catalog.warnings).toEqual([]);
});

describe("the environment", () => {
  const keyed = (key: string): string => minimal({ providers: `  x: {kind: anthropic, api_key: "${key}"}` });

  test("a key comes from it, alone, with a default, or within other text", () => {
    expect(load(keyed("${KEY}"), { KEY: "abc" }).providers.get("x")?.apiKey).toBe("abc");
    expect(load(keyed("${KEY:-dflt}")).providers.get("x")?.apiKey).toBe("dflt");
    expect(load(keyed("a-${KEY}-b"), { KEY: "1" }).providers.get("x")?.apiKey).toBe("a-1-b");
  });

  test("a key that is unset or empty leaves a provider without one, with a warning", () => {
    for (const env of [{}, { KEY: "" }] as Record<string, string>[]) {
      const catalog = load(keyed("${KEY}"), env);
      expect(catalog.providers.get("x")).toMatchObject({ apiKey: null, enabled: true, keyless: false });
      expect(catalog.warnings).toEqual(["no key in the environment for x (KEY)"]);
    }
  });

  test("any other unset variable of a provider switches it off", () => {
    const text = minimal({ providers: '  x: {kind: openai-compatible, base_url: "https://${HOST}/v1", api_key: k}' });
    expect(load(text).providers.get("x")?.enabled).toBe(false);
    expect(load(text).warnings).toEqual(["provider x is off: HOST is not set"]);
    expect(load(text, { HOST: "h.example" }).providers.get("x")).toMatchObject({
      enabled: true,
      baseUrl: "https://h.example/v1",
    });
  });

  test("names of Object.prototype are no variables", () => {
    expect(load(keyed("${constructor:-none}")).providers.get("x")?.apiKey).toBe("none");
  });

  test("LLM_MARKUP_PERCENT has the last word on the markup", () => {
    const text = minimal({ more: "billing: {markup_percent: 10}" });
    expect(toDecimal(load(text).billing.markupPercent)).toBe("10");
    expect(toDecimal(load(text, { LLM_MARKUP_PERCENT: "32.5" }).billing.markupPercent)).toBe("32.5");
    expect(toDecimal(load(text, { LLM_MARKUP_PERCENT: "" }).billing.markupPercent)).toBe("10");
  });
});

describe("prices", () => {
  const row = (text: string): PriceRow | undefined =>
    load(minimal({ models: `  - {id: x, provider: openai, price: ${text}}` })).models.get("x")?.prices[0];

  test("amounts are read from their source text, not through a float", () => {
    const exact = row("{input: 0.100000000000000005, output: 999999.999999999999999999}");
    expect(price(exact, "input")).toBe("0.100000000000000005");
    expect(price(exact, "output")).toBe("999999.999999999999999999");
    expect(price(row('{input: "2.50", output: 010.00}'), "output")).toBe("10");
  });

  test("a class without a price takes that of the class it belongs to", () => {
    const plain = row("{input: 2, output: 8}");
    for (const name of [
      "cached_input",
      "cache_write_5m",
      "cache_write_1h",
      "input_audio",
      "cached_input_audio",
    ] as const) {
      expect(price(plain, name)).toBe("2");
    }
    expect(price(plain, "reasoning")).toBe("8");
    expect(plain?.cacheWriteTtls.size).toBe(0);
    const audio = row("{input: 2, cached_input: 1, input_audio: 6, output: 8, reasoning: 4, output_audio: 20}");
    expect(price(audio, "cached_input_audio")).toBe("6");
    expect(price(audio, "cached_input_image")).toBe("1");
    expect(price(audio, "reasoning")).toBe("4");
    expect(price(audio, "output_audio")).toBe("20");
  });

  test("cache writes have a price per life, or one for all", () => {
    const lives = row("{input: 1, cache_write: {5m: 1.25, 1h: 2.00}, output: 5}");
    expect([price(lives, "cache_write_5m"), price(lives, "cache_write_30m"), price(lives, "cache_write_1h")]).toEqual([
      "1.25",
      "1.25",
      "2",
    ]);
    expect([...(lives?.cacheWriteTtls ?? [])]).toEqual(["5m", "1h"]);
    expect([...(row("{input: 1, cache_write: 1.25, output: 5}")?.cacheWriteTtls ?? [])]).toEqual(["5m", "30m", "1h"]);
  });

  test("a long-context tier keeps what it does not change", () => {
    const tiers = row(
      "{input: 2, cached_input: 0.2, output: 12, long_context: [{above: 200000, input: 4, output: 18}]}",
    )?.longContext;
    expect(tiers?.map((tier) => tier.aboveInputTokens)).toEqual([200000]);
    expect(
      ["input", "cached_input", "output", "reasoning"].map((name) =>
        toDecimal(tiers?.[0]?.perMillion.get(name as TokenClass) ?? { num: -1n, den: 1n }),
      ),
    ).toEqual(["4", "0.2", "18", "18"]);
  });

  test("fees, images, calls and modifiers", () => {
    const all = row(
      "{per_image: {default: 0.04, 1024x1792: 0.08}, per_call: 0.01, modifiers: {flex: 0.5}, tool_fees: {web_search: {usd: 10, per: 1000}}}",
    );
    expect(toDecimal(all?.perImage.get("1024x1792") ?? { num: 0n, den: 1n })).toBe("0.08");
    expect(toDecimal(all?.perCall ?? { num: 0n, den: 1n })).toBe("0.01");
    expect(toDecimal(all?.modifiers.get("flex") ?? { num: 0n, den: 1n })).toBe("0.5");
    expect(all?.toolFees.get("web_search")?.per).toBe(1000);
  });

  test("a row left without one side of its price is told, since that side is given away", () => {
    const catalog = load(
      minimal({ models: "  - {id: x, provider: openai, capabilities: [tools], price: {output: 10}}" }),
    );
    expect(catalog.warnings).toEqual(["models[2].price: x has no input price: it is 0"]);
  });

  test("the version follows the content, not the form", () => {
    const a = row("{input: 1.50, output: 6, modifiers: {flex: 0.5, fast: 2}}")?.version;
    expect(a).toMatch(/^x@[0-9a-f]{8}$/);
    expect(row('{modifiers: {fast: 2.0, flex: 0.50}, output: "6.00", input: 1.5}')?.version).toBe(a ?? "");
    expect(row("{input: 1.51, output: 6, modifiers: {flex: 0.5, fast: 2}}")?.version).not.toBe(a ?? "");
  });
});

describe("models", () => {
  test("one id at several providers is one model with alternates", () => {
    const text = minimal({
      providers: "  responses: {kind: openai-responses, api_key: k}",
      models:
        "  - {id: o, provider: [openai, responses], price: {input: 1, output: 1}}\n  - {id: o, provider: anthropic, upstream: other, price: {input: 2, output: 2}}",
    });
    const model = load(text).models.get("o");
    expect(model?.provider).toBe("openai");
    expect(model?.alternates?.map((row) => [row.provider, row.upstream])).toEqual([
      ["responses", "o"],
      ["anthropic", "other"],
    ]);
  });

  test("what a row does not say it can do follows from its price", () => {
    const text = minimal({
      models:
        "  - {id: e, provider: openai, price: {input: 0.02}}\n  - {id: i, provider: openai, price: {per_image: 0.04}}\n  - {id: none, provider: openai, capabilities: [], price: {input: 1, output: 1}}",
    });
    const { models } = load(text);
    expect([...(models.get("e")?.capabilities ?? [])]).toEqual(["embeddings"]);
    expect([...(models.get("i")?.capabilities ?? [])]).toEqual(["image_generation"]);
    expect(models.get("gpt-5")?.capabilities.has("tools")).toBe(true);
    expect(models.get("none")?.capabilities.size).toBe(0);
  });

  test("difficulty follows the price where no row says it", () => {
    const rows = [1, 2, 3, 4]
      .map((usd) => `  - {id: m${usd}, provider: openai, price: {input: 1, output: ${usd}}}`)
      .join("\n");
    const { models } = load(minimal({ models: rows }));
    expect([..."1234"].map((name) => models.get(`m${name}`)?.difficulty)).toEqual([
      "simple",
      "simple",
      "medium",
      "medium",
    ]);
    expect(models.get("gpt-5")?.difficulty).toBe("complex");
    const declared = load(minimal({ models: "  - {id: m, provider: openai, difficulty: complex, price: free}" }));
    expect(declared.models.get("gpt-5")?.difficulty).toBeNull();
  });

  test("flags, caps and dates", () => {
    const model = load(
      minimal({
        models:
          "  - {id: x, provider: openai, sampling: false, thinking: adaptive, prefill: false, max_tokens_field: max_completion_tokens, call_cap: 0.50, created: 2025-08-07, price: free}",
      }),
    ).models.get("x");
    expect(model?.flags).toEqual({
      sampling: false,
      thinking: "adaptive",
      prefill: false,
      maxTokensField: "max_completion_tokens",
    });
    expect(model?.callCap).toBe(500_000_000n);
    expect(model?.created).toBe(1754524800);
    expect(model?.prices[0]?.free).toBe(true);
  });
});

test("an alias to itself says nothing, and a built-in word gives way to a model of its name", () => {
  const catalog = load(
    minimal({ models: "  - {id: fast, provider: openai, price: free}", more: "aliases: {gpt-5: gpt-5, cost: gpt-5}" }),
  );
  expect([...catalog.aliases.keys()]).toEqual(["cost"]);
  expect([...catalog.routing.words.keys()]).not.toContain("fast");
  expect([...catalog.routing.words.keys()]).not.toContain("cost");
});

test("anonymous callers: none, a tier of their own, or everyone", () => {
  expect(load(minimal()).access.anonymous).toBeNull();
  const open = load(minimal({ more: "access: {auth: optional, limits: {requests_per_minute: 7}}" })).access;
  expect(open.anonymous).toEqual({
    tier: "anonymous",
    models: [],
    limits: { requestsPerMinute: 7, messagesPerDay: 0 },
  });
  const given = load(
    minimal({ more: "access: {auth: optional, anonymous: {models: [gpt-5], requests_per_minute: 3}}" }),
  ).access;
  expect(given.anonymous).toEqual({
    tier: "anonymous",
    models: ["gpt-5"],
    limits: { requestsPerMinute: 3, messagesPerDay: 100 },
  });
  expect(given.tiers.get("anonymous")).toMatchObject({ charge: "free", bearers: ["anonymous"] });
  expect(given.defaultTier).toBe("standard");
});

test("JWT sources decide the algorithms", () => {
  const jwt = (text: string) => load(minimal({ more: `access: {jwt: ${text}}` })).access.jwt;
  expect(jwt('{secret: "${X:-}"}')).toBeNull();
  expect(jwt("{secret: s}")?.algorithms).toEqual(["HS256"]);
  expect(jwt("{jwks_file: f}")?.algorithms).toEqual(["RS256", "ES256", "EdDSA"]);
  expect(jwt("{secret: s, jwks_url: u}")?.algorithms).toEqual(["HS256", "RS256", "ES256", "EdDSA"]);
});

test("a catalog can't be changed", () => {
  const catalog = load(projectFile("managed"));
  const attempts: (() => unknown)[] = [
    () => Reflect.apply(Map.prototype.set, catalog, []),
    () => (catalog.models as Map<string, unknown>).set("x", 1),
    () => (catalog.models as Map<string, unknown>).clear(),
    () => Object.assign(catalog.brand, { name: "x" }),
    () => Object.assign(catalog.models.get("gpt-4o")?.flags ?? {}, { sampling: false }),
    () => (catalog.models.get("gpt-4o")?.capabilities as Set<string> | undefined)?.add("x"),
    () => (catalog.access.tiers.get("paid")?.models as string[] | undefined)?.push("x"),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(TypeError);
});

test("JSON is YAML", () => {
  const text = JSON.stringify({
    providers: { echo: { kind: "echo" } },
    models: [{ id: "e", provider: "echo", price: { input: 0.1, output: "0.2" } }],
  });
  expect(price(load(text).models.get("e")?.prices[0], "input")).toBe("0.1");
});

test("compat flags: the kind's own, changed by the file", () => {
  const providers = load(
    minimal({
      providers: '  c: {kind: openai-compatible, base_url: "http://x", compat: {reasoning_field: none, refuses: [n]}}',
    }),
  ).providers;
  expect(providers.get("openai")?.compat.max_tokens_field).toBe("max_completion_tokens");
  expect(providers.get("openai")?.compat.reasoning_field).toBeNull();
  expect(providers.get("c")?.compat).toMatchObject({
    max_tokens_field: "max_tokens",
    reasoning_field: null,
    refuses: ["n"],
  });
});
