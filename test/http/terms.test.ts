import { describe, expect, test } from "bun:test";
import { ADMIN_TOKEN, testBed } from "./support.ts";

const CATALOG = `
billing:
  currency: USD
  fx: {USD: 1}
  plans:
    basic: {included_credit: 20.00, overage: metered, credit_limit: 100.00}
providers: {openai: {kind: openai, base_url: "https://api.openai.com/v1"}}
models: [{id: gpt-5, provider: openai, context: 1000, price: {input: 1, output: 1}}]
`;

test("what nobody expected is a 500 that tells nothing; 503 in the managed style", async () => {
  for (const [style, status] of [
    ["default", 500],
    ["managed", 503],
  ] as const) {
    const gateway = { handle: () => Promise.reject(new Error("at /srv/secret.ts: SELECT * FROM keys")) };
    const bed = testBed({ catalog: `access: {error_style: ${style}}\n${CATALOG}`, deps: { gateway } });
    const answer = await bed.send("POST", "/v1/chat/completions", { key: bed.addKey().key, body: {} });
    const text = await answer.text();
    expect([answer.status, text.includes("internal_error"), text.includes("secret")]).toEqual([status, true, false]);
  }
});

describe("subscriptions", () => {
  const bed = testBed({ catalog: CATALOG });
  const path = "/admin/accounts/acc_1/subscription";
  const send = (method: string, body?: object, to = path): Promise<Response> =>
    bed.send(method, to, { key: ADMIN_TOKEN, ...(body === undefined ? {} : { body }) });

  test("take their terms from the plan, and end without taking anything back", async () => {
    expect(await (await send("GET")).json()).toMatchObject({ object: "subscription", plan: null });
    const begun = await send("PUT", { plan: "basic", anchor_at: "2026-11-01T00:00:00Z" });
    expect(await begun.json()).toEqual({
      object: "subscription",
      account_id: "acc_1",
      plan: "basic",
      included_credit: "20.00",
      overage: "metered",
      anchor_at: "2026-11-01T00:00:00.000Z",
      ends_at: null,
      credit_limit: "100.00",
      currency: "USD",
    });
    // A change of plan keeps the anchor.
    expect(await (await send("PUT", { plan: "basic" })).json()).toMatchObject({
      anchor_at: "2026-11-01T00:00:00.000Z",
    });
    const ended = (await (await send("DELETE")).json()) as { ends_at: string };
    expect(ended.ends_at).toBe(new Date(bed.clock.wall).toISOString());
  });

  test("an unknown plan or account, a wrong date or field is told", async () => {
    expect((await send("PUT", { plan: "gold" })).status).toBe(400);
    expect((await send("PUT", { plan: "basic", anchor_at: "soon" })).status).toBe(400);
    expect((await send("PUT", { plan: "basic", ends_at: "2020-01-01" })).status).toBe(400);
    expect((await send("PUT", { plan: "basic", included_credit: "1000000" })).status).toBe(400);
    expect((await send("PUT", { plan: "basic" }, "/admin/accounts/nobody/subscription")).status).toBe(404);
    expect((await bed.send("PUT", path, { key: bed.addKey().key, body: { plan: "basic" } })).status).toBe(401);
  });
});
