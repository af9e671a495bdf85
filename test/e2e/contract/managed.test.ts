import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { standStill } from "../../support/clock.ts";
import { anthropicReply, chatReply, gate, geminiReply, startUpstream } from "../../support/upstream.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

const JWT_SECRET = "a-secret-of-at-least-thirty-two-bytes";
const ISSUER = "https://issuer.example";
const HAIKU = "claude-haiku-4-5";
const FREE_MODEL = "gemini-flash-1.5";

let profile: Profile;
beforeAll(async () => {
  profile = await startProfile("managed", {
    env: { TOLLGATE_JWT_SECRET: JWT_SECRET, TOLLGATE_JWT_ISSUER: ISSUER, TOLLGATE_JWT_AUDIENCE: "gateway" },
  });
});
afterAll(() => profile[Symbol.asyncDispose]());
beforeEach(() => {
  profile.anthropic.reset().always(anthropicReply());
  profile.openai.reset().always(chatReply());
  profile.google.reset().always(geminiReply());
});

const tokenFor = (claims: object, secret = JWT_SECRET): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(ISSUER)
    .setAudience("gateway")
    .setExpirationTime("5m")
    .sign(new TextEncoder().encode(secret));

describe("managed: the answer", () => {
  test("is OpenAI's, with cost, tier and request id in headers", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { max_tokens: 1500 }), key);
    expect(answer.status).toBe(200);
    // (11 × 1.00 + 7 × 5.00) / 1e6 × 1.3 × 100
    expect(answer.headers.get("x-syncropic-cost-cents")).toBe("0.00598");
    expect(answer.headers.get("x-syncropic-tier")).toBe("paid");
    expect(answer.headers.get("x-syncropic-request-id")).toMatch(/^req_/);
    expect(await bodyOf(answer)).toMatchObject({
      object: "chat.completion",
      model: HAIKU,
      choices: [{ index: 0, message: { role: "assistant" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
  });

  test("a stream has tier and request id in headers, and works with an unguarded loop", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream: true }), key);
    expect(answer.headers.get("x-syncropic-tier")).toBe("paid");
    expect(answer.headers.get("x-syncropic-request-id")).toMatch(/^req_/);
    expect(answer.headers.has("x-syncropic-cost-cents")).toBe(false);
    const frames = await framesOf(answer);
    expect(frames.map(({ data }) => at(data, "choices.0.delta.content") ?? "").join("")).toBe("Hello there");
    expect(frames.at(-1)?.data).toMatchObject({ cost_cents: 0.00598 });
  });
});

describe("managed: capabilities", () => {
  test("list every model with the customer's price, rounded and exact, and its tiers", async () => {
    const { key } = await profile.gateway.createKey();
    const body = await bodyOf(await profile.gateway.get("/v1/capabilities", key));
    const models = new Map((body["models"] as Record<string, unknown>[]).map((model) => [model["id"], model]));
    const shown = (id: string): unknown[] => [
      at(models.get(id), "pricing.input"),
      at(models.get(id), "pricing.output"),
      at(models.get(id), "pricing.exact.input"),
      at(models.get(id), "pricing.exact.output"),
    ];
    expect(shown(HAIKU)).toEqual(["1.30", "6.50", "1.3", "6.5"]);
    expect(shown("claude-sonnet-4-6")).toEqual(["3.90", "19.50", "3.9", "19.5"]);
    expect(shown("gpt-4o")).toEqual(["3.25", "13.00", "3.25", "13"]);
    expect(shown(FREE_MODEL)).toEqual(["0.10", "0.39", "0.0975", "0.39"]);
    expect(shown("gemini-pro")).toEqual(["1.63", "6.50", "1.625", "6.5"]);
    expect(at(models.get(FREE_MODEL), "tiers")).toEqual(["paid", "anonymous", "self-host"]);
    expect(at(models.get(HAIKU), "tiers")).toEqual(["paid", "self-host"]);
    expect(JSON.stringify(body["tiers"])).toContain('"messages_per_day":100');
    expect(models.has("echo")).toBe(false);
  });
});

