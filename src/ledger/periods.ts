import type { Subscription } from "./types.ts";
import { DAY_MS } from "../lib/clock.ts";

/** Calendar periods in the billing zone. Formatters are slow to make, so one is kept per zone. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (made === undefined) {
    // en-CA prints ISO dates.
    made = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    formats.set(zone, made);
  }
  return made;
}

/** Zones change at full quarter hours: within one the date stays. */
const QUARTER_MS = 900_000;

interface Dates {
  zone: string;
  from: number;
  day: string;
  month: string;
}
let last: Dates = { zone: "", from: 0, day: "", month: "" };

function datesOf(at: number, zone: string): Dates {
  if (last.zone === zone && at >= last.from && at < last.from + QUARTER_MS) return last;
  const day = format(zone).format(at);
  last = { zone, from: Math.floor(at / QUARTER_MS) * QUARTER_MS, day, month: day.slice(0, -3) };
  return last;
}

/** `2026-11-21` at an instant (ms) in a zone. */
export const dayOf = (at: number, zone: string): string => datesOf(at, zone).day;

/** `2026-11` at an instant (ms) in a zone. */
export const monthOf = (at: number, zone: string): string => datesOf(at, zone).month;

/** First instant (ms) at which the day or month of `at` is over in the zone. */
export function endOfPeriod(at: number, zone: string, period: "day" | "month"): number {
  const nameOf = (instant: number): string => (period === "day" ? dayOf(instant, zone) : monthOf(instant, zone));
  const current = nameOf(at);
  let high = at + DAY_MS;
  while (nameOf(high) === current) high += DAY_MS;
  let low = high - DAY_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (nameOf(middle) === current) low = middle;
    else high = middle;
  }
  return high;
}

/** The subscription period that `now` lies in, ms; null before the first, and when no further one begins. */
export function periodAt(subscription: Subscription, now: number): { start: number; end: number } | null {
  const { anchorAt, endsAt } = subscription;
  if (now < anchorAt) return null;
  let index = monthsBetween(anchorAt, now);
  // The anchor's day of this month may be still to come.
  if (addMonths(anchorAt, index) > now) index -= 1;
  const start = addMonths(anchorAt, index);
  return endsAt !== null && start >= endsAt ? null : { start, end: addMonths(anchorAt, index + 1) };
}

function monthsBetween(from: number, to: number): number {
  const [a, b] = [new Date(from), new Date(to)];
  return (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
}

/** The anchor's day and time of day `count` months later, clamped to the last day of short months (31 January → 28 February → 31 March). */
export function addMonths(anchor: number, count: number): number {
  const from = new Date(anchor);
  const first = new Date(anchor);
  first.setUTCDate(1);
  first.setUTCMonth(from.getUTCMonth() + count);
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return first.getTime();
}
