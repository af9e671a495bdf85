import { nearestNames } from "../catalog/nearest.ts";
import { GatewayError } from "../ir/error.ts";
import type { HttpDeps } from "./deps.ts";
import { errorResponse, toGatewayError } from "./errors.ts";
import { preflight } from "./finish.ts";
import { requestIdOf } from "./ids.ts";
import { pathOf } from "./peer.ts";
import { dialectOf } from "./route-dialect.ts";
import { notServedAt, ROUTES, routesAt } from "./route-table.ts";

/** Where every thrown error and every unmatched request ends: an answer in the dialect that the request speaks. */
export function fallback(deps: HttpDeps, request: Request, code: string | number, thrown: unknown): Response {
  const requestId = requestIdOf(request);
  const dialect = deps.dialects[dialectOf(request)];
  if (code !== "NOT_FOUND") return errorResponse(deps, dialect, toGatewayError(thrown, deps, requestId), requestId);
  const path = trimmed(pathOf(request.url));
  const methods = methodsAt(path);
  if (methods.length > 0 && request.headers.get("upgrade")?.toLowerCase() === "websocket") {
    return errorResponse(deps, dialect, refusedUpgrade(), requestId);
  }
  if (request.method === "OPTIONS") return preflight(deps, request, methods.length > 0 ? methods : ["GET", "POST"]);
  const isKnown = methods.length > 0 && !methods.includes(request.method);
  const error = isKnown ? wrongMethod(request) : unknownRoute(request.method, path);
  return errorResponse(deps, dialect, error, requestId);
}

/** WebSocket transport is not served; clients that try it first fall back to POST as soon as they see this (RFC 9110, 15.5.22). */
function refusedUpgrade(): GatewayError {
  return new GatewayError({
    status: 426,
    code: "upgrade_required",
    message: "WebSocket is not served here; use POST.",
    headers: { upgrade: "HTTP/1.1" },
  });
}

const trimmed = (path: string): string => (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path);

/** Methods that this path has; HEAD goes with GET. */
function methodsAt(path: string): string[] {
  const methods = new Set<string>(routesAt(path).map((doc) => doc.method));
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods];
}

/** 405 that names the methods which the path has. */
export function wrongMethod(request: Request): GatewayError {
  const { method } = request;
  const methods = methodsAt(trimmed(pathOf(request.url)));
  return new GatewayError({
    status: 405,
    code: "method_not_allowed",
    message: `${method} is not served here; use ${methods.join(" or ")}.`,
    headers: { allow: [...methods, "OPTIONS"].join(", ") },
    details: { allowed: [...methods] },
  });
}

function unknownRoute(method: string, path: string): GatewayError {
  const missing = notServedAt(path);
  if (missing !== null) {
    const served = ROUTES.filter((doc) => doc.group === "inference" && doc.path.startsWith("/v1/")).map(
      (doc) => doc.path,
    );
    return new GatewayError({
      status: 404,
      code: "not_found",
      message: `This gateway does not serve ${missing}. Served are ${[...new Set(served)].join(", ")}; see /help.`,
      details: { served: [...new Set(served)] },
    });
  }
  const nearest = nearestNames(path, new Set(ROUTES.map((doc) => doc.path)));
  const hint = nearest.length === 0 ? "" : ` Did you mean ${nearest.join(" or ")}?`;
  return new GatewayError({
    status: 404,
    code: "not_found",
    message: `No route ${method} ${path.slice(0, 200)}.${hint} See /help.`,
    details: { nearest },
  });
}
