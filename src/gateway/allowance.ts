import { type Clock, DAY_MS } from "../lib/clock.ts";
import type { Nano } from "../lib/money.ts";

/**
 * What each key has left unpaid today (UTC) by going away before its first token. Kept in memory: a restart forgives, which costs no
 * more than one allowance a key.
 */
export class DisconnectAllowance {
  readonly #clock: Clock;
  #day = 0;
  #left = new Map<string, Nano>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when `amount` more (nano-units) stays within `limit`. */
  covers(subject: string, amount: Nano, limit: Nano): boolean {
    this.#turn();
    return (this.#left.get(subject) ?? 0n) + amount <= limit;
  }

  book(subject: string, amount: Nano): void {
    this.#turn();
    if (amount > 0n) this.#left.set(subject, (this.#left.get(subject) ?? 0n) + amount);
  }

  #turn(): void {
    const day = Math.floor(this.#clock.now() / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#left = new Map();
  }
}
