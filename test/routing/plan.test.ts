import { describe, expect, test } from "bun:test";
import type { PriceField } from "../../src/dialects/dialect.ts";
import type { Credential } from "../../src/routing/types.ts";
import { load, projectFile } from "../catalog/support.ts";
import { type Ask, newHealth, NOW, plan, refused, ways } from "./support.ts";

const catalog = load(`
providers:
  openai: {kind: openai, api_key: k}
  responses: {kind: openai-responses, api_key: k}
  anthropic: {kind: anthropic, api_key: k}
  google: {kind: gemini, api_key: k}
  keyless: {kind: openai-compatible, base_url: "http://127.0.0.1:1/v1"}
  unset: {kind: openai-compatible, base_url: "http://127.0.0.1:1/v1", api_key: "\${NOBODY_SETS_THIS}"}
  off: {kind: anthropic, api_key: k, enabled: false}
  echo: {kind: echo}
models:
  - {id: big, provider: [openai, responses], context: 100000, capabilities: [tools, images, reasoning], quality: 90, speed: 30, difficulty: complex, equivalents: [large], price: {input: 2, output: 10, modifiers: {flex: 0.5}, tool_fees: {web_search: {usd: 10, per: 1000}}}}
  - {id: opus, provider: anthropic, context: 100000, capabilities: [tools, images, reasoning, json_schema], quality: 95, speed: 20, difficulty: complex, equivalents: [large], price: {input: 5, cache_write: {5m: 6.25}, output: 25}}
  - {id: mid, provider: google, context: 100000, capabilities: [tools, images], quality: 70, speed: 60, difficulty: medium, equivalents: [medium], price: {input: 0.5, output: 3}}
  - {id: small, provider: openai, context: 1000, capabilities: [tools], quality: 40, speed: 90, difficulty: simple, price: {input: 0.1, output: 0.4, modifiers: {flex: 0.5}}}
  - {id: smaller, provider: google, context: 100000, capabilities: [tools, images], quality: 40, speed: 95, difficulty: simple, price: {input: 0.2, output: 0.8}}
  - {id: slow, provider: openai, service_tier: flex, capabilities: [tools], quality: 60, speed: 99, price: {input: 0.1, output: 0.2, modifiers: {flex: 0.5}}}
  - {id: unpriced, provider: openai}
  - {id: later, provider: openai, prices: [{from: 2027-01-01, input: 1, output: 1}]}
  - {id: local, provider: keyless, listed: false, price: free}
  - {id: lost, provider: unset, price: {input: 1, output: 1}}
  - {id: dark, provider: off, price: {input: 1, output: 1}}
  - {id: embed, provider: openai, capabilities: [embeddings], price: {input: 0.02}}
  - {id: paint, provider: google, capabilities: [image_generation], price: {per_image: 0.04}}
  - {id: echo, provider: echo, speed: 100, price: free}
aliases:
  flexed: {to: big, service_tier: flex}
  nick: opus
`);

const byok = (id: string): Credential => ({ id: `byok:${id}`, kind: "byok", apiKey: "own" });
const globs = (...lists: string[][]) => ({ principal: { globs: lists, ownProvidersOnly: false } });
const field = (kind: PriceField["kind"], value: string, name: string = kind): PriceField => ({
  field: name,
  kind,
  value,
});

