import { describe, expect, test } from "bun:test";
import { BreakerHealth } from "../../src/routing/health.ts";
import type { Target } from "../../src/routing/types.ts";
import { load, minimal } from "../catalog/support.ts";
import { newHealth, NOW, plan } from "./support.ts";

const catalog = load(minimal());

function target(name = "gpt-5", credential = "operator"): Target {
  const [found] = plan(catalog, name).targets;
  if (found === undefined) throw new Error("no target");
  return { ...found, credential: { ...found.credential, id: credential } };
}

function failTimes(health: BreakerHealth, times: number, now = NOW, which = target()): void {
  for (let i = 0; i < times; i += 1) health.fail(which, now, "fail");
}

describe("the breaker", () => {
  test("opens at five failures in a row, for 30 s", () => {
    const health = newHealth(catalog);
    failTimes(health, 4);
    expect(health.available(target(), NOW)).toBe(true);
    failTimes(health, 1);
    expect(health.available(target(), NOW + 29_999)).toBe(false);
    expect(health.available(target(), NOW + 30_000)).toBe(true);
  });

  test("a success between starts the count anew", () => {
    const health = newHealth(catalog);
    failTimes(health, 4);
    health.succeed(target(), NOW, 100);
    failTimes(health, 4);
    expect(health.available(target(), NOW)).toBe(true);
  });

  test("opens at half of ten calls within 30 s, and not for older ones", () => {
    const mixed = (gap: number): boolean => {
      const health = newHealth(catalog);
      for (let i = 0; i < 10; i += 1) {
        const now = NOW + i * gap;
        if (i % 2 === 0) health.succeed(target(), now, 100);
        else health.fail(target(), now, "slow");
      }
      return health.available(target(), NOW + 9 * gap);
    };
    expect(mixed(1000)).toBe(false);
    expect(mixed(10_000)).toBe(true);
  });

  test("half-open lets one probe through; its end decides", () => {
    const health = newHealth(catalog);
    failTimes(health, 5);
    const later = NOW + 30_000;
    expect(health.snapshot(later)[0]?.state).toBe("half-open");
    health.begin(target(), later);
    expect(health.available(target(), later)).toBe(false);
    health.release(target());
    expect(health.available(target(), later)).toBe(true);
    health.begin(target(), later);
    health.succeed(target(), later, 50);
    expect(health.snapshot(later)[0]).toMatchObject({ state: "closed", consecutiveFailures: 0 });
  });

  test("each opening lasts longer, up to 300 s", () => {
    const health = newHealth(catalog);
    failTimes(health, 5);
    let now = NOW;
    const pauses: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const until = health.retryAt([target()], now) ?? now;
      pauses.push((until - now) / 1000);
      now = until;
      health.begin(target(), now);
      health.fail(target(), now, "fail");
    }
    expect(pauses.slice(0, 4)).toEqual([30, 60, 90, 120]);
    expect(pauses.at(-1)).toBe(300);
  });

  test("failures of calls that began before the opening do not lengthen it", () => {
    const health = newHealth(catalog);
    failTimes(health, 9);
    expect(health.retryAt([target()], NOW)).toBe(NOW + 30_000);
  });

  test("a probe that never ends is given up", () => {
    const health = newHealth(catalog);
    failTimes(health, 5);
    health.begin(target(), NOW + 30_000);
    expect(health.available(target(), NOW + 60_000)).toBe(false);
    expect(health.available(target(), NOW + 150_001)).toBe(true);
  });

  test("channels are apart: by model, credential and provider", () => {
    const health = newHealth(catalog);
    failTimes(health, 5);
    expect(health.available(target("gpt-5", "byok:1"), NOW)).toBe(true);
    expect(health.available(target("claude-haiku-4-5"), NOW)).toBe(true);
  });

  test("pauses are jittered by a tenth", () => {
    const at = (random: number): number | null => {
      const health = new BreakerHealth({ settings: () => catalog.routing.breaker, random: () => random });
      failTimes(health, 5);
      return health.retryAt([target()], NOW);
    };
    expect([at(0), at(0.999)]).toEqual([NOW + 27_000, NOW + 32_994]);
  });

  test("switched off it only observes", () => {
    const settings = { ...catalog.routing.breaker, enabled: false };
    const health = new BreakerHealth({ settings: () => settings, random: () => 0.5 });
    failTimes(health, 50);
    health.cool(target(), NOW, 60_000);
    health.disable(target(), NOW, "status 401");
    expect(health.available(target(), NOW)).toBe(true);
    expect(health.snapshot(NOW)[0]?.failures).toBe(50);
  });
});

describe("credentials", () => {
  test("cool for all their models, for as long as the longest wait", () => {
    const health = newHealth(catalog);
    health.cool(target(), NOW, 5000);
    health.cool(target(), NOW, 1000);
    expect(health.available(target(), NOW + 4999)).toBe(false);
    expect(health.available({ ...target(), model: { ...target().model, id: "other" } }, NOW)).toBe(false);
    expect(health.available(target(), NOW + 5000)).toBe(true);
    expect(health.snapshot(NOW)[0]).toMatchObject({ state: "cooling", retryAt: NOW + 5000 });
  });

  test("stay out after a 401 until the configuration changes, but for a trickle when nothing else is left", () => {
    const health = newHealth(catalog);
    health.begin(target(), NOW);
    health.disable(target(), NOW, "status 401");
    expect(health.available(target(), NOW + 86_400_000)).toBe(false);
    expect(health.snapshot(NOW)[0]).toMatchObject({ state: "disabled", reason: "status 401" });
    expect(health.trickle(target(), NOW + 999)).toBe(false);
    expect(health.trickle(target(), NOW + 1000)).toBe(true);
    health.reset();
    expect(health.available(target(), NOW)).toBe(true);
  });
});

test("a clock that goes back shuts nothing for hours", () => {
  const health = newHealth(catalog);
  failTimes(health, 5);
  health.cool(target("claude-haiku-4-5"), NOW, 60_000);
  expect(health.available(target(), NOW - 3_600_000)).toBe(true);
  expect(health.available(target("claude-haiku-4-5"), NOW - 3_600_000)).toBe(true);
  health.begin(target(), NOW);
  expect(health.trickle(target(), NOW - 3_600_000)).toBe(true);
});

test("memory is bounded, whatever is asked for", () => {
  const health = newHealth(catalog);
  for (let i = 0; i < 12_000; i += 1) health.fail(target("gpt-5", `byok:${i}`), NOW, "fail");
  expect(health.snapshot(NOW).length).toBe(10_000);
});

test("time to first token is averaged", () => {
  const health = newHealth(catalog);
  health.succeed(target(), NOW, 100);
  health.succeed(target(), NOW, 900);
  expect(health.snapshot(NOW)[0]?.averageFirstTokenMs).toBe(200);
});
