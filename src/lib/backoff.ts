import type { Clock } from "./clock.ts";

/** Pauses after failures, by what failed: each twice as long as the one before. Kept in memory: a new process tries at once. */
export class Backoff {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #longestMs: number;
  /** Until when (monotonic ms), and how long. */
  readonly #pauses = new Map<string, { until: number; ms: number }>();

  constructor(clock: Clock, limits: { firstMs: number; longestMs: number }) {
    this.#clock = clock;
    this.#firstMs = limits.firstMs;
    this.#longestMs = limits.longestMs;
  }

  isPaused(subject: string): boolean {
    const pause = this.#pauses.get(subject);
    return pause !== undefined && this.#clock.monotonic() < pause.until;
  }

  /** Gives the ms until it should be tried again. */
  failed(subject: string): number {
    const before = this.#pauses.get(subject)?.ms;
    const ms = before === undefined ? this.#firstMs : Math.min(this.#longestMs, before * 2);
    this.#pauses.set(subject, { until: this.#clock.monotonic() + ms, ms });
    return ms;
  }

  clear(subject: string): void {
    this.#pauses.delete(subject);
  }
}
