/** Every model and alias that the five products print, in their profile at the printed price, and by name in the default catalog. */
import { describe, expect, test } from "bun:test";
import { customerPrice } from "../../src/catalog/price.ts";
import { knownNames, resolve } from "../../src/catalog/resolve.ts";
import { DEFAULT_COMPAT } from "../../src/ir/target.ts";
import { load, projectFile } from "./support.ts";

const NOW = Date.UTC(2026, 10, 21);

type Row = [name: string, context: number | null, input: string | null, output: string | null, model?: string];

/** Displayed prices, per 1M tokens; null = not printed. */
const PRINTED: Record<string, Row[]> = {
  open: [
    ["gpt-5", 400_000, "1.25", "10.00"],
    ["gpt-5-mini", 400_000, "0.25", "2.00"],
    ["gpt-5-nano", 400_000, "0.05", "0.40"],
    ["gpt-5.1", 400_000, "1.25", "10.00"],
    ["gpt-5.1-codex", 400_000, "1.25", "10.00"],
    ["gpt-5.2", 400_000, "1.75", "14.00"],
    ["gpt", 400_000, "1.75", "14.00", "gpt-5.2"],
    ["gpt-mini", 400_000, "0.25", "2.00", "gpt-5-mini"],
    ["gpt-nano", 400_000, "0.05", "0.40", "gpt-5-nano"],
    ["gpt-flex", 400_000, "0.88", "7.00", "gpt-5.2"],
    ["gpt-mini-flex", 400_000, "0.13", "1.00", "gpt-5-mini"],
    ["gpt-nano-flex", 400_000, "0.03", "0.20", "gpt-5-nano"],
    ["sonnet-4-5", 200_000, "3.00", "15.00"],
    ["haiku-4-5", 200_000, "1.00", "5.00"],
    ["sonnet", 200_000, "3.00", "15.00", "sonnet-4-5"],
    ["haiku", 200_000, "1.00", "5.00", "haiku-4-5"],
    ["claude-sonnet-4", 200_000, "3.00", "15.00", "sonnet-4-5"],
    ["claude-sonnet-4-5", 200_000, "3.00", "15.00", "sonnet-4-5"],
    ["claude-haiku-4-5", 200_000, "1.00", "5.00", "haiku-4-5"],
    ["claude-sonnet-4-5-20250929", 200_000, "3.00", "15.00", "sonnet-4-5"],
    ["claude-haiku-4-5-20251001", 200_000, "1.00", "5.00", "haiku-4-5"],
    ["gemini-2.5-pro", 1_048_576, "1.25", "5.00"],
    ["gemini-2.5-flash", 1_048_576, "0.15", "0.60"],
    ["gemini-2.5-flash-lite", 1_048_576, "0.07", "0.30"],
    ["gemini-2.0-flash", 1_000_000, "0.10", "0.40"],
    ["gemini-2.0-flash-lite", 1_000_000, "0.06", "0.25"],
    ["gemini-3-pro-preview", 1_000_000, "2.00", "12.00"],
    ["gemini-3-flash-preview", 1_000_000, "0.50", "3.00"],
    ["imagen-3", 0, null, null],
    ["imagen-3-fast", 0, null, null],
    ["gemini", 1_000_000, "0.50", "3.00", "gemini-3-flash-preview"],
    ["gemini-pro", 1_000_000, "2.00", "12.00", "gemini-3-pro-preview"],
    ["gemini-flash", 1_000_000, "0.50", "3.00", "gemini-3-flash-preview"],
    ["gemini-flash-lite", 1_048_576, "0.07", "0.30", "gemini-2.5-flash-lite"],
    ["gemini-2.5-pro-latest", 1_048_576, "1.25", "5.00", "gemini-2.5-pro"],
    ["gemini-2.5-flash-latest", 1_048_576, "0.15", "0.60", "gemini-2.5-flash"],
  ],
  "smart-router": [
    ["gpt-5-nano", null, "0.05", null],
    ["claude-haiku-4-5", null, "1.00", null],
    ["gemini-2.5-flash-lite", null, "0.10", null],
    ["mistral-small", null, "0.10", null],
    ["gpt-5-mini", null, "0.25", null],
    ["claude-sonnet-4-6", null, "3.00", null],
    ["gemini-2.5-flash", null, "0.30", null],
    ["mistral-large", null, "0.50", null],
    ["gpt-5", null, "1.25", null],
    ["claude-opus-4-6", null, "5.00", null],
    ["gemini-2.5-pro", null, "1.25", null],
  ],
  "four-dialects": [
    ["gpt-4o-mini", null, null, null],
    ["claude-3-5-sonnet-20241022", null, null, null],
    ["gemini-2.0-flash-exp", null, null, null],
  ],
  managed: [
    ["claude-haiku-4-5", null, "1.30", "6.50"],
    ["claude-sonnet-4-6", null, "3.90", "19.50"],
    ["gpt-4o", null, "3.25", "13.00"],
    ["gemini-flash-1.5", null, "0.10", "0.39"],
    ["gemini-pro", null, "1.63", "6.50"],
  ],
  wallet: [
    ["anthropic/claude-haiku-4-5", null, null, null],
    ["openai/gpt-4o-mini", null, null, null],
    ["springtech/flash", null, null, null],
  ],
};

