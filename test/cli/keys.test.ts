/** `tollgate keys`: which requests of the admin API its words become. */
import { expect, test } from "bun:test";
import { keysCommand } from "../../src/cli/keys-command.ts";
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
      download: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  await runLine(keysCommand({ out, connect }), words, out);
  return requests;
}

test("a key with all that can be said of it", async () => {
  const words = ["--models", "gpt-*, claude-*", "--monthly-cap", "5.00", "--kind", "instance", "--strict"];
  expect(await sent("create", "--account", "acc_1", ...words, "--requests-per-minute", "60")).toEqual([
    [
      "POST",
      "/admin/accounts/acc_1/keys",
      {
        models: ["gpt-*", "claude-*"],
        monthly_cap: "5.00",
        kind: "instance",
        strict: true,
        limits: { requests_per_minute: 60 },
      },
    ],
  ]);
});

test("what was not given is not sent", async () => {
  expect(await sent("create", "--account", "acc_1")).toEqual([["POST", "/admin/accounts/acc_1/keys", {}]]);
  expect(await sent("create", "--account", "acc_1", "--messages-per-day=0")).toEqual([
    ["POST", "/admin/accounts/acc_1/keys", { limits: { messages_per_day: 0 } }],
  ]);
});

test("a limit is a whole number", async () => {
  await expect(sent("create", "--account", "acc_1", "--requests-per-minute", "many")).rejects.toThrow("whole number");
});
