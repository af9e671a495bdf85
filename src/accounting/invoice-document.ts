import type { InvoiceTerms } from "../catalog/types.ts";
import type { Invoice } from "../ledger/invoice.ts";
import type { Nano } from "../lib/money.ts";
import { add, divide, multiply, parseDecimal, rational, toDecimal } from "../lib/rational.ts";
import { roundHalfUp } from "./rounding.ts";

/** Whom an account's invoices are made out to. All of it is about people, and goes when the account is erased. */
export interface BillingDetails {
  name: string | null;
  email: string | null;
  address: string | null;
  taxId: string | null;
  /** Instead of the catalog's rate: a decimal, `"0"` for customers who owe no tax here. */
  taxPercent: string | null;
  /** Why the rate is another one, as it must stand on the invoice (`reverse charge`). */
  taxNote: string | null;
}

/** Of an account that nothing was said about. */
export const NO_DETAILS: BillingDetails = {
  name: null,
  email: null,
  address: null,
  taxId: null,
  taxPercent: null,
  taxNote: null,
};

/** The tax of an invoice: `amount` of `base`, rounded once. */
export interface TaxLine {
  name: string;
  /** Exact decimal. */
  percent: string;
  included: boolean;
  note: string | null;
  /** The total, less what grants paid: those were a gift, or paid and taxed with the subscription. */
  base: Nano;
  amount: Nano;
}

/** What is to be paid: the receivable's part of the invoice, and the tax where it is not contained. */
export interface AmountDue {
  receivable: Nano;
  tax: Nano;
  /** What brings the sum to whole minor units, half up. */
  rounding: Nano;
  amount: Nano;
}

/** An invoice as it goes out. */
export interface InvoiceDocument {
  invoice: Invoice;
  seller: string;
  sellerTaxId: string | null;
  prefix: string;
  creditNotePrefix: string;
  tax: TaxLine;
  due: AmountDue;
}

const HUNDRED = rational(100n);

/** Adds tax and what is due to an invoice. `places`: decimals of the currency's minor unit. */
export function makeDocument(
  invoice: Invoice,
  details: BillingDetails,
  terms: InvoiceTerms,
  places: number,
): InvoiceDocument {
  const { paidFrom, returnedTo, total } = invoice;
  const { seller, sellerTaxId, prefix, creditNotePrefix, taxName, taxIncluded } = terms;
  const percent = details.taxPercent === null ? terms.taxPercent : parseDecimal(details.taxPercent);
  const base = total - (paidFrom.grants - returnedTo.grants);
  const share = taxIncluded ? divide(percent, add(HUNDRED, percent)) : divide(percent, HUNDRED);
  const tax: TaxLine = {
    name: taxName,
    percent: toDecimal(percent),
    included: taxIncluded,
    note: details.taxNote,
    base,
    amount: roundHalfUp(multiply(rational(base), share), places),
  };
  const receivable = paidFrom.receivable - returnedTo.receivable;
  const exact = receivable + (taxIncluded ? 0n : tax.amount);
  const amount = roundHalfUp(rational(exact), places);
  const due = { receivable, tax: exact - receivable, rounding: amount - exact, amount };
  return { invoice, seller, sellerTaxId, prefix, creditNotePrefix, tax, due };
}

/** `INV-000042`. */
export const documentNumber = (prefix: string, number: number): string => `${prefix}${String(number).padStart(6, "0")}`;

/** An invoice that was issued. `customer` is null once the account has been erased. */
export interface IssuedInvoice {
  number: number;
  issuedAt: number;
  document: InvoiceDocument;
  customer: BillingDetails | null;
  creditNotes: CreditNote[];
  payments: InvoicePayment[];
}

/** What was paid on an issued invoice. */
export interface InvoicePayment {
  amount: Nano;
  /** The part of `amount` that paid the receivable; the rest is tax. */
  receivable: Nano;
  reason: string;
  paidAt: number;
}

/** What an issued invoice was lowered by, oldest first. */
export interface CreditNote {
  number: number;
  amount: Nano;
  /** The part of `amount` that lowered what is owed. */
  receivable: Nano;
  reason: string;
  /** The call that was refunded; null = the note was made by hand. */
  requestId: string | null;
  issuedAt: number;
}

/** The tax in each credit note: by the share of the invoice that was taken back by then, so that the whole invoice takes back the whole tax. */
export function creditedTaxes({ document, creditNotes }: IssuedInvoice, places: number): Nano[] {
  const { tax, invoice } = document;
  const upTo = (credited: Nano): Nano =>
    invoice.total === 0n ? 0n : roundHalfUp(rational(tax.amount * credited, invoice.total), places);
  let credited = 0n;
  return creditNotes.map(({ amount }) => {
    const before = upTo(credited);
    credited += amount;
    return upTo(credited) - before;
  });
}

/** What of the receivable is still owed on an invoice. */
export const receivableOn = ({ document, creditNotes, payments }: IssuedInvoice): Nano =>
  [...creditNotes, ...payments].reduce((owed, { receivable }) => owed - receivable, document.due.receivable);

/**
 * What is still to be paid after credit notes and payments, in whole minor units; never below 0: what goes beyond is in the customer's wallet.
 */
export function owedOn(issued: IssuedInvoice, places: number): Nano {
  const { due, tax } = issued.document;
  const taxes = tax.included ? 0n : creditedTaxes(issued, places).reduce((sum, item) => sum + item, 0n);
  const lowered = issued.creditNotes.reduce((sum, { receivable }) => sum + receivable, 0n);
  const paid = issued.payments.reduce((sum, { amount }) => sum + amount, 0n);
  const owed = roundHalfUp(rational(due.receivable + due.tax - lowered - taxes), places) - paid;
  return owed > 0n ? owed : 0n;
}
