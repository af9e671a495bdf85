/** A database that can't be written: nothing is promised, nothing is lost, nothing is charged twice. */
import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BookLedger } from "../../src/ledger/ledger.ts";
import { priceUsage } from "../../src/ledger/price.ts";
import type { LedgerStorage } from "../../src/ledger/storage.ts";
import { LedgerUnavailable } from "../../src/ledger/unavailable.ts";
import { createLogger } from "../../src/lib/log.ts";
import { RESERVE_FILE } from "../../src/store/files.ts";
import { SqliteLedgerStorage } from "../../src/store/ledger-storage.ts";
import { migrate } from "../../src/store/migrations.ts";
import { LogFlush } from "../../src/store/log-flush.ts";
import { DiskReserve } from "../../src/store/disk-reserve.ts";
import { verifyFile } from "../../src/store/verify.ts";
import { Writer } from "../../src/store/writer.ts";
import { usage } from "../ledger/price-support.ts";
import { auditOf, PIN, requestOf, UNIT } from "./support.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const log = createLogger(() => undefined, "error");

/** A ledger on a database whose size can be limited, which SQLite answers as a full disk. */
function limitedLedger(
  patience?: () => Promise<void>,
  wrap = (storage: SqliteLedgerStorage): LedgerStorage => storage,
) {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-outage-"));
  const file = join(folder, "tollgate.db");
  const db = new Database(file, { create: true, safeIntegers: true });
  db.run("PRAGMA journal_mode = WAL");
  migrate(db, file);
  const writer = new Writer(db, { log, reserve: new DiskReserve(join(folder, RESERVE_FILE)), flush: new LogFlush(db) });
  const storage = new SqliteLedgerStorage(db, writer, () => "USD");
  const clock = { now: () => NOW, monotonic: () => 0 };
  const options = { storage: wrap(storage), clock, log, currency: () => "USD", timezone: () => "UTC" };
  const ledger = new BookLedger(patience === undefined ? options : { ...options, patience });
  const pages = (): number => Number((db.query("PRAGMA page_count").get() as { page_count: bigint }).page_count);
  cleanups.push(() => {
    writer.close();
    db.close();
    rmSync(folder, { recursive: true });
  });
  return {
    file,
    ledger,
    fill: () => void db.run(`PRAGMA max_page_count = ${pages()}`),
    empty: () => void db.run("PRAGMA max_page_count = 1000000"),
    writable: () => storage.writable(),
  };
}

const NOW = 1_795_000_000_000;
const topUp = {
  accountId: "a",
  amount: 5n * UNIT,
  kind: "topup",
  reason: "t",
  idempotencyKey: null,
  expiresAt: null,
} as const;

/** Context that takes more pages than the file has left. */
const bulky = { context: { note: "x".repeat(200_000) } };

function settlement(requestId: string, tokens: number) {
  const used = usage({ output: tokens });
  const price = priceUsage(used, PIN, { requestedTier: null });
  return { usage: used, source: "provider", pin: PIN, price, absorb: false, audit: auditOf(requestId, NOW) } as const;
}

test("a hold that can't be written is not promised, and ties up nothing", async () => {
  const { ledger, fill, empty, writable, file } = limitedLedger();
  await ledger.credit(topUp);
  fill();
  const reservation = await ledger.reserve(requestOf("req_1", UNIT, bulky));
  if (!reservation.ok) throw new Error("refused");
  // All of it is seen in the very turn of the failure: a probe, which is smaller, may soon find room again.
  const seen = await reservation.durable.then(
    () => null,
    (error: unknown) => ({
      error,
      healthy: ledger.healthy(),
      reserved: ledger.reserve(requestOf("req_2", UNIT)),
      credited: ledger.credit(topUp).catch((refusal: unknown) => refusal),
    }),
  );
  expect(seen?.error).toBeInstanceOf(LedgerUnavailable);
  expect(seen?.healthy).toBe(false);
  expect(await seen?.reserved).toMatchObject({ ok: false, refusal: { kind: "unavailable" } });
  expect(await seen?.credited).toBeInstanceOf(LedgerUnavailable);
  empty();
  await writable();
  expect(ledger.healthy()).toBe(true);
  expect(await ledger.balance("a")).toMatchObject({ wallet: 5n * UNIT, held: 0n, available: 5n * UNIT });
  // The call ends without a trace in the books, as often as its end is told.
  const { id, requestId } = reservation.hold;
  const first = await ledger.void(id, "refused", auditOf(requestId, NOW));
  expect(first).toMatchObject({ state: "voided", charged: 0n });
  expect(await ledger.void(id, "refused", auditOf(requestId, NOW))).toEqual(first);
  expect(verifyFile(file).findings).toEqual([]);
});

