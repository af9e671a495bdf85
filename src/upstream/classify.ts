import type { FailureCause, UpstreamFailure } from "../ir/error.ts";
import { UpstreamError } from "./error.ts";

/** System error codes, and the names that Bun gives them, by cause. `local` are faults of this machine: no provider's breaker may open for them. */
const CAUSES: Readonly<Record<FailureCause, readonly string[]>> = {
  refused: ["ECONNREFUSED", "ConnectionRefused", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "FailedToOpenSocket"],
  dns: ["ENOTFOUND", "ENODATA", "ESERVFAIL", "EAI_NONAME", "EAI_FAIL", "DNS_ENOTFOUND", "DNSResolveFailed"],
  tls: ["EPROTO", "TLSHandshakeFailed", "ERR_TLS_CERT_ALTNAME_INVALID"],
  reset: ["ECONNRESET", "ConnectionClosed", "EPIPE", "ECONNABORTED", "ERR_SOCKET_CLOSED"],
  timeout: ["ETIMEDOUT", "ConnectTimeout", "Timeout", "TimeoutError"],
  bad_answer: ["Malformed_HTTP_Response", "InvalidHTTPResponse", "HTTPHeadersOversized", "ResponseHeadersTooLarge"],
  truncated: ["UnexpectedEOF", "InvalidChunkedEncoding"],
  empty: [],
  status: [],
  local: ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EADDRNOTAVAIL", "EACCES", "EPERM", "EAI_AGAIN", "ETIMEOUT"],
};

const CAUSE_OF_CODE: ReadonlyMap<string, FailureCause> = new Map(
  (Object.entries(CAUSES) as [FailureCause, readonly string[]][]).flatMap(([cause, codes]) =>
    codes.map((code) => [code, cause] as const),
  ),
);

const MESSAGES: Readonly<Record<FailureCause, string>> = {
  refused: "the provider refused the connection",
  dns: "the provider's name could not be resolved",
  tls: "no secure connection to the provider could be made",
  reset: "the connection to the provider was reset",
  timeout: "the provider did not answer in time",
  bad_answer: "the provider's answer is not valid HTTP",
  truncated: "the provider's answer ended early",
  empty: "the provider's answer was empty",
  status: "the provider answered with an error",
  local: "the gateway could not open a connection",
};

/** A failure without an HTTP status. Its message names no host, key or URL. */
export function failureOf(cause: FailureCause, code: string | null = null, message?: string): UpstreamFailure {
  return { cause, status: null, code, message: message ?? MESSAGES[cause] };
}

/** Whatever a socket or fetch threw, as the one error of senders. `fallback` is the cause of codes that nobody knows. */
export function toUpstreamError(error: unknown, fallback: FailureCause): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = errorCode(error);
  return new UpstreamError(failureOf(causeOf(code, fallback), code), error);
}

/** The cause that a system or library error code stands for. */
export function causeOf(code: string | null, fallback: FailureCause): FailureCause {
  if (code === null) return fallback;
  const known = CAUSE_OF_CODE.get(code);
  if (known !== undefined) return known;
  return /CERT|SSL|TLS/.test(code) ? "tls" : fallback;
}

/** The `code` of a system error, else its name; null for anything else. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  if ("code" in error && typeof error.code === "string") return error.code;
  return "name" in error && typeof error.name === "string" ? error.name : null;
}
