import { ParseError, ValidationError } from "elysia";
import type { Dialect } from "../dialects/dialect.ts";
import { internalError } from "../gateway/failure.ts";
import { requestError } from "../gateway/request-error.ts";
import { type GatewayError, invalidRequest } from "../ir/error.ts";
import { errorText } from "../lib/log.ts";
import type { HttpDeps } from "./deps.ts";
import { invalidBody } from "./invalid-body.ts";

/** An error in the shape of a dialect, with its request id in body and header. */
export function errorResponse(deps: HttpDeps, dialect: Dialect, error: GatewayError, requestId: string): Response {
  const { access, brand } = deps.catalog();
  const rendered = dialect.renderError(error, requestId, { style: access.errorStyle });
  const headers: Record<string, string> = {
    ...error.headers,
    ...rendered.headers,
    "content-type": "application/json",
    [`${brand.headerPrefix}-Request-ID`]: requestId,
  };
  if (error.retryAfterSeconds !== null) headers["retry-after"] = String(error.retryAfterSeconds);
  return new Response(JSON.stringify(rendered.body), { status: rendered.status, headers });
}

/** Whatever was thrown as the error that a client may see; what nobody expected is logged and becomes a 500 without details. */
export function toGatewayError(thrown: unknown, deps: HttpDeps, requestId: string): GatewayError {
  if (thrown instanceof ParseError && thrown.cause !== undefined) return toGatewayError(thrown.cause, deps, requestId);
  if (thrown instanceof ParseError) return invalidRequest(null, "The body could not be read.");
  if (thrown instanceof ValidationError) return invalidBody(thrown);
  const known = requestError(thrown);
  if (known !== null) return known;
  deps.log.error("request failed", { request_id: requestId, error: errorText(thrown) });
  return internalError(deps.catalog().access.errorStyle, thrown);
}
