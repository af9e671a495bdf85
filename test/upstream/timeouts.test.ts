import { expect, test } from "bun:test";
import { UpstreamError } from "../../src/upstream/error.ts";
import { AnswerTimer } from "../../src/upstream/timeouts.ts";

const LIMITS = { firstTokenMs: 1000, idleMs: 100, totalMs: 5000 };

test("first token, then idle, then total", () => {
  let now = 0;
  const timer = new AnswerTimer(LIMITS, () => now);
  expect(timer.check(999)).toEqual({ exceeded: null, nextMs: 1 });
  expect(timer.check(1000).exceeded).toBe("first_token");
  now = 900;
  timer.progress();
  expect(timer.check(999).exceeded).toBeNull();
  expect(timer.check(1000).exceeded).toBe("idle");
  now = 4950;
  timer.progress();
  expect(timer.check(4999)).toEqual({ exceeded: null, nextMs: 1 });
  expect(timer.check(5000).exceeded).toBe("total");
  timer.stop();
});

test("the signal carries the failure; infinite limits never fire", async () => {
  let now = 0;
  const timer = new AnswerTimer({ ...LIMITS, firstTokenMs: 1 }, () => now);
  const aborted = new Promise((resolve) => timer.signal.addEventListener("abort", resolve));
  now = 10;
  await aborted;
  const reason: unknown = timer.signal.reason;
  expect(reason instanceof UpstreamError && [reason.failure.cause, reason.failure.code]).toEqual([
    "timeout",
    "first_token",
  ]);
  const endless = new AnswerTimer({ firstTokenMs: Infinity, idleMs: Infinity, totalMs: Infinity }, () => now);
  expect(endless.check(1e12).exceeded).toBeNull();
  endless.stop();
});
