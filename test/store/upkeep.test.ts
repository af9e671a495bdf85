/** What is done now and then. */
import { expect, test } from "bun:test";
import { createLogger } from "../../src/lib/log.ts";
import { Upkeep } from "../../src/upkeep.ts";
import { Book, UNIT } from "./support.ts";

const DAY_MS = 86_400_000;

test("a round expires grants and forgets old idempotency keys; calls under way stay", async () => {
  await using book = new Book();
  await book.credit(UNIT, { kind: "grant", expiresAt: book.now + DAY_MS });
  await book.credit(UNIT);
  const record = { subject: "a", key: "k", fingerprint: "f", requestId: "r" };
  await book.store.idempotency.insert({ ...record, createdAt: book.now });
  const hold = await book.hold(UNIT / 2n);
  const clock = { now: () => book.now, monotonic: () => 0 };
  const log = createLogger((line) => book.logs.push(line), "warn");
  const upkeep = new Upkeep({ ledger: book.ledger, store: book.store, clock, log });
  await upkeep.round();
  expect(book.store.idempotency.find("a", "k")).not.toBeNull();
  book.now += 40 * DAY_MS;
  await upkeep.round();
  upkeep.stop();
  expect(book.store.idempotency.find("a", "k")).toBeNull();
  expect(await book.ledger.balance("a")).toMatchObject({ wallet: UNIT, available: UNIT, held: UNIT / 2n });
  expect(await book.settle(hold, 100)).toMatchObject({ charged: 1_300_000n });
  expect(book.verify()).toEqual([]);
});
