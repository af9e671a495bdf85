/** What a start finds out about the file it is given. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../src/lib/log.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { openStore } from "../../src/store/open.ts";
import { Book, UNIT } from "./support.ts";

async function closedBook(calls: number): Promise<{ book: Book; file: string }> {
  const book = new Book();
  await book.credit(5_000n * UNIT);
  await Promise.all(Array.from({ length: calls }, () => book.call(10)));
  await book.store.close();
  return { book, file: join(book.dataDir, DATABASE_FILE) };
}

/** Starts on the folder as the next process does; gives what was logged. */
async function start({ dataDir }: Book): Promise<string> {
  let told = "";
  const log = createLogger((line) => {
    told += line;
  }, "error");
  await openStore(dataDir, { log, currency: () => "USD", now: () => 0 }).close();
  return told;
}

/** Everything into the file itself. */
function checkpoint(file: string): void {
  const db = new Database(file);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/** Overwrites the page on which a table or index begins. */
function hurt(file: string, name: string): void {
  const db = new Database(file);
  const { page } = db.query("SELECT rootpage AS page FROM sqlite_schema WHERE name = ?").get(name) as { page: number };
  db.close();
  checkpoint(file);
  const handle = openSync(file, "r+");
  writeSync(handle, new Uint8Array(4096).fill(0x5a), 0, 4096, (page - 1) * 4096);
  closeSync(handle);
}

/** Makes the file too large to be read whole at a start. */
const grow = (file: string): void => {
  const db = new Database(file);
  db.run("CREATE TABLE filler (x BLOB)");
  db.run("INSERT INTO filler VALUES (zeroblob(140000000))");
  db.close();
};

test.each(["books", "calls", "entries", "calls_by_hold"])(
  "a small file with a broken page of %s is refused",
  async (name) => {
    const { book, file } = await closedBook(20);
    using _ = book;
    hurt(file, name);
    await expect(start(book)).rejects.toThrow(/damaged|malformed/);
  },
);

test("a file that was cut off is refused", async () => {
  const { book, file } = await closedBook(200);
  using _ = book;
  checkpoint(file);
  truncateSync(file, readFileSync(file).length - 5 * 4096);
  await expect(start(book)).rejects.toThrow(/damaged|malformed/);
});

test("of a large file, the tables that do not grow with the calls are looked at", async () => {
  const { book, file } = await closedBook(20);
  using _ = book;
  grow(file);
  hurt(file, "books");
  await expect(start(book)).rejects.toThrow(/damaged|malformed/);
});

test("an altered call at the end is told in the log, and nothing else stands still", async () => {
  const { book, file } = await closedBook(1_500);
  using _ = book;
  const db = new Database(file);
  db.run("DROP TRIGGER calls_keep");
  // One that is far back, and one of the newest.
  db.run("UPDATE calls SET record = replace(record, 'openai-chat', 'gemini') WHERE seq IN (100, 1400)");
  db.close();
  const told = await start(book);
  expect(told).toContain("audit: row 1400 was altered");
  expect(told.trim().split("\n").length).toBe(1);
});
