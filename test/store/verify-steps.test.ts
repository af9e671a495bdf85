/** More rows than are read at once: what is wrong is found wherever it is, also while calls go on and old ones are pruned. */
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, expect, jest, spyOn, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { verifyFile } from "../../src/store/verify.ts";
import { Walk } from "../../src/store/verify-walk.ts";
import { Book, UNIT } from "./support.ts";

/** Three reads of calls, and three of entries. */
const CALLS = 4_100;
const folder = mkdtempSync(join(tmpdir(), "tollgate-verify-"));
const whole = join(folder, "whole.db");
let copies = 0;

beforeAll(async () => {
  using book = new Book();
  await book.credit(1_000n * UNIT);
  for (let done = 0; done < CALLS; done += 410)
    await Promise.all(Array.from({ length: 410 }, (_, index) => book.call(1 + ((done + index) % 50))));
  await book.store.summaries.catchUp();
  await book.store.close();
  new Database(join(book.dataDir, DATABASE_FILE)).run("VACUUM INTO ?", [whole]);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

/** A copy of the file, changed behind the program's back. */
function changed(...statements: string[]): string {
  const file = join(folder, `${++copies}.db`);
  copyFileSync(whole, file);
  const db = new Database(file);
  // A copy need not outlive anything.
  db.run("PRAGMA synchronous = OFF");
  const triggers = db.query("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as { name: string }[];
  for (const { name } of triggers) db.run(`DROP TRIGGER ${name}`);
  db.run("PRAGMA ignore_check_constraints = ON");
  for (const statement of statements)
    if (db.run(statement).changes === 0) throw new Error(`changed nothing: ${statement}`);
  db.close();
  return file;
}

const found = (file: string): string[] => verifyFile(file).findings;

test("all rows are read once", () => {
  const result = verifyFile(whole);
  expect(result).toMatchObject({ findings: [], settlements: CALLS, auditRows: CALLS, entries: CALLS + 1 });
  expect(result.head?.seq).toBe(CALLS);
});

// The first row, those at the seam of two reads, the last one that has a row behind it.
test.each([1, 2_000, 2_001, 4_099])("row %d", (seq) => {
  const edited = changed(`UPDATE calls SET record = replace(record, 'openai-chat', 'gemini') WHERE seq = ${seq}`);
  expect(found(edited)).toEqual([`audit: row ${seq} was altered`]);

  const deleted = found(changed(`DELETE FROM calls WHERE seq = ${seq}`)).join("\n");
  expect(deleted).toContain(`audit: row ${seq} is missing, ${seq + 1} follows`);
  expect(deleted).toContain("charges have a call with its audit record");

  const swapped = changed(
    `UPDATE calls SET seq = -1 WHERE seq = ${seq}`,
    `UPDATE calls SET seq = ${seq} WHERE seq = ${seq + 1}`,
    `UPDATE calls SET seq = ${seq + 1} WHERE seq = -1`,
  );
  expect(found(swapped)).toContain(`audit: row ${seq} was altered`);

  const cut = found(changed(`DELETE FROM calls WHERE seq > ${seq}`)).join("\n");
  expect(cut).toContain(`audit: the rows end at ${seq}, but ${CALLS} was written`);
});

test.each([1, 2_000, 2_001, 4_100])("entries of hold %d", (hold) => {
  const request = new Database(whole).query(`SELECT request_id AS id FROM calls WHERE hold_id = ${hold}`).get() as {
    id: string;
  };
  const raised = changed(`UPDATE entries SET amount = amount + 1 WHERE kind = 'charge' AND reference = ${hold}`);
  expect(found(raised).join("\n")).toContain(`entries of a call add up to its charge: ${request.id}: found `);

  const deleted = changed(`DELETE FROM entries WHERE kind = 'charge' AND reference = ${hold}`);
  expect(found(deleted).join("\n")).toContain(
    `entries of a call add up to its charge: ${request.id}: found 0, expected`,
  );

  // Order tells nothing in the books: an entry at another place is the same entry.
  expect(found(changed(`UPDATE entries SET id = 99999 WHERE kind = 'charge' AND reference = ${hold}`))).toEqual([]);

  const absorbed = changed(`INSERT INTO entries (at, debit, credit, amount, kind, reference)
    SELECT at, credit, debit, 7, 'absorbed', reference FROM entries WHERE kind = 'charge' AND reference = ${hold}`);
  expect(found(absorbed).join("\n")).toContain(
    `entries of a call add up to what was absorbed: ${request.id}: found 7, expected 0`,
  );
});

test("entries that are cut off", () => {
  const findings = found(changed("DELETE FROM entries WHERE id > 4000"));
  expect(findings.filter((finding) => finding.startsWith("entries of a call add up to its charge"))).toHaveLength(101);
});

test("a record that is no JSON is told, and so is all else", () => {
  const findings = found(
    changed("UPDATE calls SET record = 'x' || record WHERE seq = 2500", "UPDATE books SET posted = posted + 1"),
  ).join("\n");
  expect(findings).toContain("audit: row 2500 was altered");
  expect(findings).toContain("records tell what was charged, and to whom: can't be told: malformed JSON");
  expect(findings).toContain("posted balances equal the sum of entries");
});

test("amounts that no number of the database can hold are told", () => {
  const most = (2n ** 63n - 1n).toString();
  const findings = found(changed(`UPDATE entries SET amount = ${most} WHERE id IN (2, 3)`)).join("\n");
  expect(findings).toContain("posted balances equal the sum of entries");
});

/** Does something each time the rows are about to be read, with another connection. Counts the times. */
function beforeReading(file: string, what: (writer: Database, times: number) => void): { times: number } {
  const counted = { times: 0 };
  const calls = Walk.prototype.calls;
  spyOn(Walk.prototype, "calls").mockImplementation(function (this: Walk) {
    counted.times += 1;
    const writer = new Database(file);
    what(writer, counted.times);
    writer.close();
    return calls.call(this);
  });
  return counted;
}

/** A copy as a server has it open. */
function live(): string {
  const file = changed("UPDATE books SET posted = posted");
  const db = new Database(file);
  db.run("PRAGMA journal_mode = WAL");
  db.close();
  return file;
}

test("what is written while rows are read is not looked at", () => {
  const file = live();
  const counted = beforeReading(file, (writer) => {
    writer.run("UPDATE books SET posted = posted + 5");
    writer.run("UPDATE counters SET value = value + 5");
    writer.run('UPDATE settings SET value = \'{"seq":4101,"hash":"00"}\' WHERE name = \'audit_head\'');
    writer.run("INSERT INTO entries SELECT id + 10000, at, debit, credit, amount, kind, reference FROM entries");
    writer.run(`INSERT INTO calls SELECT seq + 10000, hold_id + 10000, request_id || 'x', account_id, at, state, month, held, charged,
      absorbed, released, extended, settled_at, record, hash, aside FROM calls`);
    expect(writer.query("PRAGMA wal_checkpoint(TRUNCATE)").get()).toMatchObject({ busy: 0 });
  });
  expect(verifyFile(file)).toMatchObject({ findings: [], auditRows: CALLS, entries: CALLS + 1 });
  expect(counted.times).toBe(1);
  jest.restoreAllMocks();
  expect(found(file)).not.toEqual([]);
});

test("calls that are pruned while others are read", () => {
  const file = live();
  const counted = beforeReading(file, (writer, times) => {
    if (times > 1) return;
    const { hash, hold } = writer
      .query("SELECT lower(hex(hash)) AS hash, hold_id AS hold FROM calls WHERE seq = 1000")
      .get() as { hash: string; hold: number };
    const set = (name: string, value: string): void =>
      void writer.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", [name, value]);
    set("audit_anchor", JSON.stringify({ seq: 1_000, hash }));
    set("audit_pruned_hold", String(hold));
    set("audit_pruned_month", "2026-11");
    set("summary_position", "0");
    for (const table of ["usage_days", "month_lines", "month_payments"]) writer.run(`DELETE FROM ${table}`);
    writer.run("DELETE FROM calls WHERE seq <= 1000");
  });
  expect(verifyFile(file)).toMatchObject({ findings: [], auditRows: CALLS - 1_000, entries: CALLS + 1 });
  expect(counted.times).toBe(2);
});