describe("a model by name", () => {
  test("comes first, its equivalents at other organisations next, its other rows last", () => {
    expect(ways(plan(catalog, "big"))).toEqual(["openai/big", "anthropic/opus", "responses/big"]);
    expect(plan(catalog, "big")).toMatchObject({ reason: "model", tier: null, baseline: null });
    expect(plan(catalog, "nick").reason).toBe("alias");
  });

  test("prefers the row that speaks the client's dialect, and relays there", () => {
    const found = plan(catalog, "big", { clientDialect: "openai-responses" });
    expect(ways(found)[0]).toBe("responses/big");
    expect(found.targets.map((item) => item.mode)).toEqual(["relay", "translate", "translate"]);
  });

  test("stays at the provider that the name says", () => {
    expect(ways(plan(catalog, "responses/big"))[0]).toBe("responses/big");
    expect(ways(plan(catalog, "responses/big"))).not.toContain("openai/big");
  });

  test("carries what the upstream needs to know", () => {
    const [first] = plan(catalog, "flexed").targets;
    expect(first).toMatchObject({
      dialect: "openai-chat",
      serviceTier: "flex",
      credential: { id: "operator", kind: "operator" },
    });
    expect(first?.facts).toMatchObject({ provider: "openai", realm: "openai", upstreamModel: "big", maxOutput: null });
    expect(first?.price?.version).toMatch(/^big@/);
  });

  test("an equivalent without the service tier stands in at its standard one", () => {
    expect(plan(catalog, "flexed").targets.map((item) => item.serviceTier)).toEqual(["flex", null, "flex"]);
  });

  test("no more targets than attempts", () => {
    const once = load(projectFile("catalog").replace("retries: 2", "retries: 0"), { OPENAI_API_KEY: "k" });
    expect(plan(once, "gpt-5.2").targets.length).toBe(1);
  });

  test("that is unknown is a 404 with the nearest names", () => {
    const error = refused(() => plan(catalog, "oups"));
    expect(error).toMatchObject({ status: 404, code: "not_found", param: "model", details: { nearest: ["opus"] } });
    expect(error.message).toContain("Did you mean opus?");
  });
});

describe("refusals", () => {
  test("403 outside an allowlist, whichever of them it is", () => {
    expect(refused(() => plan(catalog, "opus", globs(["big"])))).toMatchObject({
      status: 403,
      code: "model_not_allowed",
    });
    expect(refused(() => plan(catalog, "opus", globs(["opus"], ["big"])))).toMatchObject({ status: 403 });
    expect(refused(() => plan(catalog, "fast", globs(["nothing"])))).toMatchObject({ status: 403 });
    expect(ways(plan(catalog, "nick", globs(["nick"])))).toEqual(["anthropic/opus"]);
    expect(ways(plan(catalog, "opus", globs(["anthropic/*"])))).toEqual(["anthropic/opus"]);
  });

  test("402 without a price in force, unless the key is the customer's own or the profile serves it free", () => {
    for (const name of ["unpriced", "later"]) {
      expect(refused(() => plan(catalog, name))).toMatchObject({
        status: 402,
        code: "model_unpriced",
        type: "billing_error",
      });
      expect(plan(catalog, name, { credentials: () => [byok("1")] }).targets[0]?.price).toBeNull();
    }
    expect(plan(catalog, "later", { now: Date.UTC(2027, 5, 1) }).targets[0]?.price?.version).toMatch(/^later@/);
    const free = load(
      "billing: {unpriced: free}\nproviders: {openai: {kind: openai, api_key: k}}\nmodels: [{id: x, provider: openai}]",
    );
    expect(plan(free, "x").targets[0]?.price).toBeNull();
  });

  test("400 for what the model can't do; reasoning and the like are left to the dialect", () => {
    const needs = (...names: ("tools" | "images" | "json_schema" | "reasoning" | "logprobs")[]) => ({
      hints: { needs: new Set(names) },
    });
    expect(refused(() => plan(catalog, "small", needs("images")))).toMatchObject({
      status: 400,
      code: "unsupported_feature",
      param: "model",
    });
    expect(ways(plan(catalog, "small", needs("reasoning", "logprobs")))[0]).toBe("openai/small");
    expect(ways(plan(catalog, "big", needs("json_schema")))).toEqual(["openai/big", "anthropic/opus", "responses/big"]);
    expect(refused(() => plan(catalog, "embed"))).toMatchObject({ status: 400, code: "unsupported_feature" });
    expect(refused(() => plan(catalog, "big", { operation: "embed" }))).toMatchObject({ status: 400 });
    expect(ways(plan(catalog, "embed", { operation: "embed" }))).toEqual(["openai/embed"]);
    expect(ways(plan(catalog, "paint", { operation: "image" }))).toEqual(["google/paint"]);
  });

  test("400 for an input that can't fit the window", () => {
    const input = { textBytes: 4004, images: 0, audioBytes: 0, videoBytes: 0, documentBytes: 0, uncountable: false };
    expect(refused(() => plan(catalog, "small", { hints: { input } }))).toMatchObject({
      status: 400,
      code: "context_length_exceeded",
    });
    expect(ways(plan(catalog, "small", { hints: { input: { ...input, textBytes: 4000 } } }))[0]).toBe("openai/small");
  });

  test("503 without a key, 403 for accounts that use their own only", () => {
    for (const name of ["lost", "dark"]) {
      expect(refused(() => plan(catalog, name))).toMatchObject({
        status: 503,
        code: "provider_error",
        details: { cause: { kind: "no_credential" } },
      });
    }
    const principal = { globs: [], ownProvidersOnly: true };
    expect(refused(() => plan(catalog, "opus", { principal }))).toMatchObject({
      status: 403,
      code: "model_not_allowed",
    });
    expect(ways(plan(catalog, "local"))).toEqual(["keyless/local"]);
  });
});

