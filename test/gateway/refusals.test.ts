/** What stands between a call and its provider when it comes to money: each refusal tells what would help. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, type JsonValue, parseJson } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { gate, startUpstream, type Upstream } from "../support/upstream.ts";
import { at, auditOf, auditRows, catalogOf, CLIENTS, clientOf, eventually, kindOf, requestIdOf } from "./support.ts";
import { model } from "./support.ts";

const client = clientOf("openai-chat");
const kind = kindOf(client.id);
/** 100,000 nano-units an output token; input is free, so that amounts are round. */
const PRICE = { input: "0", output: "100" };

let up: Upstream;
let gateway: TestGateway;

beforeAll(async () => {
  up = await startUpstream();
  const kinds = CLIENTS.map(({ id }) => kindOf(id).kind);
  gateway = await startGateway({
    catalog: catalogOf({
      providers: Object.fromEntries(kinds.map((name) => [name, { kind: name, url: up.url }])),
      models: [
        ...kinds.map((name) => model(`at-${name}`, name, { price: PRICE })),
        model("capped", "openai", { price: PRICE, call_cap: "0.05" }),
      ],
    }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

async function ask(
  key: TestKey,
  maxTokens?: number,
  name = "at-openai",
): Promise<{ response: Response; body: JsonObject }> {
  const wanted = { model: name, ...(maxTokens === undefined ? {} : { maxTokens }) };
  const response = await gateway.post(client.path(wanted), client.body(wanted), key.key);
  return { response, body: parseJson(await response.text()) as JsonObject };
}

const details = (body: JsonObject, name: string): JsonValue | undefined => at(body, "error", "details", name);

describe("402", () => {
  for (const each of CLIENTS) {
    for (const stream of [false, true]) {
      test(`${each.id}, ${stream ? "stream" : "JSON"}: too little money is plain HTTP, and nothing is sent`, async () => {
        up.reset();
        const key = await gateway.createKey({ credit: "0.05" });
        const wanted = { model: `at-${kindOf(each.id).kind}`, maxTokens: 1000, stream };
        const response = await gateway.post(each.path(wanted), each.body(wanted), key.key);
        expect(response.status).toBe(402);
        expect(response.headers.get("content-type")).toContain("application/json");
        const body = parseJson(await response.text()) as JsonObject;
        expect(each.errorCode(body)).toBe("insufficient_credits");
        expect(JSON.stringify(body)).toContain("500 tokens");
        expect(up.requests).toHaveLength(0);
        expect(await auditOf(gateway, key, requestIdOf(response))).toMatchObject({
          status: 402,
          error_code: "insufficient_credits",
          charged: "0.00",
        });
      });
    }
  }

  test("the largest cap that fits is told, and fits", async () => {
    const key = await gateway.createKey({ credit: "0.1234567" });
    const { response, body } = await ask(key, 5000);
    expect(response.status).toBe(402);
    expect(details(body, "needed")).toBe("0.50");
    const largest = Number(details(body, "largest_max_tokens"));
    expect(largest).toBe(1234);
    up.reset().always(kind.reply());
    expect((await ask(key, largest + 1)).response.status).toBe(402);
    expect((await ask(key, largest)).response.status).toBe(200);
  });

  test("money that is tied up by a running call: balance_held with Retry-After", async () => {
    const key = await gateway.createKey({ credit: "0.10" });
    up.reset().always(async (request) => ({ ...(await kind.reply()(request)), before: [gate("held")] }));
    const running = ask(key, 1000);
    await up.gate("held").reached;
    const { response, body } = await ask(key, 10);
    expect(response.status).toBe(402);
    expect(client.errorCode(body)).toBe("balance_held");
    expect(response.headers.get("retry-after")).toBe("1");
    expect(details(body, "held")).toBe("0.10");
    up.gate("held").open();
    expect((await running).response.status).toBe(200);
    expect((await ask(key, 10)).response.status).toBe(200);
  });

  test("a key's monthly cap: what it was, what is spent, when it begins anew", async () => {
    const key = await gateway.createKey({ credit: "5.00", key: { monthly_cap: "0.10" } });
    up.reset().always(kind.reply({ usage: { input: 1, output: 600 } }));
    expect((await ask(key, 1000)).response.status).toBe(200);
    const { response, body } = await ask(key, 1000);
    expect(response.status).toBe(402);
    expect(client.errorCode(body)).toBe("monthly_cap_reached");
    expect(details(body, "cap")).toBe("0.10");
    expect(details(body, "spent")).toBe("0.06");
    expect(String(details(body, "resets_at"))).toMatch(/^\d{4}-\d\d-01T00:00:00/);
    expect((await ask(key, 400)).response.status).toBe(200);
  });

  test("a cap per call", async () => {
    const key = await gateway.createKey({ credit: "5.00" });
    up.reset().always(kind.reply());
    const { response, body } = await ask(key, 501, "capped");
    expect(response.status).toBe(402);
    expect(client.errorCode(body)).toBe("call_cap_exceeded");
    expect(details(body, "cap")).toBe("0.05");
    expect((await ask(key, 500, "capped")).response.status).toBe(200);
  });
});

describe("a call without a cap on its output", () => {
  test("gets what the balance buys, told in a header", async () => {
    const key = await gateway.createKey({ credit: "0.2" });
    up.reset().always(kind.reply());
    const { response } = await ask(key);
    expect(response.headers.get("x-tollgate-output-cap")).toBe("2000");
    expect(up.last.text()).toContain("2000");
  });

  test("is refused when that is less than 1,024 tokens", async () => {
    const key = await gateway.createKey({ credit: "0.1" });
    const { response, body } = await ask(key);
    expect(response.status).toBe(402);
    expect(Number(details(body, "largest_max_tokens"))).toBe(1000);
  });
});

describe("Idempotency-Key", () => {
  for (const stream of [false, true]) {
    test(`${stream ? "stream" : "JSON"}: repeats, also while the first runs, neither hold nor bill`, async () => {
      const key = await gateway.createKey({ credit: "0.10" });
      const name = `once-${stream}`;
      up.reset().always(async (request) => ({ ...(await kind.reply()(request)), before: [gate(name)] }));
      const wanted = { model: "at-openai", maxTokens: 1000, stream };
      const headers = { "idempotency-key": name };
      const call = (): Promise<Response> =>
        gateway.post(client.path(wanted), client.body(wanted), key.key, { headers });
      const first = call();
      await up.gate(name).reached;
      // The balance can pay for one call only: a second hold would be refused.
      const second = call();
      await gateway.get("/health");
      up.gate(name).open();
      const [one, two] = await Promise.all([first, second].map(async (item) => (await item).text()));
      const third = await call();
      expect(third.headers.get("idempotent-replayed")).toBe("true");
      expect([two, await third.text()]).toEqual([one, one]);
      expect(up.requests).toHaveLength(1);
      await eventually(async () => (await auditRows(gateway, key)).length > 0);
      expect(await auditRows(gateway, key)).toHaveLength(1);
      expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "0.0993", held: "0.00" });
    });
  }
});

test("the books are in order after all of this", () => {
  expect(gateway.verify()).toEqual([]);
});

test("a tier may be called what its operator likes: the header says what a header can", async () => {
  await using gateway = await startGateway({
    catalog: catalogOf({
      providers: { echo: { kind: "echo", url: "" } },
      access: { tiers: { "プロ plus": { models: [] } }, default_tier: "プロ plus" },
    }),
  });
  const { key } = await gateway.createKey({ credit: "5.00" });
  const response = await gateway.post("/v1/chat/completions", CLIENTS[0]?.body({}) ?? {}, key);
  expect(response.status).toBe(200);
  expect(response.headers.get("x-tollgate-tier")).toBe("?? plus");
});
