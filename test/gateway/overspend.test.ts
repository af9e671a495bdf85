/** A thousand calls at once against a wallet that can pay fifty of them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { HANGING_MS } from "../support/limits.ts";
import { Folder, run, startBinary } from "../support/binary.ts";
import { startGateway } from "../support/gateway.ts";
import { gate, startUpstream, type Upstream } from "../support/upstream.ts";
import { at, catalogOf, clientOf, kindOf, model } from "./support.ts";

setDefaultTimeout(HANGING_MS);

const CALLS = 1000;
const PAYABLE = 50;
const CAP = 1000;
const client = clientOf("openai-chat");
const kind = kindOf(client.id);

/** Input is free and 1,000 output tokens cost $0.10: the worst case of a call to the cent. */
const catalogFor = (up: Upstream): string =>
  catalogOf({
    providers: { one: { kind: kind.kind, url: up.url } },
    models: [model("m", "one", { price: { input: "0", output: "100" } })],
    billing: { default_output_cap: CAP },
  });

/** The upstream answers nobody until all calls are decided, then each with its full cap. */
async function rush(up: Upstream, url: string, key: string): Promise<number[]> {
  up.always(async (request) => ({
    ...(await kind.reply({ usage: { input: 11, output: CAP } })(request)),
    before: [gate("all decided")],
  }));
  const body = JSON.stringify(client.body({ maxTokens: CAP }));
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const statuses: number[] = [];
  const refused = Promise.withResolvers<void>();
  const calls = Array.from({ length: CALLS }, async () => {
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
    const answer = (await response.json()) as JsonObject;
    statuses.push(response.status);
    if (response.status === 402) expect(client.errorCode(answer)).toBe("balance_held");
    if (statuses.length === CALLS - PAYABLE) refused.resolve();
  });
  await Promise.all([refused.promise, up.gate("all decided").arrivals(PAYABLE)]);
  up.gate("all decided").open();
  await Promise.all(calls);
  return statuses;
}

function expectExact(statuses: readonly number[], up: Upstream): void {
  const count = (status: number): number => statuses.filter((item) => item === status).length;
  expect([count(200), count(402)]).toEqual([PAYABLE, CALLS - PAYABLE]);
  expect(up.requests).toHaveLength(PAYABLE);
}

describe("1,000 calls of $0.10 against $5.00: 50 are served, 950 refused, nothing is left", () => {
  test("in this process", async () => {
    await using up = await startUpstream();
    await using gateway = await startGateway({ catalog: catalogFor(up) });
    const key = await gateway.createKey({ credit: "5.00" });
    expectExact(await rush(up, gateway.url, key.key), up);
    expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "0.00", held: "0.00" });
    expect(gateway.verify()).toEqual([]);
    const late = await gateway.post(client.path({}), client.body({ maxTokens: 1 }), key.key);
    expect(late.status).toBe(402);
    const answer = (await late.json()) as JsonObject;
    expect(client.errorCode(answer)).toBe("insufficient_credits");
    expect(at(answer, "error", "details", "available")).toBe("0.00");
  });

  test("the compiled file", async () => {
    using folder = new Folder();
    await using up = await startUpstream();
    writeFileSync(join(folder.path, "catalog.yaml"), catalogFor(up), { mode: 0o600 });
    await using server = await startBinary(folder.path, ["--catalog", "catalog.yaml"]);
    const command = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await run(folder.path, [...args, "--json"]);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const account = String((await command("accounts", "create", "--name", "rush"))["id"]);
    await command("credits", "add", "--account", account, "--amount", "5.00");
    const key = String((await command("keys", "create", "--account", account))["key"]);
    expectExact(await rush(up, server.url, key), up);
    const credits = await fetch(`${server.url}/v1/credits`, { headers: { authorization: `Bearer ${key}` } });
    expect(await credits.json()).toMatchObject({ balance_cents: 0 });
    expect((await run(folder.path, ["verify"])).code).toBe(0);
  });
});
