import { type Guard, managementApp } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { creditNoteAnswer, invoiceAnswer } from "../routes/invoices.ts";
import { receiptReport } from "../routes/reports.ts";
import { findAccount } from "./accounts.ts";
import { refundCall, refundSchema } from "./credits.ts";
import {
  addCreditNote,
  billingSchema,
  billingView,
  changeBilling,
  creditNoteSchema,
  issueInvoices,
  issueSchema,
  listInvoices,
  payInvoice,
  paymentSchema,
  showInvoice,
} from "./invoices.ts";
import { marginReport } from "./margin.ts";
import { reconcileProvider, reconcileSchema, reconciliationsView } from "./reconcile.ts";

/** A provider's report of a month has thousands of lines. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/** Invoices, credit notes, and whom they are made out to. */
export function invoiceRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/invoices", ({ request }) => listInvoices(deps, request))
    .post("/admin/invoices", ({ body }) => issueInvoices(deps, body), {
      body: issueSchema,
    })
    .get("/admin/invoices/:number", ({ request, params }) => showInvoice(deps, request, params.number))
    .post(
      "/admin/invoices/:number/credit-notes",
      async ({ request, params, body }) => {
        const note = await addCreditNote(deps, request, params.number, body);
        return Response.json(note, { status: 201 });
      },
      { body: creditNoteSchema },
    )
    .post(
      "/admin/invoices/:number/payments",
      ({ request, params, body }) => payInvoice(deps, request, params.number, body),
      { body: paymentSchema },
    )
    .get("/admin/credit-notes/:number", ({ request, params }) => creditNoteAnswer(deps, request, params.number, null))
    .get("/admin/accounts/:id/invoices/:month", ({ request, params }) =>
      invoiceAnswer(deps, request, findAccount(deps, params.id).id, params.month),
    )
    .get("/admin/accounts/:id/billing", ({ params }) => billingView(deps, params.id))
    .patch("/admin/accounts/:id/billing", ({ params, body }) => changeBilling(deps, params.id, body), {
      body: billingSchema,
    });
}

/** What single calls cost, and giving it back. */
export function receiptRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/receipts/:request_id", ({ params }) => receiptReport(deps, params.request_id, null))
    .post(
      "/admin/receipts/:request_id/refund",
      ({ request, params, body }) => refundCall(deps, request, params.request_id, body),
      { body: refundSchema },
    );
}

/** Reconciliation with providers, and margin. */
export function bookRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard, MAX_REPORT_BYTES)
    .get("/admin/books/reconciliations", () => reconciliationsView(deps))
    .get("/admin/books/margin", ({ request }) => marginReport(deps, request))
    .post("/admin/books/reconciliations", ({ body }) => reconcileProvider(deps, body), {
      body: reconcileSchema,
    });
}
