import { makeMargin, type MarginLine } from "../../accounting/margin.ts";
import { notFound } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatNano } from "../../lib/money.ts";
import { divide, multiply, ONE, rational, toFixed } from "../../lib/rational.ts";
import { decimalText } from "../../ledger/decimal.ts";
import { minorPlaces } from "../../ledger/payments.ts";
import type { HttpDeps } from "../deps.ts";
import { queryOf } from "../peer.ts";
import { readMonth } from "../routes/invoices.ts";

/** What a month's calls brought and cost, by model and account. Throws GatewayError: 400 for no month, 404 for a pruned one. */
export async function marginReport(deps: HttpDeps, request: Request): Promise<JsonObject> {
  const { billing } = deps.catalog();
  const query = new URLSearchParams(queryOf(request.url));
  const { month, isOver } = readMonth(deps, query.get("month") ?? "");
  const books = await deps.accounting.margin(month, billing.fx.get(billing.currency) ?? ONE);
  if (books === null) {
    throw notFound("The calls of this month are no longer kept.");
  }
  const { rows, byModel, byAccount, total } = makeMargin(books, billing.paymentFee, minorPlaces(billing.currency));
  return {
    object: "margin",
    month,
    final: isOver,
    currency: billing.currency,
    data: rows.map(({ accountId, model, ...line }) => ({ account_id: accountId, model, ...lineView(line) })),
    by_model: byModel.map(({ model, ...line }) => ({ model, ...lineView(line) })),
    by_account: byAccount.map(({ accountId, ...line }) => ({ account_id: accountId, ...lineView(line) })),
    total: lineView(total),
  };
}

const HUNDRED = rational(100n);
const NANO = rational(1_000_000_000n);

function lineView(line: MarginLine): JsonObject {
  const revenue = line.charged - line.refunded;
  const share = revenue === 0n ? null : divide(multiply(line.margin, HUNDRED), divide(rational(revenue), NANO));
  return {
    calls: line.calls,
    charged: formatNano(line.charged),
    refunded: formatNano(line.refunded),
    absorbed: formatNano(line.absorbed),
    provider_cost_usd: decimalText(line.costUsd),
    provider_cost: decimalText(line.cost),
    absorbed_cost: decimalText(line.absorbedCost),
    fees: formatNano(line.fees),
    goodwill: formatNano(line.goodwill),
    margin: decimalText(line.margin),
    margin_percent: share === null ? null : toFixed(share, 2),
  };
}
