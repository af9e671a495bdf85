/** A copy that can be restored, made while calls go on. */
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/store/open.ts";
import { backUp } from "../../src/store/backup.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { BookLedger } from "../../src/ledger/ledger.ts";
import { createLogger } from "../../src/lib/log.ts";
import { verifyDataFolder } from "../../src/store/verify.ts";
import { Book, UNIT } from "./support.ts";

test("the copy is complete, private, verified, and starts as a data folder of its own", async () => {
  await using book = new Book();
  await book.credit(5n * UNIT);
  await book.call(1_000);
  const open = await book.hold(UNIT);
  const file = join(book.dataDir, "copy.db");
  expect(backUp(book.dataDir, file)).toMatchObject({ findings: [], settlements: 1, openHolds: 1 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  // The original goes on.
  await book.settle(open, 10);

  const restored = join(book.dataDir, "restored");
  mkdirSync(restored);
  copyFileSync(file, join(restored, DATABASE_FILE));
  const log = createLogger(() => undefined, "error");
  const store = openStore(restored, { log, currency: () => "USD", now: () => book.now });
  const clock = { now: () => book.now, monotonic: () => 0 };
  const options = { storage: store.ledger, clock, log, currency: () => "USD", timezone: () => "UTC" };
  const ledger = new BookLedger(options);
  expect(await ledger.recover()).toBe(1);
  expect(await ledger.balance("a")).toMatchObject({ wallet: 5n * UNIT - 13_000_000n, held: 0n });
  await store.close();
  expect(verifyDataFolder(restored).findings).toEqual([]);
});

test("a file that exists is never overwritten", async () => {
  await using book = new Book();
  const file = join(book.dataDir, "precious");
  writeFileSync(file, "precious");
  expect(() => backUp(book.dataDir, file)).toThrow();
  expect(await Bun.file(file).text()).toBe("precious");
});

test("a folder without a database", () => {
  using book = new Book();
  const target = join(book.dataDir, "copy.db");
  expect(() => backUp(join(book.dataDir, "nothing"), target)).toThrow("no database");
  expect(existsSync(target)).toBe(false);
});