test("a settlement waits until it can be written, and is charged once", async () => {
  const { ledger, fill, empty, file } = limitedLedger();
  await ledger.credit(topUp);
  const hold = await ledger.reserve(requestOf("req_3", UNIT));
  if (!hold.ok) throw new Error("refused");
  await hold.durable;
  fill();
  const lost = await ledger.reserve(requestOf("req_4", UNIT, bulky));
  const { id, requestId } = hold.hold;
  const settled = ledger.settle(id, settlement(requestId, 1_000));
  if (!lost.ok) throw new Error("refused");
  // Seen in the very turn of the failure: the money is still held.
  const meanwhile = lost.durable.catch(() => ledger.balance("a"));
  expect(await meanwhile).toMatchObject({ wallet: 5n * UNIT, held: UNIT });
  empty();
  expect(await settled).toMatchObject({ charged: 13_000_000n, state: "settled" });
  expect(await ledger.settle(id, settlement(requestId, 9_999))).toMatchObject({ charged: 13_000_000n });
  expect(await ledger.balance("a")).toMatchObject({ wallet: 5n * UNIT - 13_000_000n, held: 0n });
  expect(verifyFile(file).findings).toEqual([]);
});

test("who waits for a settlement is told after a while; it is written all the same", async () => {
  const patience = Promise.withResolvers<void>();
  const { ledger, fill, empty, writable, file } = limitedLedger(() => patience.promise);
  await ledger.credit(topUp);
  const hold = await ledger.reserve(requestOf("req_5", UNIT));
  if (!hold.ok) throw new Error("refused");
  await hold.durable;
  fill();
  const lost = await ledger.reserve(requestOf("req_6", UNIT, bulky));
  const { id, requestId } = hold.hold;
  const settled = ledger.settle(id, settlement(requestId, 1_000));
  if (lost.ok) await expect(lost.durable).rejects.toBeInstanceOf(LedgerUnavailable);
  patience.resolve();
  await expect(settled).rejects.toBeInstanceOf(LedgerUnavailable);
  empty();
  await writable();
  // A later question joins what is under way, or finds it done.
  expect(
    await ledger.settle(id, settlement(requestId, 1_000)).catch(() => ledger.receipt(requestId)),
  ).not.toBeUndefined();
  await ledger.record(auditOf("req_later", NOW));
  expect(await ledger.receipt(requestId)).toMatchObject({ charged: 13_000_000n });
  expect(verifyFile(file).findings).toEqual([]);
});

test("the end of a hold that was never stored is vital, too: storage that takes ends only would be asked for ever", async () => {
  let refused = 0;
  /** As on a full disk with only the reserve left: takes what ends calls. Gives in after a while, or the test would not end. */
  const onlyEnds = (storage: SqliteLedgerStorage): LedgerStorage => ({
    healthy: () => storage.healthy(),
    writable: () => Promise.resolve(),
    onReset: (reset) => storage.onReset(reset),
    load: () => storage.load(),
    counter: (subject, period) => storage.counter(subject, period),
    findReceipt: (id) => storage.findReceipt(id),
    findReceiptOfHold: (id) => storage.findReceiptOfHold(id),
    findCharge: (id) => storage.findCharge(id),
    findCredit: (account, key) => storage.findCredit(account, key),
    findGrant: (id) => storage.findGrant(id),
    append(ops, vital) {
      if (vital || refused >= 5 || ops.some(({ op }) => op === "credit" || op === "hold"))
        return storage.append(ops, vital);
      refused += 1;
      return Promise.reject(new Error("the database can't be written"));
    },
  });
  const { ledger, fill, empty, writable } = limitedLedger(undefined, onlyEnds);
  await ledger.credit(topUp);
  fill();
  const lost = await ledger.reserve(requestOf("req_7", UNIT, bulky));
  if (!lost.ok) throw new Error("refused");
  await expect(lost.durable).rejects.toBeInstanceOf(LedgerUnavailable);
  empty();
  await writable();
  expect(await ledger.void(lost.hold.id, "refused", auditOf("req_7", NOW))).toMatchObject({ state: "voided" });
  expect(refused).toBe(0);
});
