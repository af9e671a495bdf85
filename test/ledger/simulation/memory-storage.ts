import { receiptOf } from "../../../src/ledger/settling.ts";
import type {
  ChargedParts,
  CreditRow,
  Grant,
  LedgerOp,
  LedgerSnapshot,
  LedgerStorage,
} from "../../../src/ledger/storage.ts";
import type { Receipt } from "../../../src/ledger/types.ts";
import { Disk } from "./disk.ts";

interface Waiting {
  ops: LedgerOp[];
  done: PromiseWithResolvers<void>;
}

/**
 * Storage of a ledger in memory, with the group commit of the real one: rows wait until `flush`, and a flush may fail. The disk outlives the
 * storage, as it does a process.
 */
export class MemoryStorage implements LedgerStorage {
  readonly disk: Disk;
  #waiting: Waiting[] = [];
  #down = false;
  #reset: () => void = () => undefined;
  #writable: PromiseWithResolvers<void> | null = null;

  constructor(disk: Disk = new Disk()) {
    this.disk = disk;
  }

  append(ops: LedgerOp[]): Promise<void> {
    if (this.#down) return Promise.reject(new Error("the disk can't be written"));
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ ops, done });
    return done.promise;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** One commit of everything that waits. */
  flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    for (const { ops } of batch) this.disk.write(ops);
    for (const { done } of batch) done.resolve();
  }

  /** The commit fails: nothing of it is on disk, and nothing is taken until `repair`. */
  fail(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#down = true;
    this.#reset();
    for (const { done } of batch) done.reject(new Error("disk full"));
  }

  repair(): void {
    if (!this.#down) return;
    this.#reset();
    this.#down = false;
    this.#writable?.resolve();
    this.#writable = null;
  }

  /** The process dies. `written`: the last commit reached the disk, but nobody was told. Gives the storage of the next process. */
  crash(written: boolean): MemoryStorage {
    if (written && !this.#down) for (const { ops } of this.#waiting) this.disk.write(ops);
    this.#waiting = [];
    return new MemoryStorage(this.disk);
  }

  load(): LedgerSnapshot {
    const { disk } = this;
    const ids = [...disk.holds.keys(), ...disk.settlements.keys()];
    return {
      books: [...disk.books].map(([id, { name, posted }]) => ({ id, name, posted, held: 0n })),
      grants: [...disk.grants.values()].filter((grant) => this.#isAlive(grant.id)).map((grant) => ({ ...grant })),
      terms: [...disk.terms.values()].map((terms) => structuredClone(terms)),
      openHolds: [...disk.holds.values()].map((hold) => structuredClone(hold)),
      nextHoldId: ids.reduce((most, id) => Math.max(most, id), 0) + 1,
      nextCreditId: [...disk.credits.keys()].reduce((most, id) => Math.max(most, id), 0) + 1,
    };
  }

  /** Grants with something left, and those that a hold has put aside. */
  #isAlive(grantId: number): boolean {
    return this.disk.posted(`grant:${grantId}`) > 0n;
  }

  counter(subject: string, period: string): bigint {
    let value = this.disk.counters.get(`${subject}\n${period}`) ?? 0n;
    for (const { ops } of this.#waiting) {
      for (const op of ops) {
        if (op.op === "counter" && op.subject === subject && op.period === period) value += op.delta;
      }
    }
    return value;
  }

  onReset(reset: () => void): void {
    this.#reset = reset;
  }

  healthy(): boolean {
    return !this.#down;
  }

  writable(): Promise<void> {
    if (!this.#down) return Promise.resolve();
    this.#writable ??= Promise.withResolvers<void>();
    return this.#writable.promise;
  }

  findReceipt(requestId: string): Receipt | null {
    const id = this.disk.settlementOfRequest.get(requestId);
    return id === undefined ? null : this.findReceiptOfHold(id);
  }

  findReceiptOfHold(holdId: number): Receipt | null {
    const row = this.disk.settlements.get(holdId);
    return row === undefined ? null : receiptOf(row, "USD");
  }

  findCharge(requestId: string): ChargedParts | null {
    const id = this.disk.settlementOfRequest.get(requestId);
    const row = id === undefined ? undefined : this.disk.settlements.get(id);
    if (row === undefined || row.charged === 0n) return null;
    const entries = this.disk.entriesOfHold.get(row.holdId) ?? [];
    const parts = new Map<number, bigint>();
    for (const { kind, debit, credit, amount } of entries) {
      if (kind === "charge") parts.set(debit, (parts.get(debit) ?? 0n) + amount);
      if (kind === "refund") parts.set(credit, (parts.get(credit) ?? 0n) - amount);
    }
    const { holdId, accountId, keyId, month } = row;
    return { holdId, accountId, keyId, month, parts: [...parts].map(([book, amount]) => ({ book, amount })) };
  }

  findGrant(id: number): Grant | null {
    return this.disk.grants.get(id) ?? null;
  }

  findCredit(accountId: string, idempotencyKey: string): CreditRow | null {
    const id = this.disk.creditOfKey.get(`${accountId}\n${idempotencyKey}`);
    return id === undefined ? null : (this.disk.credits.get(id) ?? null);
  }
}