describe("managed: tiers and bearers", () => {
  test.each([
    ["instance", "paid"],
    ["user", "paid"],
    ["self-host", "self-host"],
  ])("a key of kind %s is served from tier %s", async (kind, tier) => {
    const { key } = await profile.gateway.createKey({ credit: "5.00", key: { kind } });
    const answer = await profile.gateway.post("/v1/chat/completions", hello("gpt-4o"), key);
    expect([answer.status, answer.headers.get("x-syncropic-tier")]).toEqual([200, tier]);
    expect(answer.headers.get("x-ratelimit-limit")).toBe("60");
  });

  test("a signed JWT is its account; a forged one is invalid_jwt_signature; an unknown one invalid_bearer", async () => {
    const { accountId } = await profile.gateway.createKey({ credit: "5.00" });
    const ask = (token: string): Promise<Response> =>
      profile.gateway.post("/v1/chat/completions", hello("gpt-4o"), token);
    const good = await ask(await tokenFor({ sub: accountId }));
    expect([good.status, good.headers.get("x-syncropic-tier")]).toEqual([200, "paid"]);
    const forged = await ask(await tokenFor({ sub: accountId }, "another-secret-of-thirty-two-bytes!"));
    expect([forged.status, at(await bodyOf(forged), "error.code")]).toEqual([401, "invalid_jwt_signature"]);
    const stranger = await ask(await tokenFor({ sub: "acc_unknown" }));
    expect([stranger.status, at(await bodyOf(stranger), "error.code")]).toEqual([401, "invalid_bearer"]);
    const junk = await ask("sk-nobody");
    expect([junk.status, at(await bodyOf(junk), "error.code")]).toEqual([401, "invalid_bearer"]);
    expect(profile.sent()).toHaveLength(1);
  });

  test("tokens of an issuer with public keys: RS256, ES256 and EdDSA out of a key set, HS256 never", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-jwks-"));
    try {
      const made = await Promise.all(
        ["RS256", "ES256", "EdDSA"].map(async (alg) => ({
          alg,
          ...(await generateKeyPair(alg, { extractable: true })),
        })),
      );
      const keys = await Promise.all(
        made.map(async ({ alg, publicKey }) => ({ ...(await exportJWK(publicKey)), alg, kid: alg, use: "sig" })),
      );
      const file = join(folder, "keys.json");
      writeFileSync(file, JSON.stringify({ keys }));
      await using own = await startProfile("managed", { env: { TOLLGATE_JWT_JWKS_FILE: file } });
      const { accountId } = await own.gateway.createKey({ credit: "5.00" });
      const ask = async (token: string): Promise<number> =>
        (await own.gateway.post("/v1/chat/completions", hello("gpt-4o"), token)).status;
      for (const { alg, privateKey } of made) {
        const token = new SignJWT({ sub: accountId }).setProtectedHeader({ alg, kid: alg }).setExpirationTime("5m");
        expect([alg, await ask(await token.sign(privateKey))]).toEqual([alg, 200]);
      }
      const shared = new TextEncoder().encode(JSON.stringify(keys[0]));
      const confused = new SignJWT({ sub: accountId })
        .setProtectedHeader({ alg: "HS256", kid: "RS256" })
        .setExpirationTime("5m");
      expect(await ask(await confused.sign(shared))).toBe(401);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("without subscription or credit a paid call is 402 subscription_required, also as a stream", async () => {
    const { key } = await profile.gateway.createKey();
    for (const stream of [false, true]) {
      const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream }), key);
      expect([answer.status, at(await bodyOf(answer), "error.code")]).toEqual([402, "subscription_required"]);
    }
    expect(profile.sent()).toEqual([]);
  });

  test("self-host is metered: no wallet is needed, the bill goes to the receivable", async () => {
    const { key, accountId } = await profile.gateway.createKey({ key: { kind: "self-host" } });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    expect(answer.status).toBe(200);
    await answer.text();
    const balance = await profile.gateway.balance(accountId);
    expect([balance["receivable"], balance["wallet"]]).toEqual(["0.0000598", "0.00"]);
  });

  test("a grant is used before the wallet", async () => {
    const { key, accountId } = await profile.gateway.createKey({ credit: "1.00" });
    await profile.gateway.admin("POST", `/admin/accounts/${accountId}/credits`, { amount: "1.00", kind: "grant" });
    await (await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key)).text();
    const balance = await profile.gateway.balance(accountId);
    expect([balance["grants"], balance["wallet"]]).toEqual(["0.9999402", "1.00"]);
  });

  test("included credit comes with a subscription; metered overage runs up a bill, the capped plan ends in quota_exceeded", async () => {
    const metered = await profile.gateway.createKey();
    await profile.gateway.admin("PUT", `/admin/accounts/${metered.accountId}/subscription`, { plan: "standard" });
    expect((await profile.gateway.balance(metered.accountId))["grants"]).toBe("20.00");
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU), metered.key);
    expect(answer.status).toBe(200);
    await answer.text();
    expect((await profile.gateway.balance(metered.accountId))["grants"]).toBe("19.9999402");

    const capped = await profile.gateway.createKey();
    await profile.gateway.admin("PUT", `/admin/accounts/${capped.accountId}/subscription`, { plan: "capped" });
    profile.anthropic.always(anthropicReply({ usage: { input: 11, output: 4_000_000 } }));
    const huge = hello("claude-sonnet-4-6", { max_tokens: 128_000 });
    const statuses: number[] = [];
    let code: unknown;
    for (let index = 0; index < 12 && !statuses.includes(402); index += 1) {
      profile.anthropic.always(anthropicReply({ usage: { input: 11, output: 128_000 } }));
      const next = await profile.gateway.post("/v1/chat/completions", huge, capped.key);
      statuses.push(next.status);
      code = at(await bodyOf(next), "error.code");
    }
    expect([statuses.at(-1), code]).toEqual([402, "quota_exceeded"]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  });
});

