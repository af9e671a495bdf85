import type { UpstreamFailure } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";
import { retryAfter } from "../shared/retry-after.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { textOf } from "./proto.ts";
import type { HeaderSource } from "../../wire/header-fields.ts";

const MAX_MESSAGE = 2000;
/** google.rpc.Code names where a body has no HTTP code. */
const STATUS_BY_NAME: Readonly<Record<string, number>> = words({
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
});

/** An error body of any shape (https://cloud.google.com/apis/design/errors; arrays around it, strings, HTML). Never throws. */
export function decodeError(status: number, text: string, headers: HeaderSource): UpstreamFailure {
  const retry = retryAfter(headers);
  const failure = errorOf(status, tryJson(text) ?? text);
  return retry === undefined ? failure : { ...failure, retryAfterSeconds: retry };
}

/** The failure that a body stands for; `status` null when it came inside a stream and only the body tells. */
export function errorOf(status: number | null, body: JsonValue): UpstreamFailure {
  const holder = Array.isArray(body) ? body[0] : body;
  const error = isObject(holder) ? (holder.error ?? holder) : holder;
  if (!isObject(error)) {
    const message = typeof error === "string" ? error : "";
    return {
      cause: "status",
      status: status ?? 500,
      code: null,
      message: plain(message) || "the provider reported an error",
    };
  }
  const nested = nestedError(error);
  if (nested !== null) return errorOf(status, nested);
  return failureOf(status, error);
}

/** Some proxies put the whole error body, as text, into its message. */
function nestedError(error: JsonObject): JsonObject | null {
  const message = textOf(error.message)?.trim() ?? "";
  const inner = message.startsWith("{") ? tryJson(message) : undefined;
  return isObject(inner) && isObject(inner.error) ? inner : null;
}

function failureOf(status: number | null, error: JsonObject): UpstreamFailure {
  const name = textOf(error.status) ?? null;
  const told = typeof error.code === "number" && error.code >= 400 && error.code < 600 ? error.code : undefined;
  const details = objectsOf(error.details);
  const reason = details.map((detail) => textOf(detail.reason)).find((item) => item !== undefined) ?? null;
  const message = plain(textOf(error.message) ?? "") || "the provider reported an error";
  const retry = details
    .map((detail) => secondsOf(textOf(detail.retryDelay) ?? null))
    .find((item) => item !== undefined);
  const field = fieldOf(details);
  const isTooLong = /token count.{0,80}exceeds the maximum/i.test(message);
  return {
    cause: "status",
    // A key that is wrong is a 400 here; it is the operator's fault all the same.
    status: reason === "API_KEY_INVALID" ? 401 : (status ?? told ?? STATUS_BY_NAME[name ?? ""] ?? 500),
    code: isTooLong ? "context_length_exceeded" : (name ?? reason ?? textOf(error.type) ?? null),
    message,
    ...(field === undefined ? {} : { param: field }),
    ...(retry === undefined ? {} : { retryAfterSeconds: retry }),
    native: error,
  };
}

function fieldOf(details: readonly JsonObject[]): string | undefined {
  for (const detail of details) {
    const [violation] = objectsOf(detail.fieldViolations);
    const field = violation === undefined ? undefined : textOf(violation.field);
    if (field !== undefined && field !== "") return field;
  }
  return undefined;
}

/** `34.4s` or `34` as whole seconds, rounded up. HTTP dates are left to the caller's default. */
function secondsOf(text: string | null): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]+)?)s?$/.exec(text?.trim() ?? "");
  return match === null ? undefined : Math.ceil(Number(match[1]));
}

/** Without markup and of bounded length. */
function plain(text: string): string {
  const bare = /<(?:!doctype|html|body|head)/i.test(text) ? text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ") : text;
  return bare.trim().slice(0, MAX_MESSAGE);
}
