import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anthropicReply, chatReply } from "../../support/upstream.ts";
import { standStill } from "../../support/clock.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

const HAIKU = "anthropic/claude-haiku-4-5";
// 11 tokens in and 7 out at 1.00 and 5.00 USD per million, 30 % on top, 4.20 MYR for a dollar: in cents of a ringgit.
const HELLO_CENTS = "0.025116";

let profile: Profile;
beforeAll(async () => {
  profile = await startProfile("wallet");
});
afterAll(() => profile[Symbol.asyncDispose]());
beforeEach(() => {
  profile.anthropic.reset().always(anthropicReply());
  profile.openai.reset().always(chatReply());
});

describe("wallet: chat completions", () => {
  test("a Claude model answers in OpenAI's shape, with its cost in body and header", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-springtech-cost-cents")).toBe(HELLO_CENTS);
    expect(answer.headers.get("x-springtech-request-id")).toMatch(/^req_/);
    const text = await answer.text();
    expect(text).toContain(`"cost_cents":${HELLO_CENTS}`);
    const body: unknown = JSON.parse(text);
    expect(body).toMatchObject({
      object: "chat.completion",
      model: HAIKU,
      choices: [{ index: 0, message: { role: "assistant", content: "Hello there" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
      springtech: { routed_model: HAIKU, currency: "MYR", cost_usd: 0.0000598 },
    });
    expect(profile.anthropic.last.json()).toMatchObject({ model: "claude-haiku-4-5", max_tokens: 100 });
  });

  test("the final chunk of a stream has usage and cost_cents; every chunk has a choice", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream: true }), key);
    expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    expect(answer.headers.get("x-springtech-tier")).not.toBeNull();
    const frames = await framesOf(answer);
    expect(frames.every(({ data }) => at(data, "choices.0.delta") !== undefined)).toBe(true);
    expect(frames.map(({ data }) => at(data, "choices.0.delta.content") ?? "").join("")).toBe("Hello there");
    expect(frames.at(-1)?.data).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7 },
      cost_cents: Number(HELLO_CENTS),
      springtech: { routed_model: HAIKU },
    });
    expect(frames.filter(({ data }) => "cost_cents" in data)).toHaveLength(1);
  });

  test.each([HAIKU, "openai/gpt-4o-mini", "springtech/flash"])(
    "%s with include_usage: usage and cost stand on the chunk without choices",
    async (model) => {
      const { key } = await profile.gateway.createKey({ credit: "50.00" });
      const asked = hello(model, { stream: true, stream_options: { include_usage: true } });
      const frames = await framesOf(await profile.gateway.post("/v1/chat/completions", asked, key));
      const last = frames.at(-1)?.data;
      expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } });
      expect(last).toMatchObject({ cost_cents: expect.any(Number), springtech: { routed_model: model } });
      expect(frames.slice(0, -1).every(({ data }) => !("cost_cents" in data))).toBe(true);
    },
  );

  test.each(["openai/gpt-4o-mini", "springtech/flash"])("%s relayed without include_usage", async (model) => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const frames = await framesOf(
      await profile.gateway.post("/v1/chat/completions", hello(model, { stream: true }), key),
    );
    expect(frames.every(({ data }) => at(data, "choices.0.delta") !== undefined)).toBe(true);
    expect(frames.at(-1)?.data).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7 },
      cost_cents: expect.any(Number),
    });
  });

  test("tools travel in both directions between OpenAI's and Anthropic's shapes", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    profile.anthropic.always(
      anthropicReply({ tools: [{ id: "toolu_1", name: "get_weather", arguments: { city: "KL" } }] }),
    );
    const tools = [
      {
        type: "function",
        function: {
          name: "get_weather",
          parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
      },
    ];
    const body = await bodyOf(
      await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { tools, tool_choice: "required" }), key),
    );
    expect(profile.anthropic.last.json()).toMatchObject({
      tools: [{ name: "get_weather", input_schema: { type: "object" } }],
      tool_choice: { type: "any" },
    });
    expect(at(body, "choices.0")).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ type: "function", function: { name: "get_weather", arguments: '{"city":"KL"}' } }] },
    });
  });

  test("tools are relayed verbatim to OpenAI", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const tools = '[{"type":"function","function":{"name":"f","parameters":{"type":"object","x":1.50}}}]';
    const asked = `{"model":"openai/gpt-4o-mini","tools":${tools},"tool_choice":"auto","messages":[{"role":"user","content":"x"}]}`;
    await profile.gateway.post("/v1/chat/completions", asked, key);
    expect(profile.openai.last.text()).toContain(tools);
    expect(profile.openai.last.json()).toMatchObject({ model: "gpt-4o-mini", tool_choice: "auto" });
  });
});

