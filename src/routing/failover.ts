import type { RoutingSettings } from "../catalog/types.ts";
import type { UpstreamFailure } from "../ir/error.ts";

/**
 * Retries under way, bounded by a share of the calls in flight, so that a failing provider never doubles the load. A call counts once,
 * from its first retry until `release`.
 */
export class RetryBudget {
  readonly #inFlight: () => number;
  readonly #share: number;
  readonly #least: number;
  #taken = 0;

  /** `inFlight` tells the calls under way; default bound: 20 % of them, at least 3. */
  constructor(inFlight: () => number, share = 0.2, least = 3) {
    this.#inFlight = inFlight;
    this.#share = share;
    this.#least = least;
  }

  /** Takes a place for a call that has not retried yet; false = none left. */
  take(): boolean {
    if (this.#taken >= Math.max(this.#least, Math.floor(this.#inFlight() * this.#share))) return false;
    this.#taken += 1;
    return true;
  }

  /** Gives the place of one call back: exactly once for each call that `decideFailover` let retry. */
  release(): void {
    this.#taken = Math.max(0, this.#taken - 1);
  }

  get taken(): number {
    return this.#taken;
  }
}

export interface FailoverInput {
  failure: UpstreamFailure;
  /** Attempts made so far, 1 after the first. */
  attempt: number;
  /** Retries already made of the same target. */
  retriesOfTarget: number;
  /** Another target of the plan is left. */
  hasNext: boolean;
  settings: RoutingSettings;
  /** Until the deadline of all attempts, ms. */
  remainingMs: number;
  budget: RetryBudget;
  /** In [0, 1). */
  random: () => number;
}

/** `retry`: the same target again; `next`: the next of the plan. `delayMs` is waited first. */
export type FailoverDecision = { kind: "retry" | "next"; delayMs: number } | { kind: "give-up" };

const GIVE_UP: FailoverDecision = { kind: "give-up" };

/** What may be done about a failure: by the fault table of the product (same target again only where that may help). */
type Remedy = "none" | "next-only" | "next-first" | "same-first";

/**
 * What to do after a failed attempt, before any content has reached the client. The first retry of a call takes a place of the
 * budget; whoever runs the attempts gives it back with `budget.release()` when the call's attempts are over.
 */
export function decideFailover(input: FailoverInput): FailoverDecision {
  const { failure, settings, attempt, hasNext } = input;
  const left = 1 + settings.retries - attempt;
  const remedy = remedyFor(failure);
  if (left <= 0 || remedy === "none" || input.remainingMs <= 0) return GIVE_UP;
  const decision = choose(input, remedy, left);
  if (decision.kind === "give-up" || decision.delayMs >= input.remainingMs) {
    return hasNext && decision.kind === "retry" ? withBudget(input, { kind: "next", delayMs: 0 }) : GIVE_UP;
  }
  return withBudget(input, decision);
}

function choose(input: FailoverInput, remedy: Remedy, left: number): FailoverDecision {
  const { hasNext, failure, settings } = input;
  const next: FailoverDecision = hasNext ? { kind: "next", delayMs: 0 } : GIVE_UP;
  if (remedy === "next-only") return next;
  if (remedy === "next-first" && hasNext) return next;
  // One more try of the same target only when another attempt stays for the next one.
  if (hasNext && (input.retriesOfTarget > 0 || left < 2)) return next;
  if (failure.cause === "timeout" && input.remainingMs < settings.firstTokenTimeoutMs) return next;
  const asked = (failure.retryAfterSeconds ?? 0) * 1000;
  if (asked > settings.backoffMaxMs) return next;
  return { kind: "retry", delayMs: Math.max(asked, jitter(input)) };
}

function remedyFor(failure: UpstreamFailure): Remedy {
  const { cause, status } = failure;
  // A fault of this machine follows the call to every provider.
  if (cause === "local") return "none";
  if (cause !== "status" || status === null) return cause === "reset" ? "same-first" : "next-first";
  if (status === 401 || status === 402 || status === 403) return "next-only";
  if (status === 429 || status === 529) return "next-first";
  if (status === 408 || status === 409 || status >= 500) return "same-first";
  return "none";
}

/** Full jitter between the bounds, doubling with each attempt. */
function jitter({ settings, attempt, random }: FailoverInput): number {
  const ceiling = Math.min(settings.backoffMaxMs, settings.backoffMinMs * 2 ** attempt);
  return Math.round(settings.backoffMinMs + random() * Math.max(0, ceiling - settings.backoffMinMs));
}

function withBudget(input: FailoverInput, decision: FailoverDecision): FailoverDecision {
  return input.attempt > 1 || input.budget.take() ? decision : GIVE_UP;
}
