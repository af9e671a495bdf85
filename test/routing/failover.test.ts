import { describe, expect, test } from "bun:test";
import type { FailureCause, UpstreamFailure } from "../../src/ir/error.ts";
import { decideFailover, type FailoverInput, RetryBudget } from "../../src/routing/failover.ts";
import { load, minimal } from "../catalog/support.ts";

const settings = load(minimal()).routing;

function failure(cause: FailureCause | number, retryAfterSeconds?: number): UpstreamFailure {
  const status = typeof cause === "number" ? cause : null;
  const after = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return { cause: typeof cause === "number" ? "status" : cause, status, code: null, message: "", ...after };
}

function decide(cause: FailureCause | number, change: Partial<FailoverInput> & { retryAfter?: number } = {}): string {
  const { retryAfter, ...rest } = change;
  const decision = decideFailover({
    failure: failure(cause, retryAfter),
    attempt: 1,
    retriesOfTarget: 0,
    hasNext: true,
    settings,
    remainingMs: 100_000,
    budget: new RetryBudget(() => 1),
    random: () => 0.5,
    ...rest,
  });
  return decision.kind === "give-up" ? "give-up" : `${decision.kind} ${decision.delayMs}`;
}

describe("by the fault table", () => {
  test.each([
    // what failed, with another target left, without one
    ["refused", "next 0", "retry 150"],
    ["dns", "next 0", "retry 150"],
    ["tls", "next 0", "retry 150"],
    ["reset", "retry 150", "retry 150"],
    ["truncated", "next 0", "retry 150"],
    ["bad_answer", "next 0", "retry 150"],
    ["empty", "next 0", "retry 150"],
    ["timeout", "next 0", "retry 150"],
    ["local", "give-up", "give-up"],
    [408, "retry 150", "retry 150"],
    [409, "retry 150", "retry 150"],
    [429, "next 0", "retry 150"],
    [529, "next 0", "retry 150"],
    [500, "retry 150", "retry 150"],
    [503, "retry 150", "retry 150"],
    [401, "next 0", "give-up"],
    [402, "next 0", "give-up"],
    [403, "next 0", "give-up"],
    [400, "give-up", "give-up"],
    [404, "give-up", "give-up"],
    [413, "give-up", "give-up"],
    [422, "give-up", "give-up"],
  ] as const)("%p: %s, or %s when alone", (cause, withNext, alone) => {
    expect(decide(cause)).toBe(withNext);
    expect(decide(cause, { hasNext: false })).toBe(alone);
  });
});

test("the last attempt goes to the next target rather than to the same once more", () => {
  expect(decide(500, { attempt: 1 })).toBe("retry 150");
  expect(decide(500, { attempt: 2, retriesOfTarget: 1 })).toBe("next 0");
  expect(decide(500, { attempt: 2, retriesOfTarget: 0 })).toBe("next 0");
  expect(decide(500, { attempt: 3 })).toBe("give-up");
  expect(decide(500, { settings: { ...settings, retries: 0 } })).toBe("give-up");
});

test("the pause is jittered, grows, and stays in its bounds", () => {
  const pause = (attempt: number, random: number): string =>
    decide(500, { attempt, hasNext: false, random: () => random, settings: { ...settings, retries: 10 } });
  expect([pause(1, 0), pause(1, 0.999), pause(3, 0.5), pause(9, 0.999)]).toEqual([
    "retry 100",
    "retry 200",
    "retry 450",
    "retry 1998",
  ]);
});

test("Retry-After is waited for when it is short, else the call moves on or ends", () => {
  expect(decide(503, { retryAfter: 1 })).toBe("retry 1000");
  expect(decide(503, { retryAfter: 30 })).toBe("next 0");
  expect(decide(429, { retryAfter: 30, hasNext: false })).toBe("give-up");
});

test("nothing goes past the deadline", () => {
  expect(decide(500, { remainingMs: 0 })).toBe("give-up");
  expect(decide(500, { remainingMs: 100, hasNext: false })).toBe("give-up");
  expect(decide(500, { remainingMs: 100 })).toBe("next 0");
  expect(decide("timeout", { remainingMs: 59_000, hasNext: false })).toBe("give-up");
});

test("the budget bounds the calls that retry: a fifth of those in flight, at least three", () => {
  const budget = new RetryBudget(() => 1);
  const first = (): string => decide(500, { budget });
  expect([first(), first(), first(), first()]).toEqual(["retry 150", "retry 150", "retry 150", "give-up"]);
  expect(decide(500, { budget, attempt: 2 })).toBe("next 0");
  budget.release();
  expect(first()).toBe("retry 150");
  const busy = new RetryBudget(() => 100);
  expect(Array.from({ length: 21 }, () => busy.take()).filter(Boolean).length).toBe(20);
  budget.release();
  budget.release();
  budget.release();
  budget.release();
  expect(budget.taken).toBe(0);
});
