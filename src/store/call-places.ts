import type { Database } from "bun:sqlite";
import type { AuditFilter } from "../audit/filter.ts";
import { facetsOf } from "./call-filter.ts";
import type { Summaries } from "./summaries.ts";

/** Rows of calls from one `seq` to another, both included. */
export interface Range {
  first: number;
  last: number;
}

/** A day with calls, and the times that they span, in ms since the epoch. */
export interface DaySpan extends Range {
  day: string;
  firstAt: number;
  lastAt: number;
}

const ALL: Range = { first: 1, last: Number.MAX_SAFE_INTEGER };

/** Where calls of a kind may stand: rows lie in the order of time, so a day is a short stretch, and most days can be left out. */
export class CallPlaces {
  readonly #db: Database;
  readonly #summaries: Summaries;

  constructor(db: Database, summaries: Summaries) {
    this.#db = db;
    this.#summaries = summaries;
  }

  /** Days that are summed up and have calls of the filter, or, at the ends of its time, may have some. The last come first. */
  days(filter: AuditFilter): DaySpan[] {
    const facets = facetsOf(filter);
    // Each by itself is quick to look up, and leaves few days to look at for all of them in one call.
    const conditions = facets.map(
      () => "EXISTS (SELECT 1 FROM facets f WHERE f.day = period AND f.name = ? AND f.value = ?)",
    );
    const values = facets.flat();
    if (facets.length > 1) {
      const together = facets.map(([name]) => ` AND u.${name} = ?`).join("");
      conditions.push(`EXISTS (SELECT 1 FROM usage_days u WHERE u.day = period${together})`);
      values.push(...facets.map(([, value]) => value));
    }
    const rows = this.#db
      .query(
        `SELECT period, first_seq, last_seq, first_at, last_at FROM spans
         WHERE length(period) = 10 AND last_at >= ? AND first_at < ?${conditions.map((sql) => ` AND ${sql}`).join("")}
         ORDER BY last_seq DESC`,
      )
      .all(filter.from ?? Number.MIN_SAFE_INTEGER, filter.to ?? Number.MAX_SAFE_INTEGER, ...values) as Record<
      string,
      unknown
    >[];
    return rows.map((row) => ({
      day: String(row["period"]),
      first: Number(row["first_seq"]),
      last: Number(row["last_seq"]),
      firstAt: Number(row["first_at"]),
      lastAt: Number(row["last_at"]),
    }));
  }

  /** Stretches of the table that hold all calls that count toward a month (`2026-11`), without overlap. */
  ofMonth(month: string): Range[] {
    const position = this.#summaries.position();
    if (position === 0) return [ALL];
    const span = this.#db.query("SELECT first_seq AS first, last_seq AS last FROM spans WHERE period = ?").get(month);
    const newest = { first: position + 1, last: ALL.last };
    if (span === null) return [newest];
    const { first, last } = span as { first: bigint; last: bigint };
    return [{ first: Number(first), last: Math.min(Number(last), position) }, newest];
  }

  /** Stretches of the table that hold all rows of the filter, the newest first, without overlap. */
  ranges(filter: AuditFilter): Range[] {
    const { from, to, requestId } = filter;
    const isBroad = from === undefined && to === undefined && facetsOf(filter).every(([name]) => name === "account_id");
    const position = this.#summaries.position();
    if (requestId !== undefined || isBroad || position === 0) return [ALL];
    const ranges: Range[] = [{ first: position + 1, last: ALL.last }];
    for (const { first, last } of this.days(filter)) {
      const end = Math.min(last, position);
      const before = ranges.at(-1);
      // Days overlap where calls that began before midnight ended after it.
      if (before !== undefined && end >= before.first - 1) before.first = Math.min(before.first, first);
      else ranges.push({ first, last: end });
    }
    return ranges;
  }
}
