import type { BookLedger } from "./ledger/ledger.ts";
import { type Clock, DAY_MS } from "./lib/clock.ts";
import { errorText, type Logger } from "./lib/log.ts";
import type { Store } from "./store/open.ts";

const ROUND_MS = 60_000;

/** What has to be done now and then. Nothing depends on when: a round that fails is made up by the next. */
export class Upkeep {
  readonly #ledger: BookLedger;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(parts: { ledger: BookLedger; store: Store; clock: Clock; log: Logger }) {
    this.#ledger = parts.ledger;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#timer = setInterval(() => void this.round(), ROUND_MS).unref();
  }

  /**
   * Books what expired, sums up new calls, writes down when keys were last used, drops what is kept for a while only. Holds are not touched: by a
   * clock that jumped, a call under way would look old. Never rejects.
   */
  async round(): Promise<void> {
    if (!this.#ledger.healthy()) return;
    const now = this.#clock.now();
    try {
      await Promise.all([
        this.#ledger.sweep(Number.NEGATIVE_INFINITY),
        this.#store.accounts.flushTouched(),
        this.#store.summaries.follow(),
        this.#store.responses.sweep(now),
        this.#store.ownership.sweep(now),
        this.#store.idempotency.sweep(now - DAY_MS),
      ]);
    } catch (error) {
      this.#log.warn("upkeep failed; it is tried again", { error: errorText(error) });
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
