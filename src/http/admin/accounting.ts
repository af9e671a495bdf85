import { managementApp } from "../body.ts";
import { describe } from "../describe.ts";
import type { HttpDeps } from "../deps.ts";
import { marginReport } from "./margin.ts";
import { reconcileProvider, reconcileSchema, reconciliationsView } from "./reconcile.ts";

/** A provider's report of a month has thousands of lines. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/** The operator's books: reconciliation with providers, margin, invoices. */
export function accountingRoutes(deps: HttpDeps, guard: (request: Request) => void) {
  return managementApp(deps, guard, MAX_REPORT_BYTES)
    .get(
      "/admin/books/reconciliations",
      () => reconciliationsView(deps),
      describe("GET", "/admin/books/reconciliations"),
    )
    .get("/admin/books/margin", ({ request }) => marginReport(deps, request), describe("GET", "/admin/books/margin"))
    .post("/admin/books/reconciliations", ({ body }) => reconcileProvider(deps, body), {
      body: reconcileSchema,
      ...describe("POST", "/admin/books/reconciliations"),
    });
}
