import type { ErrorStyle, RelayErrorState, RenderedError, RouteFacts } from "../dialect.ts";
import type { GatewayError } from "../../ir/error.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";

/**
 * White space: valid between SSE events and between the elements of a JSON array. SSE comments would be as good by the standard, but
 * Google's SDKs for Python and Go take a comment for a broken chunk, and the one for JavaScript loses the event behind it
 * (googleapis/go-genai#903, maximhq/bifrost#6240).
 */
export const KEEP_ALIVE = "\n\n";

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  402: "FAILED_PRECONDITION",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  409: "ABORTED",
  413: "INVALID_ARGUMENT",
  415: "INVALID_ARGUMENT",
  426: "FAILED_PRECONDITION",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  529: "UNAVAILABLE",
};

/** `{error: {code, message, status, details}}` (https://cloud.google.com/apis/design/errors). Our machine code is ErrorInfo's reason. */
export function renderError(error: GatewayError, requestId: string, style: ErrorStyle): RenderedError {
  const { retryAfterSeconds } = error;
  const retry: Record<string, string> = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
  const managed = style.style === "managed" ? managedFields(error, requestId) : {};
  return {
    status: error.status,
    headers: { ...retry, ...error.headers },
    body: { error: { ...errorObject(error, requestId), ...managed } },
  };
}

function errorObject(error: GatewayError, requestId: string): JsonObject {
  return {
    code: error.status,
    message: error.message,
    status: STATUS_NAMES[error.status] ?? (error.status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT"),
    details: [errorInfo(error, requestId), ...furtherDetails(error)],
  };
}

/** google.rpc.ErrorInfo; its metadata are strings, so what has more structure goes in as JSON text. */
function errorInfo(error: GatewayError, requestId: string): JsonObject {
  const metadata: JsonObject = { request_id: requestId };
  if (error.param !== null) metadata.param = error.param;
  if (error.type !== null) metadata.type = error.type;
  if (error.retryAfterSeconds !== null) metadata.retry_after_seconds = String(error.retryAfterSeconds);
  for (const [name, value] of Object.entries(error.details ?? {})) metadata[name] = metadataText(value);
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: error.code, domain: "gateway", metadata };
}

const metadataText = (value: JsonValue | undefined): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

function furtherDetails(error: GatewayError): JsonObject[] {
  const details: JsonObject[] = [];
  if (error.param !== null) {
    const fieldViolations = [{ field: error.param, description: error.message }];
    details.push({ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations });
  }
  if (error.retryAfterSeconds !== null) {
    details.push({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${error.retryAfterSeconds}s` });
  }
  return details;
}

function managedFields(error: GatewayError, requestId: string): JsonObject {
  if (error.status !== 429) return { request_id: requestId };
  const seconds = error.retryAfterSeconds === null ? {} : { retry_after_seconds: error.retryAfterSeconds };
  return { kind: error.details?.kind ?? "usage", ...seconds, request_id: requestId };
}

/**
 * The error that ends a stream: one line of SSE (googleapis/python-genai#1162 breaks on more), or the last element of the array, which it
 * closes. `sent` is how many chunks the client has.
 */
export function streamError(error: GatewayError, requestId: string, route: RouteFacts, sent: number): string {
  const text = JSON.stringify({ error: errorObject(error, requestId) });
  if (route.sse) return formatSse(null, text);
  return `${sent === 0 ? "[" : ",\n"}${text}]`;
}

/** As `streamError`, in the middle of a relayed stream. */
export function renderStreamError(error: GatewayError, requestId: string, state: RelayErrorState): string {
  return streamError(error, requestId, state.route, state.framesSent);
}
