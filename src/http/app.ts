import { type AnyElysia, Elysia } from "elysia";
import { adminRoutes } from "./admin/routes.ts";
import { fallback } from "./fallback.ts";
import type { HttpDeps } from "./deps.ts";
import { finishResponse } from "./finish.ts";
import { inferenceRoutes } from "./inference/routes.ts";
import { Replays } from "./inference/replays.ts";
import { Metrics } from "./metrics.ts";
import { modelRoutes } from "./models/routes.ts";
import { capRoutes } from "./models/cap.ts";
import { pageRoutes } from "./pages/routes.ts";
import { reportRoutes } from "./routes/reports.ts";
import { hostError, routedRequest } from "./target.ts";
import { storedResponseRoutes } from "./routes/stored-responses.ts";
import { operationRoutes } from "./routes/operation.ts";
import { creditRoutes } from "./routes/credits.ts";
import { invoiceRoutes } from "./routes/invoices.ts";
import { auditSinkRoutes } from "./routes/audit-sink.ts";
import { keyRoutes } from "./routes/keys.ts";
import { paymentRoutes } from "./routes/payments.ts";
import { providerKeyRoutes } from "./routes/provider-keys.ts";

export interface HttpApp {
  /** Answers one request. `server` knows the peers' addresses; without it callers count as local. Never rejects. */
  fetch(request: Request, server?: ServerLike): Promise<Response>;
  /** The admin API without its token, for the control socket, which only the owner of the data folder can open. */
  adminFetch(request: Request): Promise<Response>;
}

/** The public app: every route of the table, errors and unknown paths included. */
export function createHttpApp(deps: HttpDeps): HttpApp {
  const metrics = new Metrics(deps);
  const runner = { deps, metrics, replays: new Replays(deps) };
  const app: AnyElysia = rootApp(deps)
    .use(inferenceRoutes(runner))
    .use(storedResponseRoutes(deps))
    .use(modelRoutes(deps))
    .use(capRoutes(deps))
    .use(creditRoutes(deps))
    .use(keyRoutes(deps))
    .use(providerKeyRoutes(deps))
    .use(auditSinkRoutes(deps))
    .use(reportRoutes(deps))
    .use(invoiceRoutes(deps))
    .use(paymentRoutes(deps))
    .use(operationRoutes(deps, metrics))
    .use(pageRoutes(deps, () => app))
    .use(adminRoutes(deps, { trusted: false }))
    .compile();
  const control = rootApp(deps)
    .use(operationRoutes(deps, metrics))
    .use(adminRoutes(deps, { trusted: true }))
    .compile();
  return {
    fetch: (request, server) => {
      if (server !== undefined) app.server = server;
      return answer(deps, app, request);
    },
    adminFetch: (request) => answer(deps, control, request),
  };
}

type ServerLike = NonNullable<AnyElysia["server"]>;

/** Every thrown error and every unmatched request ends in the fallback. A Host of any length is as good as another. */
function rootApp(deps: HttpDeps) {
  return new Elysia({ normalize: false, handler: { standardHostname: false } }).onError(({ request, error, code }) =>
    fallback(deps, request, code, error),
  );
}

async function answer(deps: HttpDeps, app: AnyElysia, request: Request): Promise<Response> {
  const routed = routedRequest(request);
  const error = hostError(request);
  const response = error === null ? await app.fetch(routed) : fallback(deps, routed, "HOST", error);
  return finishResponse(deps, routed, response);
}
