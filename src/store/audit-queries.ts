import type { Database } from "bun:sqlite";
import { decodeRecord, forCustomer } from "../audit/record.ts";
import type { JsonObject } from "../lib/json.ts";
import type { AuditFilter } from "../audit/filter.ts";
import { whereOf } from "./call-filter.ts";
import { CallPlaces, type Range } from "./call-places.ts";
import type { Summaries } from "./summaries.ts";
import { type UsageGroup, UsageQueries } from "./usage-queries.ts";

interface RecordRow {
  seq: bigint;
  record: string;
  aside: string | null;
}

/** Reports over the audit rows. All values are bound parameters; groups come from a fixed list. */
export class AuditQueries {
  readonly #db: Database;
  readonly #summaries: Summaries;
  readonly #places: CallPlaces;
  readonly #usage: UsageQueries;

  /** `timezone`: IANA zone of a report's days. */
  constructor(db: Database, summaries: Summaries, timezone: () => string = () => "UTC") {
    this.#db = db;
    this.#summaries = summaries;
    this.#places = new CallPlaces(db, summaries);
    this.#usage = new UsageQueries(db, { summaries, places: this.#places, timezone });
  }

  /** The newest records of a filter, those before `cursor` when there is one. */
  page(
    filter: AuditFilter,
    options: { limit: number; cursor: string | null; operator: boolean },
  ): Promise<{ records: JsonObject[]; nextCursor: string | null }> {
    const { cursor } = options;
    const before = cursor !== null && /^[0-9]{1,15}$/.test(cursor) ? Number(cursor) : Number.MAX_SAFE_INTEGER;
    const rows: RecordRow[] = [];
    for (const { first, last } of this.#places.ranges(filter)) {
      if (rows.length > options.limit) break;
      const range = { first, last: Math.min(last, before - 1) };
      if (range.last >= first) rows.push(...this.#rows(filter, range, options.limit + 1 - rows.length));
    }
    const shown = rows.slice(0, options.limit);
    const records = shown.map((row) => {
      const record = { seq: Number(row.seq), ...decodeRecord(row.record, row.aside) };
      return options.operator ? record : forCustomer(record);
    });
    const last = shown.at(-1);
    return Promise.resolve({
      records,
      nextCursor: rows.length > options.limit && last !== undefined ? String(last.seq) : null,
    });
  }

  #rows(filter: AuditFilter, { first, last }: Range, limit: number): RecordRow[] {
    const where = whereOf(filter);
    return this.#db
      .query(
        `SELECT seq, record, aside FROM calls WHERE seq BETWEEN ? AND ? AND ${where.sql} ORDER BY seq DESC LIMIT ?`,
      )
      .all(first, last, ...where.values, limit) as RecordRow[];
  }

  /** The records of an account after a position, oldest first, as its customer may see them. */
  recordsAfter(accountId: string, position: number, limit: number): JsonObject[] {
    const rows = this.#db
      .query("SELECT seq, record, aside FROM calls WHERE account_id = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(accountId, position, limit) as RecordRow[];
    return rows.map((row) => ({ seq: Number(row.seq), ...forCustomer(decodeRecord(row.record, row.aside)) }));
  }

  /** Position of the newest record, 0 before the first. */
  lastPosition(): number {
    const row = this.#db.query("SELECT max(seq) AS last FROM calls").get() as { last: bigint | null };
    return Number(row.last ?? 0n);
  }

  /** Sums of the calls of a filter, per group. */
  async usage(filter: AuditFilter, groups: readonly UsageGroup[]): Promise<JsonObject[]> {
    await this.#summaries.catchUp();
    return this.#usage.usage(filter, groups);
  }
}
