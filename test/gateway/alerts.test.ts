/** Low-balance alerts over HTTP, from the setting of a threshold to a real receiver. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { catalogOf, clientOf, eventually, kindOf, model } from "./support.ts";

const client = clientOf("openai-chat");

let up: Upstream;
beforeAll(async () => {
  up = await startUpstream();
  // Every call costs $0.10.
  up.always(kindOf(client.id).reply({ usage: { input: 1, output: 1_000 } }));
});
afterAll(() => up.stop());

interface Told {
  id: string | null;
  signature: string | null;
  body: Record<string, unknown>;
}

/** A receiver on the loopback; `status` is what it answers. */
class Receiver implements AsyncDisposable {
  readonly told: Told[] = [];
  status = 204;
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { headers } = request;
      const body = (await request.json()) as Record<string, unknown>;
      this.told.push({ id: headers.get("webhook-id"), signature: headers.get("webhook-signature"), body });
      return new Response(null, { status: this.status });
    },
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/low`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

function start(url: string, options: { dataDir?: string; open?: boolean } = {}): Promise<TestGateway> {
  const catalog = catalogOf({
    providers: { one: { kind: "openai", url: up.url } },
    models: [model("m", "one", { price: { input: "0", output: "100" } })],
    billing: { alerts: { url, secret: "${ALERT_SECRET}" } },
    more: { features: { private_sinks: options.open ?? true } },
  });
  const dataDir = options.dataDir === undefined ? {} : { dataDir: options.dataDir };
  return startGateway({ catalog, env: { ALERT_SECRET: "s3cret" }, ...dataDir });
}

async function spend(gateway: TestGateway, key: TestKey): Promise<void> {
  const answer = await gateway.post(client.path({}), client.body({ maxTokens: 1_000 }), key.key);
  expect(answer.status).toBe(200);
  await answer.text();
}

test("a threshold that is set by the admin API; once per crossing, and again after it was above", async () => {
  await using receiver = new Receiver();
  await using gateway = await start(receiver.url);
  const key = await gateway.createKey({ credit: "0.55", account: { low_balance: "0.40" } });
  const { accountId } = key;
  for (let calls = 0; calls < 3; calls += 1) await spend(gateway, key);
  await eventually(() => receiver.told.length > 0);
  expect(receiver.told[0]?.body).toMatchObject({
    type: "account.low_balance",
    data: { account_id: accountId, balance: "0.35", threshold: "0.40", currency: "USD" },
  });
  expect(receiver.told[0]?.signature).toStartWith("v1,");
  await gateway.admin("POST", `/admin/accounts/${accountId}/credits`, { amount: "0.20" });
  const changed = await gateway.admin("PATCH", `/admin/accounts/${accountId}`, { low_balance: "0.30" });
  expect(changed).toMatchObject({ low_balance: "0.30", credit_limit: null });
  await spend(gateway, key);
  await spend(gateway, key);
  await eventually(() => new Set(receiver.told.map(({ id }) => id)).size > 1);
  // One that is slow to say thanks is told again, under the same id.
  const told = [...new Map(receiver.told.map(({ id, body }) => [id, body])).values()];
  expect(told.map((body) => (body["data"] as { balance: string }).balance)).toEqual(["0.35", "0.25"]);
  expect(gateway.verify()).toEqual([]);
});

test("a receiver that fails is told again, by the next process too, under the same id", async () => {
  await using receiver = new Receiver();
  receiver.status = 503;
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-alerts-"));
  try {
    {
      await using first = await start(receiver.url, { dataDir });
      const key = await first.createKey({ credit: "0.50", account: { low_balance: "0.45" } });
      await spend(first, key);
      await eventually(() => receiver.told.length > 0);
    }
    const before = receiver.told.length;
    receiver.status = 200;
    await using second = await start(receiver.url, { dataDir });
    await eventually(() => receiver.told.length > before);
    expect(new Set(receiver.told.map(({ id }) => id)).size).toBe(1);
    expect(second.verify()).toEqual([]);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("private addresses are not told unless the catalog says so, and plain http is a mistake in it", async () => {
  await using receiver = new Receiver();
  await expect(start(receiver.url, { open: false })).rejects.toThrow("billing.alerts.url: must be an https URL");
  await using gateway = await start(receiver.url.replace("http:", "https:"), { open: false });
  const key = await gateway.createKey({ credit: "0.50", account: { low_balance: "0.45" } });
  await spend(gateway, key);
  await eventually(() => gateway.logs.some((line) => line.includes("the host has a private address")));
  expect(receiver.told).toEqual([]);
  expect(gateway.logs.join("")).not.toContain("s3cret");
});

test("an account's terms: amounts are checked before anything is made", async () => {
  await using gateway = await startGateway();
  const made = await gateway.admin("POST", "/admin/accounts", { name: "a", credit_limit: "10", low_balance: "1.50" });
  expect(made).toMatchObject({ credit_limit: "10.00", low_balance: "1.50" });
  const path = `/admin/accounts/${String(made["id"])}`;
  expect(await gateway.admin("PATCH", path, { credit_limit: null })).toMatchObject({
    credit_limit: null,
    low_balance: "1.50",
  });
  const { data: before } = await gateway.admin("GET", "/admin/accounts");
  for (const bad of ["-1", "1e3", "99999999999", "0.0000000001"]) {
    for (const field of ["credit_limit", "low_balance"]) {
      await expect(gateway.admin("POST", "/admin/accounts", { name: "b", [field]: bad })).rejects.toThrow(field);
      await expect(gateway.admin("PATCH", path, { [field]: bad })).rejects.toThrow(field);
    }
  }
  expect(await gateway.admin("GET", "/admin/accounts")).toMatchObject({ data: before });
});