describe("managed: anonymous callers", () => {
  const anonymous = (edit: (yaml: string) => string = (yaml) => yaml): Promise<Profile> =>
    startProfile("managed", { edit });

  test("have one model, JSON and stream, free of charge", async () => {
    await using open = await anonymous();
    const answer = await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL));
    expect([answer.status, answer.headers.get("x-syncropic-tier")]).toEqual([200, "anonymous"]);
    expect(answer.headers.get("x-syncropic-cost-cents")).toBe("0");
    await answer.text();
    const stream = await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL, { stream: true }));
    expect(stream.headers.get("x-syncropic-tier")).toBe("anonymous");
    expect((await framesOf(stream)).length).toBeGreaterThan(1);
    const other = await open.gateway.post("/v1/chat/completions", hello(HAIKU));
    expect([other.status, at(await bodyOf(other), "error.code")]).toEqual([403, "model_not_allowed"]);
    const list = await bodyOf(await open.gateway.get("/v1/models"));
    expect((list["data"] as { id: string }[]).filter(({ id }) => !id.includes("-flex")).map(({ id }) => id)).toContain(
      FREE_MODEL,
    );
    expect(JSON.stringify(list)).not.toContain(HAIKU);
  });

  test("make five requests a minute: then 429 with the documented fields, as plain HTTP for streams, too", async () => {
    await using open = await anonymous();
    using _minute = standStill();
    for (let index = 0; index < 5; index += 1) {
      expect((await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL))).status).toBe(200);
    }
    for (const stream of [false, true]) {
      const answer = await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL, { stream }));
      expect(answer.status).toBe(429);
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      const wait = Number(answer.headers.get("retry-after"));
      expect(wait).toBeGreaterThan(0);
      expect(at(await bodyOf(answer), "error")).toMatchObject({
        code: "rate_limited",
        kind: "usage",
        message: expect.stringContaining("5 requests per minute on anonymous tier"),
        retry_after_seconds: wait,
        request_id: answer.headers.get("x-syncropic-request-id") ?? "",
      });
    }
    expect(open.google.requests).toHaveLength(5);
  });

  test("send a hundred messages a day: then 429 until midnight", async () => {
    await using open = await anonymous((yaml) => yaml.replaceAll("requests_per_minute: 5,", "requests_per_minute: 0,"));
    const statuses: number[] = [];
    for (let index = 0; index < 100; index += 1) {
      const answer = await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL));
      statuses.push(answer.status);
      await answer.text();
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    const answer = await open.gateway.post("/v1/chat/completions", hello(FREE_MODEL));
    const wait = Number(answer.headers.get("retry-after"));
    expect(answer.status).toBe(429);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(86_400);
    expect(at(await bodyOf(answer), "error")).toMatchObject({
      code: "rate_limited",
      kind: "usage",
      retry_after_seconds: wait,
    });
  });
});

describe("managed: records", () => {
  test("every call is a record, also under the thread's name", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU), key);
    const requestId = answer.headers.get("x-syncropic-request-id");
    await answer.text();
    const list = await bodyOf(await profile.gateway.get("/v1/audit?thread=th_audit_api_usage", key));
    expect(list["thread"]).toBe("th_audit_api_usage");
    const record = at(list, "data.0");
    expect(record).toMatchObject({
      thread: "th_audit_api_usage",
      request_id: requestId,
      model: HAIKU,
      tier: "paid",
      endpoint: "/v1/chat/completions",
      tokens_input: 11,
      tokens_output: 7,
      status: 200,
      stream_state: "completed",
      body: { request_id: requestId, tokens_input: 11, tokens_output: 7, model: HAIKU, tier: "paid" },
    });
    expect(Number(at(record, "body.cost_usd"))).toBe(0.0000598);
    expect(typeof at(record, "body.latency_ms")).toBe("number");
    expect(JSON.stringify(list)).not.toContain("provider_cost_usd");
    const other = await bodyOf(await profile.gateway.get("/v1/audit?thread=th_other", key));
    expect(other["data"]).toEqual([]);
  });

  test("a client that leaves pays for what reached it; the record says client_disconnect", async () => {
    const { key, accountId } = await profile.gateway.createKey({ credit: "5.00" });
    profile.anthropic.always(
      anthropicReply({ text: ["Hello ", gate("left"), "there"], usage: { input: 11, output: 500 } }),
    );
    const leave = new AbortController();
    const answer = await profile.gateway.post("/v1/chat/completions", hello(HAIKU, { stream: true }), key, {
      signal: leave.signal,
    });
    const reader = answer.body?.getReader();
    let seen = "";
    while (!seen.includes("Hello")) seen += new TextDecoder().decode((await reader?.read())?.value);
    leave.abort();
    await profile.anthropic.last.closed;
    let record: unknown;
    while (at(record, "stream_state") === undefined) {
      const list = await bodyOf(await profile.gateway.get("/v1/audit", key));
      record = at(list, "data.0");
    }
    expect(record).toMatchObject({ stream_state: "client_disconnect", tokens_input: 11 });
    expect(Number(at(record, "tokens_output"))).toBeLessThan(10);
    const { wallet } = await profile.gateway.balance(accountId);
    expect(Number(wallet)).toBeLessThan(5);
    expect(Number(wallet)).toBeGreaterThan(4.999);
  });
});

