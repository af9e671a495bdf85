/** Reports from summaries say what the calls say: at any time, in any zone, whatever has been summed up, changed or dropped by then. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { decodeRecord } from "../../src/audit/record.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { dayOf } from "../../src/ledger/periods.ts";
import type { AuditFilter } from "../../src/audit/filter.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { InvoiceQueries } from "../../src/store/invoice-queries.ts";
import type { UsageGroup } from "../../src/store/usage-queries.ts";
import { Random } from "../ledger/simulation/random.ts";
import { Book, UNIT } from "./support.ts";

const HOUR_MS = 3_600_000;
const ZONES = ["UTC", "Asia/Kuala_Lumpur", "America/New_York", "Asia/Kathmandu"] as const;
const MODELS = ["m1", "m2", "m3", null] as const;
const GROUPS: readonly (readonly UsageGroup[])[] = [[], ["day"], ["model"], ["key"], ["day", "model", "key"]];

interface Row {
  seq: number;
  at: number;
  account: string;
  charged: bigint;
  /** As it is shown. */
  record: JsonObject;
}

/** The calls as they stand in the table, oldest first. */
function rowsOf(book: Book): Row[] {
  const db = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true, safeIntegers: true });
  const rows = db.query("SELECT seq, at, account_id, charged, record, aside FROM calls ORDER BY seq").all() as {
    seq: bigint;
    at: bigint;
    account_id: string;
    charged: bigint;
    record: string;
    aside: string | null;
  }[];
  db.close();
  return rows.map(({ seq, at, account_id: account, charged, record, aside }) => ({
    seq: Number(seq),
    at: Number(at),
    account,
    charged,
    record: decodeRecord(record, aside),
  }));
}

const isIn = (filter: AuditFilter) => (row: Row) =>
  (filter.accountId === null || row.account === filter.accountId) &&
  (filter.keyId === undefined || row.record["key_id"] === filter.keyId) &&
  (filter.model === undefined || row.record["model"] === filter.model) &&
  (filter.provider === undefined || row.record["provider"] === filter.provider) &&
  (filter.status === undefined || row.record["status"] === filter.status) &&
  (filter.streamState === undefined || row.record["stream_state"] === filter.streamState) &&
  (filter.from === undefined || row.at >= filter.from) &&
  (filter.to === undefined || row.at < filter.to);

/** The report as the calls themselves make it: groups in order, with their sums. */
function expected(rows: readonly Row[], groups: readonly UsageGroup[], zone: string): JsonObject[] {
  const sums = new Map<string, JsonObject>();
  const empty = { calls: 0, tokens_input: 0, tokens_output: 0 };
  if (groups.length === 0) sums.set("", empty);
  for (const { at, record } of rows) {
    const valueOf = (group: UsageGroup) =>
      group === "day" ? dayOf(at, zone) : record[group === "key" ? "key_id" : group];
    const names = Object.fromEntries(groups.map((group) => [group, valueOf(group) ?? null]));
    const key = Object.values(names).join("\n");
    const sum = sums.get(key) ?? { ...names, ...empty };
    sums.set(key, {
      ...sum,
      calls: Number(sum["calls"]) + 1,
      tokens_input: Number(sum["tokens_input"]) + Number(record["tokens_input"]),
      tokens_output: Number(sum["tokens_output"]) + Number(record["tokens_output"]),
    });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

function randomFilter(random: Random, now: number): AuditFilter {
  const filter: AuditFilter = { accountId: random.pick(["a", "b", null]) };
  if (random.chance(30)) filter.keyId = random.pick(["k", "k2", "none"]);
  if (random.chance(30)) filter.model = random.pick(["m1", "m2", "m3"]);
  if (random.chance(20)) filter.provider = random.pick(["p", "q"]);
  if (random.chance(20)) filter.status = random.pick([200, 402, 503]);
  if (random.chance(10)) filter.streamState = "completed";
  if (random.chance(60)) filter.from = now - random.below(6 * 24) * HOUR_MS - random.below(1_000);
  if (random.chance(60)) filter.to = now - random.below(3 * 24) * HOUR_MS + random.below(1_000);
  return filter;
}

async function anyCall(book: Book, random: Random): Promise<void> {
  const [accountId, keyId] = [random.pick(["a", "a", "a", "b"]), random.pick(["k", "k2", null])];
  const status = random.pick([200, 200, 402, 503]);
  const more = { accountId, keyId, modelServed: random.pick(MODELS), provider: random.pick(["p", "q", null]), status };
  if (status !== 200) return book.ledger.record({ ...book.audit(`req_x${book.now}`), ...more, streamState: null });
  const hold = await book.hold(UNIT / 100n, { accountId, keyId });
  // A long call: its row comes late, with the time at which it began.
  const time = book.now - random.pick([0, 0, 0, 5 * HOUR_MS]);
  await book.settle(hold, 1 + random.below(50), { audit: { ...book.audit(hold.requestId), ...more, time } });
}

/** An invoice from the summaries is the one that the calls themselves make. */
function compareInvoices(book: Book, accountId: string): void {
  const db = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true, safeIntegers: true });
  const fromCalls = new InvoiceQueries(db, { position: () => 0 }, () => "USD");
  for (const month of ["2026-11", "2026-12"]) {
    expect(book.store.invoices.invoice(accountId, month)).toEqual(fromCalls.invoice(accountId, month));
  }
  db.close();
}

