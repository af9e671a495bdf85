import type { Nano } from "../lib/money.ts";
import { add, divide, multiply, type Rational, rational, subtract, ZERO } from "../lib/rational.ts";
import { roundHalfUp } from "./rounding.ts";

/** What the calls of one model and account brought and cost in a month. Amounts in nano-units, costs exact. */
export interface MarginRow {
  accountId: string;
  model: string;
  calls: number;
  charged: Nano;
  /** Given back of these calls' charges, whenever that was. */
  refunded: Nano;
  /** At customer prices: what nobody was charged for, as it is booked. */
  absorbed: Nano;
  /** What the provider takes, USD. */
  costUsd: Rational;
  /** The same in units of the ledger's currency, each call at its own rate. */
  cost: Rational;
  /** The part of `cost` that nobody was charged for. */
  absorbedCost: Rational;
}

/** An amount that came from or went to an account beside its calls. */
export interface AccountAmount {
  accountId: string;
  amount: Nano;
}

/** What the payment provider keeps of a payment. */
export interface PaymentFee {
  percent: Rational;
  /** Per payment, nano-units. */
  fixed: Nano;
}

/** One month as the ledger has it. */
export interface MarginBooks {
  rows: MarginRow[];
  /** Payments that came in through the payment provider. */
  payments: AccountAmount[];
  /** Credit notes to whole invoices, and refunds that name no call. */
  goodwill: AccountAmount[];
  /** What the ledger has counted: charges less refunds, of all accounts. */
  counted: Nano;
}

/** A sum of rows. */
export interface MarginLine extends Omit<MarginRow, "accountId" | "model"> {
  fees: Nano;
  goodwill: Nano;
  /** Charged, less what was refunded or given as goodwill, less cost and fees; in units of the ledger's currency, exact. */
  margin: Rational;
}

export interface MarginReport {
  byModel: (MarginLine & { model: string })[];
  /** Accounts without calls are here for the fees of their payments, and for goodwill. */
  byAccount: (MarginLine & { accountId: string })[];
  rows: (MarginLine & { accountId: string; model: string })[];
  total: MarginLine;
}

/** The rows do not add up to the ledger: no report is better than a wrong one. */
export class MarginMismatch extends Error {
  constructor(found: Nano, counted: Nano) {
    super(`the margin report does not add up to the ledger: charges less refunds are ${found}, counted are ${counted}`);
    this.name = "MarginMismatch";
  }
}

const NANO = rational(1_000_000_000n);
const HUNDRED = rational(100n);

/**
 * Adds up a month by model, by account and in all. Fees and goodwill belong to accounts, so models have none. `minorPlaces`: decimals of the
 * currency's minor unit, to which fees are rounded. Throws MarginMismatch.
 */
export function makeMargin(books: MarginBooks, fee: PaymentFee, minorPlaces: number): MarginReport {
  const fees = books.payments.map(({ accountId, amount }) => ({ accountId, amount: feeOf(amount, fee, minorPlaces) }));
  const feesOf = Map.groupBy(fees, ({ accountId }) => accountId);
  const goodwillOf = Map.groupBy(books.goodwill, ({ accountId }) => accountId);
  const models = Map.groupBy(books.rows, ({ model }) => model);
  const accounts = Map.groupBy(books.rows, ({ accountId }) => accountId);
  for (const accountId of [...feesOf.keys(), ...goodwillOf.keys()])
    if (!accounts.has(accountId)) accounts.set(accountId, []);
  const total = lineOf(books.rows, sumOf(fees), sumOf(books.goodwill));
  if (total.charged - total.refunded !== books.counted) {
    throw new MarginMismatch(total.charged - total.refunded, books.counted);
  }
  return {
    byModel: [...models].map(([model, rows]) => ({ model, ...lineOf(rows) })).toSorted(dearestFirst),
    byAccount: [...accounts]
      .map(([accountId, rows]) => {
        const [paid, given] = [sumOf(feesOf.get(accountId) ?? []), sumOf(goodwillOf.get(accountId) ?? [])];
        return { accountId, ...lineOf(rows, paid, given) };
      })
      .toSorted(dearestFirst),
    rows: books.rows
      .map(({ accountId, model, ...row }) => ({ accountId, model, ...lineOf([row]) }))
      .toSorted(dearestFirst),
    total,
  };
}

const sumOf = (items: readonly { amount: Nano }[]): Nano => items.reduce((sum, { amount }) => sum + amount, 0n);

const dearestFirst = (a: MarginLine, b: MarginLine): number => Number(b.charged - a.charged);

function lineOf(rows: readonly Omit<MarginRow, "accountId" | "model">[], fees = 0n, goodwill = 0n): MarginLine {
  const amounts = (name: "charged" | "refunded" | "absorbed"): Nano => rows.reduce((sum, row) => sum + row[name], 0n);
  const costs = (name: "costUsd" | "cost" | "absorbedCost"): Rational =>
    rows.reduce((sum, row) => add(sum, row[name]), ZERO);
  const [charged, refunded, cost] = [amounts("charged"), amounts("refunded"), costs("cost")];
  return {
    calls: rows.reduce((sum, row) => sum + row.calls, 0),
    charged,
    refunded,
    absorbed: amounts("absorbed"),
    costUsd: costs("costUsd"),
    cost,
    absorbedCost: costs("absorbedCost"),
    fees,
    goodwill,
    margin: subtract(divide(rational(charged - refunded - fees - goodwill), NANO), cost),
  };
}

/** The fee of one payment, half up to the currency's minor unit, as payment providers take it. */
function feeOf(amount: Nano, fee: PaymentFee, minorPlaces: number): Nano {
  const exact = add(divide(multiply(rational(amount), fee.percent), HUNDRED), rational(fee.fixed));
  return roundHalfUp(exact, minorPlaces);
}
