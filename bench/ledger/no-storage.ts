import type { LedgerOp, LedgerSnapshot, LedgerStorage } from "../../src/ledger/storage.ts";

/** Storage that forgets: what the ledger costs without a disk. Groups are those of the real one. */
export class NoStorage implements LedgerStorage {
  #batch: PromiseWithResolvers<void> | null = null;

  load(): LedgerSnapshot {
    return { books: [], grants: [], terms: [], openHolds: [], nextHoldId: 1, nextCreditId: 1 };
  }

  append(_ops: LedgerOp[]): Promise<void> {
    if (this.#batch === null) {
      const batch = Promise.withResolvers<void>();
      this.#batch = batch;
      setImmediate(() => {
        this.#batch = null;
        batch.resolve();
      });
    }
    return this.#batch.promise;
  }

  counter = (): bigint => 0n;
  onReset = (): void => undefined;
  healthy = (): boolean => true;
  writable = (): Promise<void> => Promise.resolve();
  findReceipt = (): null => null;
  findReceiptOfHold = (): null => null;
  findCharge = (): null => null;
  findGrant = (): null => null;
  findCredit = (): null => null;
}
