import type { Database, SQLQueryBindings } from "bun:sqlite";
import { type JsonObject, rawNumber } from "../lib/json.ts";
import { formatCents, formatNano } from "../lib/money.ts";
import type { AuditFilter } from "../audit/filter.ts";
import { facetsOf, whereOf } from "./call-filter.ts";
import type { CallPlaces, DaySpan, Range } from "./call-places.ts";
import { localDaySql } from "./local-day.ts";
import { recordField } from "./record-field.ts";
import type { Summaries } from "./summaries.ts";

/** What usage can be told apart by. */
export type UsageGroup = "day" | "model" | "key";

/** Rows to add up, as a SELECT of day, key, model, calls, input, output, charged. */
interface Part {
  sql: string;
  values: SQLQueryBindings[];
}

/**
 * Usage by day, model and key: whole days from the summaries, days that the asked time cuts, and what isn't summed up yet, from the calls
 * themselves.
 */
export class UsageQueries {
  readonly #db: Database;
  readonly #summaries: Summaries;
  readonly #places: CallPlaces;
  readonly #timezone: () => string;

  constructor(db: Database, options: { summaries: Summaries; places: CallPlaces; timezone: () => string }) {
    this.#db = db;
    this.#summaries = options.summaries;
    this.#places = options.places;
    this.#timezone = options.timezone;
  }

  /** One row per group, in their order; one row of sums without groups. */
  usage(filter: AuditFilter, groups: readonly UsageGroup[]): JsonObject[] {
    const parts = this.#parts(filter);
    const names = groups.map((group) => `nullif("${group}", '') AS "${group}"`);
    const sums = ["calls", "input", "output", "charged"].map((name) => `sum(${name}) AS ${name}`);
    const order = groups.map((_, index) => index + 1).join(", ");
    const by = groups.length === 0 ? "" : `GROUP BY ${order} ORDER BY ${order}`;
    const rows = this.#db
      .query(`SELECT ${[...names, ...sums].join(", ")} FROM (${parts.map(({ sql }) => sql).join(" UNION ALL ")}) ${by}`)
      .all(...parts.flatMap(({ values }) => values)) as Record<string, unknown>[];
    return rows.map((row) => usageRow(row, groups));
  }

  #parts(filter: AuditFilter): Part[] {
    const position = filter.requestId === undefined ? this.#summaries.position() : 0;
    const days = position === 0 ? [] : this.#places.days(filter);
    const { from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = filter;
    const whole = days.filter(({ firstAt, lastAt }) => firstAt >= from && lastAt < to);
    const cut = days.filter((day) => !whole.includes(day));
    return [
      summed(
        filter,
        whole.map(({ day }) => day),
      ),
      ...cut.map((day) => this.#cutDay(filter, day, position)),
      this.#behind(filter, position),
    ];
  }

  #cutDay(filter: AuditFilter, span: DaySpan, position: number): Part {
    const day = localDaySql("at", span.firstAt, span.lastAt, this.#timezone());
    const { sql, values } = fromCalls(filter, day, { first: span.first, last: Math.min(span.last, position) });
    return { sql: `${sql} AND ${day} = ?`, values: [...values, span.day] };
  }

  #behind(filter: AuditFilter, position: number): Part {
    const span = this.#db.query("SELECT min(at) AS first, max(at) AS last FROM calls WHERE seq > ?").get(position) as {
      first: bigint | null;
      last: bigint | null;
    };
    const day = localDaySql("at", Number(span.first ?? 0n), Number(span.last ?? 0n), this.#timezone());
    return fromCalls(filter, day, { first: position + 1, last: Number.MAX_SAFE_INTEGER });
  }
}

function summed(filter: AuditFilter, days: readonly string[]): Part {
  const facets = facetsOf(filter);
  return {
    sql: `SELECT day, key_id AS key, model, calls, input, output, charged FROM usage_days
      WHERE day IN (SELECT value FROM json_each(?))${facets.map(([name]) => ` AND ${name} = ?`).join("")}`,
    values: [JSON.stringify(days), ...facets.map(([, value]) => value)],
  };
}

function fromCalls(filter: AuditFilter, day: string, { first, last }: Range): Part {
  const where = whereOf(filter);
  const columns = [
    `${day} AS day`,
    `coalesce(${recordField("key_id")}, '') AS key`,
    `coalesce(${recordField("model")}, '') AS model`,
    "1 AS calls",
    `${recordField("input")} AS input`,
    `${recordField("output")} AS output`,
    "charged",
  ];
  return {
    sql: `SELECT ${columns.join(", ")} FROM calls WHERE seq BETWEEN ? AND ? AND ${where.sql}`,
    values: [first, last, ...where.values],
  };
}

function usageRow(row: Record<string, unknown>, groups: readonly UsageGroup[]): JsonObject {
  const charged = BigInt((row["charged"] as bigint | null) ?? 0n);
  const out: JsonObject = {};
  for (const name of groups) out[name] = (row[name] ?? null) as string | null;
  out["calls"] = Number(row["calls"] ?? 0);
  out["tokens_input"] = Number(row["input"] ?? 0);
  out["tokens_output"] = Number(row["output"] ?? 0);
  out["charged"] = formatNano(charged);
  out["cost_cents"] = rawNumber(formatCents(charged));
  return out;
}
