/** Invoices over HTTP: own ones only, for months that have begun. */
import { expect, test } from "bun:test";
import { startGateway } from "../support/gateway.ts";

const month = new Date().toISOString().slice(0, 7);

test("an account's own invoice, as JSON and as a page", async () => {
  await using gateway = await startGateway();
  const { key, accountId } = await gateway.createKey({ credit: "5.00" });
  const answer = await gateway.get(`/v1/invoices/${month}`, key);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    object: "invoice",
    number: null,
    status: "preview",
    account_id: accountId,
    final: false,
    currency: "USD",
    lines: [],
    total: "0.00",
  });
  const page = await gateway.get(`/v1/invoices/${month}`, key, { accept: "text/html" });
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(await page.text()).toContain(`Preview of ${month}`);
  expect(await gateway.admin("GET", `/admin/accounts/${accountId}/invoices/${month}`)).toMatchObject({ total: "0.00" });
});

test("old calls can be dropped by the operator; those of this month can't", async () => {
  await using gateway = await startGateway();
  const pruned = await gateway.admin("POST", "/admin/audit/prune", { month: "2020-01" });
  expect(pruned).toMatchObject({ object: "pruned", calls: 0, anchor: null });
  await expect(gateway.admin("POST", "/admin/audit/prune", { month })).rejects.toThrow("400");
  await expect(gateway.admin("POST", "/admin/audit/prune", { month: "2020" })).rejects.toThrow("400");
});

test("months that have not begun, that are none, and callers without a key", async () => {
  await using gateway = await startGateway();
  const { key } = await gateway.createKey();
  for (const bad of ["2999-01", "2026-13", "november", "2026-1"]) {
    expect((await gateway.get(`/v1/invoices/${bad}`, key)).status).toBe(400);
  }
  expect((await gateway.get(`/v1/invoices/${month}`)).status).toBe(401);
  const past = await gateway.get("/v1/invoices/2020-02", key);
  expect(await past.json()).toMatchObject({ final: true, total: "0.00" });
});
