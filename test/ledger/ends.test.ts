/** Ends of holds while storage comes and goes: none is given up, none runs twice, and nobody waits for ever. */
import { expect, test } from "bun:test";
import { Counters } from "../../src/ledger/counters.ts";
import { Ends } from "../../src/ledger/ends.ts";
import type { Receipt } from "../../src/ledger/types.ts";
import { LedgerUnavailable, RowsRefused } from "../../src/ledger/unavailable.ts";
import { createLogger } from "../../src/lib/log.ts";
import { MemoryStorage } from "./simulation/memory-storage.ts";

const receipt = { requestId: "req_1" } as Receipt;

/** Ends over a storage that can be written when the test says so. */
class Desk {
  readonly logs: string[] = [];
  readonly patience = Promise.withResolvers<void>();
  attempts = 0;
  #writable = Promise.withResolvers<void>();
  readonly ends: Ends;

  constructor() {
    const storage = new MemoryStorage();
    storage.writable = () => this.#writable.promise;
    const log = createLogger((line) => this.logs.push(line), "debug");
    this.ends = new Ends(storage, log, () => this.patience.promise);
  }

  /** Runs an end that does what is listed, one after the other. */
  run(...outcomes: (Error | Receipt)[]): Promise<Receipt> {
    return this.ends.run(1, async () => {
      const outcome = outcomes[this.attempts] ?? receipt;
      this.attempts += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
  }

  /** Storage takes rows, this once. */
  repair(): void {
    const before = this.#writable;
    this.#writable = Promise.withResolvers<void>();
    before.resolve();
  }
}

const down = (): LedgerUnavailable => new LedgerUnavailable("disk full");
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a repeat joins the end under way; one that comes later is an end of its own", async () => {
  const desk = new Desk();
  const [first, repeat] = [desk.run(), desk.run()];
  expect(desk.ends.size).toBe(1);
  expect(await Promise.all([first, repeat])).toEqual([receipt, receipt]);
  expect([desk.attempts, desk.ends.size]).toEqual([1, 0]);
  await desk.run();
  expect(desk.attempts).toBe(2);
});

test("what storage can't take is tried again each time that it can be written", async () => {
  const desk = new Desk();
  const end = desk.run(down(), down());
  await settle();
  expect([desk.attempts, desk.ends.size]).toEqual([1, 1]);
  desk.repair();
  await settle();
  expect(desk.attempts).toBe(2);
  desk.repair();
  expect(await end).toBe(receipt);
  await settle();
  expect([desk.attempts, desk.ends.size]).toEqual([3, 0]);
});

test("its callers are told when they have waited long enough, and the end goes on", async () => {
  const desk = new Desk();
  const end = desk.run(down());
  desk.patience.resolve();
  await expect(end).rejects.toBeInstanceOf(LedgerUnavailable);
  expect(desk.ends.size).toBe(1);
  desk.repair();
  await settle();
  expect([desk.attempts, desk.ends.size]).toEqual([2, 0]);
  expect(desk.logs).toEqual([]);
});

test("what fails for another reason is told and given up, at once or later", async () => {
  const desk = new Desk();
  await expect(desk.run(new Error("no hold 1"))).rejects.toThrow("no hold 1");
  expect(desk.ends.size).toBe(0);
  const later = new Desk();
  const told: unknown[] = [];
  later.run(down(), new Error("refused rows")).catch((error: unknown) => told.push(error));
  await settle();
  later.repair();
  await settle();
  expect(told).toEqual([new Error("refused rows")]);
  expect(later.ends.size).toBe(0);
  expect(later.logs.join()).toContain("could not be settled");
});

test("failures go by their names, with what was behind them", () => {
  const causes = [new LedgerUnavailable("full"), new RowsRefused("twice")].map(({ name, cause }) => [name, cause]);
  expect(causes).toEqual([
    ["LedgerUnavailable", "full"],
    ["RowsRefused", "twice"],
  ]);
});

test("counters of old periods are read anew, unless a hold still counts in them", () => {
  const read: string[] = [];
  const counters = new Counters((subject, period) => {
    read.push(`${subject} ${period}`);
    return 7n;
  });
  counters.of("a", "2026-01").pending = 1n;
  const idle = counters.of("a", "2026-02");
  expect(counters.of("a", "2026-02")).toBe(idle);
  for (const month of ["03", "04", "05", "06", "07", "08", "09"]) counters.of("b", `2026-${month}`);
  expect(read).toHaveLength(9);
  expect(counters.of("a", "2026-01").pending).toBe(1n);
  expect(read).toHaveLength(9);
  expect(counters.of("a", "2026-02")).not.toBe(idle);
  expect(read.at(-1)).toBe("a 2026-02");
});
