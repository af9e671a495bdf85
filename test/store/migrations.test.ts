/** Upgrades go forward, whole or not at all, and leave one copy of what was before. */
import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Migration, migrate } from "../../src/store/migrations.ts";

const A = { name: "0001_a", sql: "CREATE TABLE a (n INTEGER NOT NULL) STRICT" };
const B = {
  name: "0002_b",
  sql: "ALTER TABLE a ADD COLUMN m INTEGER\n--> statement-breakpoint\nUPDATE a SET m = n + 1",
};
const C = { name: "0003_c", sql: "CREATE TABLE c (n INTEGER) STRICT" };
const D = { name: "0004_d", sql: "CREATE TABLE d (n INTEGER) STRICT" };
const BROKEN = {
  name: "0003_c",
  sql: "CREATE TABLE c (n INTEGER) STRICT\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1)",
};

const folder = mkdtempSync(join(tmpdir(), "tollgate-migrations-"));
const file = join(folder, "tollgate.db");
const copies = (): string[] => readdirSync(folder).filter((name) => /before-/.test(name) && !/-(wal|shm)$/.test(name));
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Opens the file, brings it to these migrations, and gives what is in table `a`. */
function upgrade(migrations: readonly Migration[], free?: () => number): unknown[] {
  using db = new Database(file);
  db.run("PRAGMA journal_mode = WAL");
  migrate(db, file, free === undefined ? { migrations } : { migrations, free });
  return db.query("SELECT * FROM a").all();
}

function write(statement: string): void {
  using db = new Database(file);
  db.run(statement);
}

const rowsOf = (path: string, table: string): unknown[] => {
  using db = new Database(path, { readonly: true });
  return db.query(`SELECT * FROM ${table}`).all();
};

test("a new database is made without a copy", () => {
  expect(upgrade([A, B, C])).toEqual([]);
  expect(copies()).toEqual([]);
});

test("an upgrade over several versions leaves one copy, of what was before the first", () => {
  upgrade([A]);
  write("INSERT INTO a VALUES (1)");
  expect(upgrade([A, B, C, D])).toEqual([{ n: 1, m: 2 }]);
  expect(copies()).toEqual(["tollgate.db.before-0002_b"]);
  const copy = join(folder, "tollgate.db.before-0002_b");
  expect(rowsOf(copy, "a")).toEqual([{ n: 1 }]);
  expect(rowsOf(copy, "migrations")).toHaveLength(1);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  // Nothing is left to do, and nothing is copied.
  upgrade([A, B, C, D]);
  expect(copies()).toHaveLength(1);
});

test("a migration that fails takes back those before it", () => {
  upgrade([A]);
  write("INSERT INTO a VALUES (1)");
  expect(() => upgrade([A, B, BROKEN])).toThrow("nowhere");
  // The version before still opens it.
  expect(upgrade([A])).toEqual([{ n: 1 }]);
  expect(upgrade([A, B, C])).toEqual([{ n: 1, m: 2 }]);
});

test("the copy is what was there just before: one of an earlier try is replaced when calls were served since", () => {
  upgrade([A]);
  expect(() => upgrade([A, B, BROKEN])).toThrow("nowhere");
  const copy = join(folder, "tollgate.db.before-0002_b");
  const { ino } = statSync(copy);
  // At once again, as a supervisor does: the copy is still the same.
  expect(() => upgrade([A, B, BROKEN])).toThrow("nowhere");
  expect(statSync(copy).ino).toBe(ino);
  write("INSERT INTO a VALUES (7)");
  utimesSync(copy, 0, 0);
  upgrade([A, B, C]);
  expect(rowsOf(copy, "a")).toEqual([{ n: 7 }]);
});

test("a copy that was cut short is not taken for one", () => {
  upgrade([A]);
  write("INSERT INTO a VALUES (1)");
  writeFileSync(join(folder, "tollgate.db.before-0002_b.part"), "half");
  upgrade([A, B]);
  expect(copies()).toEqual(["tollgate.db.before-0002_b"]);
  expect(rowsOf(join(folder, "tollgate.db.before-0002_b"), "a")).toEqual([{ n: 1 }]);
});

test("without room for the copy nothing is changed, and the error says how much is needed", () => {
  upgrade([A]);
  expect(() => upgrade([A, B], () => 10 * 1024 * 1024)).toThrow(
    /copies the database first, to .*tollgate\.db\.before-0002_b: that takes 65 MiB, and 10 MiB are left; nothing has been changed/,
  );
  expect(copies()).toEqual([]);
  expect(rowsOf(file, "migrations")).toHaveLength(1);
  expect(existsSync(join(folder, "tollgate.db.before-0002_b.part"))).toBe(false);
});

test("a database of a newer version is left alone", () => {
  upgrade([A, B, C]);
  expect(() => upgrade([A, B])).toThrow("the database was written by a newer version (0003_c); use that version");
});

test("while another process reads an older state, there is no whole copy to be had", () => {
  upgrade([A]);
  const db = new Database(file);
  db.run("PRAGMA journal_mode = WAL");
  const reader = new Database(file, { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT * FROM a").all();
  db.run("INSERT INTO a VALUES (1)");
  expect(() => migrate(db, file, { migrations: [A, B] })).toThrow("another process reads");
  reader.run("COMMIT");
  reader.close();
  migrate(db, file, { migrations: [A, B] });
  db.close();
  expect(rowsOf(join(folder, "tollgate.db.before-0002_b"), "a")).toEqual([{ n: 1 }]);
});