describe("own keys", () => {
  test("serve alone where they exist: nobody else is asked to pay", () => {
    const credentials = (provider: { name: string }): Credential[] =>
      provider.name === "openai"
        ? [byok("1"), byok("2"), { id: "operator", kind: "operator", apiKey: "k" }]
        : [{ id: "operator", kind: "operator", apiKey: "k" }];
    const found = plan(catalog, "big", { credentials });
    expect(found.targets.map((item) => item.credential.id)).toEqual(["byok:1", "byok:2"]);
  });

  test("pay whatever the request asks for", () => {
    const hints = { priceFields: [field("service_tier", "priority"), field("server_tool", "code_interpreter")] };
    expect(refused(() => plan(catalog, "big", { hints })).code).toBe("unsupported_feature");
    expect(ways(plan(catalog, "big", { hints, credentials: () => [byok("1")] }))[0]).toBe("openai/big");
  });
});

describe("fields that change the price", () => {
  const asks = (name: string, item: PriceField, dialect: "openai-chat" | "anthropic-messages" = "openai-chat") =>
    plan(catalog, name, { hints: { priceFields: [item] }, clientDialect: dialect });

  test("pass where the row covers them, and are named where it doesn't", () => {
    expect(ways(asks("big", field("service_tier", "flex")))[0]).toBe("openai/big");
    expect(ways(asks("big", field("service_tier", "auto")))[0]).toBe("openai/big");
    const error = refused(() => asks("big", field("service_tier", "priority", "service_tier")));
    expect(error).toMatchObject({ status: 400, code: "unsupported_feature", param: "service_tier" });
    expect(refused(() => asks("big", field("speed", "fast")))).toMatchObject({ param: "speed" });
    expect(refused(() => asks("big", field("inference_geo", "us")))).toMatchObject({ param: "inference_geo" });
    const background: Ask = {
      hints: { priceFields: [field("background", "true")] },
      clientDialect: "openai-responses",
    };
    expect(refused(() => plan(catalog, "big", background)).param).toBe("background");
  });

  test("hosted tools need a fee, unless they can't come along to another dialect", () => {
    expect(ways(asks("big", field("server_tool", "web_search", "tools[0]")))[0]).toBe("openai/big");
    expect(refused(() => asks("big", field("unknown_tool", "magic", "tools[1]"))).param).toBe("tools[1]");
    expect(ways(asks("opus", field("unknown_tool", "magic", "tools[1]")))).toContain("anthropic/opus");
  });

  test("a longer cache life needs a price of its own", () => {
    const ttl = (value: string) => field("cache_ttl", value, "messages[0].content[0].cache_control.ttl");
    expect(refused(() => asks("opus", ttl("1h"), "anthropic-messages")).param).toContain("cache_control");
    expect(ways(asks("opus", ttl("5m"), "anthropic-messages"))).toContain("anthropic/opus");
    expect(ways(asks("big", ttl("1h"), "anthropic-messages"))[0]).toBe("openai/big");
  });

  test("leave a free model alone", () => {
    expect(ways(asks("echo", field("server_tool", "magic")))).toEqual(["echo/echo"]);
  });
});

