import type { Nano } from "../lib/money.ts";

/** What one account owes for one calendar month of calls, taken from the books. Amounts in nano-units of the ledger currency. */
export interface Invoice {
  accountId: string;
  /** `2026-11`, in the billing zone: the month in which the calls' holds were made, as for caps. */
  month: string;
  currency: string;
  /** By model, dearest first. */
  lines: InvoiceLine[];
  refunds: { requestId: string; amount: Nano; reason: string; at: number }[];
  /** Lines less refunds. */
  total: Nano;
  /** What the lines were paid from. `receivable` is what is still to be paid. */
  paidFrom: Sources;
  /** What of that the refunds gave back. */
  returnedTo: Sources;
}

/** An amount by where it came from, or went. */
export interface Sources {
  wallet: Nano;
  grants: Nano;
  receivable: Nano;
}

export interface InvoiceLine {
  model: string;
  calls: number;
  tokensInput: number;
  tokensOutput: number;
  amount: Nano;
}

/** The books contradict themselves: no invoice is better than a wrong one. */
export class InvoiceMismatch extends Error {
  constructor(what: string, found: Nano, expected: Nano) {
    super(`the invoice does not add up to the ledger: ${what} is ${found}, expected ${expected}`);
    this.name = "InvoiceMismatch";
  }
}

/** Adds up and checks an invoice: `spent` is what the ledger has counted for this account and month. Throws InvoiceMismatch. */
export function makeInvoice(parts: Omit<Invoice, "total">, spent: Nano): Invoice {
  const sum = (amounts: readonly { amount: Nano }[]): Nano => amounts.reduce((total, { amount }) => total + amount, 0n);
  const used = sum(parts.lines);
  const { wallet, grants, receivable } = parts.paidFrom;
  if (wallet + grants + receivable !== used)
    throw new InvoiceMismatch("what was paid", wallet + grants + receivable, used);
  const refunded = sum(parts.refunds);
  const returned = parts.returnedTo.wallet + parts.returnedTo.grants + parts.returnedTo.receivable;
  if (returned !== refunded) throw new InvoiceMismatch("what was given back", returned, refunded);
  const total = used - refunded;
  if (total !== spent) throw new InvoiceMismatch("the total", total, spent);
  return { ...parts, total };
}
