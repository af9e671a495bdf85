import type { Clock } from "../lib/clock.ts";

interface Ticking {
  tick(now: number): void;
  shutDown(): void;
}

/**
 * All streams under way, looked at by one shared timer: per-stream timers would cost more than the streams. The timer runs only
 * while there are streams.
 */
export class LiveStreams {
  #streams = new Set<Ticking>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #clock: Clock;
  #tickMs: number;
  #idle: (() => void)[] = [];

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: Ticking): void {
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs);
  }

  remove(stream: Ticking): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    for (const stream of this.#streams) stream.tick(now);
  }

  /** Resolves when no stream is under way. */
  whenIdle(): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  shutDown(): void {
    for (const stream of this.#streams) stream.shutDown();
  }
}