describe("routing words", () => {
  const first = (name: string, ask = {}) => ways(plan(catalog, name, ask))[0];

  test("each goes by its own measure", () => {
    expect(first("fast")).toBe("google/smaller");
    expect(first("speed")).toBe("google/smaller");
    expect(first("quality")).toBe("anthropic/opus");
    expect(first("cost")).toBe("openai/slow");
    expect(plan(catalog, "quality").reason).toBe("word:quality");
  });

  test("fast leaves flex rows out; flex words take nothing else, at half the price upstream", () => {
    expect(ways(plan(catalog, "fast"))).not.toContain("openai/slow");
    const flex = plan(catalog, "fast-flex");
    expect(ways(flex)[0]).toBe("openai/slow");
    expect(flex.targets.every((item) => item.serviceTier === "flex")).toBe(true);
    expect(
      plan(catalog, "balanced-flex").targets.every((item) => ["slow", "small", "big"].includes(item.model.id)),
    ).toBe(true);
  });

  test("candidates must be able, allowed, priced and reachable", () => {
    expect(first("cost", { hints: { needs: new Set(["images"]) } })).toBe("google/smaller");
    expect(first("cost", { hints: { needs: new Set(["images", "reasoning"]) } })).toBe("openai/big");
    expect(first("cost", globs(["opus", "mid"]))).toBe("google/mid");
    const long = { textBytes: 40_000, images: 0, audioBytes: 0, videoBytes: 0, documentBytes: 0, uncountable: false };
    expect(ways(plan(catalog, "cost", { hints: { input: long } }))).not.toContain("openai/small");
    for (const word of ["fast", "cost", "quality", "balanced"]) {
      for (const name of ["unpriced", "lost", "dark", "local", "embed", "paint"]) {
        expect(ways(plan(catalog, word)).join(" ")).not.toContain(`/${name}`);
      }
    }
  });

  test("when no candidate has everything, the strict needs decide", () => {
    expect(first("cost", { hints: { needs: new Set(["images", "logprobs"]) } })).toBe("google/smaller");
    expect(
      refused(() => plan(catalog, "cost", { hints: { needs: new Set(["images"]) }, ...globs(["small"]) })),
    ).toMatchObject({ status: 400, code: "unsupported_feature" });
  });

  test("the echo answers a word only when nobody else can", () => {
    expect(ways(plan(catalog, "cost")).join(" ")).not.toContain("echo");
    expect(ways(plan(load(projectFile("catalog")), "balanced"))).toEqual(["echo/echo"]);
    expect(ways(plan(catalog, "balanced", globs(["echo"])))).toEqual(["echo/echo"]);
  });

  test("the second choice is at another organisation", () => {
    const found = plan(catalog, "quality").targets.map((item) => item.provider.realm);
    expect(found[1]).not.toBe(found[0]);
  });

  test("a running tool loop stays with whoever minted its seals", () => {
    const hints = { toolLoop: true, sealRealm: "anthropic" };
    expect(first("cost", { hints })).toBe("anthropic/opus");
    expect(first("cost", { hints: { ...hints, toolLoop: false } })).toBe("openai/slow");
  });

  test("words of the file name their own candidates, in order", () => {
    const text = `
routing: {words: {house: {strategy: fast, models: [b, a]}}}
providers: {openai: {kind: openai, api_key: k}}
models:
  - {id: a, provider: openai, speed: 90, price: {input: 1, output: 1}}
  - {id: b, provider: openai, speed: 10, price: {input: 1, output: 1}}
  - {id: c, provider: openai, speed: 99, price: {input: 1, output: 1}}`;
    expect(ways(plan(load(text), "house"))).toEqual(["openai/b", "openai/a"]);
  });
});

