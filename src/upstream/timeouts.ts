import { failureOf } from "./classify.ts";
import { UpstreamError } from "./error.ts";

/** Longer timers overflow and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** ms; Infinity = no limit. */
export interface TimeLimits {
  /** From the start to the first token. */
  firstTokenMs: number;
  /** Between two pieces of progress after the first token. Pings are no progress. */
  idleMs: number;
  /** From the start to the end. */
  totalMs: number;
}

/**
 * The three limits of an answer, on one timer. When one is exceeded, `signal` is aborted with an UpstreamError of cause `timeout`, whose
 * code says which: `first_token`, `idle` or `total`. Call `stop` when the answer is over.
 */
export class AnswerTimer {
  readonly #abort = new AbortController();
  readonly #limits: TimeLimits;
  readonly #now: () => number;
  readonly #startedAt: number;
  #progressAt: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `now` gives monotonic milliseconds. */
  constructor(limits: TimeLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#startedAt = now();
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Data of the answer has come. Cheap: the timer that is running looks at the time when it fires. */
  progress(): void {
    const isFirst = this.#progressAt === null;
    this.#progressAt = this.#now();
    if (isFirst) this.#arm();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Which limit has been exceeded at the time `now`, and when the next one would be. */
  check(now: number): { exceeded: "first_token" | "idle" | "total" | null; nextMs: number } {
    const { firstTokenMs, idleMs, totalMs } = this.#limits;
    const totalAt = this.#startedAt + totalMs;
    const quietAt = this.#progressAt === null ? this.#startedAt + firstTokenMs : this.#progressAt + idleMs;
    if (now >= totalAt) return { exceeded: "total", nextMs: 0 };
    if (now >= quietAt) return { exceeded: this.#progressAt === null ? "first_token" : "idle", nextMs: 0 };
    return { exceeded: null, nextMs: Math.min(totalAt, quietAt) - now };
  }

  #arm(): void {
    this.stop();
    const { exceeded, nextMs } = this.check(this.#now());
    if (exceeded !== null) return this.#abort.abort(new UpstreamError(failureOf("timeout", exceeded)));
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#arm(), Math.min(nextMs + 1, MAX_TIMER_MS));
  }
}
