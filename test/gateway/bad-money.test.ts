/** What goes wrong with money at the operator's hand, over HTTP: amounts, keys, prices, caps, closing, months, and clocks that jump. */
import { afterAll, afterEach, beforeAll, describe, expect, setSystemTime, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, parseJson } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { gate, startUpstream, type Upstream } from "../support/upstream.ts";
import { at, catalogOf, clientOf, eventually, kindOf, model } from "./support.ts";

const TOKEN = "operator-token-of-the-tests";
const DAY = 86_400_000;
const client = clientOf("openai-chat");
const kind = kindOf(client.id);

/** Input is free; 1,000 output tokens, which every call uses, cost $0.10. */
const catalog = (price: Record<string, unknown> = { price: { input: "0", output: "100" } }): string =>
  catalogOf({
    providers: { one: { kind: "openai", url: up.url } },
    billing: { plans: { basic: { included_credit: "2.00", overage: "stop" } } },
    models: [model("m", "one", price), model("gift", "one", { price: "free" })],
  });

let up: Upstream;
let gateway: TestGateway;

beforeAll(async () => {
  up = await startUpstream();
  gateway = await startGateway({ catalog: catalog(), env: { TOLLGATE_ADMIN_TOKEN: TOKEN } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});
afterEach(() => {
  expect(gateway.verify()).toEqual([]);
});

interface Answer {
  status: number;
  code: unknown;
  param: unknown;
  body: JsonObject;
  retryAfter: string | null;
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answerOf(response);
}

async function answerOf(response: Response): Promise<Answer> {
  const body = parseJson(await response.text()) as JsonObject;
  const [code, param] = [at(body, "error", "code"), at(body, "error", "param")];
  return { status: response.status, code, param, body, retryAfter: response.headers.get("retry-after") };
}

async function ask(key: TestKey, name = "m"): Promise<Answer> {
  return answerOf(await gateway.post(client.path({}), client.body({ model: name, maxTokens: 1_000 }), key.key));
}

/** The provider answers at once, or behind a gate. */
function answering(name?: string): void {
  const reply = kind.reply({ usage: { input: 1, output: 1_000 } });
  up.reset().always(async (request) => ({
    ...(await reply(request)),
    ...(name === undefined ? {} : { before: [gate(name)] }),
  }));
}

const creditsOf = (key: TestKey): string => `/admin/accounts/${key.accountId}/credits`;

describe("top-ups", () => {
  test.each([
    ["-5.00", "amount"],
    ["-0.000000001", "amount"],
    ["0", "amount"],
    ["1000000000.01", "amount"],
    ["99999999999999999999", "amount"],
    ["1e9", "amount"],
    ["0.0000000001", "amount"],
    ["five", "amount"],
    [-5, "amount"],
    [1e300, "amount"],
    [null, "amount"],
  ])("of %j are refused by their field", async (amount, param) => {
    const key = await gateway.createKey({ credit: "1.00" });
    expect(await send("POST", creditsOf(key), { amount })).toMatchObject({
      status: 400,
      code: "invalid_request",
      param,
    });
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "1.00" });
  });

  test("in another currency are refused; the ledger's own counts in any case", async () => {
    const key = await gateway.createKey();
    for (const currency of ["EUR", "MYR", "usdt", ""]) {
      expect(await send("POST", creditsOf(key), { amount: "5", currency })).toMatchObject({
        status: 400,
        param: "currency",
      });
    }
    expect(await send("POST", creditsOf(key), { amount: "5", currency: "usd" })).toMatchObject({ status: 200 });
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "5.00" });
  });

  test("that add up to more than the books can hold are refused, and stop nothing else", async () => {
    const [key, other] = [await gateway.createKey(), await gateway.createKey({ credit: "1.00" })];
    const most = { amount: "1000000000.00" };
    for (let added = 0; added < 3; added += 1)
      expect(await send("POST", creditsOf(key), most)).toMatchObject({ status: 200 });
    for (const kind of ["topup", "adjust"] as const)
      for (let added = 0; added < 2; added += 1) {
        const answer = await send("POST", creditsOf(key), { ...most, kind });
        expect([200, 400]).toContain(answer.status);
        if (answer.status === 400) expect(answer).toMatchObject({ code: "invalid_request", param: "amount" });
      }
    expect(await send("POST", creditsOf(key), most)).toMatchObject({ status: 400, param: "amount" });
    answering();
    expect(await ask(other)).toMatchObject({ status: 200 });
    // Paid out again, so that later tests find room.
    const { wallet } = await gateway.balance(key.accountId);
    expect(wallet).toBe("4000000000.00");
    const out = { kind: "adjust", amount: "-1000000000.00" };
    for (let taken = 0; taken < 4; taken += 1)
      expect(await send("POST", creditsOf(key), out)).toMatchObject({ status: 200 });
  });

  test("with a key in the header that names nothing, or is too long, are refused", async () => {
    const key = await gateway.createKey();
    for (const name of ["", " ", "x".repeat(256)]) {
      const header = { "idempotency-key": name };
      expect(await send("POST", creditsOf(key), { amount: "1.00" }, header)).toMatchObject({
        status: 400,
        param: "idempotency_key",
      });
    }
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "0.00" });
  });

  test("and refunds of one account with one key at the same time: one is booked, the others are conflicts", async () => {
    const key = await gateway.createKey({ credit: "5.00" });
    answering();
    const [first, second] = [await ask(key), await ask(key)];
    const refundOf = ({ body }: Answer): string =>
      `/admin/receipts/${String(at(body, "tollgate", "request_id"))}/refund`;
    const body = { amount: "0.01", idempotency_key: "shared" };
    const answers = await Promise.all([
      send("POST", refundOf(first), body),
      send("POST", refundOf(second), body),
      send("POST", creditsOf(key), body),
      send("POST", refundOf(first), body),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409, 200]);
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "4.81" });
  });

  test("with one idempotency key: the same body credits once, another one is a conflict, at once and one after the other", async () => {
    const key = await gateway.createKey();
    const body = { amount: "5.00", idempotency_key: "once" };
    const same = await Promise.all([1, 2, 3].map(() => send("POST", creditsOf(key), body)));
    expect(same.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const other of [{ amount: "6.00" }, { kind: "grant" }, { reason: "another" }]) {
      expect(await send("POST", creditsOf(key), { ...body, ...other })).toMatchObject({
        status: 409,
        code: "conflict",
      });
    }
    const header = { "idempotency-key": "by header" };
    expect(await send("POST", creditsOf(key), { amount: "1.00" }, header)).toMatchObject({ status: 200 });
    expect(await send("POST", creditsOf(key), { amount: "2.00" }, header)).toMatchObject({ status: 409 });
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "6.00" });
    // Keys are each account's own.
    const stranger = await gateway.createKey();
    expect(await send("POST", creditsOf(stranger), { ...body, amount: "7.00" })).toMatchObject({ status: 200 });
  });
});