describe("auto", () => {
  const router = load(projectFile("smart-router"), {
    OPENAI_API_KEY: "k",
    ANTHROPIC_API_KEY: "k",
    GEMINI_API_KEY: "k",
    MISTRAL_API_KEY: "k",
  });
  const hard = {
    signals: () => ({
      turns: 9,
      characters: 60_000,
      lastUserText: "Prove that the algorithm terminates, step by step. 1 2 3".repeat(20),
      tools: 4,
      hasCode: true,
      reasoningEffort: "high",
    }),
  };

  test("a short question goes to the cheapest simple model, and is compared with what a hard one would take", () => {
    const found = plan(router, "auto");
    expect(found).toMatchObject({ tier: "simple", reason: "word:auto" });
    // One of each provider first, then those of the next tier.
    expect(ways(found)).toEqual([
      "openai/gpt-5-nano",
      "mistral/mistral-small",
      "google/gemini-2.5-flash-lite",
      "anthropic/claude-haiku-4-5",
      "mistral/mistral-large",
      "google/gemini-2.5-flash",
    ]);
    expect(found.baseline?.id).toBe("gpt-5");
  });

  test("a hard one to the cheapest complex model", () => {
    const found = plan(router, "auto", { hints: hard });
    expect(found.tier).toBe("complex");
    expect(ways(found).slice(0, 3)).toEqual(["openai/gpt-5", "google/gemini-2.5-pro", "anthropic/claude-opus-4-6"]);
  });

  test("a tier without an able model is left upward", () => {
    const found = plan(router, "auto", { ...globs(["gpt-5-mini", "gpt-5"]) });
    expect(found.tier).toBe("medium");
    expect(ways(found)[0]).toBe("openai/gpt-5-mini");
  });

  test("an explicit model fails over to its equals elsewhere", () => {
    expect(ways(plan(router, "gpt-5"))).toEqual(["openai/gpt-5", "anthropic/claude-opus-4-6", "google/gemini-2.5-pro"]);
  });
});

describe("health", () => {
  test("an open breaker moves the call on, and back when it closes", () => {
    const health = newHealth(catalog);
    const [best] = plan(catalog, "big").targets;
    if (best === undefined) throw new Error("no target");
    for (let i = 0; i < 5; i += 1) health.fail(best, NOW, "fail");
    expect(ways(plan(catalog, "big", { health }))).toEqual(["anthropic/opus", "responses/big"]);
    expect(ways(plan(catalog, "big", { health, now: NOW + 31_000 }))[0]).toBe("openai/big");
  });

  test("the last channel is tried once a second, else it is a 503 that says when", () => {
    const health = newHealth(catalog);
    const [only] = plan(catalog, "small").targets;
    if (only === undefined) throw new Error("no target");
    for (let i = 0; i < 5; i += 1) health.fail(only, NOW, "fail");
    expect(ways(plan(catalog, "small", { health }))).toEqual(["openai/small"]);
    health.begin(only, NOW);
    const error = refused(() => plan(catalog, "small", { health }));
    expect(error).toMatchObject({ status: 503, code: "provider_error", details: { cause: { kind: "breaker_open" } } });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect(ways(plan(catalog, "small", { health, now: NOW + 1000 }))).toEqual(["openai/small"]);
  });

  test("when every credential cools it is a 429 with the smallest wait", () => {
    const health = newHealth(catalog);
    const { targets } = plan(catalog, "big");
    for (const [index, target] of targets.entries()) {
      health.begin(target, NOW);
      health.cool(target, NOW, 5000 + index * 1000);
    }
    expect(refused(() => plan(catalog, "big", { health }))).toMatchObject({
      status: 429,
      code: "rate_limited",
      retryAfterSeconds: 5,
    });
  });
});
