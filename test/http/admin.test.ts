import { describe, expect, test } from "bun:test";
import { ADMIN_TOKEN, testBed } from "./support.ts";

const admin = { key: ADMIN_TOKEN };

describe("the admin API", () => {
  test("needs the admin token, whatever else is sent", async () => {
    const bed = testBed();
    const user = bed.addKey();
    for (const [method, path] of [
      ["GET", "/admin/accounts"],
      ["POST", "/admin/accounts"],
      ["PATCH", "/admin/accounts/acc_1"],
      ["POST", "/admin/accounts/acc_1/credits"],
      ["POST", "/admin/accounts/acc_1/keys"],
      ["DELETE", `/admin/keys/${user.id}`],
      ["POST", "/admin/reload"],
      ["GET", "/admin/prices"],
      ["GET", "/admin/audit"],
    ] as const) {
      const body = method === "GET" || method === "DELETE" ? undefined : { nonsense: 1 };
      for (const key of [user.key, "wrong", undefined]) {
        const answer = await bed.send(method, path, { ...(key === undefined ? {} : { key }), body });
        expect(answer.status).toBe(401);
      }
    }
    expect(bed.keys.keys.get(user.id)?.revokedAt).toBeNull();
  });

  test.each([
    [{ kind: "robot" }, "kind", "kind: expected one of user, instance, self-host, admin"],
    [{ names: "x" }, "names", "names: unknown field; known are name, models, monthly_cap"],
    [{ limits: { requests_per_minute: -1 } }, "limits.requests_per_minute", "limits.requests_per_minute: "],
    [{ limits: 7 }, "limits", "limits: expected object or null"],
    [{ strict: "yes" }, "strict", "strict: expected boolean"],
  ])("%j for a key is refused with what is expected", async (body, param, message) => {
    const bed = testBed();
    bed.addKey();
    const answer = await bed.send("POST", "/admin/accounts/acc_1/keys", { ...admin, body });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: "invalid_request", param, message: expect.stringContaining(message) } },
    ]);
    const missing = await bed.send("POST", "/admin/accounts/acc_1/credits", { ...admin, body: {} });
    expect(await missing.json()).toMatchObject({
      error: { param: "amount", message: "amount: the field is required" },
    });
  });

  test("the admin token is no API key", async () => {
    const bed = testBed();
    expect((await bed.send("GET", "/v1/credits", admin)).status).toBe(401);
  });

  test("an admin key opens it until it is revoked, and reaches nothing else", async () => {
    const bed = testBed();
    const key = bed.addKey({ kind: "admin" });
    expect((await bed.send("GET", "/admin/accounts", { key: key.key })).status).toBe(200);
    expect((await bed.send("GET", "/v1/credits", { key: key.key })).status).toBe(401);
    await bed.send("DELETE", `/admin/keys/${key.id}`, admin);
    expect((await bed.send("GET", "/admin/accounts", { key: key.key })).status).toBe(401);
  });

  test("account, credit and key in three calls; the key then sees its wallet", async () => {
    const bed = testBed();
    const made = await bed.send("POST", "/admin/accounts", { ...admin, body: { name: "Lab", monthly_cap: "100" } });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    const credited = await bed.send("POST", `/admin/accounts/${id}/credits`, { ...admin, body: { amount: "50.00" } });
    expect(await credited.json()).toMatchObject({ balance_cents: 5000, currency: "usd" });
    const minted = await bed.send("POST", `/admin/accounts/${id}/keys`, {
      ...admin,
      body: { monthly_cap: "5.00", models: ["gpt-5"] },
    });
    const { key } = (await minted.json()) as { key: string };
    expect(await (await bed.send("GET", "/v1/credits", { key })).json()).toMatchObject({
      balance_cents: 5000,
      this_month_spend_cents: 1,
      currency: "usd",
      monthly_limit_cents: 500,
    });
  });

  test.each([
    [{ amount: "-5" }, "amount"],
    [{ amount: "0" }, "amount"],
    [{ amount: "1e9" }, "amount"],
    [{ amount: "99999999999999" }, "amount"],
    [{ amount: 1e300 }, "amount"],
    [{ amount: "5", currency: "EUR" }, "currency"],
    [{ amount: "5", kind: "gift" }, "kind"],
    [{ amount: "5", expires_at: "2027-01-01" }, "expires_at"],
    [{}, "amount"],
    [{ amount: "5", extra: 1 }, "extra"],
  ])("credit %j is refused by its field", async (body, param) => {
    const bed = testBed();
    const answer = await bed.send("POST", "/admin/accounts/acc_1/credits", { ...admin, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param } });
    expect(bed.ledger.credits).toEqual([]);
  });

  test("disabling an account stops its keys at once", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { status: "disabled" } });
    const answer = await bed.send("POST", "/v1/chat/completions", { key, body: {} });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: "forbidden" } }]);
    await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { status: "active" } });
    expect((await bed.send("POST", "/v1/chat/completions", { key, body: {} })).status).toBe(200);
  });

  test.each([
    ["12.5", "12.5"],
    [12.5, "12.5"],
    [0, "0"],
  ])("a markup of %p is %s percent", async (given, kept) => {
    const bed = testBed();
    const answer = await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { markup_percent: given } });
    expect(await answer.json()).toMatchObject({ markup_percent: kept });
    for (const wrong of [-1, "x", 1e-9]) {
      const refused = await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { markup_percent: wrong } });
      expect([wrong, refused.status]).toEqual([wrong, 400]);
    }
  });

  test("a closed account stays closed; an unknown tier or account is told", async () => {
    const bed = testBed();
    await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { status: "closed" } });
    expect((await bed.send("PATCH", "/admin/accounts/acc_1", { ...admin, body: { status: "active" } })).status).toBe(
      409,
    );
    for (const [method, path, body] of [
      ["POST", "keys", { name: "x" }],
      ["POST", "provider-keys", { provider: "openai", api_key: "sk-1" }],
      ["PUT", "subscription", { plan: "basic" }],
    ] as const) {
      const answer = await bed.send(method, `/admin/accounts/acc_1/${path}`, { ...admin, body });
      expect([path, answer.status]).toEqual([path, 409]);
    }
    expect((await bed.send("PATCH", "/admin/accounts/acc_2", { ...admin, body: { tier: "gold" } })).status).toBe(400);
    expect((await bed.send("PATCH", "/admin/accounts/nobody", { ...admin, body: {} })).status).toBe(404);
  });

  test("the control socket needs no token, and serves nothing but this", async () => {
    const bed = testBed();
    const local = (path: string) => bed.app.adminFetch(new Request(`http://localhost${path}`));
    expect((await local("/admin/accounts")).status).toBe(200);
    expect((await local("/health")).status).toBe(200);
    expect((await local("/v1/models")).status).toBe(404);
  });

  test("prices are told exactly", async () => {
    const bed = testBed();
    const prices = (await (await bed.send("GET", "/admin/prices", admin)).json()) as { data: object[] };
    expect(prices.data[0]).toMatchObject({
      model: "gpt-5",
      prices: [{ usd_per_million: { input: "1.25", output: "10" } }],
    });
  });

  test("providers: whether the operator can call them, and how many models they serve, as first or as second choice", async () => {
    const bed = testBed({
      catalog: `
providers:
  cloud: {kind: openai, base_url: "https://api.openai.com/v1", api_key: "\${UNSET_KEY}"}
  cloud-2: {kind: openai-responses, base_url: "https://api.openai.com/v1", api_key: "sk-secret"}
  own: {kind: openai-compatible, base_url: "http://127.0.0.1:8000/v1"}
models:
  - {id: a, provider: [cloud, cloud-2], context: 1000, price: {input: 1, output: 1}}
  - {id: b, provider: own, context: 1000, price: {input: 1, output: 1}}
`,
    });
    const answer = await (await bed.send("GET", "/admin/providers", admin)).text();
    expect(answer).not.toContain("sk-secret");
    const { data } = JSON.parse(answer) as { data: Record<string, unknown>[] };
    expect(data.map((row) => [row["name"], row["has_credential"], row["models"]])).toEqual([
      ["cloud", false, 1],
      ["cloud-2", true, 1],
      ["own", true, 1],
    ]);
    const health = (await (await bed.send("GET", "/model-health")).json()) as { models: Record<string, unknown>[] };
    expect(health.models.map((row) => `${row["provider"]}/${row["id"]}`)).toEqual(["cloud/a", "cloud-2/a", "own/b"]);
  });

  test("a broken catalog is refused with its problems", async () => {
    const bed = testBed({ deps: { reload: async () => ({ ok: false, problems: ["catalog.yaml:3:1 unknown key"] }) } });
    const answer = await bed.send("POST", "/admin/reload", admin);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { details: { problems: ["catalog.yaml:3:1 unknown key"] } } },
    ]);
  });
});
