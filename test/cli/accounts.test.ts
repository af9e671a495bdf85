/** `tollgate accounts`: which requests of the admin API its words become. */
import { expect, test } from "bun:test";
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
