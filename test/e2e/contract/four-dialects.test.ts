import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { anthropicReply, chatReply, geminiReply, responsesReply } from "../../support/upstream.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

const CLAUDE = "claude-3-5-sonnet-20241022";
const GEMINI = "gemini-2.0-flash-exp";

let profile: Profile;
beforeAll(async () => {
  profile = await startProfile("four-dialects");
});
afterAll(() => profile[Symbol.asyncDispose]());
beforeEach(() => {
  profile.anthropic.reset().always(anthropicReply());
  profile.openai
    .reset()
    .always((request) => (request.path.endsWith("/responses") ? responsesReply() : chatReply())(request));
  profile.google.reset().always(geminiReply());
});

const MODELS = ["gpt-4o-mini", CLAUDE, GEMINI];
const gemini = { contents: [{ role: "user", parts: [{ text: "hi" }] }], generationConfig: { maxOutputTokens: 50 } };

/** One call of each dialect for any model: path, body, headers with this key. */
const dialects = (model: string, key: string, stream: boolean) =>
  ({
    chat: ["/v1/chat/completions", hello(model, { stream }), { authorization: `Bearer ${key}` }],
    responses: [
      "/v1/responses",
      { model, input: "hi", max_output_tokens: 50, stream },
      { authorization: `Bearer ${key}` },
    ],
    messages: ["/v1/messages", hello(model, { stream }), { "x-api-key": key, "anthropic-version": "2023-06-01" }],
    gemini: [
      `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
      gemini,
      { "x-goog-api-key": key },
    ],
  }) as const;

const call = (dialect: keyof ReturnType<typeof dialects>, model: string, key: string, stream = false) => {
  const [path, body, headers] = dialects(model, key, stream)[dialect];
  return profile.gateway.post(path, body, undefined, { headers });
};

/** Where each dialect has its text, and its usage of 11 in and 7 out. */
const SHAPES = {
  chat: {
    text: "choices.0.message.content",
    usage: { usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } },
  },
  responses: {
    text: "output.0.content.0.text",
    usage: { usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } },
  },
  messages: { text: "content.0.text", usage: { usage: { input_tokens: 11, output_tokens: 7 } } },
  gemini: {
    text: "candidates.0.content.parts.0.text",
    usage: { usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 } },
  },
} as const;
const DIALECTS = ["chat", "responses", "messages", "gemini"] as const;

/** Where each dialect has our code, its message and the request id. */
const ERRORS = {
  chat: (body: unknown) => [at(body, "error.code"), typeof at(body, "error.message"), at(body, "error.request_id")],
  responses: (body: unknown) => [
    at(body, "error.code"),
    typeof at(body, "error.message"),
    at(body, "error.request_id"),
  ],
  messages: (body: unknown) => [
    at(body, "error.details.error_code"),
    typeof at(body, "error.message"),
    at(body, "request_id"),
  ],
  gemini: (body: unknown) => [
    at(body, "error.details.0.reason"),
    typeof at(body, "error.message"),
    at(body, "error.details.0.metadata.request_id"),
  ],
};
describe("four dialects: each of them with any model", () => {
  for (const dialect of DIALECTS) {
    test.each(MODELS)(`${dialect} with %s as JSON: text, usage, cost and extension block`, async (model) => {
      const { key } = await profile.gateway.createKey({ credit: "5.00" });
      const answer = await call(dialect, model, key);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-afk-cost-cents")).toMatch(/^0\.\d{1,7}$/);
      const body = await bodyOf(answer);
      expect(at(body, SHAPES[dialect].text)).toBe("Hello there");
      expect(body).toMatchObject({
        ...SHAPES[dialect].usage,
        cost_cents: Number(answer.headers.get("x-afk-cost-cents")),
        afk: { routed_model: model, request_id: answer.headers.get("x-afk-request-id") ?? "" },
      });
      expect(profile.sent()).toHaveLength(1);
    });

    test.each(MODELS)(`${dialect} with %s as a stream: the last frame has usage and cost`, async (model) => {
      const { key } = await profile.gateway.createKey({ credit: "5.00" });
      const answer = await call(dialect, model, key, true);
      expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
      expect(answer.headers.get("x-accel-buffering")).toBe("no");
      expect(answer.headers.get("x-afk-request-id")).toMatch(/^req_/);
      const frames = await framesOf(answer);
      const priced = frames.filter(({ data }) => JSON.stringify(data).includes('"cost_cents"'));
      expect(priced).toHaveLength(1);
      const last = priced[0];
      switch (dialect) {
        case "chat":
          expect(last?.data).toMatchObject({ choices: [{ finish_reason: "stop" }], afk: { routed_model: model } });
          expect(frames.at(-1)).toBe(last);
          break;
        case "responses":
          expect(last?.event).toBe("response.completed");
          expect(at(last?.data, "response")).toMatchObject({ status: "completed", afk: { routed_model: model } });
          break;
        case "messages":
          expect(last?.event).toBe("message_delta");
          expect(last?.data).toMatchObject({ delta: { stop_reason: "end_turn" }, afk: { routed_model: model } });
          expect(frames.at(-1)?.event).toBe("message_stop");
          break;
        case "gemini":
          expect(last?.data).toMatchObject({ candidates: [{ finishReason: "STOP" }], afk: { routed_model: model } });
          expect(frames.at(-1)).toBe(last);
      }
    });
  }

  test("Gemini without alt=sse is one JSON array", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const headers = { "x-goog-api-key": key };
    for (const model of [GEMINI, "gpt-4o-mini"]) {
      const path = `/v1beta/models/${model}:streamGenerateContent`;
      const answer = await profile.gateway.post(path, gemini, undefined, { headers });
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      const chunks = JSON.parse(await answer.text()) as unknown[];
      expect(chunks.map((chunk) => at(chunk, "candidates.0.content.parts.0.text") ?? "").join("")).toBe("Hello there");
      expect(chunks.at(-1)).toMatchObject({ cost_cents: expect.any(Number) });
    }
  });

  test("`/v1/models/…` serves Gemini's methods as well", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const path = `/v1/models/${GEMINI}:generateContent?key=${key}`;
    expect((await profile.gateway.post(path, gemini)).status).toBe(200);
    expect(profile.gateway.logs.join("\n")).not.toContain(key);
  });

  test("tokens are counted in Anthropic's and Gemini's way, free of charge", async () => {
    const { key, accountId } = await profile.gateway.createKey({ credit: "5.00" });
    const counted = await call("messages", CLAUDE, key);
    await counted.text();
    const spent = (await profile.gateway.balance(accountId))["wallet"];
    const claude = await profile.gateway.post("/v1/messages/count_tokens", hello(CLAUDE), key);
    expect(claude.headers.get("x-afk-cost-cents")).toBe("0");
    expect(Number(at(await bodyOf(claude), "input_tokens"))).toBeGreaterThan(0);
    profile.google.always({ body: { totalTokens: 4711 } });
    const count = (): Promise<Response> => profile.gateway.post(`/v1beta/models/${GEMINI}:countTokens`, gemini, key);
    expect(at(await bodyOf(await count()), "totalTokens")).toBe(4711);
    // Where the provider can't count, it is done here.
    profile.google.always({ status: 500, body: { error: { code: 500, message: "x", status: "INTERNAL" } } });
    expect(Number(at(await bodyOf(await count()), "totalTokens"))).toBeGreaterThan(0);
    expect((await profile.gateway.balance(accountId))["wallet"]).toBe(spent);
  });
});

describe("four dialects: credentials", () => {
  test.each([
    ["authorization", (key: string) => `Bearer ${key}`],
    ["x-api-key", (key: string) => key],
    ["x-goog-api-key", (key: string) => key],
  ] as const)("%s is good at every route", async (header, write) => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    expect(key).toStartWith("afk-");
    for (const dialect of DIALECTS) {
      const [path, body] = dialects("gpt-4o-mini", key, false)[dialect];
      const answer = await profile.gateway.post(path, body, undefined, { headers: { [header]: write(key) } });
      expect([dialect, answer.status]).toEqual([dialect, 200]);
      await answer.text();
    }
  });

  test("?key= counts for Gemini only", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    expect((await profile.gateway.post(`/v1beta/models/${GEMINI}:generateContent?key=${key}`, gemini)).status).toBe(
      200,
    );
    expect((await profile.gateway.post(`/v1/chat/completions?key=${key}`, hello("gpt-4o-mini"))).status).toBe(401);
  });
});

describe("four dialects: errors in the client's own shape", () => {
  const ANTHROPIC_TYPES: Record<number, string> = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    503: "api_error",
  };
  const GEMINI_STATUSES: Record<number, string> = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    503: "UNAVAILABLE",
  };

  async function check(dialect: (typeof DIALECTS)[number], answer: Response, status: number, code: string) {
    const body = await bodyOf(answer);
    const [found, message, id] = ERRORS[dialect](body);
    expect([answer.status, found, message]).toEqual([status, code, "string"]);
    expect(id).toBe(answer.headers.get("x-afk-request-id"));
    if (dialect === "messages") {
      expect(body).toMatchObject({ type: "error", error: { type: ANTHROPIC_TYPES[status] ?? "" } });
      expect(answer.headers.get("request-id")).toBe(String(id));
    }
    if (dialect === "gemini") {
      expect(at(body, "error.code")).toBe(status);
      const known = GEMINI_STATUSES[status];
      if (known !== undefined) expect(at(body, "error.status")).toBe(known);
    }
    if (dialect === "chat" || dialect === "responses") expect(at(body, "error.param")).not.toBeUndefined();
  }

  test.each(DIALECTS)("%s: 401, 402, 403, 404 and 503, before the stream, too", async (dialect) => {
    const poor = await profile.gateway.createKey();
    const rich = await profile.gateway.createKey({ credit: "5.00" });
    const narrow = await profile.gateway.createKey({ credit: "5.00", key: { models: ["gemini-*"] } });
    for (const stream of [false, true]) {
      await check(dialect, await call(dialect, "gpt-4o-mini", "afk-nobody", stream), 401, "invalid_bearer");
      await check(dialect, await call(dialect, "gpt-4o-mini", poor.key, stream), 402, "insufficient_credits");
      await check(dialect, await call(dialect, "gpt-4o-mini", narrow.key, stream), 403, "model_not_allowed");
      await check(dialect, await call(dialect, "gpt-9", rich.key, stream), 404, "not_found");
    }
    expect(profile.sent()).toEqual([]);
    profile.openai.always({ status: 401, body: { error: { message: "bad key", code: "invalid_api_key" } } });
    await using fresh = await startProfile("four-dialects");
    fresh.openai.always({ status: 401, body: { error: { message: "bad key", code: "invalid_api_key" } } });
    const { key } = await fresh.gateway.createKey({ credit: "5.00" });
    const [path, body, headers] = dialects("gpt-4o-mini", key, false)[dialect];
    await check(dialect, await fresh.gateway.post(path, body, undefined, { headers }), 503, "provider_error");
  });
});

describe("four dialects: model list and caps per call", () => {
  test("the list has what each model will be billed at", async () => {
    const { key } = await profile.gateway.createKey();
    const list = await bodyOf(await profile.gateway.get("/v1/models", key));
    const mini = (list["data"] as Record<string, unknown>[]).find((model) => model["id"] === "gpt-4o-mini");
    expect(list["object"]).toBe("list");
    expect(mini).toMatchObject({
      object: "model",
      owned_by: "openai",
      created: expect.any(Number),
      pricing: { currency: "USD", input: "0.15", output: "0.60", exact: { input: "0.15", cached_input: "0.075" } },
    });
  });

  test("Anthropic's and Gemini's shapes", async () => {
    const { key } = await profile.gateway.createKey();
    const anthropic = await bodyOf(
      await profile.gateway.get("/v1/models", undefined, { "x-api-key": key, "anthropic-version": "2023-06-01" }),
    );
    expect(at(anthropic, "data.0")).toMatchObject({ type: "model", display_name: expect.any(String) });
    expect(anthropic).toMatchObject({ has_more: false, first_id: expect.any(String), last_id: expect.any(String) });
    const google = await bodyOf(await profile.gateway.get("/v1beta/models", undefined, { "x-goog-api-key": key }));
    const names = (google["models"] as { name: string }[]).map(({ name }) => name);
    expect(names).toContain(`models/${GEMINI}`);
    const one = await bodyOf(
      await profile.gateway.get(`/v1beta/models/${GEMINI}`, undefined, { "x-goog-api-key": key }),
    );
    expect(one).toMatchObject({ name: `models/${GEMINI}`, inputTokenLimit: 1_048_576 });
  });

  test("a customer's own cap per call: 402 call_cap_exceeded before the provider is asked", async () => {
    const { key } = await profile.gateway.createKey({ credit: "50.00" });
    const send = (method: string, body?: object): Promise<Response> =>
      fetch(`${profile.gateway.url}/v1/models/${CLAUDE}/cap`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    expect((await send("PUT", { cap: "0.001" })).status).toBe(200);
    expect(JSON.stringify(await bodyOf(await send("GET")))).toContain("0.001");
    for (const dialect of DIALECTS) {
      const answer = await call(dialect, CLAUDE, key);
      expect([answer.status, ERRORS[dialect](await bodyOf(answer))[0]]).toEqual([402, "call_cap_exceeded"]);
    }
    expect(profile.sent()).toEqual([]);
    expect((await send("DELETE")).status).toBe(200);
    expect((await call("chat", CLAUDE, key)).status).toBe(200);
  });
});
