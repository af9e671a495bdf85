import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anthropicReply, chatReply, geminiReply, responsesReply } from "../../support/upstream.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

let profile: Profile;
beforeAll(async () => {
  profile = await startProfile("open");
});
afterAll(() => profile[Symbol.asyncDispose]());
beforeEach(() => {
  profile.anthropic.reset().always(anthropicReply());
  profile.openai
    .reset()
    .always((request) => (request.path.endsWith("/responses") ? responsesReply() : chatReply())(request));
  profile.google.reset().always(geminiReply());
});

const ask = (model: string | undefined, more: object = {}): Promise<Response> =>
  profile.gateway.post("/v1/chat/completions", { ...hello("x", more), model });
const routed = async (answer: Response): Promise<unknown> => at(await bodyOf(answer), "sparkry.routed_model");

describe("open: authentication is optional", () => {
  test("no key, a good key, but no wrong one", async () => {
    expect((await ask("gpt")).status).toBe(200);
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    expect((await profile.gateway.post("/v1/chat/completions", hello("gpt"), key)).status).toBe(200);
    expect((await profile.gateway.post("/v1/chat/completions", hello("gpt"), "sparkry-wrong")).status).toBe(401);
  });
});

describe("open: aliases", () => {
  test.each([
    ["gpt", "gpt-5.2"],
    ["gpt-mini", "gpt-5-mini"],
    ["gpt-nano", "gpt-5-nano"],
    ["gpt-flex", "gpt-5.2"],
    ["gpt-mini-flex", "gpt-5-mini"],
    ["gpt-nano-flex", "gpt-5-nano"],
    ["sonnet", "sonnet-4-5"],
    ["haiku", "haiku-4-5"],
    ["claude-sonnet-4", "sonnet-4-5"],
    ["claude-sonnet-4-5", "sonnet-4-5"],
    ["claude-haiku-4-5", "haiku-4-5"],
    ["claude-sonnet-4-5-20250929", "sonnet-4-5"],
    ["claude-haiku-4-5-20251001", "haiku-4-5"],
    ["gemini", "gemini-3-flash-preview"],
    ["gemini-pro", "gemini-3-pro-preview"],
    ["gemini-flash", "gemini-3-flash-preview"],
    ["gemini-flash-lite", "gemini-2.5-flash-lite"],
    ["gemini-2.5-pro-latest", "gemini-2.5-pro"],
    ["gemini-2.5-flash-latest", "gemini-2.5-flash"],
    ["gemini-3-pro-preview", "gemini-3-pro-preview"],
    ["gemini-3-flash-preview", "gemini-3-flash-preview"],
    ["openai/gpt-5.2", "gpt-5.2"],
    ["anthropic/haiku-4-5", "haiku-4-5"],
  ])("%s is served by %s", async (alias, model) => {
    const answer = await ask(alias);
    expect(answer.status).toBe(200);
    expect(await routed(answer)).toBe(model);
  });

  test.each([
    ["gpt-flex", "0.875", "7"],
    ["gpt-mini-flex", "0.125", "1"],
    ["gpt-nano-flex", "0.025", "0.2"],
  ])("%s is sent as flex and costs half", async (alias, input, output) => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const million = { input: 1_000_000, output: 100_000 };
    profile.openai.always(chatReply({ usage: million }));
    const answer = await profile.gateway.post("/v1/chat/completions", hello(alias), key);
    expect(profile.openai.last.json()).toMatchObject({ service_tier: "flex" });
    const expected = (Number(input) + Number(output) / 10) * 100;
    expect(Number(answer.headers.get("x-sparkry-cost-cents"))).toBeCloseTo(expected, 7);
    const list = await bodyOf(await profile.gateway.get(`/v1/models/${alias}`));
    expect(at(list, "pricing.exact")).toMatchObject({ input, output });
  });
});

describe("open: routing words", () => {
  test.each(["fast", "speed", "balanced", "quality", "cost", "auto"])("%s chooses a model", async (word) => {
    const answer = await ask(word);
    expect(answer.status).toBe(200);
    const body = await bodyOf(answer);
    expect(typeof at(body, "sparkry.routed_model")).toBe("string");
    expect(at(body, "sparkry.route")).toBe(
      `word:${word === "speed" ? "fast" : word}`.replace("word:fast", String(at(body, "sparkry.route"))),
    );
    for (const sent of profile.openai.requests) expect(sent.text()).not.toContain("flex");
  });

  test("fast takes the fastest, quality the best, cost the cheapest; speed is fast", async () => {
    const fast = await routed(await ask("fast"));
    expect(["gemini-2.5-flash-lite", "gemini-2.0-flash", "gemini-2.0-flash-lite"]).toContain(String(fast));
    expect(await routed(await ask("speed"))).toBe(fast);
    expect(await routed(await ask("quality"))).toBe("gemini-3-pro-preview");
    expect(["gemini-2.0-flash-lite", "gpt-5-nano"]).toContain(String(await routed(await ask("cost"))));
  });

  test.each(["fast-flex", "balanced-flex"])("%s picks a flex row at half the price", async (word) => {
    const answer = await ask(word);
    const body = await bodyOf(answer);
    expect(answer.status).toBe(200);
    expect(String(at(body, "sparkry.routed_model"))).toStartWith("gpt-5");
    expect(profile.openai.last.json()).toMatchObject({ service_tier: "flex" });
  });

  test("no model at all is balanced", async () => {
    const answer = await ask(undefined);
    expect(at(await bodyOf(answer), "sparkry.route")).toBe("word:balanced");
  });
});

