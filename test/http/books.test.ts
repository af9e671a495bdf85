/** The operator's books over the admin API. */
import { expect, test } from "bun:test";
import { Book, UNIT } from "../store/support.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const CATALOG = `
billing: {currency: USD, fx: {USD: 1}, markup_percent: 30}
providers:
  echo: {kind: echo}
models:
  - {id: parrot, provider: echo, price: {input: 100, output: 100}}
`;

const today = (): string => new Date().toISOString().slice(0, 10);

async function call(gateway: TestGateway, key: string): Promise<void> {
  const body = { model: "parrot", messages: [{ role: "user", content: "one two three" }] };
  const answer = await gateway.post("/v1/chat/completions", body, key);
  expect(answer.status).toBe(200);
  await answer.text();
}

interface Record {
  provider_cost_usd: number;
}

/** What our records say that a day's calls cost, as text. */
async function recorded(gateway: TestGateway): Promise<string> {
  const { data } = (await gateway.admin("GET", "/admin/audit")) as unknown as { data: Record[] };
  return data.reduce((sum, { provider_cost_usd }) => sum + Math.round(provider_cost_usd * 1e9), 0).toString();
}

const csv = (...lines: string[]): string => ["day,model,cost_usd", ...lines].join("\n");

test("costs agree with the provider's report, or an alarm is raised everywhere", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const { key } = await gateway.createKey({ credit: "5.00" });
  await call(gateway, key);
  await call(gateway, key);
  const cost = `0.${(await recorded(gateway)).padStart(9, "0")}`;
  const reconcile = (report: string, more: object = {}) =>
    gateway.admin("POST", "/admin/books/reconciliations", { provider: "echo", report, ...more });
  expect(await reconcile(csv(`${today()},Parrot,${cost}`))).toMatchObject({
    object: "reconciliation",
    alarm: false,
    data: [{ day: today(), model: "parrot", drift_usd: "0", drift_percent: "0.00", match: "both", over: false }],
  });
  expect(await (await gateway.get("/metrics")).text()).toContain('tollgate_provider_cost_alarm{provider="echo"} 0');

  const drifted = await reconcile(csv(`${today()},parrot,1${cost.slice(1)}`, `${today()},Web search,0.5`));
  expect(drifted).toMatchObject({
    alarm: true,
    data: [
      { model: "Web search", ours_usd: null, match: "theirs only", over: true },
      { model: "parrot", drift_usd: "-1", match: "both", over: true },
    ],
  });
  expect(gateway.logs.some((line) => line.includes("provider costs have drifted") && line.includes("error"))).toBe(
    true,
  );
  expect(await (await gateway.get("/metrics")).text()).toContain('tollgate_provider_cost_alarm{provider="echo"} 1');
  expect(await gateway.admin("GET", "/admin/books/reconciliations")).toMatchObject({ data: [{ alarm: true }] });
  expect(await reconcile(csv(`${today()},parrot,1`), { threshold_percent: "100" })).toMatchObject({ alarm: false });
  // Days that the report does not cover are not looked at.
  expect(await reconcile(csv("2020-01-01,parrot,0"))).toMatchObject({ alarm: false, total: { ours_usd: "0" } });
});

test("reports that can't be read, unknown providers and thresholds are refused", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const post = (body: object) => gateway.admin("POST", "/admin/books/reconciliations", body);
  await expect(post({ provider: "echo", report: "a,b\n1,2" })).rejects.toThrow("must name a day");
  await expect(post({ provider: "nobody", report: csv() })).rejects.toThrow("No such provider");
  await expect(post({ provider: "echo", report: csv() })).rejects.toThrow("no days");
  await expect(post({ provider: "echo", report: csv("2026-01-01,m,1"), threshold_percent: "-1" })).rejects.toThrow(
    "400",
  );
});

test("the margin report of this month, and of months that can't have one", async () => {
  const fees = "billing: {currency: USD, fx: {USD: 1}, markup_percent: 30, payment_fee: {percent: 2.9, fixed: 0.30}}";
  await using gateway = await startGateway({ catalog: CATALOG.replace(/^billing:.*$/m, fees) });
  const { key, accountId } = await gateway.createKey({ credit: "5.00" });
  await call(gateway, key);
  const month = today().slice(0, 7);
  const report = await gateway.admin("GET", `/admin/books/margin?month=${month}`);
  const invoice = await gateway.admin("GET", `/admin/accounts/${accountId}/invoices/${month}`);
  expect(report).toMatchObject({
    object: "margin",
    month,
    final: false,
    currency: "USD",
    data: [{ account_id: accountId, model: "parrot", calls: 1, charged: invoice["total"], margin_percent: "23.08" }],
    by_account: [{ account_id: accountId, fees: "0.00" }],
    total: { charged: invoice["total"], absorbed: "0.00" },
  });
  for (const bad of ["", "?month=2999-01", "?month=november"]) {
    await expect(gateway.admin("GET", `/admin/books/margin${bad}`)).rejects.toThrow("400");
  }
});

/** A data folder with an account that was charged last month: 1.30, of which 0.30 are to be paid. */
async function lastMonth(): Promise<{ book: Book; month: string }> {
  const book = new Book();
  const start = new Date();
  book.now = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() - 1, 10);
  const account = { name: "Jane Roe", tier: null, status: "active", monthlyCap: null, markupPercent: null } as const;
  await book.store.accounts.insertAccount({ ...account, id: "a", ownProvidersOnly: false, createdAt: book.now });
  await book.credit(UNIT);
  const hold = await book.hold(2n * UNIT, { charge: "metered", keyId: null });
  await book.settle(hold, 100_000, { audit: { ...book.audit(hold.requestId), keyId: null } });
  await book.store.close();
  return { book, month: new Date(book.now).toISOString().slice(0, 7) };
}

test("a month is issued, shown, credited; customers see their own", async () => {
  const { book, month } = await lastMonth();
  using folder = book;
  const { dataDir } = folder;
  const accountId = "a";
  const invoice = '{seller: "Acme\nRoad 1", seller_tax_id: T-1, tax_name: SST, tax_percent: 8}';
  const billing = `billing: {currency: USD, fx: {USD: 1}, invoice: ${invoice.replace("\n", "\\n")}}`;
  await using gateway = await startGateway({ catalog: CATALOG.replace(/^billing:.*$/m, billing), dataDir });
  const { key } = await gateway.createKey({ accountId });
  const { key: other } = await gateway.createKey();
  const preview = await (await gateway.get(`/v1/invoices/${month}`, key)).json();
  expect(preview).toMatchObject({ number: null, status: "preview", final: true, total: "1.30", owed: "0.40" });
  await gateway.admin("PATCH", `/admin/accounts/${accountId}/billing`, { name: "Roe <Ltd>", tax_id: "C-9" });
  const issued = await gateway.admin("POST", "/admin/invoices", { month });
  expect(issued["data"]).toMatchObject([{ number: "INV-000001", account_id: "a", month, total: "1.30" }]);
  expect((await gateway.admin("POST", "/admin/invoices", { month, account_id: "a" }))["data"]).toEqual(issued["data"]);
  expect(await gateway.admin("GET", `/admin/invoices?account_id=a&month=${month}`)).toMatchObject({
    data: issued["data"],
  });
  const shown = {
    number: "INV-000001",
    status: "issued",
    seller: { name: "Acme\nRoad 1", tax_id: "T-1" },
    customer: { name: "Roe <Ltd>", email: null, tax_id: "C-9" },
    tax: { name: "SST", percent: "8", included: false, base: "1.30", amount: "0.10" },
    total_with_tax: "1.40",
    due: { receivable: "0.30", tax: "0.10", rounding: "0.00", amount: "0.40" },
  };
  expect(await gateway.admin("GET", "/admin/invoices/INV-000001")).toMatchObject(shown);
  expect(await (await gateway.get(`/v1/invoices/${month}`, key)).json()).toMatchObject(shown);

  const note = await gateway.admin("POST", "/admin/invoices/1/credit-notes", { amount: "0.50", reason: "outage" });
  expect(note).toMatchObject({
    number: "CN-000001",
    invoice: "INV-000001",
    amount: "0.50",
    tax: "0.04",
    total: "0.54",
  });
  const page = await (await gateway.get(`/v1/invoices/${month}`, key, { accept: "text/html" })).text();
  for (const part of ["Invoice INV-000001", "Roe &#60;Ltd&#62;", "Credit note CN-000001: outage", "SST 8% of 1.30"]) {
    expect(page).toContain(part);
  }
  expect(await (await gateway.get("/v1/credit-notes/CN-000001", key)).json()).toEqual(note);
  const printed = await gateway.get("/v1/credit-notes/CN-000001", key, { accept: "text/html" });
  expect(await printed.text()).toContain("Credit note CN-000001");
  expect((await gateway.get("/v1/credit-notes/CN-000001", other)).status).toBe(404);
  expect(await (await gateway.get("/v1/invoices", other)).json()).toMatchObject({ data: [] });
  const own = await (await gateway.get("/v1/invoices", key)).json();
  expect(own).toMatchObject({ data: [{ number: "INV-000001", credited: "0.50", owed: "0.06" }] });
  const paid = await gateway.admin("POST", "/admin/invoices/INV-000001/payments", { reason: "transfer 77" });
  expect(paid).toMatchObject({ owed: "0.00", payments: [{ amount: "0.06", reason: "transfer 77" }] });
  const refund = gateway.admin("POST", "/admin/receipts/req_1/refund", { amount: "0.81" });
  await expect(refund).rejects.toThrow("only 0.80 left");
  expect(await gateway.balance(accountId)).toMatchObject({ receivable: "0.00" });

  // Tax laws may want whom an invoice was made out to; without them that goes, too, and the rest stays.
  const erase = (more: object) =>
    gateway.admin("POST", `/admin/accounts/${accountId}/erase`, { confirm: accountId, ...more });
  const before = await gateway.admin("GET", "/admin/invoices/1");
  await erase({ keep_invoices: true });
  expect(await gateway.admin("GET", "/admin/invoices/1")).toMatchObject({ customer: shown.customer });
  await erase({});
  const after = await gateway.admin("GET", "/admin/invoices/1");
  const erased = (items: unknown) => (items as object[]).map((item) => ({ ...item, reason: "erased" }));
  const { credit_notes: notes, payments } = before;
  expect(after).toEqual({ ...before, customer: null, credit_notes: erased(notes), payments: erased(payments) });
  expect(gateway.verify()).toEqual([]);
});

test("what can't be issued or credited is refused", async () => {
  await using gateway = await startGateway({ catalog: CATALOG });
  const { accountId } = await gateway.createKey();
  const now = today().slice(0, 7);
  const refused = async (method: string, path: string, body: object | undefined, why: string) =>
    expect(gateway.admin(method, path, body)).rejects.toThrow(why);
  await refused("POST", "/admin/invoices", { month: now }, "not over");
  await refused("POST", "/admin/invoices", { month: "2999-01" }, "not begun");
  await refused("POST", "/admin/invoices", { month: "2020-01", account_id: accountId }, "not charged");
  await refused("POST", "/admin/invoices", { month: "2020-01", account_id: "nobody" }, "404");
  await refused("GET", "/admin/invoices/INV-000001", undefined, "404");
  await refused("GET", "/admin/invoices/none", undefined, "404");
  await refused("POST", "/admin/invoices/7/credit-notes", { amount: "1", reason: "x" }, "404");
  await refused("POST", "/admin/invoices/7/credit-notes", { amount: "-1", reason: "x" }, "400");
  await refused("POST", "/admin/invoices/7/payments", { amount: "1" }, "404");
  await refused("PATCH", `/admin/accounts/${accountId}/billing`, { tax_percent: "101" }, "400");
  expect(await gateway.admin("POST", "/admin/invoices", { month: "2020-01" })).toEqual({
    object: "list",
    data: [],
    under_way: [],
  });
});
