/**
 * Storage that fails under a serving gateway: a disk that is full, writes that end in an I/O error, a database that someone else has locked. Nothing
 * new is promised or dialled, streams under way are settled or recovered, and no balance is ever wrong.
 */
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../../src/lib/json.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { catalogOf, clientOf, eventually, framesOf, kindOf, requestIdOf, StreamReader } from "../gateway/support.ts";
import { HANGING_MS } from "../support/limits.ts";
import { laterBy, standStill } from "../support/clock.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { gate, startUpstream, type Upstream } from "../support/upstream.ts";
import { serve, type Server } from "./server.ts";

setDefaultTimeout(HANGING_MS);

const client = clientOf("openai-chat");
const kind = kindOf(client.id);
const STREAM = { stream: true, maxTokens: 100 };

let up: Upstream;
let folder = "";
beforeAll(async () => {
  up = await startUpstream();
});
beforeEach(() => {
  up.reset().always(kind.reply());
  folder = mkdtempSync(join(tmpdir(), "tollgate-outage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => up.stop());

const catalog = (): string => catalogOf({ providers: { one: { kind: kind.kind, url: up.url } } });

interface OpenStream {
  response: Response;
  reader: StreamReader;
  goOn(): void;
}

/** A stream that has said its first words and waits in its middle. */
async function openStream(post: () => Promise<Response>): Promise<OpenStream> {
  const name = `middle of ${folder}`;
  up.reply(kind.stream({ text: ["It runs", gate(name), " to its end."] }));
  const response = await post();
  const reader = new StreamReader(response);
  await reader.until("It runs");
  return { response, reader, goOn: () => up.gate(name).open() };
}

const isWhole = (text: string): boolean => framesOf(text).some((frame) => client.isTerminal(frame));

/** What an account has must be what it was given less its receipts. */
async function checkBooks(gateway: TestGateway, key: TestKey, requestIds: readonly string[]): Promise<void> {
  let spent = 0;
  for (const id of requestIds) {
    const receipt = (await (await gateway.get(`/v1/receipts/${id}`, key.key)).json()) as JsonObject;
    spent += Number(receipt["charged"]);
  }
  const balance = await gateway.balance(key.accountId);
  expect(Number(balance["wallet"])).toBeCloseTo(5 - spent, 9);
  expect(balance["held"]).toBe("0.00");
  expect(gateway.verify()).toEqual([]);
}

/** Only root may mount; where nobody is root there is no small disk to fill. */
const MAY_MOUNT = process.platform === "linux" && process.getuid?.() === 0 && Bun.which("mount") !== null;

describe.skipIf(!MAY_MOUNT)("a full disk", () => {
  const run = (...command: string[]): void => {
    const { success, stderr } = Bun.spawnSync(command);
    if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  };

  function smallDisk(): Disposable {
    run("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder);
    return { [Symbol.dispose]: () => run("umount", "--lazy", folder) };
  }

  function fill(): void {
    const file = openSync(join(folder, "filler"), "w");
    try {
      for (let size = 65_536; size >= 512;) {
        try {
          writeSync(file, new Uint8Array(size));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          size /= 2;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  test("new calls are refused before they are dialled, a stream is settled from the reserve, and all goes on when there is room", async () => {
    using _ = smallDisk();
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    const key = await gateway.createKey({ credit: "5.00" });
    const call = (ask = {}): Promise<Response> => gateway.post(client.path(ask), client.body(ask), key.key);
    const { response, reader, goOn } = await openStream(() => call(STREAM));
    fill();
    // The one that finds out may have been dialled beside its commit; it is told nothing but 503, and costs nothing.
    await eventually(async () => (await call()).status === 503);
    const asked = up.requests.length;
    const refused = await call();
    expect(refused.status).toBe(503);
    expect(client.errorCode((await refused.json()) as JsonObject)).toBe("internal_error");
    expect(up.requests.length).toBe(asked);
    expect((await gateway.get("/ready")).status).toBe(503);
    goOn();
    expect(isWhole(await reader.rest())).toBe(true);
    expect((await gateway.get("/ready")).status).toBe(503);
    unlinkSync(join(folder, "filler"));
    await eventually(async () => (await gateway.get("/ready")).status === 200);
    const after = await call();
    expect(after.status).toBe(200);
    await checkBooks(gateway, key, [requestIdOf(response), requestIdOf(after)]);
  });
});

/** Lets every write to a file fail, and lifts it again, in a process that is running (EFBIG, which SQLite tells as an I/O error). */
const PRLIMIT = process.platform === "linux" ? Bun.which("prlimit") : null;

describe.skipIf(PRLIMIT === null)("writes that fail", () => {
  const limit = ({ child }: Server, size: string): void => {
    const { success } = Bun.spawnSync([PRLIMIT ?? "", "--pid", String(child.pid), `--fsize=${size}`]);
    if (!success) throw new Error("the limit can't be set");
  };
  /** Without a signal for it: the write itself fails. */
  const start = (): Promise<Server> => serve(folder, {}, ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);

  async function makeKey(): Promise<TestKey> {
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    return await gateway.createKey({ credit: "5.00" });
  }
  const caller =
    ({ url }: Server, { key }: TestKey) =>
    (ask = {}): Promise<Response> => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      return fetch(url + client.path(ask), { method: "POST", headers, body: JSON.stringify(client.body(ask)) });
    };

  async function fail(server: Server, call: () => Promise<Response>): Promise<void> {
    limit(server, "0:unlimited");
    await eventually(async () => (await call()).status === 503);
    const asked = up.requests.length;
    for (let round = 0; round < 5; round += 1) expect((await call()).status).toBe(503);
    expect(up.requests.length).toBe(asked);
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  }

  test("a stream's last frame waits for its settlement, which is written when writes work again", async () => {
    const key = await makeKey();
    const server = await start();
    const call = caller(server, key);
    const { response, reader, goOn } = await openStream(() => call(STREAM));
    await fail(server, call);
    goOn();
    await reader.until("to its end.");
    expect(isWhole(reader.text)).toBe(false);
    limit(server, "unlimited:unlimited");
    expect(isWhole(await reader.rest())).toBe(true);
    await eventually(async () => (await fetch(`${server.url}/ready`)).status === 200);
    const after = await call();
    expect(after.status).toBe(200);
    server.child.kill();
    await server.child.exited;
    expect(await server.logs).toContain("disk I/O error");
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    await checkBooks(gateway, key, [requestIdOf(response), requestIdOf(after)]);
  });

  test("a stream that could not be settled is recovered at the next start", async () => {
    const key = await makeKey();
    const server = await start();
    const call = caller(server, key);
    const before = await call();
    const { response, reader, goOn } = await openStream(() => call(STREAM));
    await fail(server, call);
    goOn();
    await reader.until("to its end.");
    server.child.kill("SIGKILL");
    await server.child.exited;
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    await checkBooks(gateway, key, [requestIdOf(before), requestIdOf(response)]);
  });
});

describe("a database that someone else has locked", () => {
  function lock(): { release(): void } {
    const db = new Database(join(folder, DATABASE_FILE));
    db.run("BEGIN IMMEDIATE");
    return {
      release() {
        db.run("ROLLBACK");
        db.close();
      },
    };
  }

  test("for a moment: calls and ends of streams wait for it", async () => {
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    const key = await gateway.createKey({ credit: "5.00" });
    const call = (ask = {}): Promise<Response> => gateway.post(client.path(ask), client.body(ask), key.key);
    const { response, reader, goOn } = await openStream(() => call(STREAM));
    const other = lock();
    goOn();
    await reader.until("to its end.");
    const asked = up.requests.length;
    using _moment = standStill();
    const waiting = call();
    await eventually(() => up.requests.length > asked);
    expect(isWhole(reader.text)).toBe(false);
    other.release();
    expect(isWhole(await reader.rest())).toBe(true);
    const served = await waiting;
    expect(served.status).toBe(200);
    await checkBooks(gateway, key, [requestIdOf(response), requestIdOf(served)]);
  });

  test("for long: 503, before anything is dialled; the stream under way is settled when it is free", async () => {
    await using gateway = await startGateway({ catalog: catalog(), dataDir: folder });
    const key = await gateway.createKey({ credit: "5.00" });
    const call = (ask = {}): Promise<Response> => gateway.post(client.path(ask), client.body(ask), key.key);
    const { response, reader, goOn } = await openStream(() => call(STREAM));
    const other = lock();
    const waiting = call();
    // It is dialled beside its commit, which has found the lock by then.
    await up.whenReceived(up.requests.length + 1);
    {
      using _ = laterBy(60_000);
      expect((await waiting).status).toBe(503);
    }
    const asked = up.requests.length;
    expect((await call()).status).toBe(503);
    expect(up.requests.length).toBe(asked);
    goOn();
    await reader.until("to its end.");
    other.release();
    expect(isWhole(await reader.rest())).toBe(true);
    await eventually(async () => (await gateway.get("/ready")).status === 200);
    const after = await call();
    expect(after.status).toBe(200);
    await checkBooks(gateway, key, [requestIdOf(response), requestIdOf(after)]);
  });
});
