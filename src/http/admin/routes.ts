import { Elysia } from "elysia";
import { GatewayError } from "../../ir/error.ts";
import { type Guard, managementApp } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { requireAdmin } from "../identify.ts";
import { auditReport, usageReport } from "../routes/reports.ts";
import {
  accountDataRoutes,
  accountKeyRoutes,
  accountProviderKeyRoutes,
  accountRoutes,
  subscriptionRoutes,
} from "./account-routes.ts";
import { bookRoutes, invoiceRoutes, receiptRoutes } from "./book-routes.ts";
import { pricesView, providersView } from "./catalog-views.ts";
import { pruneCalls, pruneSchema } from "./prune.ts";

/** The operator's API. `trusted` callers came over the control socket and need no token. */
export function adminRoutes(deps: HttpDeps, options: { trusted: boolean }) {
  const guard: Guard = options.trusted ? () => undefined : (request) => requireAdmin(deps, request);
  return new Elysia()
    .use(accountRoutes(deps, guard))
    .use(accountKeyRoutes(deps, guard))
    .use(accountProviderKeyRoutes(deps, guard))
    .use(subscriptionRoutes(deps, guard))
    .use(accountDataRoutes(deps, guard))
    .use(invoiceRoutes(deps, guard))
    .use(receiptRoutes(deps, guard))
    .use(bookRoutes(deps, guard))
    .use(gatewayRoutes(deps, guard));
}

/** The catalog in force, and all calls. */
function gatewayRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .post("/admin/audit/prune", ({ body }) => pruneCalls(deps, body), {
      body: pruneSchema,
    })
    .get("/admin/prices", () => pricesView(deps))
    .get("/admin/providers", () => providersView(deps))
    .get("/admin/usage", ({ request }) => usageReport(deps, request, null))
    .get("/admin/audit", ({ request }) => auditReport(deps, request, null))
    .post("/admin/reload", () => reload(deps));
}

/** A broken catalog is refused with every mistake in it; the running one stays. */
async function reload(deps: HttpDeps): Promise<Response> {
  const result = await deps.reload();
  if (result.ok) return Response.json({ status: "ok", version: result.version, warnings: [...result.warnings] });
  throw new GatewayError({
    status: 400,
    code: "invalid_request",
    message: `The catalog was refused, the running one stays: ${result.problems.join("; ")}`,
    details: { problems: [...result.problems] },
  });
}
