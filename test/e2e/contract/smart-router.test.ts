import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anthropicReply, chatError, chatReply, geminiReply } from "../../support/upstream.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

let profile: Profile;
beforeAll(async () => {
  profile = await startProfile("smart-router");
});
afterAll(() => profile[Symbol.asyncDispose]());
beforeEach(() => {
  profile.anthropic.reset().always(anthropicReply());
  profile.openai.reset().always(chatReply());
  profile.google.reset().always(geminiReply());
});

/** A test has no time for the pauses before retries. */
const withoutPauses = (yaml: string): string =>
  yaml.replace("  retries: 5\n", "  retries: 5\n  backoff_min_ms: 1\n  backoff_max_ms: 2\n");

const COMPLEX = [
  "Prove that the algorithm terminates. Then derive its complexity step by step, compare it with three alternatives,",
  "evaluate the trade-offs in detail, design an implementation that never allocates except at start, and write a",
  "proof sketch for each invariant. Neither recursion nor unbounded queues are allowed; no step may take more than",
  "twice the time of the one before, and each must leave at least half of the budget. Analyze failure modes,",
  "implement the scheduler and write unit tests for it.",
].join(" ");

describe("smart router: auto", () => {
  test("a short question goes to the cheapest model of the simple tier; the block tells what it saved", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    expect(key).toStartWith("spx_sk_live_");
    const answer = await profile.gateway.post("/v1/chat/completions", hello("auto"), key);
    const body = await bodyOf(answer);
    expect(body).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hello there" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
      // gpt-5-nano: (11 × 0.05 + 7 × 0.40) / 1e6
      spendex: { routed_model: "gpt-5-nano", tier: "simple", cost_usd: 0.00000335 },
    });
    expect(at(body, "model")).toBe("gpt-5-nano");
    expect(Number(at(body, "spendex.saved_usd"))).toBeGreaterThan(0);
  });

  test("a hard task goes to the complex tier", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const asked = { model: "auto", max_tokens: 500, messages: [{ role: "user", content: COMPLEX }] };
    const body = await bodyOf(await profile.gateway.post("/v1/chat/completions", asked, key));
    expect(at(body, "spendex.tier")).toBe("complex");
    expect(["gpt-5", "gemini-2.5-pro", "claude-opus-4-6"]).toContain(String(at(body, "spendex.routed_model")));
  });

  test("a model without a name is auto, too", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const asked = { messages: [{ role: "user", content: "Hi" }], max_tokens: 10 };
    const body = await bodyOf(await profile.gateway.post("/v1/chat/completions", asked, key));
    expect(at(body, "spendex.tier")).toBe("simple");
  });

  test("what a request needs decides: a picture never goes to a model without eyes", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
    ];
    const asked = { model: "auto", max_tokens: 50, messages: [{ role: "user", content }] };
    const answer = await profile.gateway.post("/v1/chat/completions", asked, key);
    expect(answer.status).toBe(200);
    expect(at(await bodyOf(answer), "spendex.routed_model")).toBeDefined();
  });

  test("streams carry the block on the chunk with the finish reason", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const frames = await framesOf(
      await profile.gateway.post("/v1/chat/completions", hello("auto", { stream: true }), key),
    );
    expect(frames.every(({ data }) => Array.isArray(data["choices"]) && data["choices"].length === 1)).toBe(true);
    expect(frames.at(-1)?.data).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      spendex: { routed_model: "gpt-5-nano", tier: "simple", cost_usd: 0.00000335, saved_usd: expect.any(Number) },
    });
  });
});

describe("smart router: a model by name", () => {
  test.each([
    ["gpt-5", "openai"],
    ["claude-sonnet-4-6", "anthropic"],
    ["gemini-2.5-pro", "google"],
    ["mistral-small", "openai"],
  ] as const)("%s goes straight to its provider, block included", async (model, upstream) => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const body = await bodyOf(await profile.gateway.post("/v1/chat/completions", hello(model), key));
    expect(at(body, "spendex")).toMatchObject({ routed_model: model, cost_usd: expect.any(Number) });
    expect(profile[upstream].requests).toHaveLength(1);
    expect(profile.sent()).toHaveLength(1);
  });
});

describe("smart router: failover", () => {
  test("a 5xx goes on to an equivalent model of another provider, shown in routed_model", async () => {
    await using fresh = await startProfile("smart-router");
    const { key } = await fresh.gateway.createKey({ credit: "5.00" });
    fresh.openai.always(chatError(500, "server_error"));
    for (const stream of [false, true]) {
      const answer = await fresh.gateway.post("/v1/chat/completions", hello("gpt-5", { stream }), key);
      expect(answer.status).toBe(200);
      const block = stream ? (await framesOf(answer)).at(-1)?.data["spendex"] : at(await bodyOf(answer), "spendex");
      const routed = String(at(block, "routed_model"));
      expect(["claude-opus-4-6", "gemini-2.5-pro"]).toContain(routed);
      expect(Number(at(block, "attempts"))).toBeGreaterThan(1);
    }
  });

  test("auto reaches the last provider that is up", async () => {
    await using fresh = await startProfile("smart-router", { edit: withoutPauses });
    const { key } = await fresh.gateway.createKey({ credit: "5.00" });
    // OpenAI's and Mistral's far end is one here.
    fresh.openai.always(chatError(500, "server_error"));
    fresh.google.always({ status: 503, body: { error: { code: 503, message: "x", status: "UNAVAILABLE" } } });
    const answer = await fresh.gateway.post("/v1/chat/completions", hello("auto"), key);
    expect([answer.status, at(await bodyOf(answer), "spendex.provider")]).toEqual([200, "anthropic"]);
  });

  test("when all have failed: 503 in OpenAI's shape, and nothing is charged", async () => {
    await using fresh = await startProfile("smart-router");
    const { key, accountId } = await fresh.gateway.createKey({ credit: "5.00" });
    fresh.openai.always(chatError(500, "server_error"));
    fresh.anthropic.always({ status: 529, body: { type: "error", error: { type: "overloaded_error", message: "x" } } });
    fresh.google.always({ status: 503, body: { error: { code: 503, message: "x", status: "UNAVAILABLE" } } });
    const answer = await fresh.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect(answer.status).toBe(503);
    expect(at(await bodyOf(answer), "error")).toMatchObject({ code: "provider_error", param: null });
    const balance = await fresh.gateway.balance(accountId);
    expect([balance["wallet"], balance["held"]]).toEqual(["5.00", "0.00"]);
  });
});

describe("smart router: errors", () => {
  test("402 payment_required of type billing_error", async () => {
    const { key } = await profile.gateway.createKey();
    const answer = await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect(answer.status).toBe(402);
    expect(at(await bodyOf(answer), "error")).toMatchObject({
      message: expect.any(String),
      type: "billing_error",
      code: "payment_required",
    });
  });

  test("401 for a missing or wrong key, 400 for bad parameters", async () => {
    expect((await profile.gateway.post("/v1/chat/completions", hello("auto"))).status).toBe(401);
    expect((await profile.gateway.post("/v1/chat/completions", hello("auto"), "spx_sk_live_x")).status).toBe(401);
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const bad = await profile.gateway.post("/v1/chat/completions", { model: "auto", messages: "x" }, key);
    expect(bad.status).toBe(400);
    expect(at(await bodyOf(bad), "error")).toMatchObject({ code: "invalid_request", param: "messages" });
  });
});
