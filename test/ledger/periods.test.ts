/** Days, months and subscription periods: where each begins and ends. */
import { describe, expect, test } from "bun:test";
import { addMonths, dayOf, endOfPeriod, monthOf, periodAt } from "../../src/ledger/periods.ts";

const DAY_MS = 86_400_000;

describe("calendar of the billing zone", () => {
  test("the date is that of the zone, and asking in turn for others changes nothing", () => {
    const midnight = Date.UTC(2026, 10, 30, 16);
    for (const at of [midnight, midnight, midnight - 1, midnight]) {
      const isNext = at >= midnight;
      expect(dayOf(at, "Asia/Kuala_Lumpur")).toBe(isNext ? "2026-12-01" : "2026-11-30");
      expect(monthOf(at, "Asia/Kuala_Lumpur")).toBe(isNext ? "2026-12" : "2026-11");
      expect(dayOf(at, "UTC")).toBe("2026-11-30");
    }
    // A clock that was set back by less than a quarter of an hour, over midnight.
    expect(dayOf(Date.UTC(2026, 10, 22), "UTC")).toBe("2026-11-22");
    expect(dayOf(Date.UTC(2026, 10, 22) - 1, "UTC")).toBe("2026-11-21");
  });

  test.each([
    ["UTC", "day", Date.UTC(2026, 10, 21, 12), Date.UTC(2026, 10, 22)],
    ["UTC", "day", Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 22)],
    ["UTC", "day", Date.UTC(2026, 10, 22) - 1, Date.UTC(2026, 10, 22)],
    ["UTC", "month", Date.UTC(2026, 1, 1), Date.UTC(2026, 2, 1)],
    ["UTC", "month", Date.UTC(2026, 11, 31, 23, 59), Date.UTC(2027, 0, 1)],
    ["Asia/Kuala_Lumpur", "month", Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 30, 16)],
    // 25 hours long: the clocks go back that night.
    ["Europe/Berlin", "day", Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)],
    // 23 hours long.
    ["Europe/Berlin", "day", Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22)],
  ] as const)("%s: end of the %s", (zone, period, at, end) => {
    expect(endOfPeriod(at, zone, period)).toBe(end);
  });
});

test.each([
  [Date.UTC(2026, 0, 31, 12), 0, Date.UTC(2026, 0, 31, 12)],
  [Date.UTC(2026, 0, 31, 12), 1, Date.UTC(2026, 1, 28, 12)],
  [Date.UTC(2026, 0, 31, 12), 2, Date.UTC(2026, 2, 31, 12)],
  [Date.UTC(2026, 0, 31, 12), 3, Date.UTC(2026, 3, 30, 12)],
  [Date.UTC(2027, 11, 31), 2, Date.UTC(2028, 1, 29)],
  [Date.UTC(2026, 10, 5, 1, 2, 3, 4), 2, Date.UTC(2027, 0, 5, 1, 2, 3, 4)],
  [Date.UTC(2026, 2, 30), -1, Date.UTC(2026, 1, 28)],
])("%d and %d months", (anchor, count, expected) => {
  expect(addMonths(anchor, count)).toBe(expected);
});

describe("subscription periods", () => {
  const anchorAt = Date.UTC(2025, 10, 30, 12);
  const terms = { plan: "p", includedCredit: 1n, overage: "stop", anchorAt, endsAt: null } as const;
  const period = (...[start, end]: [number, number]) => ({ start, end });

  test("each begins as the one before ends", () => {
    expect(periodAt(terms, anchorAt - 1)).toBeNull();
    const december = Date.UTC(2025, 11, 30, 12);
    expect(periodAt(terms, anchorAt)).toEqual(period(anchorAt, december));
    expect(periodAt(terms, december - 1)).toEqual(period(anchorAt, december));
    const [january, february, march] = [
      Date.UTC(2026, 0, 30, 12),
      Date.UTC(2026, 1, 28, 12),
      Date.UTC(2026, 2, 30, 12),
    ];
    expect(periodAt(terms, december)).toEqual(period(december, january));
    expect(periodAt(terms, february - 1)).toEqual(period(january, february));
    expect(periodAt(terms, february)).toEqual(period(february, march));
    expect(periodAt(terms, Date.UTC(2026, 2, 1))).toEqual(period(february, march));
    expect(periodAt(terms, Date.UTC(2027, 10, 30, 12) - 1)?.end).toBe(Date.UTC(2027, 10, 30, 12));
  });

  test("none begins at or after the end; one under way is had whole", () => {
    const december = Date.UTC(2025, 11, 30, 12);
    expect(periodAt({ ...terms, endsAt: december }, december)).toBeNull();
    expect(periodAt({ ...terms, endsAt: december }, december - 1)).toEqual(period(anchorAt, december));
    expect(periodAt({ ...terms, endsAt: december + 1 }, december + DAY_MS)?.start).toBe(december);
  });
});
