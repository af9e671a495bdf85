import type { IssuedInvoice } from "../../accounting/invoice-document.ts";
import { invalidRequest, notFound } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { monthOf } from "../../ledger/periods.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { creditNotePage, invoicePage } from "../pages/invoice.ts";
import { creditNoteViews, invoiceView, type ShownInvoice } from "./invoice-view.ts";

/** The account's invoices and credit notes: JSON, or pages to print for browsers. */
export function invoiceRoutes(deps: HttpDeps) {
  return ownerApp(deps)
    .get("/v1/invoices", ({ principal: { account } }) => invoiceList(deps, { accountId: account.id, month: null }))
    .get("/v1/invoices/:month", ({ principal: { account }, request, params }) =>
      invoiceAnswer(deps, request, account.id, params.month),
    )
    .get("/v1/credit-notes/:number", ({ principal: { account }, request, params }) =>
      creditNoteAnswer(deps, request, params.number, account.id),
    );
}

/**
 * A month's invoice: as it was issued, else a preview, which changes until it is. Throws GatewayError: 400 for what is no month or has not begun, 404
 * for a month that was never invoiced and whose calls have been pruned.
 */
export function invoiceAnswer(
  deps: HttpDeps,
  request: Request,
  accountId: string,
  month: string,
): JsonObject | Response {
  const { isOver } = readMonth(deps, month);
  const issued = deps.invoicing.store.ofMonth(accountId, month);
  if (issued !== null) return invoicePageOrView(deps, request, issued, true);
  const preview = deps.invoicing.preview(accountId, month);
  if (preview === null) throw notFound("The calls of this month are no longer kept.");
  return invoicePageOrView(deps, request, { number: null, issuedAt: null, ...preview, creditNotes: [] }, isOver);
}

/** A page to print where the client wants HTML, else JSON. */
export function invoicePageOrView(
  deps: HttpDeps,
  request: Request,
  shown: ShownInvoice,
  isOver: boolean,
): JsonObject | Response {
  const view = invoiceView(shown, isOver, deps.invoicing.places);
  return wantsPage(request) ? invoicePage(deps.catalog().brand.name, view) : view;
}

const wantsPage = (request: Request): boolean => (request.headers.get("accept") ?? "").includes("text/html");

/** Issued invoices, oldest number first. */
export function invoiceList(deps: HttpDeps, filter: { accountId: string | null; month: string | null }): JsonObject {
  return issuedList(deps, deps.invoicing.store.list(filter));
}

/** These invoices as a list: of each only what tells it apart and what is owed. */
export function issuedList(deps: HttpDeps, issued: readonly IssuedInvoice[]): JsonObject {
  const data = issued.map((item): JsonObject => {
    const view = invoiceView(item, true, deps.invoicing.places);
    return Object.fromEntries(LISTED.map((name) => [name, view[name]]));
  });
  return { object: "list", data };
}

const LISTED = [
  "number",
  "account_id",
  "month",
  "issued_at",
  "currency",
  "total",
  "total_with_tax",
  "credited",
  "owed",
];

/** A credit note; of another account (null = the operator asks) it does not exist. Throws GatewayError 404. */
export function creditNoteAnswer(
  deps: HttpDeps,
  request: Request,
  number: string,
  accountId: string | null,
): JsonObject | Response {
  const wanted = readNumber(number);
  const issued = deps.invoicing.store.ofCreditNote(wanted);
  if (issued === null || (accountId !== null && issued.document.invoice.accountId !== accountId)) {
    throw notFound("No such credit note.");
  }
  const place = issued.creditNotes.findIndex((note) => note.number === wanted);
  const view = creditNoteViews(issued, deps.invoicing.places)[place];
  if (view === undefined) throw notFound("No such credit note.");
  return wantsPage(request) ? creditNotePage(deps.catalog().brand.name, view) : view;
}

/** `INV-000042`, or `42`. Throws GatewayError 404 for what can't be a number of ours. */
export function readNumber(text: string): number {
  const digits = /^[A-Za-z0-9-]*?0*([1-9][0-9]{0,11})$/.exec(text)?.[1];
  if (digits === undefined) throw notFound("No such document.");
  return Number(digits);
}

/** A month (`2026-11`) of the billing zone that has begun. Throws GatewayError 400 for any other text. */
export function readMonth(deps: HttpDeps, month: string): { month: string; isOver: boolean } {
  if (!/^[0-9]{4}-(?:0[1-9]|1[0-2])$/.test(month)) throw invalidRequest("month", "month must be like 2026-11.");
  const current = monthOf(deps.clock.now(), deps.catalog().billing.timezone);
  if (month > current) throw invalidRequest("month", "This month has not begun.");
  return { month, isOver: month < current };
}
