import type { HttpDeps } from "./deps.ts";
import { requestIdOf } from "./ids.ts";

/** Headers that browsers may show to a page of another origin. */
const EXPOSED = [
  "x-request-id",
  "request-id",
  "retry-after",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-should-retry",
  "idempotent-replayed",
];
const PREFLIGHT_SECONDS = "600";

/** Last touch on every answer: its request id, headers that browsers act on, and CORS for origins that the catalog lists. */
export function finishResponse(deps: HttpDeps, request: Request, response: Response): Response {
  const { access, brand } = deps.catalog();
  const { headers } = response;
  const idHeader = `${brand.headerPrefix}-Request-ID`;
  const known = headers.get(idHeader);
  const id = known ?? requestIdOf(request);
  if (known === null) headers.set(idHeader, id);
  // Where the official SDKs look for it: OpenAI's in x-request-id, Anthropic's in request-id.
  headers.set("x-request-id", id);
  headers.set("request-id", id);
  headers.set("x-content-type-options", "nosniff");
  const origin = request.headers.get("origin");
  if (origin !== null && isAllowedOrigin(access.corsOrigins, origin)) {
    headers.set("access-control-allow-origin", access.corsOrigins.includes("*") ? "*" : origin);
    headers.append("vary", "Origin");
    const own = ["Request-ID", "Cost-Cents", "Tier", "Losses", "Output-Cap"].map(
      (name) => `${brand.headerPrefix}-${name}`,
    );
    headers.set("access-control-expose-headers", [...own, ...EXPOSED].join(", "));
  }
  return response;
}

/**
 * Answer to OPTIONS: which methods the path has, and for browsers whether the page may call it. Never with credentials: keys are sent
 * in headers, there are no cookies to protect.
 */
export function preflight(deps: HttpDeps, request: Request, methods: readonly string[]): Response {
  const headers = new Headers({ allow: [...methods, "OPTIONS"].join(", ") });
  const origin = request.headers.get("origin");
  if (origin !== null && isAllowedOrigin(deps.catalog().access.corsOrigins, origin)) {
    headers.set("access-control-allow-methods", methods.join(", "));
    const wanted = request.headers.get("access-control-request-headers");
    if (wanted !== null && /^[\w\s,.-]{1,2000}$/.test(wanted)) headers.set("access-control-allow-headers", wanted);
    headers.set("access-control-max-age", PREFLIGHT_SECONDS);
    headers.append("vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
  }
  return new Response(null, { status: 204, headers });
}

const isAllowedOrigin = (origins: readonly string[], origin: string): boolean =>
  origins.includes("*") || origins.includes(origin);
