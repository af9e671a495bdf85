import { describe, expect, test } from "bun:test";
import { testBed } from "./support.ts";

const base = `
providers: {openai: {kind: openai, base_url: "https://api.openai.com/v1"}}
models:
  - {id: gpt-5, provider: openai, context: 1000, price: {input: 1, output: 1}}
  - {id: small, provider: openai, context: 1000, price: {input: 1, output: 1}}
`;
const managed = `
access:
  auth: required
  error_style: managed
  tiers:
    paid: {limits: {requests_per_minute: 60}, bearers: [instance, user]}
    self-host: {limits: {requests_per_minute: 60}, bearers: [self-host]}
  anonymous: {models: [small], requests_per_minute: 5, messages_per_day: 100}
${base}`;

describe("credentials at every route", () => {
  test("any key works in any place", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const ways: Record<string, string>[] = [
      { authorization: `Bearer ${key}` },
      { "x-api-key": key },
      { "x-goog-api-key": key },
    ];
    for (const headers of ways) {
      for (const path of [
        "/v1/chat/completions",
        "/v1/messages",
        "/v1beta/models/gpt-5:generateContent",
        "/v1/responses",
      ]) {
        expect((await bed.send("POST", path, { headers, body: {} })).status).toBe(200);
      }
    }
  });

  test.each([
    ["POST", "/v1/keys"],
    ["PATCH", "/v1/keys/key_1"],
    ["POST", "/v1/provider-keys"],
    ["PUT", "/v1/audit-sink"],
    ["PUT", "/v1/models/gpt-5/cap"],
    ["POST", "/admin/accounts"],
  ])("%s %s: without one it is a 401 whatever the body is", async (method, path) => {
    const bed = testBed();
    for (const body of [{ nonsense: 1 }, {}]) expect((await bed.send(method, path, { body })).status).toBe(401);
    const headers = { "content-type": "text/plain" };
    expect((await bed.send(method, path, { headers, body: {} })).status).toBe(401);
  });

  test("of several credentials one that is good is enough, wherever the placeholder stands", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const jwt = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
    for (const placeholder of ["dummy", jwt, bed.addKey({ revokedAt: 1 }).key]) {
      const ways: Record<string, string>[] = [
        { authorization: `Bearer ${placeholder}`, "x-api-key": key },
        { authorization: `Bearer ${key}`, "x-api-key": placeholder },
        { authorization: `Bearer ${placeholder}`, "x-api-key": "other", "x-goog-api-key": key },
      ];
      for (const headers of ways) {
        expect((await bed.send("POST", "/v1/messages", { headers, body: {} })).status).toBe(200);
        expect((await bed.send("GET", "/v1/credits", { headers })).status).toBe(200);
      }
    }
    const query = await bed.send("POST", `/v1beta/models/gpt-5:generateContent?key=${key}`, { key: "dummy", body: {} });
    expect(query.status).toBe(200);
  });

  test("of two good ones of one account the first counts; of different accounts they are refused", async () => {
    const bed = testBed();
    const [first, second] = [bed.addKey(), bed.addKey()];
    const headers = { authorization: `Bearer ${second.key}`, "x-api-key": first.key };
    expect((await bed.send("POST", "/v1/messages", { headers, body: {} })).status).toBe(200);
    expect(bed.calls[0]?.principal.key?.id).toBe(second.id);
    const foreign = { "x-api-key": first.key, "x-goog-api-key": bed.addKey({ accountId: "acc_2" }).key };
    const refused = await bed.send("POST", "/v1/messages", { headers: foreign, body: {} });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { code: "invalid_request", message: expect.stringContaining("`x-api-key` and `x-goog-api-key`") } },
    ]);
  });

  test("when none is good, the refusal is of the one that was good once, else of the first", async () => {
    const bed = testBed();
    const gone = bed.addKey({ revokedAt: 1 }).key;
    const codeFor = async (headers: Record<string, string>): Promise<unknown> => {
      const answer = await bed.send("GET", "/v1/credits", { headers });
      expect(answer.status).toBe(401);
      return ((await answer.json()) as { error: { code: unknown } }).error.code;
    };
    expect(await codeFor({ authorization: "Bearer dummy", "x-api-key": gone })).toBe("key_revoked");
    expect(await codeFor({ authorization: "Bearer dummy", "x-api-key": "other" })).toBe("invalid_bearer");
  });

  test("a refusal comes in the dialect of the route", async () => {
    const bed = testBed();
    for (const [path, dialect] of [
      ["/v1/chat/completions", "openai-chat"],
      ["/responses", "openai-responses"],
      ["/v1/messages", "anthropic-messages"],
      ["/v1/models/gpt-5:generateContent", "gemini"],
    ] as const) {
      const answer = await bed.send("POST", path, { body: {} });
      expect([answer.status, await answer.json()]).toMatchObject([401, { dialect, error: { code: "unauthorized" } }]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test("junk never reaches the store, and every junk gets the same answer", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    bed.keys.lookups = 0;
    const bodies = new Set<string>();
    for (const junk of [
      "' OR 1=1 --",
      `${key}x`,
      key.slice(0, -1),
      "sk-123",
      "a".repeat(60_000),
      "\u00e9\u00e9",
      "%00",
      "Bearer",
    ]) {
      const answer = await bed.send("GET", "/v1/credits", { headers: { "x-api-key": junk } });
      expect(answer.status).toBe(401);
      const { error } = (await answer.json()) as { error: object };
      bodies.add(JSON.stringify(error));
    }
    expect([bodies.size, bed.keys.lookups]).toEqual([1, 0]);
  });

  test("the code of an unknown key goes by the profile", async () => {
    const wallet = testBed({ catalog: `access: {auth: required, error_style: wallet}\n${base}` });
    expect(await (await wallet.send("GET", "/v1/credits", { key: "sk-nope" })).json()).toMatchObject({
      error: { code: "unauthorized" },
    });
    const standard = testBed();
    expect(await (await standard.send("GET", "/v1/credits", { key: "sk-nope" })).json()).toMatchObject({
      error: { code: "invalid_bearer" },
    });
  });
});

describe("tiers", () => {
  test("go by the kind of bearer", async () => {
    const bed = testBed({ catalog: managed });
    for (const [kind, tier] of [
      ["user", "paid"],
      ["instance", "paid"],
      ["self-host", "self-host"],
    ] as const) {
      bed.calls.length = 0;
      await bed.send("POST", "/v1/chat/completions", { key: bed.addKey({ kind }).key, body: {} });
      expect(bed.calls[0]?.principal).toMatchObject({ tier, bearer: kind, limits: { requestsPerMinute: 60 } });
    }
  });

  test("the account's own tier counts if it takes the bearer", async () => {
    const bed = testBed({ catalog: managed });
    await bed.keys.updateAccount("acc_1", { tier: "self-host" });
    await bed.send("POST", "/v1/chat/completions", { key: bed.addKey({ kind: "user" }).key, body: {} });
    expect(bed.calls[0]?.principal.tier).toBe("paid");
  });

  test("a key's own limits override, and its allowlist is added", async () => {
    const bed = testBed({ catalog: managed });
    const { key } = bed.addKey({ limits: { requestsPerMinute: 3 }, models: ["gpt-*"] });
    await bed.send("POST", "/v1/chat/completions", { key, body: {} });
    expect(bed.calls[0]?.principal).toMatchObject({
      limits: { requestsPerMinute: 3 },
      sharedRequestsPerMinute: 60,
      modelGlobs: [["gpt-*"]],
    });
  });
});

describe("anonymous callers", () => {
  test("get their one model and are counted by address", async () => {
    const bed = testBed({ catalog: managed });
    await bed.send("POST", "/v1/chat/completions", { body: {} });
    expect(bed.calls[0]?.principal).toMatchObject({
      bearer: "anonymous",
      key: null,
      limits: { requestsPerMinute: 5, messagesPerDay: 100 },
      limitSubject: "ip:127.0.0.1",
    });
    const listed = (await (await bed.send("GET", "/v1/models")).json()) as { data: { id: string }[] };
    expect(listed.data.map((item) => item.id).filter((id) => id === "gpt-5" || id === "small")).toEqual(["small"]);
  });

  test("own nothing: account routes are closed to them", async () => {
    const bed = testBed({ catalog: managed });
    for (const path of [
      "/v1/credits",
      "/v1/keys",
      "/v1/usage",
      "/v1/audit",
      "/v1/receipts/x",
      "/v1/models/small/cap",
    ]) {
      expect((await bed.send("GET", path)).status).toBe(401);
    }
  });

  test("optional authentication lets everybody in, but no wrong key", async () => {
    const bed = testBed({ catalog: `access: {auth: optional}\n${base}` });
    expect((await bed.send("POST", "/v1/chat/completions", { body: {} })).status).toBe(200);
    expect((await bed.send("POST", "/v1/chat/completions", { key: "sk-wrong", body: {} })).status).toBe(401);
  });

  test("X-Forwarded-For counts behind a trusted proxy only", async () => {
    const trusting = testBed({
      catalog: managed.replace("auth: required", 'auth: required\n  trusted_proxies: ["127.0.0.1"]'),
    });
    const headers = { "x-forwarded-for": "6.6.6.6, 9.9.9.9" };
    await trusting.send("POST", "/v1/chat/completions", { body: {}, headers });
    expect(trusting.calls[0]?.principal.limitSubject).toBe("ip:9.9.9.9");
    const plain = testBed({ catalog: managed });
    await plain.send("POST", "/v1/chat/completions", { body: {}, headers });
    expect(plain.calls[0]?.principal.limitSubject).toBe("ip:127.0.0.1");
  });
});