describe("a price row in the past", () => {
  const reload = (text: string): Promise<Answer> => {
    writeFileSync(join(gateway.dataDir, "catalog.yaml"), text);
    return send("POST", "/admin/reload");
  };
  const receiptOf = async (key: TestKey, id: unknown): Promise<JsonObject> =>
    (await answerOf(await gateway.get(`/v1/receipts/${String(id)}`, key.key))).body;
  const receipt = (key: TestKey, { body }: Answer): Promise<JsonObject> =>
    receiptOf(key, at(body, "tollgate", "request_id"));

  test("changes no call that was made, nor one under way; later ones are priced by it", async () => {
    const key = await gateway.createKey({ credit: "5.00" });
    answering();
    const old = await receipt(key, await ask(key));
    answering("repriced");
    const running = ask(key);
    await up.gate("repriced").reached;
    const past = new Date(Date.now() - 60 * DAY).toISOString().slice(0, 10);
    const rows = [
      { input: "0", output: "100" },
      { from: past, input: "0", output: "300" },
    ];
    expect(await reload(catalog({ price: undefined, prices: rows }))).toMatchObject({ status: 200 });
    up.gate("repriced").open();
    const during = await receipt(key, await running);
    answering();
    const later = await receipt(key, await ask(key));
    expect([old["charged"], during["charged"], later["charged"]]).toEqual(["0.10", "0.10", "0.30"]);
    expect(during["price_version"]).toBe(old["price_version"]);
    expect(later["price_version"]).not.toBe(old["price_version"]);
    expect(await receiptOf(key, old["request_id"])).toEqual(old);
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "4.50", held: "0.00" });
    expect(await reload(catalog())).toMatchObject({ status: 200 });
  });

  test("twice for one day is a broken catalog: it is refused, the running one stays", async () => {
    const rows = ["100", "300"].map((output) => ({ from: "2026-01-01", input: "0", output }));
    const answer = await reload(catalog({ price: undefined, prices: rows }));
    expect(answer).toMatchObject({ status: 400, code: "invalid_request" });
    expect(JSON.stringify(answer.body)).toContain("overlaps another row");
    const key = await gateway.createKey({ credit: "5.00" });
    answering();
    expect(await ask(key)).toMatchObject({ status: 200 });
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "4.90" });
    expect(await reload(catalog())).toMatchObject({ status: 200 });
  });
});

