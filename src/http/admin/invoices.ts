import { type Static, t } from "elysia";
import type { BillingDetails } from "../../accounting/invoice-document.ts";
import { GatewayError, invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { compare, parseDecimal, rational, ZERO } from "../../lib/rational.ts";
import { amountSchema, readAmount } from "../amounts.ts";
import type { HttpDeps } from "../deps.ts";
import { idempotencyKeyOf, idempotencyKeySchema } from "../idempotency-key.ts";
import { queryOf } from "../peer.ts";
import { creditNoteViews, customerView } from "../routes/invoice-view.ts";
import { invoiceList, invoicePageOrView, issuedList, readMonth, readNumber } from "../routes/invoices.ts";
import { findAccount } from "./accounts.ts";

export const issueSchema = t.Object(
  {
    month: t.String({ maxLength: 7, description: "A month that is over, such as 2026-10" }),
    account_id: t.Optional(t.String({ maxLength: 200, description: "Left out: every account that was charged" })),
  },
  { additionalProperties: false },
);

/** Gives the month's invoices their numbers. Issued before, an invoice keeps its number and is given again. Throws GatewayError as Invoicing.issue. */
export async function issueInvoices(deps: HttpDeps, input: Static<typeof issueSchema>): Promise<JsonObject> {
  const { month, isOver } = readMonth(deps, input.month);
  if (!isOver) throw invalidRequest("month", "This month is not over.");
  if (input.account_id !== undefined) {
    return issuedList(deps, [await deps.invoicing.issue(findAccount(deps, input.account_id).id, month)]);
  }
  const { issued, underWay } = await deps.invoicing.issueAll(month);
  return { ...issuedList(deps, issued), under_way: underWay };
}

/** Issued invoices, of one account or month where the query names them. */
export function listInvoices(deps: HttpDeps, request: Request): JsonObject {
  const query = new URLSearchParams(queryOf(request.url));
  return invoiceList(deps, { accountId: query.get("account_id"), month: query.get("month") });
}

/** An issued invoice by its number. Throws GatewayError 404. */
export function showInvoice(deps: HttpDeps, request: Request, number: string): JsonObject | Response {
  const issued = deps.invoicing.store.byNumber(readNumber(number));
  if (issued !== null) return invoicePageOrView(deps, request, issued, true);
  throw new GatewayError({ status: 404, code: "not_found", message: "No such invoice." });
}

export const creditNoteSchema = t.Object(
  {
    amount: t.Optional(amountSchema),
    reason: t.String({ minLength: 1, maxLength: 500 }),
    idempotency_key: idempotencyKeySchema,
  },
  { additionalProperties: false },
);

/** Lowers an issued invoice by `amount` (without tax), or by all that is left of it. Throws GatewayError as Invoicing.creditNote. */
export async function addCreditNote(
  deps: HttpDeps,
  request: Request,
  number: string,
  input: Static<typeof creditNoteSchema>,
): Promise<JsonObject> {
  const amount = input.amount === undefined ? null : readAmount("amount", input.amount);
  const invoice = readNumber(number);
  const idempotencyKey = idempotencyKeyOf(request, input.idempotency_key);
  const made = await deps.invoicing.creditNote({ number: invoice, amount, reason: input.reason, idempotencyKey });
  const issued = deps.invoicing.store.ofCreditNote(made);
  const views = issued === null ? [] : creditNoteViews(issued, deps.invoicing.places);
  const view = views[issued?.creditNotes.findIndex((note) => note.number === made) ?? -1];
  if (view === undefined) throw new Error(`no credit note ${made}`);
  return view;
}

export const paymentSchema = t.Object(
  {
    amount: t.Optional(amountSchema),
    reason: t.Optional(t.String({ maxLength: 500, description: "Such as the bank's reference" })),
    idempotency_key: idempotencyKeySchema,
  },
  { additionalProperties: false },
);

/** Books that an invoice was paid, or `amount` of it. Gives the invoice. Throws GatewayError as Invoicing.pay. */
export async function payInvoice(
  deps: HttpDeps,
  request: Request,
  number: string,
  input: Static<typeof paymentSchema>,
): Promise<JsonObject | Response> {
  const amount = input.amount === undefined ? null : readAmount("amount", input.amount);
  const idempotencyKey = idempotencyKeyOf(request, input.idempotency_key);
  const reason = input.reason ?? "payment";
  await deps.invoicing.pay({ number: readNumber(number), amount, reason, idempotencyKey });
  return showInvoice(deps, request, number);
}

const optionalText = (maxLength: number, description: string) =>
  t.Optional(t.Union([t.String({ maxLength, description }), t.Null()]));

export const billingSchema = t.Object(
  {
    name: optionalText(200, "Whom invoices are made out to"),
    email: optionalText(254, "Where they are sent"),
    address: optionalText(1000, "Any number of lines"),
    tax_id: optionalText(50, "The customer's tax number"),
    tax_percent: optionalText(20, "Instead of the catalog's rate; null = the catalog's"),
    tax_note: optionalText(200, "Why, as it must stand on the invoice, such as reverse charge"),
  },
  { additionalProperties: false },
);

/** Whom an account's invoices are made out to, and its own tax rate. Throws GatewayError 404. */
export function billingView(deps: HttpDeps, accountId: string): JsonObject {
  const details = deps.invoicing.store.details(findAccount(deps, accountId).id);
  const { taxPercent, taxNote } = details;
  return {
    object: "billing_details",
    account_id: accountId,
    ...customerView(details),
    tax_percent: taxPercent,
    tax_note: taxNote,
  };
}

/** Changes the fields that are given, for invoices that are issued from now on. Throws GatewayError 400 for a rate that is none. */
export async function changeBilling(
  deps: HttpDeps,
  accountId: string,
  input: Static<typeof billingSchema>,
): Promise<JsonObject> {
  const old = deps.invoicing.store.details(findAccount(deps, accountId).id);
  const given = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);
  const details: BillingDetails = {
    name: given(input.name, old.name),
    email: given(input.email, old.email),
    address: given(input.address, old.address),
    taxId: given(input.tax_id, old.taxId),
    taxPercent: checkRate(given(input.tax_percent, old.taxPercent)),
    taxNote: given(input.tax_note, old.taxNote),
  };
  await deps.invoicing.store.putDetails(accountId, details);
  return billingView(deps, accountId);
}

const HUNDRED = rational(100n);

function checkRate(text: string | null): string | null {
  if (text === null) return null;
  try {
    const rate = parseDecimal(text);
    if (compare(rate, ZERO) >= 0 && compare(rate, HUNDRED) <= 0) return text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalidRequest("tax_percent", 'tax_percent must be a plain decimal from 0 to 100, such as "8".');
}
