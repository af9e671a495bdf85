/** Customers' provider keys under another secret: kept readable while it is changed, and no longer than that. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { chatReply, startUpstream } from "../support/upstream.ts";

const OWN_KEY = "sk-own-0123456789abcdefgh";
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const catalogFor = (url: string): string => `
billing: {currency: USD, fx: {USD: 1}}
providers:
  up: {kind: openai, base_url: "${url}/v1", api_key: sk-operator}
models:
  - {id: m, provider: up, context: 8192, price: {input: 1, output: 1}}
`;

const ask = async (gateway: TestGateway, key: string): Promise<number> =>
  (await gateway.post("/v1/chat/completions", { model: "m", messages: [{ role: "user", content: "hi" }] }, key)).status;

test("a new secret takes over, and the old one can go", async () => {
  await using up = await startUpstream();
  up.always(chatReply());
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-rotation-"));
  folders.push(dataDir);
  const start = (env: Record<string, string>) => startGateway({ dataDir, catalog: catalogFor(up.url), env });
  let gateway = await start({ TOLLGATE_PROVIDER_KEY_SECRET: "first secret" });
  const { key } = await gateway.createKey();
  await gateway.post("/v1/provider-keys", { provider: "up", api_key: OWN_KEY }, key);
  const asked = async (): Promise<[number, string | undefined]> => {
    const status = await ask(gateway, key);
    return [status, up.last.headers["authorization"]];
  };
  expect(await asked()).toEqual([200, `Bearer ${OWN_KEY}`]);
  await gateway.stop();

  gateway = await start({
    TOLLGATE_PROVIDER_KEY_SECRET: "second secret",
    TOLLGATE_PROVIDER_KEY_SECRET_OLD: "first secret",
  });
  expect(await asked()).toEqual([200, `Bearer ${OWN_KEY}`]);
  expect(await gateway.admin("POST", "/admin/provider-keys/rotate")).toMatchObject({ rotated: 1, unreadable: [] });
  expect(await gateway.admin("POST", "/admin/provider-keys/rotate")).toMatchObject({ rotated: 0, unreadable: [] });
  expect(await asked()).toEqual([200, `Bearer ${OWN_KEY}`]);
  await gateway.stop();

  gateway = await start({ TOLLGATE_PROVIDER_KEY_SECRET: "second secret" });
  expect(await asked()).toEqual([200, `Bearer ${OWN_KEY}`]);
  await gateway.stop();

  gateway = await start({ TOLLGATE_PROVIDER_KEY_SECRET: "third secret" });
  expect(await ask(gateway, key)).toBe(503);
  const { unreadable } = await gateway.admin("POST", "/admin/provider-keys/rotate");
  expect(unreadable).toHaveLength(1);
  await gateway.stop();
});
