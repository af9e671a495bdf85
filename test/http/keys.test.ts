import { describe, expect, test } from "bun:test";
import { testBed } from "./support.ts";

interface KeyAnswer {
  id: string;
  key: string;
  models: string[];
  monthly_cap: string | null;
  limits: { requests_per_minute: number | null } | null;
  expires_at: string | null;
}
const read = async (answer: Response): Promise<KeyAnswer> => (await answer.json()) as KeyAnswer;

describe("keys of an account", () => {
  test("a new key works, and its plaintext is shown once", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const answer = await bed.send("POST", "/v1/keys", {
      key,
      body: { name: "ci", models: ["gpt-*"], monthly_cap: "5.00" },
    });
    expect(answer.status).toBe(201);
    const made = await read(answer);
    expect(made.key).toMatch(/^tg-[0-9A-Za-z]{36}$/);
    expect(made.monthly_cap).toBe("5.00");
    const list = await (await bed.send("GET", "/v1/keys", { key })).text();
    expect(list).not.toContain(made.key);
    expect(
      JSON.stringify([...bed.keys.keys.values()], (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    ).not.toContain(made.key);
    expect((await bed.send("GET", "/v1/credits", { key: made.key })).status).toBe(200);
  });

  test("revoking bites at the next request", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const other = bed.addKey();
    expect((await bed.send("DELETE", `/v1/keys/${other.id}`, { key })).status).toBe(200);
    const answer = await bed.send("GET", "/v1/credits", { key: other.key });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: "key_revoked" } });
  });

  test("rotating replaces the plaintext and keeps the key", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const other = bed.addKey({ models: ["gpt-5"] });
    const made = await read(await bed.send("POST", `/v1/keys/${other.id}/rotate`, { key }));
    expect(made.models).toEqual(["gpt-5"]);
    expect((await bed.send("GET", "/v1/credits", { key: other.key })).status).toBe(401);
    expect((await bed.send("GET", "/v1/credits", { key: made.key })).status).toBe(200);
  });

  test("expiry bites", async () => {
    const bed = testBed();
    const { key } = bed.addKey({ expiresAt: bed.clock.wall + 1000 });
    expect((await bed.send("GET", "/v1/credits", { key })).status).toBe(200);
    bed.clock.pass(1000);
    expect(await (await bed.send("GET", "/v1/credits", { key })).json()).toMatchObject({
      error: { code: "key_expired" },
    });
  });

  test.each([
    [{ role: "admin" }, "role"],
    [{ account_id: "acc_2" }, "account_id"],
    [{ kind: "admin" }, "kind"],
    [{ limits: { routes: ["/*"] } }, "limits"],
    [{ monthly_cap: "1e3" }, "monthly_cap"],
    [{ monthly_cap: "-1" }, "monthly_cap"],
    [{ models: "gpt-5" }, "models"],
    [{ expires_at: "tomorrow" }, "expires_at"],
    [{ expires_at: "2020-01-01" }, "expires_at"],
  ])("%j is a 400 that names the field", async (body, param) => {
    const bed = testBed();
    const { key } = bed.addKey();
    const answer = await bed.send("POST", "/v1/keys", { key, body });
    expect(answer.status).toBe(400);
    const error = ((await answer.json()) as { error: { code: string; param: string } }).error;
    expect(error.code).toBe("invalid_request");
    expect(error.param).toStartWith(param);
    expect(bed.keys.keys.size).toBe(1);
  });

  test.each([
    ['{"name":', null],
    ["[]", null],
    ['{"name":"a","name":"b"}', "name"],
    ['{"__proto__":{"kind":"admin"}}', null],
    [`{"name":${"[".repeat(100)}${"]".repeat(100)}}`, null],
  ])("body %s is a 400", async (body, param) => {
    const bed = testBed();
    const { key } = bed.addKey();
    const answer = await bed.send("POST", "/v1/keys", { key, body });
    expect(answer.status).toBe(400);
    if (param !== null) expect(await answer.json()).toMatchObject({ error: { param } });
    expect(bed.logged).toEqual([]);
  });

  test("a body that is too large is a 413, another content type a 415", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const large = await bed.send("POST", "/v1/keys", { key, body: JSON.stringify({ name: "a".repeat(300_000) }) });
    expect(large.status).toBe(413);
    const form = await bed.send("POST", "/v1/keys", { key, body: "name=a", headers: { "content-type": "text/plain" } });
    expect(form.status).toBe(415);
  });
});

