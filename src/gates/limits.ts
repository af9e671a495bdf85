import { GatewayError } from "../ir/error.ts";
import type { Clock } from "../lib/clock.ts";
import type { Principal } from "./types.ts";

const WINDOW_SECONDS = 60;
/** Subjects remembered at once; the least recently seen one is forgotten first. */
const MAX_SUBJECTS = 100_000;

/** Requests of one subject in the last minute, in slots of a second. */
class Window {
  readonly #slots = new Uint32Array(WINDOW_SECONDS);
  #latest = 0;
  total = 0;

  /** Forgets the slots that have left the window. */
  advance(second: number): void {
    const passed = Math.min(second - this.#latest, WINDOW_SECONDS);
    for (let step = 1; step <= passed; step += 1) {
      const slot = (this.#latest + step) % WINDOW_SECONDS;
      this.total -= this.#slots[slot] ?? 0;
      this.#slots[slot] = 0;
    }
    if (second > this.#latest) this.#latest = second;
  }

  add(): void {
    const slot = this.#latest % WINDOW_SECONDS;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
    this.total += 1;
  }

  /** Seconds until `count` requests have left the window. */
  secondsUntilFree(count: number): number {
    let left = count;
    for (let age = WINDOW_SECONDS - 1; age >= 0; age -= 1) {
      left -= this.#slots[(((this.#latest - age) % WINDOW_SECONDS) + WINDOW_SECONDS) % WINDOW_SECONDS] ?? 0;
      if (left <= 0) return WINDOW_SECONDS - age;
    }
    return WINDOW_SECONDS;
  }
}

/**
 * Requests per minute, over a sliding window of monotonic time (a jump of the wall clock changes nothing). Counted per account, or per address
 * for anonymous callers; a key with a limit of its own is counted by itself, too. Memory is bounded.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one request out of the caller's rate and gives the x-ratelimit headers; throws GatewayError 429 when none is left. */
  take(principal: Principal): Record<string, string> {
    const limit = principal.limits.requestsPerMinute;
    const shared = principal.sharedRequestsPerMinute ?? limit;
    const subject = this.#window(principal.limitSubject, shared);
    const own = shared === limit ? null : this.#window(`key:${principal.key?.id ?? ""}`, limit);
    this.#check(subject, shared, principal);
    this.#check(own, limit, principal);
    subject?.add();
    own?.add();
    const [window, most] = own === null ? [subject, shared] : [own, limit];
    return window === null ? {} : rateHeaders(most, most - window.total, window.secondsUntilFree(window.total));
  }

  #check(window: Window | null, limit: number, principal: Principal): void {
    if (window === null || window.total < limit) return;
    const wait = window.secondsUntilFree(window.total - limit + 1);
    throw new GatewayError({
      status: 429,
      code: "rate_limited",
      message: `${limit} requests per minute on ${principal.tier} tier; retry in ${wait}s`,
      retryAfterSeconds: wait,
      details: { kind: "usage", retry_after_seconds: wait },
      headers: rateHeaders(limit, 0, wait),
    });
  }

  /** Null when the limit is 0: no limit. */
  #window(subject: string, limit: number): Window | null {
    if (limit === 0) return null;
    const window = this.#windows.get(subject) ?? new Window();
    window.advance(Math.floor(this.#clock.monotonic() / 1000));
    this.#windows.delete(subject);
    this.#windows.set(subject, window);
    if (this.#windows.size > MAX_SUBJECTS) {
      for (const oldest of this.#windows.keys()) {
        this.#windows.delete(oldest);
        break;
      }
    }
    return window;
  }
}

/** Both spellings that clients read: the plain one, and OpenAI's `-requests` with its reset as a duration. */
function rateHeaders(limit: number, remaining: number, resetSeconds: number): Record<string, string> {
  const most = String(limit);
  const left = String(remaining);
  return {
    "x-ratelimit-limit": most,
    "x-ratelimit-remaining": left,
    "x-ratelimit-reset": String(resetSeconds),
    "x-ratelimit-limit-requests": most,
    "x-ratelimit-remaining-requests": left,
    "x-ratelimit-reset-requests": `${resetSeconds}s`,
  };
}
