/** Signals while calls are under way: nobody's answer is cut short, and nobody's books are wrong. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogOf, clientOf, framesOf, kindOf, model, requestIdOf, StreamReader } from "../gateway/support.ts";
import { Folder, run, type RunningBinary, startBinary } from "../support/binary.ts";
import { HANGING_MS } from "../support/limits.ts";
import { gate, startUpstream, type Upstream } from "../support/upstream.ts";

setDefaultTimeout(HANGING_MS);

const client = clientOf("openai-chat");
const kind = kindOf(client.id);

let up: Upstream;
beforeAll(async () => {
  up = await startUpstream();
});
beforeEach(() => void up.reset());
afterAll(() => up.stop());

/** A server on a folder with a catalog, and a key with credit. */
async function start(folder: Folder, args: string[] = []): Promise<{ server: RunningBinary; key: string }> {
  const file = join(folder.path, "catalog.yaml");
  writeFileSync(file, catalog("m"), { mode: 0o600 });
  const env = { TOLLGATE_ADMIN_TOKEN: "operator", TOLLGATE_SHUTDOWN_GRACE_MS: String(HANGING_MS) };
  const server = await startBinary(folder.path, ["--catalog", file, ...args], env);
  const admin = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: "Bearer operator", "content-type": "application/json" };
    const response = await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  };
  const account = String((await admin("/admin/accounts", { name: "of the test" }))["id"]);
  await admin(`/admin/accounts/${account}/credits`, { amount: "5.00" });
  return { server, key: String((await admin(`/admin/accounts/${account}/keys`, { name: "k" }))["key"]) };
}

const catalog = (...ids: string[]): string =>
  catalogOf({ providers: { one: { kind: kind.kind, url: up.url } }, models: ids.map((id) => model(id, "one")) });

function call({ server, key }: { server: RunningBinary; key: string }, ask = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(server.url + client.path(ask), { method: "POST", headers, body: JSON.stringify(client.body(ask)) });
}

/** The records of calls as the next start finds them; the books must be right then. */
async function recordsAfter(folder: Folder): Promise<string> {
  const options = ["--catalog", join(folder.path, "catalog.yaml")];
  await using server = await startBinary(folder.path, options, { TOLLGATE_ADMIN_TOKEN: "operator" });
  const records = await fetch(`${server.url}/admin/audit`, { headers: { authorization: "Bearer operator" } });
  expect((await run(folder.path, ["verify"])).stdout).toContain("ok");
  return records.text();
}

/** A stream that has said its first words and waits in its middle. */
async function openStream(bed: { server: RunningBinary; key: string }): Promise<{ reader: StreamReader; id: string }> {
  up.reply(kind.stream({ text: ["It runs", gate("middle"), " to its end."] }));
  const response = await call(bed, { stream: true, maxTokens: 100 });
  const reader = new StreamReader(response);
  await reader.until("It runs");
  return { reader, id: requestIdOf(response) };
}

describe("SIGTERM with a stream under way", () => {
  test("the stream runs to its end, is billed, and then the process ends with 0", async () => {
    using folder = new Folder();
    const bed = await start(folder);
    await using server = bed.server;
    const { reader } = await openStream(bed);
    server.child.kill("SIGTERM");
    await server.said(/draining/);
    const refused = await call(bed);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("connection")).toBe("close");
    up.gate("middle").open();
    expect(framesOf(await reader.rest()).some((frame) => client.isTerminal(frame))).toBe(true);
    expect(await server.child.exited).toBe(0);
    expect(await recordsAfter(folder)).toContain('"stream_state":"completed"');
  });

  test("a second one ends the process at once; the next start settles what was delivered", async () => {
    using folder = new Folder();
    const bed = await start(folder);
    await using server = bed.server;
    const { reader, id } = await openStream(bed);
    server.child.kill("SIGTERM");
    await server.said(/draining/);
    server.child.kill("SIGTERM");
    await server.child.exited;
    expect(server.child.signalCode).toBe("SIGTERM");
    await reader.rest().catch(() => "cut");
    up.gate("middle").open();
    // How much of it counts is up to the last checkpoint; that nothing stays open is not.
    expect(await recordsAfter(folder)).toContain(id);
  });
});

test("SIGHUP upon SIGHUP under load, the catalog changing all the while: every call is answered, the last catalog is in force", async () => {
  using folder = new Folder();
  const bed = await start(folder);
  await using server = bed.server;
  up.always(kind.reply());
  const { reader } = await openStream(bed);
  const file = join(folder.path, "catalog.yaml");
  const statuses: Promise<number>[] = [];
  for (let round = 1; round <= 40; round += 1) {
    // As an editor or a config map would: the new file takes the old one's place whole, or, now and then, is not whole.
    writeFileSync(`${file}.new`, round % 4 === 0 ? "models: [" : catalog("m", `m-${round}`), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    server.child.kill("SIGHUP");
    statuses.push(
      call(bed, { stream: round % 2 === 0 }).then(async (response) => (await response.text(), response.status)),
    );
    if (round % 8 === 0) await Promise.all(statuses);
  }
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
  writeFileSync(file, catalog("m", "the-last"), { mode: 0o600 });
  server.child.kill("SIGHUP");
  up.gate("middle").open();
  expect(framesOf(await reader.rest()).some((frame) => client.isTerminal(frame))).toBe(true);
  let listed = "";
  while (!listed.includes("the-last")) {
    const headers = { authorization: `Bearer ${bed.key}` };
    listed = await (await fetch(`${server.url}/v1/models`, { headers })).text();
  }
  expect((await server.stop()).code).toBe(0);
  expect((await run(folder.path, ["verify"])).stdout).toContain("ok");
});
