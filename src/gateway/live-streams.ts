import type { Clock } from "../lib/clock.ts";
import { STANDSTILL_MS } from "../lib/time-limit.ts";

interface Ticking {
  tick(now: number): void;
  shutDown(): void;
}

/** Streams are looked at in so many parts, one after the other: thousands at once would keep all others waiting, more parts are more transactions. */
const PARTS = 5;
/** So many that began one after the other share a part: their holds lie side by side in the database, and few pages are written for them all. */
const NEIGHBOURS = 64;

/**
 * All streams under way, each looked at once in `tickMs` by one shared timer: per-stream timers would cost more than the streams. The timer
 * runs only while there are streams.
 */
export class LiveStreams {
  readonly #parts: Set<Ticking>[] = Array.from({ length: PARTS }, () => new Set());
  readonly #clock: Clock;
  /** ms between two parts. */
  readonly #stepMs: number;
  #timer: ReturnType<typeof setInterval> | null = null;
  #size = 0;
  #joined = 0;
  /** The part that is looked at next. */
  #due = 0;
  #lookedAt = 0;
  #idle: (() => void)[] = [];

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#stepMs = tickMs / PARTS;
  }

  get size(): number {
    return this.#size;
  }

  add(stream: Ticking): void {
    this.#parts[Math.floor(this.#joined / NEIGHBOURS) % PARTS]?.add(stream);
    this.#joined += 1;
    this.#size += 1;
    if (this.#timer !== null) return;
    this.#lookedAt = this.#clock.monotonic();
    this.#timer = setInterval(() => this.#look(), this.#stepMs);
  }

  remove(stream: Ticking): void {
    if (!this.#parts.some((part) => part.delete(stream))) return;
    this.#size -= 1;
    if (this.#size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * A timer that comes late makes up for the parts it has missed. After a standstill of the whole process (stopped, suspended, starved) what has come
   * meanwhile is read first: it is not the providers who were silent.
   */
  #look(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt > STANDSTILL_MS) {
      this.#lookedAt = now;
      return;
    }
    const steps = Math.floor((now - this.#lookedAt) / this.#stepMs);
    this.#lookedAt = steps > PARTS ? now : this.#lookedAt + steps * this.#stepMs;
    for (let step = 0; step < Math.min(steps, PARTS); step += 1) {
      for (const stream of this.#parts[this.#due] ?? []) stream.tick(now);
      this.#due = (this.#due + 1) % PARTS;
    }
  }

  /** Resolves when no stream is under way. */
  whenIdle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  shutDown(): void {
    for (const part of this.#parts) for (const stream of part) stream.shutDown();
  }
}
