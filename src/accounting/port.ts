import type { JsonObject } from "../lib/json.ts";
import type { Invoice } from "../ledger/invoice.ts";
import type { Nano } from "../lib/money.ts";
import type { Rational } from "../lib/rational.ts";
import type { DayCost } from "./drift.ts";
import type { BillingDetails, InvoiceDocument, IssuedInvoice } from "./invoice-document.ts";
import type { MarginBooks } from "./margin.ts";

/** Storage port of the operator's books. Writes resolve when durable. Reports read in short steps: calls under way don't wait for them. */
export interface AccountingStore {
  /** What our records say that a provider cost, by UTC day and model, from `firstDay` to `lastDay` (`2026-11-21`), both included. */
  providerCosts(provider: string, firstDay: string, lastDay: string): Promise<DayCost[]>;
  /** Replaces the provider's last reconciliation. */
  keepReconciliation(provider: string, at: number, view: JsonObject): Promise<void>;
  /** The last one of each provider, as it was answered. */
  reconciliations(): { provider: string; at: number; view: JsonObject }[];
  /** What a month (`2026-11`) brought and cost; `fx` is for calls that have no rate of their own. Null when its calls have been pruned. */
  margin(month: string, fx: Rational): Promise<MarginBooks | null>;
}

/** Storage port of issued invoices, their credit notes, and whom invoices are made out to. Writes resolve when durable. */
export interface IssuedInvoiceStore {
  details(accountId: string): BillingDetails;
  putDetails(accountId: string, details: BillingDetails): Promise<void>;
  /** Calls of the month that have not ended. */
  openHolds(accountId: string, month: string): number;
  /** Accounts that were charged in a month, in the order of their ids. */
  chargedIn(month: string): string[];
  /**
   * Gives a month's invoice the next number, once: a repeat changes nothing. `make` gets the rows as they are in the transaction, so that every refund is
   * either on the invoice or a credit note to it.
   */
  issue(accountId: string, month: string, at: number, make: (invoice: Invoice) => InvoiceDocument): Promise<void>;
  ofMonth(accountId: string, month: string): IssuedInvoice | null;
  byNumber(number: number): IssuedInvoice | null;
  /** The invoice that a credit note belongs to. */
  ofCreditNote(number: number): IssuedInvoice | null;
  /** Number of the credit note that was made with an idempotency key. */
  noteOfKey(accountId: string, key: string): number | null;
  /** By number, of one account or month where they are given. */
  list(filter: { accountId: string | null; month: string | null }): IssuedInvoice[];
  /** What is left of a call's charge, and of the invoice that it is on; null when it is on none, or unknown. */
  leftOfCall(requestId: string): { charge: Nano; invoice: Nano } | null;
  /** Whether a credit was booked under an idempotency key. */
  hasCredit(accountId: string, key: string): boolean;
}
