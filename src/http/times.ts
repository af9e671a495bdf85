import { invalidRequest } from "../ir/error.ts";

const TIME = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/;

/** ISO 8601 date or time → ms since the epoch; a date alone is its midnight, and what names no zone is UTC. Throws GatewayError 400. */
export function readTime(field: string, text: string): number {
  const match = TIME.exec(text);
  // Date.parse takes a time without a zone for one of the machine's.
  const isLocal = text.includes("T") && match?.[1] === undefined;
  const ms = match === null ? Number.NaN : Date.parse(isLocal ? `${text}Z` : text);
  if (Number.isNaN(ms)) throw invalidRequest(field, `${field} must be an ISO 8601 time such as 2027-01-31T00:00:00Z.`);
  return ms;
}