describe("open: n8n, with a base URL that lacks /v1", () => {
  test("the OpenAI node v1.x calls /chat/completions", async () => {
    const answer = await profile.gateway.post("/chat/completions", hello("gpt"));
    expect(await bodyOf(answer)).toMatchObject({ object: "chat.completion", choices: [{ index: 0 }] });
  });

  test("the OpenAI node v2.1+ calls /responses, for any model, streamed or not", async () => {
    for (const model of ["gpt", "claude-sonnet-4", "gemini", "balanced"]) {
      const answer = await profile.gateway.post("/responses", { model, input: "hi", max_output_tokens: 40 });
      expect(await bodyOf(answer)).toMatchObject({
        object: "response",
        status: "completed",
        output: expect.any(Array),
      });
      const stream = await profile.gateway.post("/responses", {
        model,
        input: "hi",
        max_output_tokens: 40,
        stream: true,
      });
      const frames = await framesOf(stream);
      expect([frames[0]?.event, frames.at(-1)?.event]).toEqual(["response.created", "response.completed"]);
    }
  });

  test("the node lists models at /models", async () => {
    const list = await bodyOf(await profile.gateway.get("/models"));
    expect(list["object"]).toBe("list");
  });
});

describe("open: models, help and health", () => {
  test("models, aliases and words are listed; the printed prices follow from the rows", async () => {
    const list = await bodyOf(await profile.gateway.get("/v1/models"));
    const rows = new Map((list["data"] as Record<string, unknown>[]).map((row) => [row["id"], row]));
    for (const name of ["gpt-5.2", "gpt", "gpt-flex", "balanced", "fast-flex", "imagen-3", "claude-sonnet-4"]) {
      expect(rows.has(name)).toBe(true);
    }
    const prices = (id: string) => [at(rows.get(id), "pricing.input"), at(rows.get(id), "pricing.output")];
    expect(prices("gpt-flex")).toEqual(["0.88", "7.00"]);
    expect(prices("gpt-mini-flex")).toEqual(["0.13", "1.00"]);
    expect(prices("gpt-nano-flex")).toEqual(["0.03", "0.20"]);
    expect(prices("sonnet")).toEqual(["3.00", "15.00"]);
    expect(prices("gemini-2.5-pro")).toEqual(["1.25", "5.00"]);
    expect(at(rows.get("gpt"), "context_window")).toBe(400_000);
    expect(at(rows.get("gpt"), "alias_of")).toBe("gpt-5.2");
  });

  test("one model by name, alias or word", async () => {
    expect(await bodyOf(await profile.gateway.get("/v1/models/gpt-5"))).toMatchObject({ id: "gpt-5", object: "model" });
    expect(await bodyOf(await profile.gateway.get("/v1/models/balanced"))).toMatchObject({ id: "balanced" });
    expect((await profile.gateway.get("/v1/models/gpt-77")).status).toBe(404);
  });

  test("/help and /v1/help name routes, words, models and aliases", async () => {
    for (const path of ["/help", "/v1/help"]) {
      const text = await (await profile.gateway.get(path)).text();
      for (const word of ["/v1/chat/completions", "/v1/responses", "balanced-flex", "gpt-5.2", "sonnet", "n8n"]) {
        expect(text).toContain(word);
      }
    }
  });

  test("/health, /ready, /metrics and /model-health answer without a key", async () => {
    expect(await bodyOf(await profile.gateway.get("/health"))).toMatchObject({ status: "ok" });
    expect((await profile.gateway.get("/ready")).status).toBe(200);
    expect(await (await profile.gateway.get("/metrics")).text()).toContain("tollgate_requests_total");
    const health = await bodyOf(await profile.gateway.get("/model-health"));
    expect(at(health, "models.0")).toMatchObject({ state: expect.any(String), available: true });
  });

  test("a failing model shows at /model-health", async () => {
    await using sick = await startProfile("open");
    sick.google.always({ status: 500, body: { error: { code: 500, message: "x", status: "INTERNAL" } } });
    for (let index = 0; index < 3; index += 1) {
      await (await sick.gateway.post("/v1/chat/completions", hello("gemini-2.5-pro"))).text();
    }
    const health = await bodyOf(await sick.gateway.get("/model-health"));
    const row = (health["models"] as Record<string, unknown>[]).find(({ id }) => id === "gemini-2.5-pro");
    expect(Number(row?.["failures"])).toBeGreaterThan(0);
  });

  test("images are made by :predict", async () => {
    profile.google.always({
      body: { predictions: [{ bytesBase64Encoded: "aGk=", mimeType: "image/png" }] },
    });
    const answer = await profile.gateway.post("/v1/images/generations", { model: "imagen-3", prompt: "a cat" });
    expect(answer.status).toBe(200);
    expect(profile.google.last.path).toEndWith(":predict");
    expect(at(await bodyOf(answer), "data.0.b64_json")).toBe("aGk=");
  });

  test("a method that Gemini's list names for a model is served", async () => {
    const list = await bodyOf(await profile.gateway.get("/v1beta/models?pageSize=1000"));
    const methods = (list["models"] as { supportedGenerationMethods: string[] }[]).flatMap(
      (model) => model.supportedGenerationMethods,
    );
    for (const method of new Set(methods)) {
      const answer = await profile.gateway.post(`/v1beta/models/gemini-2.5-flash:${method}`, {});
      expect([method, answer.status]).not.toEqual([method, 404]);
    }
  });

  test("any origin may call from a browser, never with credentials", async () => {
    const answer = await fetch(`${profile.gateway.url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: {
        origin: "https://page.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-methods")).toContain("POST");
    expect(answer.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(answer.headers.has("access-control-allow-credentials")).toBe(false);
  });
});
