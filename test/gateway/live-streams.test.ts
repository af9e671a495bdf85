import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { LiveStreams } from "../../src/gateway/live-streams.ts";

const TICK = 250;

describe("streams under way", () => {
  let now = 0;
  const clock = { now: () => now, monotonic: () => now };

  beforeEach(() => {
    now = 0;
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 5) {
      now += 5;
      jest.advanceTimersByTime(5);
    }
  };

  function opened(count: number) {
    const streams = new LiveStreams(clock, TICK);
    const looks = Array.from({ length: count }, (): number[] => []);
    const all = looks.map((times) => ({ tick: (at: number) => void times.push(at), shutDown: () => undefined }));
    for (const stream of all) streams.add(stream);
    return { streams, looks, all };
  }

  test("each is looked at once a tick, and never all of them at one time", () => {
    const { looks } = opened(640);
    pass(4 * TICK);
    for (const times of looks) {
      expect(times).toHaveLength(4);
      for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? at - TICK)).toBe(TICK);
    }
    const together = Map.groupBy(looks.flat(), (at) => at);
    for (const [, group] of together) expect(group).toHaveLength(128);
  });

  test("a timer that comes late looks at all that it has missed, once", () => {
    const { looks } = opened(200);
    now += 2 * TICK;
    jest.advanceTimersByTime(TICK / 5);
    for (const times of looks) expect(times).toEqual([now]);
  });

  test("after a standstill of the process nobody is looked at before what has come meanwhile could be read", () => {
    const { looks } = opened(640);
    pass(TICK);
    now += 600_000;
    jest.advanceTimersByTime(TICK / 5);
    expect(looks.every((times) => times.length === 1)).toBe(true);
    pass(TICK);
    expect(looks.every((times) => times.length === 2)).toBe(true);
  });

  test("one that has gone is looked at no more; without any the wait is over", async () => {
    const { streams, looks, all } = opened(3);
    const [first, ...others] = all;
    if (first !== undefined) streams.remove(first);
    pass(TICK);
    expect(looks.map((times) => times.length)).toEqual([0, 1, 1]);
    expect(streams.size).toBe(2);
    const idle = streams.whenIdle();
    for (const stream of [...others, ...others]) streams.remove(stream);
    await idle;
    expect(streams.size).toBe(0);
    pass(TICK);
    expect(looks.map((times) => times.length)).toEqual([0, 1, 1]);
  });
});