describe("managed: records pushed to the account's own sink", () => {
  test("signed NDJSON, in order, again until it arrives, under the thread's name", async () => {
    await using sink = await startUpstream();
    await using own = await startProfile("managed", {
      edit: (yaml) => yaml.replace("features:", "features:\n  private_sinks: true"),
    });
    const { key } = await own.gateway.createKey({ credit: "5.00" });
    const ask = async (model: string): Promise<string> => {
      const answer = await own.gateway.post("/v1/chat/completions", hello(model), key);
      await answer.text();
      return String(answer.headers.get("x-syncropic-request-id"));
    };
    await ask(HAIKU);
    const put = await fetch(`${own.gateway.url}/v1/audit-sink`, {
      method: "PUT",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ url: `${sink.url}/records` }),
    });
    const { secret } = (await put.json()) as { secret: string };
    expect(await (await own.gateway.get("/v1/audit-sink", key)).text()).not.toContain(secret);
    sink.reply({ status: 500, body: "" }, { status: 204, body: "" }).always({ status: 204, body: "" });
    const first = await ask(HAIKU);
    const failed = await sink.request(0);
    const second = await ask("gpt-4o");
    const delivered: { ids: string[]; id: string }[] = [];
    for (let index = 1; !delivered.some(({ ids }) => ids.includes(second)); index += 1) {
      const request = await sink.request(index);
      const lines = request.text().trim().split("\n");
      const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(records.every((record) => record["thread"] === "th_audit_api_usage")).toBe(true);
      const [, time, signature] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request.headers["x-syncropic-signature"] ?? "") ?? [];
      const expected = new Bun.CryptoHasher("sha256", secret).update(`${time}.${request.text()}`).digest("hex");
      expect(signature).toBe(expected);
      expect(request.headers["content-type"]).toBe("application/x-ndjson");
      delivered.push({
        ids: records.map((record) => String(record["request_id"])),
        id: request.headers["x-syncropic-delivery-id"] ?? "",
      });
    }
    expect(failed.text()).toContain(first);
    const all = delivered.flatMap(({ ids }) => ids);
    expect([all, new Set(delivered.map(({ id }) => id)).size]).toEqual([[first, second], delivered.length]);
    const gone = await fetch(`${own.gateway.url}/v1/audit-sink`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${key}` },
    });
    expect(gone.status).toBe(200);
  });

  test("only https addresses of the public internet, unless the catalog says otherwise", async () => {
    const { key } = await profile.gateway.createKey();
    const wrong = ["http://127.0.0.1:1/x", "ftp://a.example", "https://user:pass@a.example", "nonsense"];
    const inside = ["https://10.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://0x7f.1/x"];
    for (const url of [...wrong, ...inside]) {
      const answer = await fetch(`${profile.gateway.url}/v1/audit-sink`, {
        method: "PUT",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ url }),
      });
      expect([url, answer.status]).toEqual([url, 400]);
    }
  });
});

describe("managed: failures", () => {
  test("a provider that fails is 503 provider_error with its cause", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    profile.openai.always({ status: 500, body: { error: { message: "secret-detail", type: "server_error" } } });
    const answer = await profile.gateway.post("/v1/chat/completions", hello("gpt-4o"), key);
    const text = await answer.text();
    expect(answer.status).toBe(503);
    const error = at(JSON.parse(text), "error");
    expect(error).toMatchObject({ code: "provider_error", request_id: expect.stringMatching(/^req_/) });
    expect(at(error, "details.cause")).toBeDefined();
    expect(text).not.toContain("secret-detail");
    expect(text).not.toContain(profile.openai.url);
  });
});
