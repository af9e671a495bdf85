import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import {
  anthropicReply,
  chatReply,
  geminiReply,
  responsesReply,
  startUpstream,
  type Upstream,
} from "../../support/upstream.ts";
import { at, bodyOf, framesOf, hello } from "./support.ts";

let gateway: TestGateway;
let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
  upstream.always((request) => {
    if (request.path.endsWith("/responses")) return responsesReply()(request);
    if (request.path.endsWith("/messages")) return anthropicReply()(request);
    return (request.path.includes("/models/") ? geminiReply() : chatReply())(request);
  });
  gateway = await startGateway({
    env: {
      TOLLGATE_OPENAI_URL: `${upstream.url}/v1`,
      TOLLGATE_ANTHROPIC_URL: upstream.url,
      TOLLGATE_GOOGLE_URL: upstream.url,
      OPENAI_API_KEY: "operator-openai",
      ANTHROPIC_API_KEY: "operator-anthropic",
      GEMINI_API_KEY: "operator-google",
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  upstream.stop();
});

const send = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response> =>
  fetch(gateway.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
const CONTENTS = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] };

describe("without any provider key", () => {
  test("echo answers in all four dialects, JSON and stream, free of charge", async () => {
    await using bare = await startGateway();
    const { key } = await bare.createKey();
    const messages = [{ role: "user", content: "Hello" }];
    for (const stream of [false, true]) {
      const gemini = `/v1beta/models/echo:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
      for (const [path, body] of [
        ["/v1/chat/completions", { model: "echo", messages, stream }],
        ["/v1/responses", { model: "echo", input: "Hello", stream }],
        ["/v1/messages", { model: "echo", max_tokens: 20, messages, stream }],
        [gemini, CONTENTS],
      ] as const) {
        const answer = await bare.post(path, body, key);
        expect([path, answer.status]).toEqual([path, 200]);
        expect(await answer.text()).toContain("Hello");
      }
    }
    expect(bare.verify()).toEqual([]);
  });
});

describe("the documented catalog", () => {
  const text = `
brand:     {name: Tollgate, header_prefix: X-Tollgate, extension: tollgate, key_prefix: "tg-"}
billing:   {currency: USD, fx: {USD: 1}, markup_percent: 0, on_upstream_failure: delivered}
access:    {auth: required, limits: {requests_per_minute: 200}}
routing:   {retries: 2, breaker: {enabled: true}}
providers:
  openai:    {kind: openai, base_url: "https://api.openai.com/v1", api_key: "\${OPENAI_API_KEY}"}
  responses: {kind: openai-responses, base_url: "https://api.openai.com/v1", api_key: "\${OPENAI_API_KEY}"}
  anthropic: {kind: anthropic, base_url: "https://api.anthropic.com", api_key: "\${ANTHROPIC_API_KEY}"}
  google:    {kind: gemini, base_url: "https://generativelanguage.googleapis.com", api_key: "\${GEMINI_API_KEY}"}
  mistral:   {kind: openai-compatible, base_url: "https://api.mistral.ai/v1", api_key: "\${MISTRAL_API_KEY}", compat: {}}
  echo:      {kind: echo}
models:
  - id: gpt-5
    provider: openai
    upstream: gpt-5
    context: 400000
    max_output: 128000
    capabilities: [tools, images, json_schema, reasoning]
    price: {input: 1.25, cached_input: 0.125, output: 10.00}
  - {id: gpt-5.2, provider: openai, price: {input: 1.75, output: 14.00}}
  - {id: unpriced, provider: openai}
  - {id: echo, provider: echo}
aliases: {gpt: gpt-5.2}
`;

  test("loads; echo is free, a model without a price is not served", async () => {
    await using own = await startGateway({ catalog: text, env: { OPENAI_API_KEY: "k" } });
    const { key } = await own.createKey({ credit: "5.00" });
    expect((await own.post("/v1/chat/completions", hello("echo"), key)).status).toBe(200);
    const answer = await own.post("/v1/chat/completions", hello("unpriced"), key);
    expect([answer.status, at(await bodyOf(answer), "error.code")]).toEqual([402, "model_unpriced"]);
    // A model whose provider has no key here.
    const gpt = await bodyOf(await own.get("/v1/models/gpt", key));
    expect(gpt).toMatchObject({ id: "gpt", alias_of: "gpt-5.2" });
  });
});

describe("routes, with and without the version", () => {
  test.each([
    ["/v1/chat/completions", "/chat/completions", hello("gpt-5.2")],
    ["/v1/responses", "/responses", { model: "gpt-5.2", input: "hi", max_output_tokens: 50 }],
    ["/v1/messages", "/messages", hello("claude-haiku-4-5")],
    ["/v1/messages/count_tokens", "/messages/count_tokens", hello("claude-haiku-4-5")],
  ])("%s and %s", async (path, bare, body) => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    for (const route of [path, bare]) expect((await gateway.post(route, body, key)).status).toBe(200);
  });

  test.each(["/v1beta/models", "/v1/models"])("%s/{model}: Gemini's methods", async (base) => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const model = "gemini-2.5-flash";
    for (const method of ["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse", "countTokens"]) {
      const answer = await gateway.post(`${base}/${model}:${method}`, CONTENTS, undefined, {
        headers: { "x-goog-api-key": key },
      });
      expect([method, answer.status]).toEqual([method, 200]);
      await answer.text();
    }
    const listed = await send("GET", base, { "x-goog-api-key": key });
    expect(Array.isArray((await bodyOf(listed))["models"])).toBe(true);
    expect((await send("GET", `${base}/${model}`, { "x-goog-api-key": key })).status).toBe(200);
  });

  test("embeddings in OpenAI's and Gemini's form", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    upstream.when(
      { path: "/embeddings" },
      {
        body: {
          object: "list",
          model: "text-embedding-3-small",
          data: [{ object: "embedding", index: 0, embedding: [0.5, -0.25] }],
          usage: { prompt_tokens: 1000, total_tokens: 1000 },
        },
      },
    );
    upstream.when(
      { path: ":batchEmbedContents" },
      { body: { embeddings: [{ values: [0.5, 1] }, { values: [0, 1] }] } },
    );
    upstream.when({ path: ":embedContent" }, { body: { embedding: { values: [0.5, 1] } } });
    const openai = await gateway.post("/v1/embeddings", { model: "text-embedding-3-small", input: "x" }, key);
    expect(openai.status).toBe(200);
    // 1000 × 0.02 / 1e6, in cents
    expect(openai.headers.get("x-tollgate-cost-cents")).toBe("0.002");
    expect(await bodyOf(openai)).toMatchObject({ object: "list", data: [{ embedding: [0.5, -0.25] }] });
    const one = await gateway.post(
      "/v1beta/models/gemini-embedding-001:embedContent",
      { content: { parts: [{ text: "x" }] } },
      key,
    );
    expect(at(await bodyOf(one), "embedding.values")).toEqual([0.5, 1]);
    const content = { parts: [{ text: "x" }] };
    const requests = [content, content].map((item) => ({ model: "models/gemini-embedding-001", content: item }));
    const many = await gateway.post("/v1beta/models/gemini-embedding-001:batchEmbedContents", { requests }, key);
    expect(at(await bodyOf(many), "embeddings.1.values")).toEqual([0, 1]);
  });

  test.each(["/v1/completions", "/v1/batches", "/v1/files", "/v1/audio/speech", "/v1/moderations", "/v1/realtime"])(
    "%s is not served yet: a 404 that names what is",
    async (path) => {
      const { key } = await gateway.createKey();
      const answer = await gateway.post(path, {}, key);
      const text = await answer.text();
      expect([answer.status, at(JSON.parse(text), "error.code")]).toEqual([404, "not_found"]);
      expect(text).toContain("/v1/chat/completions");
      expect(await (await send("GET", "/help")).text()).toContain("Not served");
    },
  );

  test("a wrong method is a 405 with Allow; OPTIONS tells the methods", async () => {
    for (const [method, path, allow] of [
      ["GET", "/v1/chat/completions", "POST"],
      ["DELETE", "/v1/models", "GET"],
      ["PUT", "/v1/keys", "GET"],
      ["POST", "/health", "GET"],
    ] as const) {
      const answer = await send(method, path);
      expect([path, answer.status]).toEqual([path, 405]);
      expect(answer.headers.get("allow")).toContain(allow);
      expect(at(await bodyOf(answer), "error.code")).toBe("method_not_allowed");
    }
    const options = await send("OPTIONS", "/v1/chat/completions");
    expect([options.status, options.headers.get("allow")?.includes("POST")]).toEqual([204, true]);
  });

  test("a WebSocket upgrade on /v1/responses is refused at once", async () => {
    const socket = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    expect((await send("GET", "/v1/responses", socket)).status).toBe(426);
  });

  test("an unknown route and an unknown model name the nearest ones", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    expect(await (await gateway.post("/v1/chat/completion", {}, key)).text()).toContain("/v1/chat/completions");
    expect(await (await gateway.post("/v1/chat/completions", hello("claude-haiku-4-6"), key)).text()).toContain(
      "claude-haiku-4-5",
    );
  });

  test.each([
    ["not JSON", "{", "application/json", 400, "invalid_request"],
    ["another content type", "a=1", "text/plain", 415, "unsupported_media_type"],
    ["no messages", '{"model":"gpt-5.2"}', "application/json", 400, "invalid_request"],
  ])("%s", async (_name, body, type, status, code) => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const answer = await gateway.post("/v1/chat/completions", body, key, { headers: { "content-type": type } });
    expect([answer.status, at(await bodyOf(answer), "error.code")]).toEqual([status, code]);
  });
});

describe("Idempotency-Key", () => {
  test("a repeat gets the same answer, asks no provider and bills nothing", async () => {
    const { key, accountId } = await gateway.createKey({ credit: "5.00" });
    const before = upstream.requests.length;
    const headers = { "idempotency-key": "order-1" };
    const first = await gateway.post("/v1/chat/completions", hello("gpt-5.2"), key, { headers });
    const text = await first.text();
    const balance = await gateway.balance(accountId);
    const again = await gateway.post("/v1/chat/completions", hello("gpt-5.2"), key, { headers });
    expect([again.status, await again.text()]).toEqual([200, text]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await gateway.balance(accountId)).toEqual(balance);
    expect(upstream.requests.length).toBe(before + 1);
    const other = await gateway.post("/v1/chat/completions", hello("gpt-5"), key, { headers });
    expect([other.status, at(await bodyOf(other), "error.code")]).toEqual([409, "conflict"]);
  });

  test("credit is added once", async () => {
    const { accountId } = await gateway.createKey();
    const path = `/admin/accounts/${accountId}/credits`;
    for (let index = 0; index < 3; index += 1) {
      await gateway.admin("POST", path, { amount: "5.00", idempotency_key: "invoice-1" });
    }
    expect((await gateway.balance(accountId))["balance_cents"]).toBe(500);
    await expect(gateway.admin("POST", path, { amount: "6.00", idempotency_key: "invoice-1" })).rejects.toThrow("409");
  });
});

describe("stored responses", () => {
  test("are read, continued, listed and deleted by their account only", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const other = await gateway.createKey({ credit: "5.00" });
    const first = await bodyOf(
      await gateway.post(
        "/v1/responses",
        { model: "gpt-5.2", input: "My name is Ada.", max_output_tokens: 50, store: true },
        key,
      ),
    );
    const id = String(first["id"]);
    expect(await bodyOf(await gateway.get(`/v1/responses/${id}`, key))).toMatchObject({ id, object: "response" });
    expect(JSON.stringify(await bodyOf(await gateway.get(`/v1/responses/${id}/input_items`, key)))).toContain("Ada");
    const again = await gateway.get(`/v1/responses/${id}?stream=true`, key);
    expect([again.status, at(await bodyOf(again), "error.param")]).toEqual([400, "stream"]);
    const next = { model: "gpt-5.2", input: "Who am I?", max_output_tokens: 50, previous_response_id: id };
    expect((await gateway.post("/v1/responses", next, key)).status).toBe(200);
    const sent = upstream.last.text();
    expect(sent).toContain("My name is Ada.");
    expect(upstream.last.json()).toMatchObject({ store: false });
    const elsewhere = await bodyOf(await gateway.post("/v1/responses", { ...next, model: "claude-haiku-4-5" }, key));
    expect(elsewhere).toMatchObject({ previous_response_id: id, store: true });
    expect((await gateway.get(`/v1/responses/${id}`, other.key)).status).toBe(404);
    expect((await gateway.post("/v1/responses", next, other.key)).status).toBe(404);
    const gone = await send("DELETE", `/v1/responses/${id}`, { authorization: `Bearer ${key}` });
    expect(await bodyOf(gone)).toMatchObject({ id, deleted: true });
    expect((await gateway.get(`/v1/responses/${id}`, key)).status).toBe(404);
  });
});

describe("records of every call", () => {
  test("usage, audit, receipt and export agree", async () => {
    const { key, id: keyId, accountId } = await gateway.createKey({ credit: "5.00" });
    const answer = await gateway.post("/v1/messages", hello("claude-haiku-4-5"), key);
    const requestId = String(answer.headers.get("x-tollgate-request-id"));
    await answer.text();
    await (await gateway.post("/v1/chat/completions", hello("gpt-9"), key)).text();
    const audit = await bodyOf(await gateway.get("/v1/audit", key));
    const records = audit["data"] as Record<string, unknown>[];
    expect(records.map((record) => record["status"])).toEqual([404, 200]);
    expect(records[1]).toMatchObject({
      request_id: requestId,
      account_id: accountId,
      key_id: keyId,
      endpoint: "/v1/messages",
      dialect: "anthropic-messages",
      model_asked: "claude-haiku-4-5",
      model: "claude-haiku-4-5",
      provider: "anthropic",
      route_reason: "model",
      attempts: 1,
      tokens_input: 11,
      tokens_output: 7,
      currency: "USD",
      stream_state: "completed",
    });
    for (const field of ["time", "tier", "price_version", "cost_usd", "charged", "latency_ms", "ttft_ms"]) {
      expect(records[1]).toHaveProperty(field);
    }
    expect(records[1]).not.toHaveProperty("provider_cost_usd");
    const operator = await gateway.admin("GET", `/admin/audit?request_id=${requestId}`);
    expect(at(operator, "data.0.provider_cost_usd")).toBeDefined();

    const usage = await bodyOf(await gateway.get("/v1/usage?group_by=model", key));
    expect(usage).toMatchObject({ total: { tokens_input: 11, tokens_output: 7 } });
    const receipt = await bodyOf(await gateway.get(`/v1/receipts/${requestId}`, key));
    expect(receipt).toMatchObject({
      request_id: requestId,
      charged: "0.000046",
      cost_cents: "0.0046",
      state: "settled",
    });
    const stranger = await gateway.createKey();
    expect((await gateway.get(`/v1/receipts/${requestId}`, stranger.key)).status).toBe(404);

    const csv = await (await gateway.get("/v1/audit?format=csv", key)).text();
    expect(csv.trim().split("\r\n")).toHaveLength(3);
    const ndjson = await (await gateway.get("/v1/audit?format=ndjson&status=200", key)).text();
    expect(
      ndjson
        .trim()
        .split("\n")
        .map((line) => at(JSON.parse(line), "request_id")),
    ).toEqual([requestId]);
    const page = await bodyOf(await gateway.get("/v1/audit?limit=1", key));
    expect(page["has_more"]).toBe(true);
    const rest = await bodyOf(await gateway.get(`/v1/audit?limit=1&cursor=${String(page["next_cursor"])}`, key));
    expect(at(rest, "data.0.request_id")).toBe(requestId);
    expect((await gateway.get("/v1/audit?cursor=nonsense", key)).status).toBe(400);
  });

  test("a refund gives back what a call was charged, at most", async () => {
    const { key, accountId } = await gateway.createKey({ credit: "5.00" });
    const answer = await gateway.post("/v1/messages", hello("claude-haiku-4-5"), key);
    const path = `/admin/receipts/${String(answer.headers.get("x-tollgate-request-id"))}/refund`;
    await answer.text();
    expect((await gateway.balance(accountId))["wallet"]).toBe("4.999954");
    await expect(gateway.admin("POST", path, { amount: "1.00" })).rejects.toThrow("400");
    expect(await gateway.admin("POST", path, { reason: "goodwill" })).toMatchObject({ wallet: "5.00" });
    await expect(gateway.admin("POST", path, {})).rejects.toThrow("400");
    expect(gateway.verify()).toEqual([]);
  });
});

describe("operation and people", () => {
  test("pages and machine-readable documents", async () => {
    for (const [path, type, text] of [
      ["/health", "application/json", '"status":"ok"'],
      ["/ready", "application/json", "ready"],
      ["/metrics", "text/plain", "tollgate_requests_total"],
      ["/model-health", "application/json", '"state"'],
      ["/help", "text", "/v1/chat/completions"],
      ["/v1/help", "text", "/v1/messages"],
      ["/docs", "text/html", "<html"],
      ["/openapi.json", "application/json", '"openapi":"3.1'],
      ["/", "text/html", "<html"],
      ["/dashboard", "text/html", "<html"],
    ] as const) {
      const answer = await send("GET", path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("content-type")).toContain(type);
      expect(answer.headers.get("x-tollgate-request-id")).toMatch(/^req_/);
      expect((await answer.text()).toLowerCase()).toContain(text.toLowerCase());
    }
  });

  test("a concrete model carries the extension block, too; the losses of a request are told", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const answer = await gateway.post(
      "/v1/chat/completions",
      hello("claude-haiku-4-5", { seed: 7, logit_bias: { 5: 1 } }),
      key,
    );
    expect(answer.headers.get("x-tollgate-losses")).toContain('"seed"');
    expect(at(await bodyOf(answer), "tollgate")).toMatchObject({ routed_model: "claude-haiku-4-5", route: "model" });
    const strict = await gateway.createKey({ credit: "5.00", key: { strict: true } });
    const refused = await gateway.post("/v1/chat/completions", hello("claude-haiku-4-5", { seed: 7 }), strict.key);
    expect([refused.status, at(await bodyOf(refused), "error")]).toMatchObject([
      400,
      { code: "unsupported_feature", param: "seed" },
    ]);
  });

  test("a client without a cap on output gets one that its balance buys, told in a header", async () => {
    const { key } = await gateway.createKey({ credit: "0.10" });
    const messages = [{ role: "user", content: "Hi" }];
    const answer = await gateway.post("/v1/chat/completions", { model: "claude-sonnet-4-6", messages }, key);
    expect(answer.status).toBe(200);
    const cap = Number(answer.headers.get("x-tollgate-output-cap"));
    expect(cap).toBeGreaterThanOrEqual(1024);
    expect(upstream.last.json()).toMatchObject({ max_tokens: cap });
    const large = await gateway.post(
      "/v1/chat/completions",
      { model: "claude-sonnet-4-6", messages, max_tokens: 60_000 },
      key,
    );
    expect(large.status).toBe(402);
    expect(Number(at(await bodyOf(large), "error.details.largest_max_tokens"))).toBeGreaterThan(1000);
  });

  test("fields that change the price are refused where the row does not cover them", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const answer = await gateway.post("/v1/chat/completions", hello("gpt-5.2", { service_tier: "nonsense" }), key);
    expect([answer.status, at(await bodyOf(answer), "error")]).toMatchObject([
      400,
      { code: "unsupported_feature", param: "service_tier" },
    ]);
  });

  test("keys: revoked, expired, rotated", async () => {
    const { key, id } = await gateway.createKey({ credit: "5.00" });
    const rotated = await bodyOf(await gateway.post(`/v1/keys/${id}/rotate`, {}, key));
    expect((await gateway.get("/v1/credits", key)).status).toBe(401);
    const fresh = String(rotated["key"]);
    expect((await gateway.get("/v1/credits", fresh)).status).toBe(200);
    const list = await (await gateway.get("/v1/keys", fresh)).text();
    expect(list).not.toContain(fresh);
    expect((await send("DELETE", `/v1/keys/${id}`, { authorization: `Bearer ${fresh}` })).status).toBe(200);
    const answer = await gateway.get("/v1/credits", fresh);
    expect([answer.status, at(await bodyOf(answer), "error.code")]).toEqual([401, "key_revoked"]);
  });
});

describe("catalog reload", () => {
  const catalog = (price: string): string => `
brand: {name: T, header_prefix: X-T, extension: t, key_prefix: "t-"}
billing: {currency: USD, fx: {USD: 1}}
providers:
  openai: {kind: openai, base_url: "${upstream.url}/v1", api_key: "k"}
models:
  - {id: m, provider: openai, context: 8000, price: {input: ${price}, output: 1.00}}
`;

  test("new prices count from the next call; a broken file changes nothing and is told line by line", async () => {
    await using own = await startGateway({ catalog: catalog("1.00") });
    const { key } = await own.createKey({ credit: "5.00" });
    const cost = async (): Promise<string | null> => {
      const answer = await own.post("/v1/chat/completions", hello("m"), key);
      await answer.text();
      return answer.headers.get("x-t-cost-cents");
    };
    expect(await cost()).toBe("0.0018");
    const file = join(own.dataDir, "catalog.yaml");
    writeFileSync(file, catalog("2.00"));
    await own.admin("POST", "/admin/reload");
    expect(await cost()).toBe("0.0029");
    writeFileSync(file, catalog("minus one"));
    await expect(own.admin("POST", "/admin/reload")).rejects.toThrow(/400.*catalog\.yaml:\d+/s);
    expect(await cost()).toBe("0.0029");
    expect((await own.get("/health")).status).toBe(200);
  });

  test("a stream that began under the old catalog ends under it", async () => {
    await using own = await startGateway({ catalog: catalog("1.00") });
    const { key } = await own.createKey({ credit: "5.00" });
    upstream.when("m", chatReply({ text: ["a", { gate: "reload" }, "b"] }), 1);
    const asked = hello("m", { stream: true, stream_options: { include_usage: true } });
    const answer = await own.post("/v1/chat/completions", asked, key);
    await upstream.gate("reload").reached;
    writeFileSync(join(own.dataDir, "catalog.yaml"), catalog("9.00"));
    await own.admin("POST", "/admin/reload");
    upstream.gate("reload").open();
    expect((await framesOf(answer)).at(-1)?.data).toMatchObject({ cost_cents: 0.0018 });
  });
});
