import type { InvoiceTerms } from "../catalog/types.ts";
import { conflict, invalidRequest, notFound } from "../ir/error.ts";
import type { Invoice } from "../ledger/invoice.ts";
import { minorPlaces } from "../ledger/payments.ts";
import { monthOf } from "../ledger/periods.ts";
import type { Balance, LedgerAdmin, RefundRequest } from "../ledger/types.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import { Lines } from "../lib/lines.ts";
import { formatNano, type Nano } from "../lib/money.ts";
import {
  type BillingDetails,
  type InvoiceDocument,
  type IssuedInvoice,
  owedOn,
  receivableOn,
  makeDocument,
} from "./invoice-document.ts";
import type { IssuedInvoiceStore } from "./port.ts";

export interface InvoicingDeps {
  store: IssuedInvoiceStore;
  /** The invoice of a month as the ledger has it now; null when its calls have been pruned. Throws InvoiceMismatch. */
  invoice(accountId: string, month: string): Invoice | null;
  ledger: Pick<LedgerAdmin, "credit" | "refund" | "receipt">;
  clock: Clock;
  terms(): InvoiceTerms;
  currency(): string;
  timezone(): string;
}

/** A credit note to an issued invoice, or a payment of it. */
export interface InvoiceCredit {
  /** Of the invoice. */
  number: number;
  /** Null = all that is left of it, or owed on it. */
  amount: Nano | null;
  reason: string;
  idempotencyKey: string | null;
}

/** Issues invoices, lowers issued ones by credit notes, and books their payments. What is shown before an invoice is issued is a preview. */
export class Invoicing {
  readonly #deps: InvoicingDeps;
  /** Two that lower one account's invoices must not both see the same rest. */
  readonly #lines = new Lines();

  constructor(deps: InvoicingDeps) {
    this.#deps = deps;
  }

  get store(): IssuedInvoiceStore {
    return this.#deps.store;
  }

