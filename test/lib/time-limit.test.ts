import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";
import { STANDSTILL_MS, startTimeLimit } from "../../src/lib/time-limit.ts";

let now = 0;
let clock: ReturnType<typeof spyOn>;
beforeEach(() => {
  now = 0;
  jest.useFakeTimers();
  clock = spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  clock.mockRestore();
  jest.useRealTimers();
});

/** Time that passes while the process runs. */
function pass(ms: number): void {
  now += ms;
  jest.advanceTimersByTime(ms);
}

test("ends in time, once", () => {
  let ends = 0;
  startTimeLimit(60_000, () => (ends += 1));
  pass(59_999);
  expect(ends).toBe(0);
  pass(1);
  expect(ends).toBe(1);
  pass(60_000);
  expect(ends).toBe(1);
});

test("a process that stood still gives those who wait a second to be read", () => {
  let ends = 0;
  startTimeLimit(60_000, () => (ends += 1));
  now += 90_000;
  jest.advanceTimersByTime(60_000);
  expect(ends).toBe(0);
  pass(STANDSTILL_MS);
  expect(ends).toBe(1);
});

test("a limit that was lifted does not end, not even after a standstill", () => {
  let ends = 0;
  const lift = startTimeLimit(60_000, () => (ends += 1));
  now += 90_000;
  jest.advanceTimersByTime(60_000);
  lift();
  pass(60_000);
  expect(ends).toBe(0);
});
