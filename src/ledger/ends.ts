import type { Logger } from "../lib/log.ts";
import { errorText } from "../lib/log.ts";
import type { LedgerStorage } from "./storage.ts";
import type { Receipt } from "./types.ts";
import { LedgerUnavailable } from "./unavailable.ts";

/**
 * Ends of holds that are not durable yet. A repeat joins the first; an end that storage can't take is tried again when it can, so that no
 * hold stays open because of a full disk. Its callers are told after a while, the end itself is not given up.
 */
export class Ends {
  readonly #storage: LedgerStorage;
  readonly #log: Logger;
  readonly #patience: () => Promise<void>;
  readonly #running = new Map<number, Promise<Receipt>>();

  constructor(storage: LedgerStorage, log: Logger, patience: () => Promise<void>) {
    this.#storage = storage;
    this.#log = log;
    this.#patience = patience;
  }

  get size(): number {
    return this.#running.size;
  }

  /** `attempt` is run until it is durable. It must look its hold up anew each time: a failure has reset the ledger's memory. */
  run(holdId: number, attempt: () => Promise<Receipt>): Promise<Receipt> {
    const running = this.#running.get(holdId);
    if (running !== undefined) return running;
    const ending = attempt().then(
      (receipt) => {
        this.#running.delete(holdId);
        return receipt;
      },
      (error: unknown) => {
        if (error instanceof LedgerUnavailable) return this.#again(holdId, attempt, error);
        this.#running.delete(holdId);
        throw error;
      },
    );
    this.#running.set(holdId, ending);
    return ending;
  }

  #again(holdId: number, attempt: () => Promise<Receipt>, error: LedgerUnavailable): Promise<Receipt> {
    const told = Promise.withResolvers<Receipt>();
    void this.#patience().then(() => told.reject(error));
    void this.#retry(attempt)
      .then(told.resolve, (failure: unknown) => {
        this.#log.error("a call could not be settled; it will be at the next start", { error: errorText(failure) });
        told.reject(failure);
      })
      .finally(() => this.#running.delete(holdId));
    return told.promise;
  }

  async #retry(attempt: () => Promise<Receipt>): Promise<Receipt> {
    for (;;) {
      await this.#storage.writable();
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error;
      }
    }
  }
}
