import type { GatewayError, UpstreamFailure } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import type { ErrorStyle, RenderedError } from "../dialect.ts";
import { retryAfter } from "../shared/retry-after.ts";
import { ERROR_STATUSES } from "./wire-names.ts";
import type { HeaderSource } from "../../wire/header-fields.ts";

/** HTTP status → error.type (Anthropic errors). */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function typeOfStatus(status: number): string {
  return ERROR_TYPES[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

/** How the API says that a request doesn't fit the context window: it has no code for it (Anthropic errors, context windows). */
const TOO_LONG = /^prompt is too long\b|^input length and `?max_tokens`? exceed context limit/i;

interface ErrorFacts {
  code: string | null;
  message: string | null;
}

/** Code and message of an error body: Anthropic's own form, and what servers that imitate it send. */
function readFacts(body: JsonValue): ErrorFacts {
  if (!isObject(body)) return { code: null, message: typeof body === "string" ? body : null };
  const error = body.error;
  const source = isObject(error) ? error : body;
  const details = isObject(source.details) ? source.details : {};
  const code = [details.error_code, source.type, source.code].find((item) => typeof item === "string");
  const message = [source.message, error, body.detail, body.message].find((item) => typeof item === "string");
  const words = typeof message === "string" ? message : null;
  if (words !== null && TOO_LONG.test(words)) return { code: "context_length_exceeded", message: words };
  return { code: typeof code === "string" ? code : null, message: words };
}

/** An error body of any shape as a failure; never throws. Text that isn't JSON (HTML of a proxy) is not shown. */
export function decodeError(status: number, text: string, headers: HeaderSource): UpstreamFailure {
  const body = tryJson(text) ?? null;
  const facts = readFacts(body);
  const seconds = retryAfter(headers);
  return {
    cause: "status",
    status,
    code: facts.code,
    message: facts.message ?? `the provider answered with status ${status}`,
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
    ...(isObject(body) ? { native: body } : {}),
  };
}

/** An `error` event, or an error body inside HTTP 200: the status is the one its type stands for, else 500. */
export function decodeInBandError(body: JsonObject): UpstreamFailure {
  const facts = readFacts(body);
  const error = isObject(body.error) ? body.error : {};
  const type = typeof error.type === "string" ? error.type : "api_error";
  return {
    cause: "status",
    status: ERROR_STATUSES[type] ?? 500,
    code: facts.code ?? type,
    message: facts.message ?? "the provider reported an error without a message",
    native: body,
  };
}

/** Our overload is 529 here; every other status is as it is. */
function statusOf(error: GatewayError): number {
  return error.code === "overloaded" && error.status === 503 ? 529 : error.status;
}

function errorBody(error: GatewayError, requestId: string, style: ErrorStyle["style"]): JsonObject {
  const retry = error.retryAfterSeconds;
  const limited = error.code === "rate_limited";
  const facts: JsonObject = {
    ...(limited ? { kind: "usage" } : {}),
    ...(retry === null ? {} : { retry_after_seconds: retry }),
  };
  const type = style === "wallet" ? error.code : (error.type ?? typeOfStatus(statusOf(error)));
  return {
    type: "error",
    error: {
      type,
      message: error.message,
      ...(style === "managed" ? { code: error.code, ...facts, request_id: requestId } : {}),
      details: {
        error_code: error.code,
        ...(error.param === null ? {} : { param: error.param }),
        ...facts,
        ...error.details,
      },
    },
    request_id: requestId,
  };
}

/** An error as an HTTP answer in Anthropic's shape; our code is `error.details.error_code` unless the error brings a native one. */
export function renderError(error: GatewayError, requestId: string, style: ErrorStyle): RenderedError {
  return {
    status: statusOf(error),
    headers: {
      ...error.headers,
      "request-id": requestId,
      ...(error.retryAfterSeconds === null ? {} : { "retry-after": String(error.retryAfterSeconds) }),
    },
    body: errorBody(error, requestId, style.style),
  };
}

/** An error in the middle of a stream: one `error` event; nothing follows it. */
export function renderStreamError(error: GatewayError, requestId: string): string {
  return formatSse("error", JSON.stringify(errorBody(error, requestId, "default")));
}
