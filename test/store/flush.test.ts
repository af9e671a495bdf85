/** Commits count when they are flushed, and not before; a flush that fails is made good or everything new is refused. */
import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../src/lib/log.ts";
import { RESERVE_FILE } from "../../src/store/files.ts";
import { LogFlush } from "../../src/store/log-flush.ts";
import { migrate } from "../../src/store/migrations.ts";
import { DiskReserve } from "../../src/store/disk-reserve.ts";
import { Writer, type WriteOptions } from "../../src/store/writer.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Flushes when told, or fails. */
class HeldFlush extends LogFlush {
  readonly started: PromiseWithResolvers<void>[] = [];
  canRescue = true;
  rescues = 0;

  override start(): Promise<void> {
    const flush = Promise.withResolvers<void>();
    this.started.push(flush);
    return flush.promise.then(() => super.start());
  }

  override rescue(): boolean {
    this.rescues += 1;
    if (!this.canRescue) throw new Error("disk I/O error");
    return super.rescue();
  }
}

function heldWriter() {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-flush-"));
  const file = join(folder, "tollgate.db");
  const db = new Database(file, { create: true, safeIntegers: true });
  db.run("PRAGMA journal_mode = WAL");
  migrate(db, file);
  const flush = new HeldFlush(db);
  const log = createLogger(() => undefined, "error");
  const writer = new Writer(db, { log, reserve: new DiskReserve(join(folder, RESERVE_FILE)), flush });
  cleanups.push(() => {
    writer.close();
    db.close();
    rmSync(folder, { recursive: true });
  });
  const events: string[] = [];
  const write = (name: string, options: WriteOptions = {}): Promise<void> =>
    writer
      .enqueue(() => void db.run("INSERT INTO settings (name, value) VALUES (?, 'x')", [name]), options)
      .then(
        () => void events.push(`${name} told`),
        () => void events.push(`${name} refused`),
      );
  const stored = (): string[] =>
    (db.query("SELECT name FROM settings WHERE value = 'x' ORDER BY name").all() as { name: string }[]).map(
      ({ name }) => name,
    );
  return { db, writer, flush, events, write, stored };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const turns = async (until: () => boolean): Promise<void> => {
  while (!until()) await turn();
};

test("nobody is told before the flush, and what comes meanwhile shares the next one", async () => {
  const { flush, events, write, stored } = heldWriter();
  const first = write("a");
  await turns(() => flush.started.length === 1);
  expect([events, stored()]).toEqual([[], ["a"]]);
  const others = [write("b"), write("c")];
  await turn();
  await turn();
  expect([flush.started.length, stored()]).toEqual([1, ["a"]]);
  flush.started[0]?.resolve();
  await first;
  await turns(() => flush.started.length === 2);
  expect([events, stored()]).toEqual([["a told"], ["a", "b", "c"]]);
  flush.started[1]?.resolve();
  await Promise.all(others);
  expect([events, flush.started.length]).toEqual([["a told", "b told", "c told"], 2]);
});

test("what only has to be written waits for no flush, and is flushed with what comes after it", async () => {
  const { flush, events, write, stored } = heldWriter();
  await write("a", { flush: false });
  expect([events, flush.started.length, stored()]).toEqual([["a told"], 0, ["a"]]);
  const flushed = write("b");
  await turns(() => flush.started.length === 1);
  await write("c", { flush: false });
  expect([events, flush.started.length, stored()]).toEqual([["a told", "c told"], 1, ["a", "b", "c"]]);
  const both = [write("d", { flush: false }), write("e")];
  await turn();
  await turn();
  expect(stored()).toEqual(["a", "b", "c"]);
  flush.started[0]?.resolve();
  await turns(() => flush.started.length === 2);
  expect([events, stored()]).toEqual([
    ["a told", "c told", "b told"],
    ["a", "b", "c", "d", "e"],
  ]);
  flush.started[1]?.resolve();
  await Promise.all([flushed, ...both]);
});

test("a flush that failed is made good by copying the log into the database", async () => {
  const { flush, events, write, writer } = heldWriter();
  const first = write("a");
  await turns(() => flush.started.length === 1);
  flush.started[0]?.reject(new Error("EIO"));
  await first;
  expect([events, flush.rescues, writer.healthy]).toEqual([["a told"], 1, true]);
});

test("when that fails too, everything is refused until it succeeds", async () => {
  const { flush, events, write, writer, stored } = heldWriter();
  flush.canRescue = false;
  const first = write("a");
  await turns(() => flush.started.length === 1);
  const second = write("b");
  flush.started[0]?.reject(new Error("EIO"));
  await Promise.all([first, second]);
  await write("c");
  expect([events, writer.healthy]).toEqual([["a refused", "b refused", "c refused"], false]);
  const writable = writer.writable();
  flush.canRescue = true;
  await writable;
  expect([writer.healthy, stored()]).toEqual([true, ["a"]]);
  const last = write("d");
  await turns(() => flush.started.length === 2);
  flush.started[1]?.resolve();
  await last;
  expect(events.at(-1)).toBe("d told");
});

test("closing writes and flushes what has been gathered", async () => {
  const { flush, events, write, writer, stored } = heldWriter();
  const writes = [write("a")];
  await turns(() => flush.started.length === 1);
  writes.push(write("b"));
  writer.close();
  await Promise.all(writes);
  expect([events, stored()]).toEqual([
    ["a told", "b told"],
    ["a", "b"],
  ]);
  cleanups.splice(0);
});

test("a database without a log is refused", () => {
  expect(() => new LogFlush(new Database(":memory:"))).toThrow("must be in WAL mode");
});
