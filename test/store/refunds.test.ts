/** Refunds refill the sources of a charge, the last first, and never exceed it: whatever the amounts, however many, whatever has expired meanwhile. */
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { array, asyncProperty, assert, boolean, constantFrom, integer, oneof, record } from "../support/property.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { Book, UNIT } from "./support.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

const TOKEN = 13_000n;
const DAY_MS = 86_400_000;

/** Balances of the account's sources and of the operator's books, by name. */
function balances(book: Book): Map<string, bigint> {
  const db = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true, safeIntegers: true });
  const rows = db.query("SELECT name, posted FROM books").all() as { name: string; posted: bigint }[];
  db.close();
  return new Map(rows.map(({ name, posted }) => [name, posted]));
}

interface Source {
  name: string;
  amount: bigint;
  expiresAt: number;
}

/** What the charge took from each source, in the order of use. */
function paidFrom(
  before: ReadonlyMap<string, bigint>,
  after: ReadonlyMap<string, bigint>,
  sources: Source[],
): Source[] {
  return sources
    .map((source) => ({ ...source, amount: (before.get(source.name) ?? 0n) - (after.get(source.name) ?? 0n) }))
    .filter(({ amount }) => amount > 0n);
}

const step = oneof(
  record({ kind: constantFrom("refund" as const), tokens: integer({ min: 0, max: 70 }) }),
  record({ kind: constantFrom("wait" as const), days: integer({ min: 1, max: 4 }) }),
  record({ kind: constantFrom("restart" as const) }),
);

test("sources are refilled in reverse, up to the charge", async () => {
  await assert(
    asyncProperty(
      array(record({ tokens: integer({ min: 1, max: 30 }), days: integer({ min: 1, max: 8 }) }), { maxLength: 3 }),
      integer({ min: 0, max: 40 }),
      integer({ min: 1, max: 60 }),
      boolean(),
      array(step, { minLength: 1, maxLength: 8 }),
      async (grants, wallet, used, metered, steps) => {
        await using book = new Book();
        const sources: Source[] = [];
        for (const [index, { tokens, days }] of grants.entries()) {
          // Expiries apart by a minute: the order of use is told.
          const expiresAt = book.now + days * DAY_MS + index * 60_000;
          await book.credit(BigInt(tokens) * TOKEN, { kind: "grant", expiresAt });
          sources.push({ name: `grant:${index + 1}`, amount: 0n, expiresAt });
        }
        sources.sort((a, b) => a.expiresAt - b.expiresAt);
        if (wallet > 0) await book.credit(BigInt(wallet) * TOKEN);
        sources.push({ name: "wallet:a", amount: 0n, expiresAt: Infinity });
        if (metered) sources.push({ name: "receivable:a", amount: 0n, expiresAt: Infinity });
        const has = grants.reduce((sum, { tokens }) => sum + tokens, wallet);
        const tokens = metered ? used : Math.min(used, has);
        if (tokens === 0) return;
        const before = balances(book);
        const hold = await book.hold(BigInt(tokens) * TOKEN, { charge: metered ? "metered" : "wallet" });
        const { charged } = await book.settle(hold, tokens);
        const paid = paidFrom(before, balances(book), sources);
        expect(paid.reduce((sum, { amount }) => sum + amount, 0n)).toBe(charged);
        let left = charged;
        for (const next of steps) {
          if (next.kind === "wait") {
            book.now += next.days * DAY_MS;
            await book.ledger.sweep(Number.NEGATIVE_INFINITY);
          } else if (next.kind === "restart") await book.restart();
          else left -= await refunded(book, hold.requestId, BigInt(next.tokens) * TOKEN, left, paid);
        }
        expect(book.verify()).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

/** Refunds, 0 = all that is left, and compares every book with what must have happened. Gives what was refunded. */
async function refunded(book: Book, requestId: string, asked: bigint, left: bigint, paid: Source[]): Promise<bigint> {
  const before = balances(book);
  const amount = asked === 0n ? null : asked;
  const refund = book.ledger.refund({ requestId, amount, reason: "r", idempotencyKey: null });
  if (asked > left || left === 0n) {
    await expect(refund).rejects.toThrow("what is left of the charge");
    expect(balances(book)).toEqual(before);
    return 0n;
  }
  await refund;
  const size = asked === 0n ? left : asked;
  const expected = new Map(before);
  const move = (name: string, by: bigint): void => void expected.set(name, (expected.get(name) ?? 0n) + by);
  move("operator:revenue", -size);
  let rest = size;
  for (const source of paid.toReversed()) {
    const back = source.amount < rest ? source.amount : rest;
    source.amount -= back;
    rest -= back;
    if (back > 0n) move(source.expiresAt > book.now ? source.name : "operator:expired", back);
  }
  expect(rest).toBe(0n);
  const found = balances(book);
  for (const [name, posted] of expected) expect([name, found.get(name) ?? 0n]).toEqual([name, posted]);
  return size;
}

test("a grant that was used up is refilled after a restart, too, and can be used again", async () => {
  await using book = new Book();
  await book.credit(UNIT, { kind: "grant", expiresAt: book.now + DAY_MS });
  const hold = await book.hold(UNIT);
  await book.settle(hold, Number(UNIT / TOKEN) + 1);
  expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n });
  await book.restart();
  await book.ledger.refund({ requestId: hold.requestId, amount: UNIT / 2n, reason: "r", idempotencyKey: null });
  expect(await book.ledger.balance("a")).toMatchObject({ grants: UNIT / 2n, available: UNIT / 2n });
  expect(book.verify()).toEqual([]);
  book.now += 2 * DAY_MS;
  expect(await book.ledger.balance("a")).toMatchObject({ grants: 0n, available: 0n });
  await book.ledger.refund({ requestId: hold.requestId, amount: null, reason: "r", idempotencyKey: null });
  expect(balances(book).get("operator:expired")).toBe(UNIT);
});