describe("a cap below what is already spent", () => {
  test.each(["key", "account"] as const)(
    "of the %s: nothing more this month, and no less than nothing",
    async (whose) => {
      const key = await gateway.createKey({ credit: "5.00" });
      answering();
      for (let calls = 0; calls < 2; calls += 1) expect(await ask(key)).toMatchObject({ status: 200 });
      const path = whose === "key" ? `/admin/keys/${key.id}` : `/admin/accounts/${key.accountId}`;
      expect(await send("PATCH", path, { monthly_cap: "0.05" })).toMatchObject({ status: 200 });
      const refused = await ask(key);
      expect(refused).toMatchObject({ status: 402, code: "monthly_cap_reached" });
      expect(at(refused.body, "error", "details")).toMatchObject({ cap: "0.05", spent: "0.20" });
      expect(Date.parse(String(at(refused.body, "error", "details", "resets_at")))).toBeGreaterThan(Date.now());
      expect(await send("PATCH", path, { monthly_cap: "-1" })).toMatchObject({ status: 400, param: "monthly_cap" });
      expect(await send("PATCH", path, { monthly_cap: "0.30" })).toMatchObject({ status: 200 });
      expect(await ask(key)).toMatchObject({ status: 200 });
      expect(await send("PATCH", path, { monthly_cap: null })).toMatchObject({ status: 200 });
      expect(await ask(key)).toMatchObject({ status: 200 });
    },
  );
});

describe("closing an account", () => {
  test.each(["m", "gift"])(
    "with a call to %s under way is refused; when that has ended it closes for good",
    async (name) => {
      const key = await gateway.createKey({ credit: "5.00" });
      const path = `/admin/accounts/${key.accountId}`;
      answering(`closing ${name}`);
      const running = ask(key, name);
      await up.gate(`closing ${name}`).reached;
      expect(await send("PATCH", path, { status: "closed" })).toMatchObject({ status: 409, code: "conflict" });
      expect(await send("GET", path)).toMatchObject({ body: { status: "active" } });
      // Disabled, it takes no further calls while the last one ends.
      expect(await send("PATCH", path, { status: "disabled" })).toMatchObject({ status: 200 });
      expect(await ask(key, name)).toMatchObject({ status: 403, code: "forbidden" });
      up.gate(`closing ${name}`).open();
      expect(await running).toMatchObject({ status: 200 });
      await eventually(async () => (await send("PATCH", path, { status: "closed" })).status === 200);
      answering();
      expect(await ask(key, name)).toMatchObject({ status: 403, code: "forbidden" });
      expect((await gateway.get("/v1/credits", key.key)).status).toBe(403);
      expect(up.requests).toHaveLength(0);
      expect(await send("PATCH", path, { status: "active" })).toMatchObject({ status: 409 });
      expect(await send("POST", creditsOf(key), { amount: "1.00" })).toMatchObject({ status: 409, code: "conflict" });
      // What is left can be paid out.
      const left = name === "m" ? "4.90" : "5.00";
      expect(
        await send("POST", creditsOf(key), { amount: `-${left}`, kind: "adjust", reason: "paid out" }),
      ).toMatchObject({ status: 200 });
      expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "0.00", held: "0.00" });
    },
  );
});

