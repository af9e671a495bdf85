import type { HeaderSource } from "../../wire/header-fields.ts";

/** A number of at most nine digits before its point: what is longer is no time to wait. */
const DECIMAL = /^[0-9]{1,9}(?:\.[0-9]{1,9})?$/;
/** How each form of an HTTP date begins (RFC 9110, section 5.6.7); Date.parse alone makes a date of `-5`. */
const NAMED_DAY = /^[A-Z][a-z]{2,8},? /;

/**
 * How long an answer asks to wait, in seconds: `retry-after-ms` (OpenAI's, as its SDKs read it), else Retry-After as a number, rounded up, or as an
 * HTTP date, seen from the answer's own Date (RFC 9110, section 10.2.3). Undefined when it asks nothing that can be read.
 */
export function retryAfter(headers: HeaderSource): number | undefined {
  const exact = headers.get("retry-after-ms")?.trim() ?? "";
  if (DECIMAL.test(exact)) return Number(exact) / 1000;
  const value = headers.get("retry-after")?.trim() ?? "";
  if (DECIMAL.test(value)) return Math.ceil(Number(value));
  const until = NAMED_DAY.test(value) ? Date.parse(value) : Number.NaN;
  const from = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(until) || Number.isNaN(from) ? undefined : Math.max(0, Math.ceil((until - from) / 1000));
}
