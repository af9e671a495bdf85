/** Whatever is changed in the file behind the program's back is found, and told in words. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { verifyDataFolder } from "../../src/store/verify.ts";
import { Book, UNIT } from "./support.ts";

/** Books with all that there is: top-up, grant, charges, an absorbed part, a refund, an open hold, a refused call. */
async function booksOfADay(): Promise<Book> {
  const book = new Book();
  await book.credit(5n * UNIT);
  await book.credit(UNIT, { kind: "grant", expiresAt: book.now + 86_400_000 });
  for (const tokens of [1_000, 2_000, 3_000]) await book.call(tokens);
  await book.ledger.refund({ requestId: "req_2", amount: 1_000n, reason: "test", idempotencyKey: null });
  // Far beyond what was held and what is there: a part is absorbed.
  await book.call(1_000_000);
  await book.credit(5n * UNIT);
  await book.hold(UNIT);
  await book.ledger.record({ ...book.audit("req_refused"), status: 402, streamState: null });
  return book;
}

function change(book: Book, ...statements: string[]): void {
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  const triggers = db.query("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as { name: string }[];
  // Who can write the file can drop triggers and switch off checks.
  for (const { name } of triggers) db.run(`DROP TRIGGER ${name}`);
  db.run("PRAGMA ignore_check_constraints = ON");
  for (const statement of statements)
    if (db.run(statement).changes === 0) throw new Error(`changed nothing: ${statement}`);
  db.close();
}

test("books as they should be", async () => {
  await using book = await booksOfADay();
  const result = verifyDataFolder(book.dataDir);
  expect(result).toMatchObject({ findings: [], settlements: 4, openHolds: 1, auditRows: 5 });
  expect(result.head?.seq).toBe(5);
  await book.restart();
  expect(verifyDataFolder(book.dataDir).findings).toEqual([]);
});

test.each<[string, string[], string]>([
  [
    "a balance was raised",
    ["UPDATE books SET posted = posted + 1 WHERE name = 'wallet:a'"],
    "posted balances equal the sum of entries",
  ],
  ["money was made", ["UPDATE books SET posted = posted + 1 WHERE name = 'wallet:a'"], "all balances add up to zero"],
  [
    "an entry was raised",
    ["UPDATE entries SET amount = amount + 1 WHERE id = 3"],
    "posted balances equal the sum of entries",
  ],
  [
    "a charge's entry was lowered",
    ["UPDATE entries SET amount = 1 WHERE kind = 'charge' AND reference = 1"],
    "entries of a call add up to its charge",
  ],
  [
    "an entry was deleted",
    ["DELETE FROM entries WHERE kind = 'absorbed'"],
    "entries of a call add up to what was absorbed",
  ],
  [
    "an entry was invented",
    ["INSERT INTO entries (at, debit, credit, amount, kind, reference) VALUES (1, 1, 2, 5, 'charge', 999)"],
    "charges have a call with its audit record",
  ],
  ["a top-up's entry was deleted", ["DELETE FROM entries WHERE kind = 'topup'"], "credits are booked"],
  ["a credit was raised", ["UPDATE credits SET amount = amount * 2 WHERE id = 1"], "credits are booked"],
  [
    "more was held than there is",
    ["UPDATE holds SET amount = 99000000000, body = json_set(body, '$.parts[0][1]', '99000000000')"],
    "what is available is not negative",
  ],
  ["a hold was lowered", ["UPDATE holds SET amount = amount - 1"], "a hold is the sum of its parts"],
  [
    "an ended hold is open again",
    ['INSERT INTO holds (id, amount, created_at, body) VALUES (1, 0, 1, \'{"parts":[],"rest":[]}\')'],
    "a hold has one end",
  ],
  ["a call was deleted", ["DELETE FROM calls WHERE hold_id = 2"], "charges have a call with its audit record"],
  [
    "a charge was lowered",
    ["UPDATE calls SET charged = charged - 5 WHERE hold_id = 1"],
    "charged + released = held + extended",
  ],
  [
    "a charge became a release",
    ["UPDATE calls SET charged = charged - 5, released = released + 5 WHERE hold_id = 1"],
    "monthly spend is the sum of charges less refunds",
  ],
  [
    "a charge became a release, see its record",
    ["UPDATE calls SET charged = charged - 5, released = released + 5 WHERE hold_id = 1"],
    "records tell what was charged",
  ],
  [
    "a charge became a release, see its hash",
    ["UPDATE calls SET charged = charged - 5, released = released + 5 WHERE hold_id = 1"],
    "audit: row 1 was altered",
  ],
  [
    "a refund's entry was raised",
    ["UPDATE entries SET amount = 999000000 WHERE kind = 'refund'"],
    "refunds do not exceed the charge",
  ],
  ["a refund's entry was lowered", ["UPDATE entries SET amount = 1 WHERE kind = 'refund'"], "refunds are booked"],
  [
    "a cap's counter was reset",
    ["UPDATE counters SET value = 0 WHERE subject = 'key:k'"],
    "monthly spend is the sum of charges less refunds",
  ],
  ["a call is missing in the chain", ["DELETE FROM calls WHERE seq = 2"], "audit: row 2 is missing, 3 follows"],
  [
    "a record was edited",
    ["UPDATE calls SET record = replace(record, 'openai-chat', 'gemini') WHERE seq = 3"],
    "audit: row 3 was altered",
  ],
  [
    "a call was moved to another account",
    ["UPDATE calls SET account_id = 'b' WHERE seq = 3"],
    "records tell what was charged, and to whom",
  ],
  [
    "a refused call was edited",
    ["UPDATE calls SET record = replace(record, '402', '200') WHERE hold_id IS NULL"],
    "audit: row 5 was altered",
  ],
  [
    "calls were swapped",
    [
      "UPDATE calls SET seq = -1 WHERE seq = 2",
      "UPDATE calls SET seq = 2 WHERE seq = 3",
      "UPDATE calls SET seq = 3 WHERE seq = -1",
    ],
    "audit: row 2 was altered",
  ],
])("%s", async (_name, statements, finding) => {
  using book = await booksOfADay();
  await book.store.close();
  change(book, ...statements);
  expect(verifyDataFolder(book.dataDir).findings.join("\n")).toContain(finding);
});

test.each([
  ["UPDATE usage_days SET charged = charged + 1", "usage by day is the sum of its calls: a"],
  ["UPDATE usage_days SET calls = calls + 1", "usage by day is the sum of its calls: a"],
  ["DELETE FROM month_lines", "invoice lines are the sum of their calls: a 2026-11"],
  ["UPDATE month_payments SET amount = amount - 1", "what paid adds up to the invoice lines: a 2026-11"],
])("summaries that were changed: %s", async (statement, finding) => {
  using book = await booksOfADay();
  await book.store.summaries.catchUp();
  await book.store.close();
  expect(verifyDataFolder(book.dataDir).findings).toEqual([]);
  change(book, statement);
  expect(verifyDataFolder(book.dataDir).findings.join("\n")).toContain(finding);
});

test("an audit log that was cut off is found by a head that was written down", async () => {
  using book = await booksOfADay();
  await book.store.close();
  const { head } = verifyDataFolder(book.dataDir);
  expect(verifyDataFolder(book.dataDir, head).findings).toEqual([]);
  change(book, "DELETE FROM calls WHERE seq = 5");
  // Refused calls have no hold to betray the missing row; the writer's own note does, until it is forged too.
  expect(verifyDataFolder(book.dataDir).findings).toEqual(["audit: the rows end at 4, but 5 was written"]);
  change(book, "DELETE FROM settings WHERE name = 'audit_head'");
  expect(verifyDataFolder(book.dataDir).findings).toEqual([]);
  expect(verifyDataFolder(book.dataDir, head).findings).toEqual(["audit: the rows end at 4, but 5 was written"]);
});

test("a rewritten chain does not fit a head that was written down", async () => {
  using book = await booksOfADay();
  await book.store.close();
  const { head } = verifyDataFolder(book.dataDir);
  const forged = { seq: head?.seq ?? 0, hash: "0".repeat(64) };
  expect(verifyDataFolder(book.dataDir, forged).findings.join()).toContain("is not the one that was exported");
});

test("triggers keep honest programs from changing what stands", async () => {
  using book = await booksOfADay();
  await book.store.close();
  const db = new Database(join(book.dataDir, DATABASE_FILE));
  for (const statement of [
    "UPDATE entries SET amount = 1",
    "DELETE FROM entries",
    "UPDATE credits SET amount = 1",
    "DELETE FROM credits",
    "UPDATE calls SET charged = 0",
    "DELETE FROM calls",
  ]) {
    expect(() => db.run(statement)).toThrow("append-only");
  }
  db.close();
});