  /** Decimals of the currency's minor unit. */
  get places(): number {
    return minorPlaces(this.#deps.currency());
  }

  /** What would be issued now. Null when the month's calls have been pruned. Throws InvoiceMismatch when the books contradict themselves. */
  preview(accountId: string, month: string): { document: InvoiceDocument; customer: BillingDetails } | null {
    const invoice = this.#deps.invoice(accountId, month);
    if (invoice === null) return null;
    return { document: this.#document(invoice), customer: this.store.details(accountId) };
  }

  #document(invoice: Invoice): InvoiceDocument {
    return makeDocument(invoice, this.store.details(invoice.accountId), this.#deps.terms(), this.places);
  }

  /**
   * The invoice of a month that is over, with a number of its own; issued before, it is given again as it was. Throws GatewayError: 400 while the
   * month runs or when nothing was charged, 404 when its calls have been pruned, 409 while calls of the month are under way;
   * InvoiceMismatch when the books contradict themselves.
   */
  async issue(accountId: string, month: string): Promise<IssuedInvoice> {
    const { store, clock, timezone, invoice } = this.#deps;
    const known = store.ofMonth(accountId, month);
    if (known !== null) return known;
    if (month >= monthOf(clock.now(), timezone())) throw invalidRequest("month", "This month is not over.");
    const current = invoice(accountId, month);
    if (current === null) throw notFound("The calls of this month are no longer kept.");
    if (current.lines.length === 0) throw invalidRequest("month", "This account was not charged in this month.");
    if (store.openHolds(accountId, month) > 0) {
      throw conflict("Calls of this month are still under way.");
    }
    await store.issue(accountId, month, clock.now(), (rows) => this.#document(rows));
    const issued = store.ofMonth(accountId, month);
    if (issued === null) throw new Error(`the invoice of ${accountId} for ${month} was not written`);
    return issued;
  }

  /** The same for every account that was charged in the month, in the order of their ids; those with calls still under way are left for later. */
  async issueAll(month: string): Promise<{ issued: IssuedInvoice[]; underWay: string[] }> {
    const issued: IssuedInvoice[] = [];
    const underWay: string[] = [];
    for (const accountId of this.store.chargedIn(month)) {
      const isLate = this.store.openHolds(accountId, month) > 0 && this.store.ofMonth(accountId, month) === null;
      if (isLate) underWay.push(accountId);
      else issued.push(await this.issue(accountId, month));
    }
    return { issued, underWay };
  }

  /**
   * Lowers an issued invoice: first what is still owed on it, the rest goes to the wallet. The tax in it goes along. Gives the note's number. Throws
   * GatewayError: 404 for an unknown invoice, 400 for more than is left of it, 409 for an idempotency key of another credit.
   */
  async creditNote(request: InvoiceCredit): Promise<number> {
    const known = this.store.byNumber(request.number);
    if (known === null) throw notFound("No such invoice.");
    const { accountId } = known.document.invoice;
    return this.#lines.run(accountId, () => this.#creditNote(accountId, request));
  }

  async #creditNote(accountId: string, request: InvoiceCredit): Promise<number> {
    const { store, ledger } = this.#deps;
    const { number, reason } = request;
    const idempotencyKey = request.idempotencyKey ?? newId("cn");
    const earlier = store.noteOfKey(accountId, idempotencyKey);
    if (earlier !== null && request.amount === null) return earlier;
    const issued = store.byNumber(number);
    if (issued === null) throw notFound("No such invoice.");
    const left = leftOf(issued);
    const amount = request.amount ?? left;
    if (earlier === null && (amount <= 0n || amount > left)) {
      throw invalidRequest(
        "amount",
        `A credit note must be more than 0 and at most ${formatNano(left)}, what is left.`,
      );
    }
    const invoice = { number, owed: receivableOn(issued) };
    await ledger.credit({ accountId, amount, kind: "refund", reason, idempotencyKey, expiresAt: null, invoice });
    const note = store.noteOfKey(accountId, idempotencyKey);
    if (note === null) throw new Error(`the credit note to invoice ${number} was not written`);
    return note;
  }

  /**
   * Books that an invoice was paid, or `amount` of it: the receivable first, the rest is its tax. Throws GatewayError: 404 for an unknown invoice, 400 for
   * more than is owed, 409 for an idempotency key of another credit.
   */
  async pay(request: InvoiceCredit): Promise<void> {
    const { store, ledger } = this.#deps;
    const { number, reason, idempotencyKey } = request;
    const known = store.byNumber(number);
    if (known === null) throw notFound("No such invoice.");
    const { accountId } = known.document.invoice;
    await this.#lines.run(accountId, async () => {
      const issued = store.byNumber(number) ?? known;
      const owed = owedOn(issued, this.places);
      const isRepeat = idempotencyKey !== null && store.hasCredit(accountId, idempotencyKey);
      if (isRepeat && request.amount === null) return;
      const amount = request.amount ?? owed;
      if (!isRepeat && (amount <= 0n || amount > owed)) {
        throw invalidRequest("amount", `A payment must be more than 0 and at most ${formatNano(owed)}, what is owed.`);
      }
      const invoice = { number, owed: receivableOn(issued) };
      await ledger.credit({ accountId, amount, kind: "payment", reason, idempotencyKey, expiresAt: null, invoice });
    });
  }

  /**
   * Gives back a call's charge, or part of it, as the ledger does; where the call's month has been invoiced, that is a credit note, and no more than is
   * left of the invoice. Rejects as LedgerAdmin.refund, and with GatewayError 400.
   */
  async refund(request: RefundRequest): Promise<Balance> {
    const { store, ledger } = this.#deps;
    const receipt = await ledger.receipt(request.requestId);
    if (receipt === null) return ledger.refund(request);
    return this.#lines.run(receipt.accountId, () => {
      const left = store.leftOfCall(request.requestId);
      const isRepeat = request.idempotencyKey !== null && store.hasCredit(receipt.accountId, request.idempotencyKey);
      if (!isRepeat && left !== null && (request.amount ?? left.charge) > left.invoice) {
        const most = formatNano(left.invoice);
        throw invalidRequest(
          "amount",
          `The invoice of this call's month has only ${most} left: the rest was credited.`,
        );
      }
      return ledger.refund(request);
    });
  }
}

const leftOf = ({ document, creditNotes }: IssuedInvoice): Nano =>
  creditNotes.reduce((left, { amount }) => left - amount, document.invoice.total);
