import { monthOf, endOfPeriod } from "../../ledger/periods.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { AuditFilter } from "../../audit/filter.ts";
import type { UsageGroup } from "../ports.ts";
import { readTime } from "../times.ts";
import { DAY_MS } from "../../lib/clock.ts";

const AUDIT_FIELDS = new Set([
  "from", "to", "key_id", "model", "provider", "status", "stream_state", "request_id",
  "account_id", "thread", "cursor", "limit", "format",
]); // prettier-ignore
const USAGE_FIELDS = new Set(["from", "to", "key_id", "model", "provider", "account_id", "group_by"]);

export interface AuditQuery {
  filter: AuditFilter;
  cursor: string | null;
  limit: number;
  format: "json" | "csv" | "ndjson";
  thread: string | null;
}

/**
 * Reads the filters of an audit request. `account` is the caller's own account; null for operators, who may name one. Throws GatewayError 400
 * that names the parameter.
 */
export function readAuditQuery(query: URLSearchParams, account: string | null, accept: string | null): AuditQuery {
  refuseUnknown(query, AUDIT_FIELDS);
  return {
    filter: readFilter(query, account),
    cursor: readCursor(query),
    limit: readLimit(query),
    format: readFormat(query, accept),
    thread: query.get("thread"),
  };
}

export interface UsageQuery {
  filter: AuditFilter & { from: number; to: number };
  groups: UsageGroup[];
}

/** The same for usage reports; without `from` they cover the calendar month of `now` in the billing zone. */
export function readUsageQuery(query: URLSearchParams, account: string | null, now: number, zone: string): UsageQuery {
  refuseUnknown(query, USAGE_FIELDS);
  const filter = readFilter(query, account);
  const from = filter.from ?? startOfMonth(now, zone);
  const to = filter.to ?? now + 1;
  if (to <= from) throw invalidRequest("to", "to must lie after from.");
  const groups = (query.get("group_by") ?? "day").split(",").filter((name) => name !== "");
  const unknown = groups.find((name) => name !== "day" && name !== "model" && name !== "key");
  if (unknown !== undefined)
    throw invalidRequest("group_by", "group_by takes day, model and key, separated by commas.");
  return { filter: { ...filter, from, to }, groups: groups as UsageGroup[] };
}

/** First instant (ms) of the calendar month in the zone. */
export function startOfMonth(now: number, zone: string): number {
  let start = endOfPeriod(now - 32 * DAY_MS, zone, "month");
  while (monthOf(start, zone) !== monthOf(now, zone)) start = endOfPeriod(start, zone, "month");
  return start;
}

function readFilter(query: URLSearchParams, account: string | null): AuditFilter {
  const filter: AuditFilter = { accountId: account ?? query.get("account_id") };
  if (account !== null && query.has("account_id"))
    throw invalidRequest("account_id", "Only operators may name an account.");
  const text = (name: string): string | undefined => query.get(name)?.slice(0, 200);
  const [keyId, model, provider] = [text("key_id"), text("model"), text("provider")];
  if (keyId !== undefined) filter.keyId = keyId;
  if (model !== undefined) filter.model = model;
  if (provider !== undefined) filter.provider = provider;
  const [state, requestId, status] = [text("stream_state"), text("request_id"), text("status")];
  if (state !== undefined) filter.streamState = state;
  if (requestId !== undefined) filter.requestId = requestId;
  if (status !== undefined) filter.status = wholeNumber("status", status, 100, 599);
  const [from, to] = [query.get("from"), query.get("to")];
  if (from !== null) filter.from = readTime("from", from);
  if (to !== null) filter.to = readTime("to", to);
  return filter;
}

function readLimit(query: URLSearchParams): number {
  const text = query.get("limit");
  return text === null ? 100 : wholeNumber("limit", text, 1, 1000);
}

/** Where the page before ended; what no page has ended with is refused, or a broken loop would read the first page for ever. */
function readCursor(query: URLSearchParams): string | null {
  const cursor = query.get("cursor");
  if (cursor === null || /^[0-9]{1,15}$/.test(cursor)) return cursor;
  throw invalidRequest("cursor", "cursor must be the next_cursor of a page before.");
}

function readFormat(query: URLSearchParams, accept: string | null): AuditQuery["format"] {
  const format = query.get("format");
  if (format === "json" || format === "csv" || format === "ndjson") return format;
  if (format !== null) throw invalidRequest("format", "format must be json, csv or ndjson.");
  if (accept?.includes("text/csv") === true) return "csv";
  return accept?.includes("application/x-ndjson") === true ? "ndjson" : "json";
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw invalidRequest(name, `${name} must be a whole number from ${least} to ${most}.`);
  return value;
}

function refuseUnknown(query: URLSearchParams, known: ReadonlySet<string>): void {
  for (const name of query.keys()) {
    if (!known.has(name)) throw invalidRequest(name, `Unknown parameter; known are ${[...known].join(", ")}.`);
  }
}
