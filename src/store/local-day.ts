import { DAY_MS } from "../lib/clock.ts";

const WEEK_MS = 7 * DAY_MS;

/** ms that local time in a zone is ahead of UTC at an instant. */
function offsetAt(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((item) => item.type === type)?.value ?? 0);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(at / 1_000) * 1_000;
}

/**
 * SQL for the day (`2026-11-21`) of a ms column in a zone, right for instants from `from` to `to`. SQLite knows no zones: the changes of
 * the zone's offset in that range are written into the expression. Offsets never change twice within a week.
 */
export function localDaySql(column: string, from: number, to: number, zone: string): string {
  let offset = offsetAt(from, zone);
  let cases = "";
  for (let start = from; start < to; start += WEEK_MS) {
    const end = Math.min(start + WEEK_MS, to);
    const next = offsetAt(end, zone);
    if (next === offset) continue;
    cases += `WHEN ${column} < ${changeBetween(start, end, zone)} THEN ${offset} `;
    offset = next;
  }
  const shift = cases === "" ? String(offset) : `CASE ${cases}ELSE ${offset} END`;
  return `strftime('%Y-%m-%d', (${column} + ${shift}) / 1000, 'unixepoch')`;
}

/** First instant (ms) of the second offset. */
function changeBetween(from: number, to: number, zone: string): number {
  const before = offsetAt(from, zone);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, zone) === before) low = middle;
    else high = middle;
  }
  return high;
}
