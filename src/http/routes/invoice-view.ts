import {
  type BillingDetails,
  type CreditNote,
  creditedTaxes,
  documentNumber,
  type InvoiceDocument,
  type IssuedInvoice,
  owedOn,
} from "../../accounting/invoice-document.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Sources } from "../../ledger/invoice.ts";
import { formatNano } from "../../lib/money.ts";

/** What can be shown: an issued invoice, or what would be issued now. */
export type ShownInvoice =
  | IssuedInvoice
  | { number: null; issuedAt: null; document: InvoiceDocument; customer: BillingDetails; creditNotes: [] };

/** `isOver`: no further call can come onto it. `places`: decimals of the currency's minor unit. */
export function invoiceView(shown: ShownInvoice, isOver: boolean, places: number): JsonObject {
  const { document, customer } = shown;
  const { invoice, seller, sellerTaxId } = document;
  return {
    object: "invoice",
    number: shown.number === null ? null : documentNumber(document.prefix, shown.number),
    status: shown.number === null ? "preview" : "issued",
    account_id: invoice.accountId,
    month: invoice.month,
    final: isOver,
    issued_at: shown.issuedAt === null ? null : new Date(shown.issuedAt).toISOString(),
    currency: invoice.currency,
    seller: { name: seller, tax_id: sellerTaxId },
    customer: customer === null ? null : customerView(customer),
    lines: invoice.lines.map(({ model, calls, tokensInput, tokensOutput, amount }) => ({
      model,
      calls,
      tokens_input: tokensInput,
      tokens_output: tokensOutput,
      amount: formatNano(amount),
    })),
    refunds: invoice.refunds.map(({ requestId, amount, reason, at }) => ({
      request_id: requestId,
      amount: formatNano(amount),
      reason,
      at: new Date(at).toISOString(),
    })),
    total: formatNano(invoice.total),
    paid_from: sourcesView(invoice.paidFrom),
    returned_to: sourcesView(invoice.returnedTo),
    ...payableView(document),
    ...creditedView(shown, places),
  };
}

const sourcesView = ({ wallet, grants, receivable }: Sources): JsonObject => ({
  wallet: formatNano(wallet),
  grants: formatNano(grants),
  receivable: formatNano(receivable),
});

/** Whom an invoice is made out to; the rate of tax is no part of it. */
export const customerView = ({ name, email, address, taxId }: BillingDetails): JsonObject => ({
  name,
  email,
  address,
  tax_id: taxId,
});

function payableView({ invoice, tax, due }: InvoiceDocument): JsonObject {
  const { name, percent, included, note, base, amount } = tax;
  return {
    tax: { name, percent, included, note, base: formatNano(base), amount: formatNano(amount) },
    total_with_tax: formatNano(included ? invoice.total : invoice.total + amount),
    due: {
      receivable: formatNano(due.receivable),
      tax: formatNano(due.tax),
      rounding: formatNano(due.rounding),
      amount: formatNano(due.amount),
    },
  };
}

function creditedView(shown: ShownInvoice, places: number): JsonObject {
  if (shown.number === null)
    return { credit_notes: [], credited: "0.00", payments: [], owed: formatNano(shown.document.due.amount) };
  return {
    credit_notes: creditNoteViews(shown, places),
    credited: formatNano(shown.creditNotes.reduce((sum, { amount }) => sum + amount, 0n)),
    payments: shown.payments.map(({ amount, reason, paidAt }) => ({
      amount: formatNano(amount),
      reason,
      paid_at: new Date(paidAt).toISOString(),
    })),
    owed: formatNano(owedOn(shown, places)),
  };
}

/** The credit notes of an issued invoice, oldest first. */
export function creditNoteViews(issued: IssuedInvoice, places: number): JsonObject[] {
  const taxes = creditedTaxes(issued, places);
  return issued.creditNotes.map((note, index) => creditNoteView(issued, note, taxes[index] ?? 0n));
}

function creditNoteView({ number, document }: IssuedInvoice, note: CreditNote, tax: bigint): JsonObject {
  const { amount, receivable, reason, requestId, issuedAt } = note;
  return {
    object: "credit_note",
    number: documentNumber(document.creditNotePrefix, note.number),
    invoice: documentNumber(document.prefix, number),
    account_id: document.invoice.accountId,
    currency: document.invoice.currency,
    amount: formatNano(amount),
    tax: formatNano(tax),
    total: formatNano(document.tax.included ? amount : amount + tax),
    /** What of the amount lowered what is owed; the rest went back to where it was paid from. */
    lowered_owed: formatNano(receivable),
    reason,
    request_id: requestId,
    issued_at: new Date(issuedAt).toISOString(),
  };
}
