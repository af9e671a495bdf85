/** What storage is asked for when it takes little: rows that end what is under way go before all others, and go once. */
import { expect, test } from "bun:test";
import { BookLedger } from "../../src/ledger/ledger.ts";
import { priceUsage } from "../../src/ledger/price.ts";
import type { AppendOptions, LedgerOp } from "../../src/ledger/storage.ts";
import { createLogger } from "../../src/lib/log.ts";
import { auditOf, PIN, requestOf, UNIT } from "../store/support.ts";
import { usage } from "./price-support.ts";
import { MemoryStorage } from "./simulation/memory-storage.ts";

const NOW = Date.UTC(2026, 10, 21, 12);

/** Writes at once unless it is held up, and remembers what it was asked for. */
class Recording extends MemoryStorage {
  readonly asked: { ops: string[]; vital: boolean }[] = [];
  isHeldUp = false;

  override append(ops: LedgerOp[], { vital }: AppendOptions = { vital: false, flush: true }): Promise<void> {
    this.asked.push({ ops: ops.map(({ op }) => op), vital });
    const done = super.append(ops);
    if (!this.isHeldUp) this.flush();
    return done;
  }
}

function desk() {
  const storage = new Recording();
  const ledger = new BookLedger({
    storage,
    clock: { now: () => NOW, monotonic: () => NOW },
    log: createLogger(() => undefined, "error"),
    currency: () => "USD",
    timezone: () => "UTC",
  });
  const reserved = async (requestId: string): Promise<{ id: string; durable: Promise<void> }> => {
    const answer = await ledger.reserve(requestOf(requestId, UNIT / 2n));
    if (!answer.ok) throw new Error(answer.refusal.kind);
    return { id: answer.hold.id, durable: answer.durable };
  };
  const topUp = { accountId: "a", kind: "topup", reason: "r", idempotencyKey: null, expiresAt: null } as const;
  return { storage, ledger, reserved, credit: () => ledger.credit({ ...topUp, amount: UNIT }) };
}

const used = usage({ output: 10 });
const settlement = (requestId: string) => ({
  usage: used,
  source: "provider" as const,
  pin: PIN,
  price: priceUsage(used, PIN, { requestedTier: null }),
  absorb: false,
  audit: auditOf(requestId, NOW),
});

test("checkpoints and ends are vital; credits, holds and records are not", async () => {
  const { storage, ledger, reserved, credit } = desk();
  await credit();
  const [first, second] = [await reserved("req_1"), await reserved("req_2")];
  await ledger.checkpoint(first.id, { usage: used, source: "counted", charge: 5n });
  await ledger.settle(first.id, settlement("req_1"));
  await ledger.void(second.id, "test", auditOf("req_2", NOW));
  await ledger.record(auditOf("req_3", NOW));
  expect(storage.asked.map(({ ops, vital }) => [ops[0], vital])).toEqual([
    ["credit", false],
    ["hold", false],
    ["hold", false],
    ["checkpoint", true],
    ["settlement", true],
    ["settlement", true],
    ["audit", false],
  ]);
});

test("the checkpoints of one turn are one write", async () => {
  const { storage, ledger, reserved, credit } = desk();
  await credit();
  const holds = [await reserved("req_1"), await reserved("req_2")];
  const tell = ({ id }: { id: string }) => ledger.checkpoint(id, { usage: used, source: "counted", charge: 5n });
  const before = storage.asked.length;
  await Promise.all(holds.map(tell));
  await Promise.all(holds.slice(1).map(tell));
  expect(storage.asked.slice(before).map(({ ops }) => ops)).toEqual([["checkpoint", "checkpoint"], ["checkpoint"]]);
});

test("nothing is promised, not even in memory, while storage can't be written", async () => {
  const { storage, ledger, reserved, credit } = desk();
  await credit();
  const { id } = await reserved("req_1");
  const { charged } = await ledger.settle(id, settlement("req_1"));
  const terms = ledger.terms("a");
  storage.fail();
  const refund = { requestId: "req_1", amount: null, reason: "r", idempotencyKey: null };
  const setTerms = () => ledger.setTerms({ ...terms, creditLimit: 1n });
  for (const ask of [credit, () => ledger.refund(refund), setTerms]) {
    await expect(ask()).rejects.toThrow("can't be written");
  }
  expect(await ledger.reserve(requestOf("req_2", 1n))).toEqual({ ok: false, refusal: { kind: "unavailable" } });
  expect(await ledger.balance("a")).toMatchObject({ wallet: UNIT - charged, held: 0n });
  expect(ledger.terms("a")).toEqual(terms);
  storage.repair();
  expect(await ledger.refund(refund)).toMatchObject({ wallet: UNIT });
});

test("the end of a hold that was never stored is one record and one receipt of nothing, however often it comes", async () => {
  const { storage, ledger, reserved, credit } = desk();
  await credit();
  storage.isHeldUp = true;
  const { id, durable } = await reserved("req_1");
  storage.fail();
  await expect(durable).rejects.toThrow("can't be written");
  storage.isHeldUp = false;
  storage.repair();
  const receipt = await ledger.settle(id, settlement("req_1"));
  expect(receipt).toMatchObject({ requestId: "req_1", charged: 0n, absorbed: 0n, state: "voided", settledAt: NOW });
  expect(await ledger.settle(id, settlement("req_1"))).toBe(receipt);
  expect(await ledger.void(id, "late", auditOf("req_1", NOW))).toBe(receipt);
  expect(storage.disk.audit.map(({ requestId, charged }) => [requestId, charged])).toEqual([["req_1", 0n]]);
  expect(storage.asked.at(-1)).toEqual({ ops: ["audit"], vital: true });
  expect(await ledger.balance("a")).toMatchObject({ wallet: UNIT, held: 0n });
  // Its id names no other hold.
  expect((await reserved("req_2")).id).not.toBe(id);
});
