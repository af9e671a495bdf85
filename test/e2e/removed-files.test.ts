/** Files of the data folder that somebody removes, or puts others in place of, while a gateway has them open. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { catalogOf, clientOf, kindOf, requestIdOf } from "../gateway/support.ts";
import { startGateway } from "../support/gateway.ts";
import { HANGING_MS } from "../support/limits.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

setDefaultTimeout(HANGING_MS);

const client = clientOf("openai-chat");
const kind = kindOf(client.id);

let up: Upstream;
let folder = "";
beforeAll(async () => {
  up = await startUpstream();
});
beforeEach(() => {
  up.reset().always(kind.reply());
  folder = mkdtempSync(join(tmpdir(), "tollgate-removed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => up.stop());

const catalog = (): string => catalogOf({ providers: { one: { kind: kind.kind, url: up.url } } });
const database = (): string => join(folder, DATABASE_FILE);

/** Replaces the database by a copy of itself, as a restore under a running process would. */
function replace(): void {
  copyFileSync(database(), `${database()}.copy`);
  renameSync(`${database()}.copy`, database());
}

describe.each([
  ["the log is removed", () => unlinkSync(`${database()}-wal`)],
  ["the database is replaced", replace],
])("%s", (_name, harm) => {
  test("nothing more is promised: calls are refused, the operator is told, and it is not ready", async () => {
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    const { key } = await gateway.createKey({ credit: "5.00" });
    const call = (): Promise<Response> => gateway.post(client.path({}), client.body({ maxTokens: 10 }), key);
    expect((await call()).status).toBe(200);
    harm();
    // The first may have been dialled beside its commit, but its client is told nothing else than the others.
    for (const _ of ["first", "second"]) {
      const refused = await call();
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({ error: { code: "internal_error" } });
    }
    expect((await gateway.get("/ready")).status).toBe(503);
    expect(gateway.logs.join("")).toContain("was removed or replaced while in use");
  });
});

test("when the log is removed, an orderly stop still brings what it held into the database", async () => {
  let id = "";
  let key = "";
  {
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    ({ key } = await gateway.createKey({ credit: "5.00" }));
    const answer = await gateway.post(client.path({}), client.body({ maxTokens: 10 }), key);
    id = requestIdOf(answer);
    await answer.text();
    unlinkSync(`${database()}-wal`);
  }
  await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
  const receipt = await gateway.get(`/v1/receipts/${id}`, key);
  expect(await receipt.json()).toMatchObject({ request_id: id, charged: "0.000025" });
  expect(gateway.verify()).toEqual([]);
});
