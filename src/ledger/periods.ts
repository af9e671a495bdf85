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

const DAY_MS = 86_400_000;
let lastDay: { zone: string; from: number; to: number; text: string } | null = null;

/** `2026-11-21` at an instant (ms) in a zone. */
export function dayOf(at: number, zone: string): string {
  if (lastDay !== null && lastDay.zone === zone && at >= lastDay.from && at < lastDay.to) return lastDay.text;
  const text = format(zone).format(at);
  // Zones change at full quarter hours: within one the date stays.
  const from = Math.floor(at / 900_000) * 900_000;
  lastDay = { zone, from, to: from + 900_000, text };
  return text;
}

/** `2026-11` at an instant (ms) in a zone. */
export const monthOf = (at: number, zone: string): string => dayOf(at, zone).slice(0, 7);

/** First instant (ms) at which `period` (a day or month as text) is over in the zone. */
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
