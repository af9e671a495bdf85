/** `tollgate books`: which requests of the admin API its words become, and when it fails. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { booksCommand } from "../../src/cli/books-commands.ts";
import { runLine } from "../../src/cli/run.ts";

async function run(answer: object, ...words: string[]): Promise<{ requests: unknown[]; text: string }> {
  const requests: unknown[] = [];
  let text = "";
  const out = { write: (more: string) => void (text += more) };
  const connect = () =>
    Promise.resolve({
      send: (...request: unknown[]) => {
        requests.push(request);
        return Promise.resolve(answer);
      },
      download: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  await runLine(booksCommand({ out, connect }), words, out);
  return { requests, text };
}

const reconciliation = (alarm: boolean) => ({
  alarm,
  from: "2026-11-20",
  to: "2026-11-21",
  threshold_percent: "2",
  total: { ours_usd: "1", theirs_usd: "2", drift_usd: "-1", drift_percent: "-50.00" },
  data: [{ day: "2026-11-20", model: "m", over: alarm }],
});

test("reconcile sends the report as it is, prints both sides, and fails over the threshold", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-report-"));
  const file = join(folder, "report.csv");
  writeFileSync(file, "day,model,cost_usd\n");
  const words = ["reconcile", "--provider", "openai", "--report", file, "--threshold", "2%"];
  const { requests, text } = await run(reconciliation(false), ...words);
  const body = { provider: "openai", report: "day,model,cost_usd\n", threshold_percent: "2", least_usd: "0" };
  expect(requests).toEqual([["POST", "/admin/books/reconciliations", body]]);
  expect(text).toContain("2026-11-20 to 2026-11-21: ours 1, theirs 2, drift -1 USD (-50.00%)");
  await expect(run(reconciliation(true), ...words)).rejects.toThrow("over 2%");
  const missing = ["reconcile", "--provider", "openai", "--report", join(folder, "none")];
  await expect(run({}, ...missing)).rejects.toThrow("can't be read");
  rmSync(folder, { recursive: true });
});

test("margin prints every part of the report", async () => {
  const line = { charged: "1.00", margin: "0.2" };
  const parts = { by_model: [{ model: "m", ...line }], by_account: [{ account_id: "a", ...line }], total: line };
  const report = {
    month: "2026-11",
    final: false,
    currency: "USD",
    data: [{ account_id: "a", model: "m", ...line }],
    ...parts,
  };
  const { requests, text } = await run(report, "margin", "--month", "2026-11");
  expect(requests).toEqual([["GET", "/admin/books/margin?month=2026-11", undefined]]);
  expect(text).toContain("2026-11, USD (the month is not over)");
  expect(text.match(/0\.2/g)).toHaveLength(4);
});

test("invoices: issue, list, show, credit, pay; calls under way make issuing fail", async () => {
  const requests = async (...words: string[]) => (await run({ data: [] }, ...words)).requests;
  expect(await requests("issue", "--month", "2026-10")).toEqual([["POST", "/admin/invoices", { month: "2026-10" }]]);
  await expect(run({ data: [], under_way: ["a", "b"] }, "issue", "--month", "2026-10")).rejects.toThrow("for a, b");
  expect(await requests("invoices", "--account", "a")).toEqual([["GET", "/admin/invoices?account_id=a", undefined]]);
  expect(await requests("invoice", "INV-000001")).toEqual([["GET", "/admin/invoices/INV-000001", undefined]]);
  expect(await requests("credit-note", "--invoice", "1", "--reason", "late", "--amount", "5")).toEqual([
    ["POST", "/admin/invoices/1/credit-notes", { amount: "5", reason: "late" }],
  ]);
  expect(await requests("pay", "--invoice", "1")).toEqual([["POST", "/admin/invoices/1/payments", {}]]);
  expect(await requests("customer", "--account", "a")).toEqual([["GET", "/admin/accounts/a/billing", undefined]]);
  expect(await requests("customer", "--account", "a", "--tax-id", "X", "--tax-percent", "none")).toEqual([
    ["PATCH", "/admin/accounts/a/billing", { tax_id: "X", tax_percent: null }],
  ]);
});