const rows = Object.entries(PRINTED).flatMap(([profile, list]) =>
  list.map(([name, context, input, output, model]) => ({
    profile,
    name,
    context,
    input,
    output,
    model: model ?? name,
  })),
);

describe("as printed, in the profile", () => {
  test.each(rows)("$profile: $name", (row) => {
    const catalog = load(projectFile(row.profile));
    const found = resolve(catalog, row.name);
    if (found.kind !== "model") throw new Error(`${row.name} does not resolve`);
    expect(found.model.id).toBe(row.model);
    if (row.context !== null) expect(found.model.context).toBe(row.context);
    const price = customerPrice(found.model, catalog.billing, NOW, { variant: found.serviceTier });
    expect(price).not.toBeNull();
    if (row.input !== null) expect(price?.perMillion.get("input")?.display).toBe(row.input);
    if (row.output !== null) expect(price?.perMillion.get("output")?.display).toBe(row.output);
  });
});

test("every one of them resolves and has a price in the default catalog too", () => {
  const catalog = load(projectFile("catalog"));
  const lost = rows.filter(({ name }) => {
    const found = resolve(catalog, name);
    return found.kind !== "model" || customerPrice(found.model, catalog.billing, NOW) === null;
  });
  expect(lost.map(({ name }) => name)).toEqual([]);
});

describe.each(["catalog", ...Object.keys(PRINTED)])("%s stands alone", (name) => {
  const catalog = load(projectFile(name));

  test("every listed model has a price, and the others none by accident", () => {
    expect([...catalog.models.values()].filter((model) => model.prices.length === 0)).toEqual([]);
  });

  test("image models have a price per image or per token", () => {
    for (const model of catalog.models.values()) {
      if (!model.capabilities.has("image_generation")) continue;
      const row = model.prices[0];
      expect(row?.perImage.has("default") === true || row?.perMillion.has("output_image")).toBe(true);
    }
  });

  test("the echo model answers without a key, for nothing", () => {
    const echo = catalog.models.get("echo");
    expect(echo?.prices[0]?.free).toBe(true);
    expect(catalog.providers.get(echo?.provider ?? "")).toMatchObject({ kind: "echo", keyless: true });
  });

  test("routing words are there", () => {
    for (const word of ["fast", "speed", "fast-flex", "balanced", "balanced-flex", "quality", "cost", "auto"]) {
      expect(knownNames(catalog)).toContain(word);
    }
  });

  test("no warning but for missing keys", () => {
    expect(catalog.warnings.filter((line) => !line.startsWith("no key in the environment"))).toEqual([]);
  });
});

test("what makes each profile its own product", () => {
  const facts = (name: string) => {
    const { brand, billing, access, routing, features } = load(projectFile(name));
    return {
      prefix: brand.keyPrefix,
      header: brand.headerPrefix,
      extension: brand.extension,
      currency: billing.currency,
      refusal: billing.refusalCode,
      auth: access.auth,
      style: access.errorStyle,
      tier: access.defaultTier,
      model: routing.defaultModel,
      thread: features.auditThread,
    };
  };
  expect(facts("wallet")).toMatchObject({
    prefix: "sk-",
    currency: "MYR",
    refusal: "monthly_cap_reached",
    auth: "required",
    style: "wallet",
  });
  expect(facts("smart-router")).toMatchObject({
    prefix: "spx_sk_live_",
    extension: "spendex",
    refusal: "payment_required",
    model: "auto",
  });
  expect(facts("four-dialects")).toMatchObject({ prefix: "afk-", extension: "afk" });
  expect(facts("managed")).toMatchObject({
    header: "X-Syncropic",
    style: "managed",
    tier: "paid",
    thread: "th_audit_api_usage",
    auth: "optional",
  });
  expect(facts("open")).toMatchObject({ auth: "optional", model: "balanced" });
  const { access, billing } = load(projectFile("managed"));
  expect([...access.tiers.keys()]).toEqual(["paid", "anonymous", "self-host"]);
  expect(access.anonymous).toEqual({
    tier: "anonymous",
    models: ["gemini-flash-1.5"],
    limits: { requestsPerMinute: 5, messagesPerDay: 100 },
  });
  expect(billing.plans?.get("standard")).toEqual({
    name: "standard",
    includedCredit: 20_000_000_000n,
    overage: "metered",
    creditLimit: 200_000_000_000n,
  });
  expect(load(projectFile("four-dialects")).models.get("gpt-4o-mini")?.callCap).toBe(500_000_000n);
});

test("the default catalog knows the quirks of each compatible server", () => {
  const { providers } = load(projectFile("catalog"));
  for (const name of [
    "mistral",
    "deepseek",
    "groq",
    "xai",
    "azure",
    "openrouter",
    "together",
    "perplexity",
    "vllm",
    "llamacpp",
    "ollama",
  ]) {
    const provider = providers.get(name);
    expect(provider, name).toBeDefined();
    expect(provider?.compat, name).not.toEqual(DEFAULT_COMPAT);
  }
  expect(providers.get("mistral")?.compat).toMatchObject({
    short_tool_ids: true,
    tool_choice_any: true,
    seed_field: "random_seed",
  });
  expect(providers.get("xai")?.compat.reasoning_outside_output).toBe(true);
  expect(providers.get("azure")?.compat.auth_header).toBe("api-key");
});