describe("a key hands on no more than it has", () => {
  test.each([
    ["models", { models: ["gpt-*"] }, { models: ["*"] }],
    ["models", { models: ["gpt-*"] }, { models: [] }],
    ["monthly_cap", { monthlyCap: 5_000_000_000n }, { monthly_cap: "4.00" }],
    ["limits.requests_per_minute", {}, { limits: { requests_per_minute: 0 } }],
    ["limits.requests_per_minute", {}, { limits: { requests_per_minute: 201 } }],
    ["limits.requests_per_minute", { limits: { requestsPerMinute: 3 } }, { limits: { requests_per_minute: 4 } }],
    ["expires_at", { expiresAt: Date.parse("2027-01-01") }, { expires_at: null }],
  ])("%s", async (param, own, body) => {
    const bed = testBed();
    const { key } = bed.addKey(own);
    const answer = await bed.send("POST", "/v1/keys", { key, body });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: "forbidden", param } });
  });

  test("what is not said is inherited", async () => {
    const bed = testBed();
    const expiresAt = Date.parse("2027-01-01T00:00:00Z");
    const { key } = bed.addKey({ models: ["gpt-*"], limits: { requestsPerMinute: 3 }, expiresAt });
    const made = await read(await bed.send("POST", "/v1/keys", { key, body: {} }));
    expect(made).toMatchObject({
      models: ["gpt-*"],
      limits: { requests_per_minute: 3 },
      expires_at: "2027-01-01T00:00:00.000Z",
    });
  });

  test("a restricted key can't take over a stronger one", async () => {
    const bed = testBed();
    const strong = bed.addKey();
    const weak = bed.addKey({ models: ["gpt-5"] });
    for (const [method, path, body] of [
      ["POST", `/v1/keys/${strong.id}/rotate`, undefined],
      ["PATCH", `/v1/keys/${strong.id}`, { name: "mine" }],
      ["DELETE", `/v1/keys/${strong.id}`, undefined],
      ["PATCH", `/v1/keys/${weak.id}`, { models: [] }],
    ] as const) {
      expect((await bed.send(method, path, { key: weak.key, body })).status).toBe(403);
    }
    expect((await bed.send("PATCH", `/v1/keys/${weak.id}`, { key: weak.key, body: { name: "ok" } })).status).toBe(200);
  });

  test("keys of another account do not exist", async () => {
    const bed = testBed();
    const mine = bed.addKey();
    const theirs = bed.addKey({ accountId: "acc_2" });
    for (const [method, path] of [
      ["GET", `/v1/keys/${theirs.id}`],
      ["PATCH", `/v1/keys/${theirs.id}`],
      ["DELETE", `/v1/keys/${theirs.id}`],
      ["POST", `/v1/keys/${theirs.id}/rotate`],
    ] as const) {
      const body = method === "PATCH" ? { name: "x" } : undefined;
      expect((await bed.send(method, path, { key: mine.key, body })).status).toBe(404);
    }
    expect(bed.keys.keys.get(theirs.id)?.revokedAt).toBeNull();
  });

  test("without a credential nothing is shown", async () => {
    const bed = testBed();
    for (const path of ["/v1/keys", "/v1/credits", "/v1/models", "/v1/keys/key_1"]) {
      const answer = await bed.send("GET", path);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: { code: "unauthorized" } });
    }
  });
});
