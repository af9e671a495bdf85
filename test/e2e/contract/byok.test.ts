import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { anthropicReply, chatError, chatReply, geminiReply } from "../../support/upstream.ts";
import { at, bodyOf, hello, type Profile, startProfile } from "./support.ts";

const OWN_KEY = "sk-customer-key-of-openai-0123456789";

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

const bring = (key: string, body: object): Promise<Response> => profile.gateway.post("/v1/provider-keys", body, key);
const remove = (key: string, id: string): Promise<Response> =>
  fetch(`${profile.gateway.url}/v1/provider-keys/${id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${key}` },
  });

describe("provider keys of the account's own", () => {
  test("pay the provider: nothing is charged, the cost is told, and nobody sees the key again", async () => {
    const { key, accountId } = await profile.gateway.createKey();
    const made = await bring(key, { provider: "openai", api_key: OWN_KEY, name: "mine" });
    expect(made.status).toBe(201);
    const view = await bodyOf(made);
    expect(view).toMatchObject({ object: "provider_key", provider: "openai", name: "mine", display: "...6789" });
    const list = await (await profile.gateway.get("/v1/provider-keys", key)).text();
    expect(list).toContain(String(view["id"]));
    expect(list + JSON.stringify(view)).not.toContain(OWN_KEY);

    const answer = await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-spendex-cost-cents")).toBe("0");
    // (11 × 1.25 + 7 × 10) / 1e6
    expect(at(await bodyOf(answer), "spendex")).toMatchObject({ routed_model: "gpt-5", cost_usd: 0.00008375 });
    expect(profile.openai.last.headers["authorization"]).toBe(`Bearer ${OWN_KEY}`);
    const balance = await profile.gateway.balance(accountId);
    expect([balance["wallet"], balance["this_month_spend"], balance["held"]]).toEqual(["0.00", "0.00", "0.00"]);
    const record = at(await bodyOf(await profile.gateway.get("/v1/audit", key)), "data.0");
    expect(Number(at(record, "cost_usd"))).toBe(0.00008375);
    expect(profile.gateway.verify()).toEqual([]);
  });

  test("come before the operator's, and serve auto where they can", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    await bring(key, { provider: "anthropic", api_key: "sk-ant-own-0123456789abcdef" });
    await (await profile.gateway.post("/v1/chat/completions", hello("claude-haiku-4-5"), key)).text();
    expect(profile.anthropic.last.headers["x-api-key"]).toBe("sk-ant-own-0123456789abcdef");
    // A provider without an own key is still the operator's.
    await (await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key)).text();
    expect(profile.openai.last.headers["authorization"]).toBe("Bearer operator-openai");
  });

  test("are good for one API in both of its dialects", async () => {
    await using open = await startProfile("open");
    const { key } = await open.gateway.createKey();
    await open.gateway.post("/v1/provider-keys", { provider: "openai", api_key: OWN_KEY }, key);
    for (const path of ["/v1/responses", "/v1/chat/completions"]) {
      const body = path === "/v1/responses" ? { model: "gpt", input: "hi", max_output_tokens: 20 } : hello("gpt");
      const answer = await open.gateway.post(path, body, key);
      expect([path, answer.status]).toEqual([path, 200]);
      await answer.text();
      expect(open.openai.last.path).toBe(path);
      expect(open.openai.last.headers["authorization"]).toBe(`Bearer ${OWN_KEY}`);
    }
  });

  test("a refused own key is the provider's failure, never the operator's bill", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    await bring(key, { provider: "openai", api_key: OWN_KEY });
    profile.openai.always(chatError(401, "invalid_api_key"));
    const answer = await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect(answer.status).toBe(503);
    expect(profile.openai.requests.every((sent) => sent.headers["authorization"] === `Bearer ${OWN_KEY}`)).toBe(true);
    // The operator's own way in is not blamed for it.
    const other = await profile.gateway.createKey({ credit: "5.00" });
    profile.openai.always(chatReply());
    expect((await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), other.key)).status).toBe(200);
  });

  test("an account bound to its own providers is served by these alone", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00", account: { own_providers_only: true } });
    const refused = await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect([refused.status, at(await bodyOf(refused), "error.code")]).toEqual([403, "model_not_allowed"]);
    expect(profile.sent()).toEqual([]);
    await bring(key, { provider: "google", api_key: "google-own-0123456789abcdef" });
    const answer = await profile.gateway.post("/v1/chat/completions", hello("auto"), key);
    expect(answer.status).toBe(200);
    expect(profile.google.last.headers["x-goog-api-key"]).toBe("google-own-0123456789abcdef");
    expect(profile.sent()).toHaveLength(1);
  });

  test("fields that change the price pass, since the customer pays the provider", async () => {
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const asked = hello("gpt-5-nano", { service_tier: "priority" });
    expect((await profile.gateway.post("/v1/chat/completions", asked, key)).status).toBe(400);
    await bring(key, { provider: "openai", api_key: OWN_KEY });
    expect((await profile.gateway.post("/v1/chat/completions", asked, key)).status).toBe(200);
    expect(profile.openai.last.json()).toMatchObject({ service_tier: "priority" });
  });

  test("belong to one account, are forgotten at once, and need an unrestricted key", async () => {
    const { key, accountId } = await profile.gateway.createKey({ credit: "5.00" });
    const other = await profile.gateway.createKey();
    const id = String((await bodyOf(await bring(key, { provider: "openai", api_key: OWN_KEY })))["id"]);
    expect((await remove(other.key, id)).status).toBe(404);
    const narrow = await profile.gateway.createKey({ accountId, key: { models: ["gpt-5"] } });
    expect((await remove(narrow.key, id)).status).toBe(403);
    expect((await bring(narrow.key, { provider: "openai", api_key: OWN_KEY })).status).toBe(403);
    expect((await remove(key, id)).status).toBe(200);
    expect((await remove(key, id)).status).toBe(404);
    await (await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key)).text();
    expect(profile.openai.last.headers["authorization"]).toBe("Bearer operator-openai");
  });

  test("junk is told", async () => {
    const { key } = await profile.gateway.createKey();
    for (const body of [
      { provider: "nobody", api_key: OWN_KEY },
      { provider: "echo", api_key: OWN_KEY },
      { provider: "openai", api_key: "two words" },
      { provider: "openai", api_key: "line\nbreak" },
      { provider: "openai", api_key: OWN_KEY, base_url: "http://evil.example" },
      { provider: "openai" },
    ]) {
      expect((await bring(key, body)).status).toBe(400);
    }
  });

  test("operators can set them for an account", async () => {
    const { key, accountId } = await profile.gateway.createKey();
    const path = `/admin/accounts/${accountId}/provider-keys`;
    const made = await profile.gateway.admin("POST", path, { provider: "openai", api_key: OWN_KEY });
    expect((await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key)).status).toBe(200);
    await profile.gateway.admin("DELETE", `${path}/${String(made["id"])}`);
    expect(await profile.gateway.admin("GET", path)).toMatchObject({ data: [] });
  });

  test("a fee per call can be set", async () => {
    await using paid = await startProfile("smart-router", {
      edit: (yaml) => yaml.replace("byok_fee: 0", "byok_fee: 0.01"),
    });
    const { key, accountId } = await paid.gateway.createKey({ credit: "0.015" });
    await paid.gateway.post("/v1/provider-keys", { provider: "openai", api_key: OWN_KEY }, key);
    const answer = await paid.gateway.post("/v1/chat/completions", hello("gpt-5"), key);
    expect([answer.status, answer.headers.get("x-spendex-cost-cents")]).toEqual([200, "1"]);
    await answer.text();
    expect((await paid.gateway.balance(accountId))["wallet"]).toBe("0.005");
    expect((await paid.gateway.post("/v1/chat/completions", hello("gpt-5"), key)).status).toBe(402);
    expect(paid.gateway.verify()).toEqual([]);
  });

  test("the data folder holds no key in the clear", async () => {
    const { key } = await profile.gateway.createKey();
    await bring(key, { provider: "openai", api_key: "canary-provider-key-4711" });
    await (await profile.gateway.post("/v1/chat/completions", hello("gpt-5"), key)).text();
    for (const name of readdirSync(profile.gateway.dataDir)) {
      const bytes = readFileSync(join(profile.gateway.dataDir, name));
      for (const secret of ["canary-provider-key-4711", OWN_KEY, key]) expect(bytes.includes(secret)).toBe(false);
    }
    expect(profile.gateway.logs.join("\n")).not.toContain("canary-provider-key-4711");
  });
});
