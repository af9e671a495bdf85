import { Elysia } from "elysia";
import { fallback } from "./fallback.ts";
import type { HttpDeps } from "./deps.ts";
import { finishResponse } from "./finish.ts";
import { inferenceRoutes } from "./inference/routes.ts";
import { Replays } from "./inference/replays.ts";
import { type Listening, listen } from "./listen.ts";
import { Metrics } from "./metrics.ts";
import { modelRoutes } from "./models/routes.ts";
import { operationRoutes } from "./routes/operation.ts";
import { creditRoutes } from "./routes/credits.ts";
import { keyRoutes } from "./routes/keys.ts";

export interface HttpApp {
  /** Answers one request. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Opens the port. Throws what Bun.serve throws, such as EADDRINUSE. */
  listen(options: { hostname: string; port: number }): Listening;
}

/** The public app: every route of the table, errors and unknown paths included. */
export function createHttpApp(deps: HttpDeps): HttpApp {
  const metrics = new Metrics(deps);
  const runner = { deps, metrics, replays: new Replays(deps) };
  const app = new Elysia({ normalize: false, handler: { standardHostname: false } })
    .onError(({ request, error, code }) => fallback(deps, request, code, error))
    .use(inferenceRoutes(runner))
    .use(modelRoutes(deps))
    .use(creditRoutes(deps))
    .use(keyRoutes(deps))
    .use(operationRoutes(deps, metrics));
  app.compile();
  const fetch = async (request: Request): Promise<Response> => {
    if (request.method === "HEAD") return withoutBody(await fetch(new Request(request, { method: "GET" })));
    return finishResponse(deps, request, await app.fetch(request));
  };
  return { fetch, listen: (options) => listen(app, fetch, deps.settings, options) };
}

/** HEAD is GET without the body (RFC 9110, 9.3.2). */
async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}