async function compare(book: Book, random: Random): Promise<void> {
  const filter = randomFilter(random, book.now);
  const groups = random.pick(GROUPS);
  const rows = rowsOf(book).filter(isIn(filter));
  const usage = await book.store.audit.usage(filter, groups);
  const told = { filter, groups, zone: book.timezone, now: book.now };
  expect({ ...told, usage }).toMatchObject({ ...told, usage: expected(rows, groups, book.timezone) });
  const charged = usage.reduce((sum, row) => sum + Number(row["charged"]), 0);
  expect(charged).toBeCloseTo(Number(rows.reduce((sum, row) => sum + row.charged, 0n)) / 1e9, 9);
  compareInvoices(book, random.pick(["a", "b"]));
  // The same by pages of an odd size.
  const seen: number[] = [];
  for (let cursor: string | null = null, done = false; !done; done = cursor === null) {
    const page = await book.store.audit.page(filter, { limit: 3, cursor, operator: true });
    seen.push(...page.records.map((record) => Number(record["seq"])));
    cursor = page.nextCursor;
  }
  expect({ ...told, seen }).toEqual({ ...told, seen: rows.map(({ seq }) => seq).toReversed() });
}

test.each([1, 2, 3, 4, 5, 6])("reports of a random history (seed %i)", async (seed) => {
  const random = new Random(seed);
  await using book = new Book();
  book.now = Date.UTC(2026, 10, 27);
  book.timezone = random.pick(ZONES);
  for (const accountId of ["a", "b"]) await book.credit(50n * UNIT, { accountId });
  await book.credit(UNIT / 1_000n, { kind: "grant", expiresAt: book.now + 1_000 * HOUR_MS });
  for (let step = 0; step < 150; step += 1) {
    book.now += random.below(3 * HOUR_MS);
    await anyCall(book, random);
    if (random.chance(10)) await book.store.summaries.catchUp();
    // Both at once take turns.
    if (random.chance(10)) void book.store.summaries.follow();
    if (random.chance(2)) book.timezone = random.pick(ZONES);
    if (random.chance(2)) await book.restart();
    if (random.chance(15)) await compare(book, random);
  }
  const { calls } = await book.store.retention.prune("2026-11");
  expect(calls).toBeGreaterThan(10);
  expect(rowsOf(book).length).toBeGreaterThan(10);
  for (let round = 0; round < 20; round += 1) await compare(book, random);
  expect(book.verify()).toEqual([]);
});

test("a folder that is closed in the middle of summing up is left in order", async () => {
  using book = new Book();
  await book.credit(5n * UNIT);
  await Promise.all(Array.from({ length: 2_000 }, (_, index) => book.ledger.record(book.audit(`req_${index}`))));
  const { summaries } = book.store;
  const summing = Promise.all([summaries.catchUp(), summaries.follow()]);
  await book.store.close();
  await summing;
  // Afterwards nothing is begun any more.
  await summaries.catchUp();
  expect(book.verify()).toEqual([]);
});
