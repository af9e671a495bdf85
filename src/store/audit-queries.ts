import type { Database, SQLQueryBindings } from "bun:sqlite";
import { decodeRecord, forCustomer, positionOf, type StoredField } from "../audit/record.ts";
import { type JsonObject, rawNumber } from "../lib/json.ts";
import { localDaySql } from "./local-day.ts";
import { formatCents, formatNano } from "../lib/money.ts";

export interface AuditFilter {
  accountId: string | null;
  keyId?: string;
  model?: string;
  provider?: string;
  status?: number;
  streamState?: string;
  requestId?: string;
  from?: number;
  to?: number;
}

interface Where {
  sql: string;
  values: SQLQueryBindings[];
}

/** SQL for a field of the stored record. */
const field = (name: StoredField): string => `(record ->> ${positionOf(name)})`;

const GROUPS = { model: field("model"), key: field("key_id") } as const;
type Group = "day" | keyof typeof GROUPS;

/** Reports over the audit rows. All values are bound parameters; groups come from a fixed list. */
export class AuditQueries {
  readonly #db: Database;
  readonly #timezone: () => string;
  /** `timezone`: IANA zone of a report's days. */
  constructor(db: Database, timezone: () => string = () => "UTC") {
    this.#db = db;
    this.#timezone = timezone;
  }

  page(
    filter: AuditFilter,
    options: { limit: number; cursor: string | null; operator: boolean },
  ): Promise<{ records: JsonObject[]; nextCursor: string | null }> {
    const where = whereOf(filter);
    if (options.cursor !== null && /^[0-9]{1,15}$/.test(options.cursor)) {
      where.sql += " AND seq < ?";
      where.values.push(Number(options.cursor));
    }
    const rows = this.#db
      .query(`SELECT seq, record FROM calls WHERE ${where.sql} ORDER BY seq DESC LIMIT ?`)
      .all(...where.values, options.limit + 1) as { seq: bigint; record: string }[];
    const shown = rows.slice(0, options.limit);
    const records = shown.map((row) => {
      const record = { seq: Number(row.seq), ...decodeRecord(row.record) };
      return options.operator ? record : forCustomer(record);
    });
    const last = shown.at(-1);
    return Promise.resolve({
      records,
      nextCursor: rows.length > options.limit && last !== undefined ? String(last.seq) : null,
    });
  }

  /** The records of an account after a position, oldest first, as its customer may see them. */
  recordsAfter(accountId: string, position: number, limit: number): JsonObject[] {
    const rows = this.#db
      .query("SELECT seq, record FROM calls WHERE account_id = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(accountId, position, limit) as { seq: bigint; record: string }[];
    return rows.map((row) => ({ seq: Number(row.seq), ...forCustomer(decodeRecord(row.record)) }));
  }

  /** Position of the newest record, 0 before the first. */
  lastPosition(): number {
    const row = this.#db.query("SELECT max(seq) AS last FROM calls").get() as { last: bigint | null };
    return Number(row.last ?? 0n);
  }

  usage(filter: AuditFilter, groups: readonly Group[]): Promise<JsonObject[]> {
    const where = whereOf(filter);
    const grouped = groups.map((group) => (group === "day" ? this.#day(where) : GROUPS[group]));
    const columns = groups.map((group, index) => `${grouped[index]} AS "${group}"`);
    const select = [
      ...columns,
      "count(*) AS calls",
      `sum(${field("input")}) AS tokens_input`,
      `sum(${field("output")}) AS tokens_output`,
      "sum(charged) AS charged",
    ].join(", ");
    const by = groups.length === 0 ? "" : `GROUP BY ${grouped.join(", ")} ORDER BY 1`;
    const rows = this.#db.query(`SELECT ${select} FROM calls WHERE ${where.sql} ${by}`).all(...where.values) as Record<
      string,
      unknown
    >[];
    return Promise.resolve(rows.map(usageRow));
  }

  /** Days of the billing zone, over the time that the asked calls really span. */
  #day(where: Where): string {
    const span = this.#db
      .query(`SELECT min(at) AS first, max(at) AS last FROM calls WHERE ${where.sql}`)
      .get(...where.values) as { first: bigint | null; last: bigint | null };
    return localDaySql("at", Number(span.first ?? 0n), Number(span.last ?? 0n), this.#timezone());
  }
}

function usageRow(row: Record<string, unknown>): JsonObject {
  const charged = BigInt((row["charged"] as bigint | null) ?? 0n);
  const out: JsonObject = {};
  for (const name of ["day", "model", "key"]) if (name in row) out[name] = (row[name] ?? null) as string | null;
  out["calls"] = Number(row["calls"] ?? 0);
  out["tokens_input"] = Number(row["tokens_input"] ?? 0);
  out["tokens_output"] = Number(row["tokens_output"] ?? 0);
  out["charged"] = formatNano(charged);
  out["cost_cents"] = rawNumber(formatCents(charged));
  return out;
}

function whereOf(filter: AuditFilter): Where {
  const parts: string[] = ["1 = 1"];
  const values: SQLQueryBindings[] = [];
  const add = (sql: string, value: SQLQueryBindings | null | undefined): void => {
    if (value === null || value === undefined) return;
    parts.push(sql);
    values.push(value);
  };
  add("account_id = ?", filter.accountId);
  add(`${field("key_id")} = ?`, filter.keyId);
  add(`${field("model")} = ?`, filter.model);
  add(`${field("provider")} = ?`, filter.provider);
  add(`${field("status")} = ?`, filter.status);
  add("at >= ?", filter.from);
  add("at < ?", filter.to);
  add(`${field("stream_state")} = ?`, filter.streamState);
  if (filter.requestId !== undefined) {
    // Both halves have an index.
    parts.push("((request_id = ? AND hold_id IS NOT NULL) OR (request_id = ? AND hold_id IS NULL))");
    values.push(filter.requestId, filter.requestId);
  }
  return { sql: parts.join(" AND "), values };
}
