import type { ErrorStyle, RenderedError } from "../dialect.ts";
import type { GatewayError, UpstreamFailure } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";
import type { HeaderSource } from "../../wire/header-fields.ts";
import { retryAfter } from "./retry-after.ts";

/** Errors in the shape that both of OpenAI's dialects have. */

/**
 * HTTP status that an error code in a 200 answer stands for (OpenAI API reference, ResponseError.code, and the error codes guide).
 * Codes that aren't here are told by their form, and are the provider's failure otherwise.
 */
const STATUS_BY_CODE: Readonly<Record<string, number>> = words({
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  insufficient_quota: 429,
  too_many_requests: 429,
  server_error: 500,
  internal_error: 500,
  vector_store_timeout: 500,
  overloaded_error: 503,
  server_overloaded: 503,
  slow_down: 503,
  authentication_error: 401,
  invalid_api_key: 401,
  permission_denied: 403,
  model_not_found: 404,
  not_found_error: 404,
  context_length_exceeded: 400,
  bio_policy: 400,
  cyber_policy_violation: 400,
  misalignment_policy_violation: 400,
  data_residency_mismatch: 400,
  content_filter: 400,
  string_above_max_length: 400,
  empty_image_file: 400,
});

/** Status of an in-band error, 500 when nothing tells. */
export function statusOfCode(code: string | null, type: string | null): number {
  for (const word of [code, type]) {
    if (word === null) continue;
    const known = STATUS_BY_CODE[word];
    if (known !== undefined) return known;
    if (/^[45][0-9][0-9]$/.test(word)) return Number(word);
    if (/^(invalid|unsupported|image|failed_to_download|unknown_parameter|missing)_?/.test(word)) return 400;
  }
  return 500;
}

/** An error inside a 200 answer: the `error` of a response, an `error` event (flat or nested), or a bare `{error}`. */
export function inBandFailure(error: JsonObject): UpstreamFailure {
  const code = wordOf(error["code"]);
  const type = wordOf(error["type"]);
  return {
    cause: "status",
    status: statusOfCode(code, type === "error" ? null : type),
    code: code ?? (type === "error" ? null : type),
    message: messageOf(error),
    param: wordOf(error["param"]),
    native: error,
  };
}

/**
 * An error body of any status and shape: `{error: {…}}`, `{error: "…"}`, `{detail: …}`, `{object: "error"}`, `{message}`, HTML. Never throws.
 */
export function decodeOpenAiError(status: number, text: string, headers: HeaderSource): UpstreamFailure {
  const body = tryJson(text) ?? null;
  const error = isObject(body) && isObject(body["error"]) ? body["error"] : isObject(body) ? body : {};
  const retryAfterSeconds = retryAfter(headers);
  const type = wordOf(error["type"]);
  return {
    cause: "status",
    status,
    code: wordOf(error["code"]) ?? (type === "error" ? null : type),
    message: messageOf(error) || `the provider answered with status ${status}`,
    param: wordOf(error["param"]),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(body === null ? {} : { native: body }),
  };
}

/** Words of a validation list (FastAPI `detail: [{msg, loc}]`) count as the message. */
function messageOf(error: JsonObject): string {
  for (const name of ["message", "error", "detail", "msg"]) {
    const value = error[name];
    if (typeof value === "string") return value;
    if (Array.isArray(value)) {
      const parts = value.map((item) => (isObject(item) ? messageOf(item) : String(item)));
      if (parts.length > 0) return parts.join("; ");
    }
  }
  return "";
}

function wordOf(value: JsonValue | undefined): string | null {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" ? String(value) : null;
}

const TYPE_BY_STATUS: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  409: "conflict_error",
  413: "invalid_request_error",
  415: "invalid_request_error",
  422: "invalid_request_error",
  426: "invalid_request_error",
  429: "rate_limit_error",
};

/** The `type` of an error in OpenAI's words: its own, or what its status stands for. */
export function errorType(error: GatewayError): string {
  return error.type ?? TYPE_BY_STATUS[error.status] ?? "api_error";
}

/** The body that OpenAI's SDKs read: `{error: {message, type, param, code}}`, plus our `request_id`. */
export function renderOpenAiError(error: GatewayError, requestId: string, style: ErrorStyle): RenderedError {
  const managed = style.style === "managed" && error.status === 429;
  const type = error.type === null && style.style === "wallet" ? error.code : errorType(error);
  const headers: Record<string, string> = { ...error.headers };
  if (error.retryAfterSeconds !== null) headers["retry-after"] = String(error.retryAfterSeconds);
  const retry = managed ? error.retryAfterSeconds : null;
  const body: JsonObject = {
    error: {
      message: error.message,
      type,
      param: error.param,
      code: error.code,
      ...(managed ? { kind: "usage" } : {}),
      ...(retry === null ? {} : { retry_after_seconds: retry }),
      ...(error.details === null ? {} : { details: error.details }),
      request_id: requestId,
    },
    request_id: requestId,
  };
  return { status: error.status, headers, body };
}
