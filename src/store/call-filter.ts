import type { SQLQueryBindings } from "bun:sqlite";
import type { AuditFilter } from "../audit/filter.ts";
import { recordField } from "./record-field.ts";
import type { Facet } from "./summary-sql.ts";

/** A condition with the values of its parameters. */
export interface Where {
  sql: string;
  values: SQLQueryBindings[];
}

/** The filter as a condition on rows of calls. All values are bound parameters. */
export function whereOf(filter: AuditFilter): Where {
  const parts: string[] = [];
  const values: SQLQueryBindings[] = [];
  const add = (sql: string, value: SQLQueryBindings | null | undefined): void => {
    if (value === null || value === undefined) return;
    parts.push(sql);
    values.push(value);
  };
  // A request is found by its own indexes, not among all calls of its account.
  add(filter.requestId === undefined ? "account_id = ?" : "+account_id = ?", filter.accountId);
  add("at >= ?", filter.from);
  add("at < ?", filter.to);
  add(`${recordField("key_id")} = ?`, filter.keyId);
  add(`${recordField("model")} = ?`, filter.model);
  add(`${recordField("provider")} = ?`, filter.provider);
  add(`${recordField("status")} = ?`, filter.status);
  add(`${recordField("stream_state")} = ?`, filter.streamState);
  if (filter.requestId !== undefined) {
    // Both halves have an index.
    parts.push("((request_id = ? AND hold_id IS NOT NULL) OR (request_id = ? AND hold_id IS NULL))");
    values.push(filter.requestId, filter.requestId);
  }
  return { sql: parts.length === 0 ? "1 = 1" : parts.join(" AND "), values };
}

/** What a filter asks for of single fields. */
export function facetsOf(filter: AuditFilter): [Facet, string][] {
  const asked: [Facet, string | number | null | undefined][] = [
    ["account_id", filter.accountId],
    ["key_id", filter.keyId],
    ["model", filter.model],
    ["provider", filter.provider],
    ["status", filter.status],
    ["stream_state", filter.streamState],
  ];
  return asked.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)] satisfies [Facet, string]],
  );
}