describe("wallet: cache hits have their own rate", () => {
  // 1000 in, 600 of them cached, 100 out.
  const usage = { input: 1000, cached: 600, output: 100 };

  test("from prompt_tokens_details.cached_tokens", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    profile.openai.always(chatReply({ usage }));
    const answer = await profile.gateway.post("/v1/chat/completions", hello("openai/gpt-4o-mini"), key);
    // (400 × 0.15 + 600 × 0.075 + 100 × 0.60) / 1e6 × 1.3 × 4.2 × 100
    expect(answer.headers.get("x-springtech-cost-cents")).toBe("0.09009");
  });

  test("from prompt_cache_hit_tokens", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    profile.openai.always({
      body: {
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "flash",
        choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
        usage: {
          prompt_tokens: 1000,
          prompt_cache_hit_tokens: 600,
          prompt_cache_miss_tokens: 400,
          completion_tokens: 100,
          total_tokens: 1100,
        },
      },
    });
    const answer = await profile.gateway.post("/v1/chat/completions", hello("springtech/flash"), key);
    // (400 × 0.30 + 600 × 0.03 + 100 × 2.50) / 1e6 × 1.3 × 4.2 × 100
    expect(answer.headers.get("x-springtech-cost-cents")).toBe("0.211848");
  });

  test("from Anthropic's cache_read_input_tokens, which input_tokens leave out", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    profile.anthropic.always(anthropicReply({ usage }));
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    // (400 × 1.00 + 600 × 0.10 + 100 × 5.00) / 1e6 × 1.3 × 4.2 × 100
    expect(answer.headers.get("x-springtech-cost-cents")).toBe("0.52416");
    expect(at(await bodyOf(answer), "usage")).toMatchObject({
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 600 },
    });
  });
});

describe("wallet: credits and markup", () => {
  test("four fields, in whole cents; the balance is floored and the spend ceiled", async () => {
    const { key } = await profile.gateway.createKey({ credit: "500.00" });
    expect(await bodyOf(await profile.gateway.get("/v1/credits", key))).toEqual({
      balance_cents: 50_000,
      this_month_spend_cents: 0,
      currency: "myr",
      monthly_limit_cents: null,
    });
    await (await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key)).text();
    expect(await bodyOf(await profile.gateway.get("/v1/credits", key))).toEqual({
      balance_cents: 49_999,
      this_month_spend_cents: 1,
      currency: "myr",
      monthly_limit_cents: null,
    });
  });

  test.each([
    ["2.50", undefined, 250],
    ["2.50", "1.00", 100],
    ["2.50", "9.00", 250],
    [null, "9.00", 900],
  ])("of a key's cap %p and its account's %p monthly_limit_cents is %p", async (ofKey, ofAccount, cents) => {
    const { key } = await profile.gateway.createKey({
      key: { monthly_cap: ofKey },
      account: ofAccount === undefined ? {} : { monthly_cap: ofAccount },
    });
    expect(await bodyOf(await profile.gateway.get("/v1/credits", key))).toMatchObject({ monthly_limit_cents: cents });
  });

  test("LLM_MARKUP_PERCENT overrides the file", async () => {
    await using other = await startProfile("wallet", { env: { LLM_MARKUP_PERCENT: "0" } });
    const { key } = await other.gateway.createKey({ credit: "50.00" });
    const answer = await other.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    expect(answer.headers.get("x-springtech-cost-cents")).toBe("0.01932");
  });
});

