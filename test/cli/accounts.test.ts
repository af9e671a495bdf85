/** `tollgate accounts`: which requests of the admin API its words become. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountsCommand } from "../../src/cli/accounts-commands.ts";
import { runLine } from "../../src/cli/run.ts";

async function sent(...words: string[]): Promise<unknown[]> {
  const requests: unknown[] = [];
  const out = { write: () => undefined };
  const connect = () =>
    Promise.resolve({
      send: (...request: unknown[]) => {
        requests.push(request);
        return Promise.resolve({});
      },
      download: (path: string, write: (bytes: Uint8Array) => void) => {
        requests.push(path);
        return Promise.resolve(write(new TextEncoder().encode("{}\n")));
      },
      close: () => Promise.resolve(),
    });
  await runLine(accountsCommand({ out, connect }), words, out);
  return requests;
}

test("create and update send what was given, and nothing else", async () => {
  expect(await sent("create", "--name", "Lab", "--credit-limit", "50.00", "--low-balance=5")).toEqual([
    ["POST", "/admin/accounts", { name: "Lab", credit_limit: "50.00", low_balance: "5" }],
  ]);
  expect(
    await sent("update", "acc_1", "--monthly-cap", "none", "--low-balance", "none", "--status", "disabled"),
  ).toEqual([["PATCH", "/admin/accounts/acc_1", { status: "disabled", monthly_cap: null, low_balance: null }]]);
});

test("close is a change of the status", async () => {
  expect(await sent("close", "acc_1")).toEqual([["PATCH", "/admin/accounts/acc_1", { status: "closed" }]]);
});

test("a mistyped option is told", async () => {
  await expect(sent("update", "acc_1", "--low-balanse", "5")).rejects.toThrow("did you mean --low-balance?");
});

test("an option that is given twice is refused: nobody knows which was meant", async () => {
  await expect(sent("update", "acc_1", "--low-balance", "5", "--low-balance=7")).rejects.toThrow(
    "--low-balance is given twice",
  );
});

test("export writes a new file that only its owner may read; erase sends the id once more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-export-"));
  const file = join(folder, "acc.ndjson");
  expect(await sent("export", "acc_1", file)).toEqual(["/admin/accounts/acc_1/export"]);
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["{}\n", 0o600]);
  await expect(sent("export", "acc_1", file)).rejects.toThrow("can't be made");
  rmSync(folder, { recursive: true });
  expect(await sent("erase", "acc_1", "--confirm", "acc_1", "--keep-invoices")).toEqual([
    ["POST", "/admin/accounts/acc_1/erase", { confirm: "acc_1", keep_invoices: true }],
  ]);
});