test("an invoice for a month that has not begun, or is none", async () => {
  const key = await gateway.createKey();
  const next = new Date(Date.now() + 32 * DAY).toISOString().slice(0, 7);
  for (const month of [next, "2999-01", "2026-13", "2026-00", "soon"]) {
    expect(await send("GET", `/admin/accounts/${key.accountId}/invoices/${month}`)).toMatchObject({
      status: 400,
      param: "month",
    });
    expect((await gateway.get(`/v1/invoices/${month}`, key.key)).status).toBe(400);
  }
  const current = new Date().toISOString().slice(0, 7);
  expect(await send("GET", `/admin/accounts/${key.accountId}/invoices/${current}`)).toMatchObject({ status: 200 });
});

describe("a clock that jumps", () => {
  afterEach(() => {
    setSystemTime();
  });

  for (const [name, days] of [
    ["forward", 31],
    ["back", -31],
  ] as const) {
    test(`a month ${name}, with a call under way: it is charged once, holds nothing, and counts for the month that it began in`, async () => {
      const key = await gateway.createKey({ credit: "5.00", key: { monthly_cap: "0.25" } });
      const began = new Date().toISOString().slice(0, 7);
      answering();
      expect(await ask(key)).toMatchObject({ status: 200 });
      answering(`jump ${name}`);
      const running = ask(key);
      await up.gate(`jump ${name}`).reached;
      setSystemTime(new Date(Date.now() + days * DAY));
      // The other month has a cap of its own.
      answering();
      up.gate(`jump ${name}`).open();
      expect(await running).toMatchObject({ status: 200 });
      expect(await ask(key)).toMatchObject({ status: 200 });
      expect(await ask(key)).toMatchObject({ status: 200 });
      expect(await ask(key)).toMatchObject({ status: 402, code: "monthly_cap_reached" });
      expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "4.60", held: "0.00" });
      setSystemTime();
      expect(await ask(key)).toMatchObject({ status: 402, code: "monthly_cap_reached" });
      const invoice = await send("GET", `/admin/accounts/${key.accountId}/invoices/${began}`);
      expect(invoice.body).toMatchObject({ total: "0.20" });
      expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "4.60", held: "0.00" });
    });
  }

  test("forward and back again: what expired stays so, and a subscription's period is granted once", async () => {
    const key = await gateway.createKey();
    const subscriber = await gateway.createKey();
    const grants = async (of: TestKey): Promise<unknown> => (await gateway.balance(of.accountId))["grants"];
    const soon = new Date(Date.now() + DAY).toISOString();
    expect(await send("POST", creditsOf(key), { amount: "1.00", kind: "grant", expires_at: soon })).toMatchObject({
      status: 200,
    });
    const path = `/admin/accounts/${subscriber.accountId}/subscription`;
    expect(await send("PUT", path, { plan: "basic" })).toMatchObject({ status: 200 });
    expect([await grants(key), await grants(subscriber)]).toEqual(["1.00", "2.00"]);
    for (const days of [40, 0, 40, 0]) {
      if (days === 0) setSystemTime();
      else setSystemTime(new Date(Date.now() + days * DAY));
      expect([await grants(key), await grants(subscriber)]).toEqual(["0.00", "2.00"]);
    }
    answering();
    expect(await ask(key)).toMatchObject({ status: 402, code: "insufficient_credits" });
  });
});
