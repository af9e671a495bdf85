/** The operator's books over the admin API. */
import { expect, test } from "bun:test";
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
