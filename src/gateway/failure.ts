import type { Access } from "../catalog/types.ts";
import { GatewayError, type UpstreamFailure } from "../ir/error.ts";

/** What new calls are told while the process ends, and running ones when their grace is over. */
export function shuttingDown(): GatewayError {
  return new GatewayError({
    status: 503,
    code: "overloaded",
    message: "The gateway is shutting down; retry.",
    retryAfterSeconds: 1,
    headers: { connection: "close" },
    details: { cause: { kind: "shutdown" } },
  });
}

/** Was the call refused because this process is about to end? */
export const isShutdown = (error: GatewayError): boolean =>
  error.code === "overloaded" && error.headers["connection"] === "close";

/** What nobody expected: no word of it reaches the client. A 500, but for profiles whose clients know a 503 for it. */
export function internalError(style: Access["errorStyle"], cause: unknown): GatewayError {
  return new GatewayError({
    status: style === "managed" ? 503 : 500,
    code: "internal_error",
    message: "The gateway failed on this request.",
    cause,
  });
}

/** The ledger can't be written: no call begins, and none ends well. */
export function storageDown(cause: unknown): GatewayError {
  return new GatewayError({
    status: 503,
    code: "internal_error",
    message: "The ledger can't be written right now; retry later.",
    retryAfterSeconds: 1,
    cause,
  });
}

/** Upstream statuses that are the client's own doing: passed on, never retried, never billed. */
const CLIENT_FAULTS: ReadonlySet<number> = new Set([400, 404, 413, 415, 422]);

/** True when the provider refused the request itself, so that no other target would be asked. */
export function isClientFault(failure: UpstreamFailure): boolean {
  return failure.cause === "status" && failure.status !== null && CLIENT_FAULTS.has(failure.status);
}

/**
 * A provider's failure as the client shall see it: its own fault with the provider's message; 429 with Retry-After when every candidate is
 * cooling; all else 503 `provider_error` with the cause. An upstream's 401 or 403 is ours, never the client's.
 */
export function failureToError(failure: UpstreamFailure, options: { moneySpent: boolean }): GatewayError {
  const headers: Record<string, string> = options.moneySpent ? { "x-should-retry": "false" } : {};
  if (isClientFault(failure)) {
    const status = failure.status ?? 400;
    return new GatewayError({
      status,
      code: clientFaultCode(status, failure),
      message: failure.message,
      param: failure.param ?? null,
      headers,
      details: { cause: { kind: "status", status, ...(failure.code === null ? {} : { code: failure.code }) } },
    });
  }
  const retry = failure.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: failure.retryAfterSeconds };
  if (failure.status === 429 || failure.status === 529) {
    return new GatewayError({
      status: 429,
      code: "rate_limited",
      message: "The provider is limiting requests for this model; retry later.",
      headers,
      retryAfterSeconds: failure.retryAfterSeconds ?? 1,
      details: { cause: describeCause(failure) },
    });
  }
  return new GatewayError({
    status: 503,
    code: "provider_error",
    message: `The provider could not answer (${causeText(failure)}).`,
    headers,
    ...retry,
    details: { cause: describeCause(failure) },
  });
}

function clientFaultCode(status: number, failure: UpstreamFailure): GatewayError["code"] {
  if (failure.code === "context_length_exceeded") return "context_length_exceeded";
  if (status === 404) return "not_found";
  if (status === 413) return "request_too_large";
  if (status === 415) return "unsupported_media_type";
  return "invalid_request";
}

/** Which failure and why, without any of the provider's own words that may hold secrets. */
function describeCause(failure: UpstreamFailure): { kind: string; status?: number } {
  return failure.status === null ? { kind: failure.cause } : { kind: failure.cause, status: failure.status };
}

const CAUSE_TEXT: Record<UpstreamFailure["cause"], string> = {
  refused: "connection refused",
  dns: "its address could not be resolved",
  tls: "TLS failed",
  reset: "connection reset",
  timeout: "time ran out",
  bad_answer: "its answer was not readable",
  truncated: "its answer ended too early",
  empty: "its answer was empty",
  status: "it answered with an error",
  local: "the gateway could not open a connection",
};

function causeText(failure: UpstreamFailure): string {
  return failure.status === null ? CAUSE_TEXT[failure.cause] : `${CAUSE_TEXT[failure.cause]}, status ${failure.status}`;
}
