import type { JsonValue } from "../lib/json.ts";

/** Stable machine codes of the contract, the same in every dialect. */
export type ErrorCode =
  | "invalid_request"
  | "unsupported_feature"
  | "context_length_exceeded"
  | "unauthorized"
  | "invalid_bearer"
  | "invalid_jwt_signature"
  | "key_expired"
  | "key_revoked"
  | "monthly_cap_reached"
  | "insufficient_credits"
  | "balance_held"
  | "subscription_required"
  | "quota_exceeded"
  | "payment_required"
  | "call_cap_exceeded"
  | "model_unpriced"
  | "model_not_allowed"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "request_too_large"
  | "unsupported_media_type"
  | "upgrade_required"
  | "rate_limited"
  | "overloaded"
  | "provider_error"
  | "internal_error";

export interface GatewayErrorInit {
  status: number;
  code: ErrorCode;
  /** Safe to show to the client: no URL of an upstream, key, stack or SQL. */
  message: string;
  /** Path of the offending field in the client's own body: `messages[3].content[0].image_url.url`. */
  param?: string | null;
  /** Error type where it isn't the code's default, such as `billing_error`. */
  type?: string;
  retryAfterSeconds?: number;
  /** Further machine-readable facts: `{cause}`, `{largest_max_tokens}`, `{resets_at}`, `{nearest}` … */
  details?: { [key: string]: JsonValue };
  headers?: Record<string, string>;
  /** Kept for logs only. */
  cause?: unknown;
}

/** The one error of the gateway; each dialect renders it in its own shape. */
export class GatewayError extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly type: string | null;
  readonly retryAfterSeconds: number | null;
  readonly details: { [key: string]: JsonValue } | null;
  readonly headers: Record<string, string>;

  constructor(init: GatewayErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "GatewayError";
    this.status = init.status;
    this.code = init.code;
    this.param = init.param ?? null;
    this.type = init.type ?? null;
    // Retry-After counts whole seconds (RFC 9110, section 10.2.3).
    this.retryAfterSeconds = init.retryAfterSeconds === undefined ? null : Math.ceil(init.retryAfterSeconds);
    this.details = init.details ?? null;
    this.headers = init.headers ?? {};
  }
}

/** 400 `invalid_request` that names the field. */
export function invalidRequest(param: string | null, message: string): GatewayError {
  return new GatewayError({ status: 400, code: "invalid_request", message, param });
}

/** 400 `unsupported_feature` that names the field. */
export function unsupportedFeature(param: string | null, message: string): GatewayError {
  return new GatewayError({ status: 400, code: "unsupported_feature", message, param });
}

/** 404 `not_found`. */
export function notFound(message: string, param: string | null = null): GatewayError {
  return new GatewayError({ status: 404, code: "not_found", message, param });
}

/** 409 `conflict`: the state rules it out. */
export function conflict(message: string): GatewayError {
  return new GatewayError({ status: 409, code: "conflict", message });
}

export type FailureCause =
  | "refused"
  | "dns"
  | "tls"
  | "reset"
  | "timeout"
  | "bad_answer"
  | "truncated"
  | "empty"
  | "status"
  | "local";

/** What went wrong at a provider, as a value: routing decides on it, the client's dialect renders it. */
export interface UpstreamFailure {
  cause: FailureCause;
  /** The upstream's HTTP status, or the one an in-band error stands for; null when there was none. */
  status: number | null;
  /** The upstream's own machine code or type (`rate_limit_exceeded`, `overloaded_error`, `RESOURCE_EXHAUSTED`). */
  code: string | null;
  /** The upstream's own message, for a client whose request was at fault (400, 404, 413, 422); shown for no other status. */
  message: string;
  param?: string | null;
  retryAfterSeconds?: number;
  /** The upstream's own error object, for a relay of 4xx bodies. */
  native?: JsonValue;
}

/** The only error that an answer decoder throws. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DecodeError";
  }
}
