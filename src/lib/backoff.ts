import type { Clock } from "./clock.ts";

/** Pauses after failures, by what failed: each twice as long as the one before. Kept in memory: a new process tries at once. */
export class Backoff {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #longestMs: number;
  /** Since when it fails, until when it waits (monotonic ms), and how long that is. */
  readonly #pauses = new Map<string, { since: number; until: number; ms: number }>();

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
    const now = this.#clock.monotonic();
    const before = this.#pauses.get(subject);
    const ms = before === undefined ? this.#firstMs : Math.min(this.#longestMs, before.ms * 2);
    this.#pauses.set(subject, { since: before?.since ?? now, until: now + ms, ms });
    return ms;
  }

  /** For how many ms it has failed; a wall clock that jumps changes nothing about it. */
  failingFor(subject: string): number {
    const pause = this.#pauses.get(subject);
    return pause === undefined ? 0 : this.#clock.monotonic() - pause.since;
  }

  clear(subject: string): void {
    this.#pauses.delete(subject);
  }
}