describe("wallet: models and keys", () => {
  test("the list is filtered by the key's allowlist, with three rates per model", async () => {
    const { key } = await profile.gateway.createKey({ key: { models: ["anthropic/*"] } });
    const list = await bodyOf(await profile.gateway.get("/v1/models", key));
    const models = list["data"] as Record<string, unknown>[];
    expect(models.map((model) => model["id"])).toContain(HAIKU);
    expect(models.map((model) => model["id"])).not.toContain("openai/gpt-4o-mini");
    const haiku = models.find((model) => model["id"] === HAIKU);
    expect(haiku).toMatchObject({ object: "model", owned_by: "anthropic" });
    // 1.00 × 1.3 × 4.2, 0.10 × 1.3 × 4.2, 5.00 × 1.3 × 4.2
    expect(haiku?.["pricing"]).toMatchObject({
      currency: "MYR",
      input: "5.46",
      cached_input: "0.55",
      output: "27.30",
      exact: { input: "5.46", cached_input: "0.546", output: "27.3" },
    });
  });

  test("a key made over the API has the prefix, its allowlist and its cap", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const made = await bodyOf(
      await profile.gateway.post("/v1/keys", { name: "ci", models: [HAIKU], monthly_cap: "1.00" }, key),
    );
    expect(String(made["key"])).toStartWith("sk-");
    const answer = await profile.gateway.post("/v1/chat/completions", hello("openai/gpt-4o-mini"), String(made["key"]));
    expect(answer.status).toBe(403);
    expect((await profile.gateway.post("/v1/chat/completions", hello(HAIKU), String(made["key"]))).status).toBe(200);
  });
});

describe("wallet: errors", () => {
  async function refused(answer: Response, status: number, code: string): Promise<Record<string, unknown>> {
    const body = await bodyOf(answer);
    expect([answer.status, at(body, "error.type"), at(body, "error.code")]).toEqual([status, code, code]);
    const id = answer.headers.get("x-springtech-request-id");
    expect(id).toMatch(/^req_/);
    expect(at(body, "error.request_id")).toBe(id);
    expect(typeof at(body, "error.message")).toBe("string");
    return body;
  }

  test.each([false, true])("401 unauthorized, stream %p", async (stream) => {
    await refused(await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream })), 401, "unauthorized");
    const wrong = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream }), "sk-wrong");
    await refused(wrong, 401, "unauthorized");
    expect(profile.sent()).toEqual([]);
  });

  test.each([false, true])("402 monthly_cap_reached for an empty wallet, stream %p", async (stream) => {
    const { key } = await profile.gateway.createKey();
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream }), key);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    await refused(answer, 402, "monthly_cap_reached");
    expect(profile.sent()).toEqual([]);
  });

  test("402 monthly_cap_reached for the key's cap", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00", key: { monthly_cap: "0.0001" } });
    await refused(await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key), 402, "monthly_cap_reached");
    expect(profile.sent()).toEqual([]);
  });

  test("403 model_not_allowed", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00", key: { models: ["openai/*"] } });
    await refused(await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key), 403, "model_not_allowed");
    expect(profile.sent()).toEqual([]);
  });

  test("404 not_found, with the nearest names", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const asked = hello("anthropic/claude-haiku-4-6");
    const body = await refused(await profile.gateway.post("/v1/chat/completions", asked, key), 404, "not_found");
    expect(at(body, "error.message")).toContain(HAIKU);
  });

  test("429 rate_limited after the account's limit, 200 a minute by default", async () => {
    const limits = (await bodyOf(
      await profile.gateway.get("/v1/capabilities", (await profile.gateway.createKey()).key),
    )) as unknown;
    expect(JSON.stringify(limits)).toContain('"requests_per_minute":200');
    await using strict = await startProfile("wallet", {
      edit: (yaml) => yaml.replace("requests_per_minute: 200", "requests_per_minute: 2"),
    });
    const { key } = await strict.gateway.createKey({ credit: "5.00" });
    using _minute = standStill();
    for (let index = 0; index < 2; index += 1) {
      expect((await strict.gateway.post("/v1/chat/completions", hello(HAIKU), key)).status).toBe(200);
    }
    const answer = await strict.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    await refused(answer, 429, "rate_limited");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.headers.get("x-ratelimit-remaining")).toBe("0");
  });

  test("a hundred parallel calls on credit for a few never overspend", async () => {
    const { key, accountId } = await profile.gateway.createKey({ credit: "0.05" });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => profile.gateway.post("/v1/chat/completions", hello(HAIKU), key)),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.some((status) => status === 200)).toBe(true);
    expect(statuses.every((status) => status === 200 || status === 402)).toBe(true);
    await Promise.all(answers.map((answer) => answer.text()));
    expect(Number((await profile.gateway.balance(accountId))["available"])).toBeGreaterThanOrEqual(0);
    expect(profile.gateway.verify()).toEqual([]);
  });
});
