/** Everything about an account can be taken along, and what is about people can go; books and chain stay whole. */
import { Database } from "bun:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { verifyDataFolder } from "../../src/store/verify.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";

const CATALOG = `
billing: {currency: USD, fx: {USD: 1}, markup_percent: 30}
features: {storage: true, audit_thread: th_audit}
providers:
  echo: {kind: echo}
  openai: {kind: openai, base_url: "https://api.openai.com/v1"}
models:
  - {id: parrot, provider: echo, price: {input: 100, output: 100}}
aliases: {jane-roes-favourite: parrot}
`;
const NAME = "Jane Roe";

/** An account whose traces are all about Jane Roe. */
async function jane(gateway: TestGateway): Promise<TestKey> {
  const key = await gateway.createKey({ credit: "5.00", account: { name: NAME }, key: { name: `${NAME}'s laptop` } });
  const { accountId } = key;
  await gateway.admin("PATCH", `/admin/accounts/${accountId}/billing`, { name: NAME, email: "jane@roe.example" });
  await gateway.admin("POST", `/admin/accounts/${accountId}/credits`, {
    amount: "1.00",
    kind: "adjust",
    reason: `gift for ${NAME}`,
    idempotency_key: "gift",
  });
  const secret = { provider: "openai", api_key: "sk-jane-roes-secret-key", name: NAME };
  await gateway.admin("POST", `/admin/accounts/${accountId}/provider-keys`, secret);
  const message = { role: "user", content: `I am ${NAME}` };
  const headers = { "idempotency-key": "first" };
  const chat = { model: "jane-roes-favourite", messages: [message] };
  expect((await gateway.post("/v1/chat/completions", chat, key.key, { headers })).status).toBe(200);
  expect((await gateway.post("/v1/chat/completions", { ...chat, model: "jane@roe.example" }, key.key)).status).toBe(
    404,
  );
  const stored = await gateway.post("/v1/responses", { model: "parrot", input: `I am ${NAME}`, store: true }, key.key);
  expect(stored.status).toBe(200);
  await stored.text();
  return key;
}

interface Line {
  type: string;
  [field: string]: unknown;
}

async function exported(gateway: TestGateway, accountId: string): Promise<Line[]> {
  const request = new Request(`http://localhost/admin/accounts/${accountId}/export`);
  const answer = await gateway.app.adminFetch(request);
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

const ofType = (lines: readonly Line[], type: string): Line[] => lines.filter((line) => line.type === type);

/** Files of the data folder whose bytes hold a text. */
function holding(gateway: TestGateway, text: string): string[] {
  return readdirSync(gateway.dataDir).filter(
    (name) => !/\.(?:sock|yaml)$/.test(name) && readFileSync(join(gateway.dataDir, name)).includes(text),
  );
}

test("an export has everything but secrets, and says where it ends", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const { accountId, key } = await jane(gateway);
  await (
    await gateway.createKey({ credit: "7.00" })
  ).key;
  const lines = await exported(gateway, accountId);
  expect(lines.at(-1)).toEqual({ type: "end", lines: lines.length - 1 });
  expect(ofType(lines, "account")).toMatchObject([{ id: accountId, name: NAME }]);
  expect(ofType(lines, "billing_details")).toMatchObject([{ email: "jane@roe.example" }]);
  expect(ofType(lines, "key")).toMatchObject([{ name: `${NAME}'s laptop` }]);
  expect(ofType(lines, "provider_key")).toMatchObject([{ provider: "openai" }]);
  expect(ofType(lines, "credit").map(({ amount, reason }) => [amount, reason])).toEqual([
    ["5.00", "topup"],
    ["1.00", `gift for ${NAME}`],
  ]);
  const records = ofType(lines, "record");
  expect(records.map(({ model_asked, status }) => [model_asked, status])).toEqual([
    ["jane-roes-favourite", 200],
    ["jane@roe.example", 404],
    ["parrot", 200],
  ]);
  expect(records[0]).not.toHaveProperty("provider_cost_usd");
  expect(ofType(lines, "receipt")).toHaveLength(2);
  expect(JSON.stringify(ofType(lines, "stored_response"))).toContain(`I am ${NAME}`);
  // Entries are the account's own: what came in less what went out is its balance.
  const wallet = `wallet:${accountId}`;
  const nano = (text: unknown): bigint => BigInt(Math.round(Number(text) * 1e9));
  const sum = ofType(lines, "entry").reduce(
    (total, { debit, credit, amount }) =>
      total + (credit === wallet ? nano(amount) : 0n) - (debit === wallet ? nano(amount) : 0n),
    0n,
  );
  expect(sum).toBe(nano((await gateway.balance(accountId))["wallet"]));
  const text = JSON.stringify(lines);
  expect(text).not.toContain(key);
  expect(text).not.toMatch(/sk-jane-roes|digest|sealed/);
  await expect(gateway.admin("GET", "/admin/accounts/nobody/export")).rejects.toThrow("404");
});

test("erased, nothing is left of the person in any file, and books and chain can still be proved", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const { accountId, key } = await jane(gateway);
  const head = verifyDataFolder(gateway.dataDir).head;
  const balance = await gateway.balance(accountId);
  expect(holding(gateway, NAME)).not.toEqual([]);
  const path = `/admin/accounts/${accountId}/erase`;
  await expect(gateway.admin("POST", path, { confirm: "yes" })).rejects.toThrow("400");
  const erased = await gateway.admin("POST", path, { confirm: accountId });
  expect(erased).toMatchObject({ keys: 1, provider_keys: 1, stored_responses: 1, records: 2, credits: 2, invoices: 0 });

  expect(verifyDataFolder(gateway.dataDir, head).findings).toEqual([]);
  for (const text of [NAME, "jane-roes", "roe.example"]) expect(holding(gateway, text)).toEqual([]);
  expect((await gateway.post("/v1/chat/completions", { model: "parrot", messages: [] }, key)).status).toBe(401);
  expect(await gateway.admin("GET", `/admin/accounts/${accountId}`)).toMatchObject({
    name: "erased",
    status: "closed",
  });
  expect((await gateway.balance(accountId))["wallet"]).toBe(balance["wallet"]);
  const lines = await exported(gateway, accountId);
  expect(JSON.stringify(lines)).not.toMatch(/jane/i);
  const asked = ofType(lines, "record").map(({ model_asked }) => String(model_asked));
  expect(asked).toEqual([
    expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    "parrot",
  ]);
  const again = await gateway.admin("POST", path, { confirm: accountId });
  expect(again).toMatchObject({ records: 0, erased_at: erased["erased_at"] });
});

test("texts that go without an erasure, or are changed, are found", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const { accountId } = await jane(gateway);
  const db = new Database(join(gateway.dataDir, DATABASE_FILE));
  expect(() => db.run("UPDATE calls SET aside = '{}'")).toThrow("append-only");
  expect(() => db.run("UPDATE calls SET record = '[]'")).toThrow("append-only");
  expect(() => db.run("UPDATE credits SET reason = 'other'")).toThrow("append-only");
  expect(() => db.run("UPDATE credits SET amount = 1")).toThrow("append-only");
  db.run("UPDATE calls SET aside = NULL WHERE seq = 1");
  db.run("DROP TRIGGER calls_forget");
  db.run(`UPDATE calls SET aside = replace(aside, 'jane@', 'john@') WHERE account_id = '${accountId}' AND seq = 2`);
  db.close();
  expect(gateway.verify()).toEqual([
    "audit: the texts beside row 1 are gone",
    "audit: the texts beside row 2 were altered",
  ]);
});
