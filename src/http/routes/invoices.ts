import { GatewayError, invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Invoice } from "../../ledger/invoice.ts";
import { monthOf } from "../../ledger/periods.ts";
import { formatNano } from "../../lib/money.ts";
import { managementApp } from "../body.ts";
import { describe } from "../describe.ts";
import type { HttpDeps } from "../deps.ts";
import { identifyOwner } from "../identify.ts";
import { escapeHtml, staticPage } from "../pages/html.ts";

/** The account's invoice of a month: JSON, or a page to print for browsers. */
export function invoiceRoutes(deps: HttpDeps) {
  return managementApp(deps).get(
    "/v1/invoices/:month",
    async ({ request, server, params }) => {
      const { account } = await identifyOwner(deps, request, server);
      return invoiceAnswer(deps, request, account.id, params.month);
    },
    describe("GET", "/v1/invoices/{month}"),
  );
}

/** Throws GatewayError: 400 for what is no month or has not begun, 404 for a month whose calls have been pruned. */
export function invoiceAnswer(
  deps: HttpDeps,
  request: Request,
  accountId: string,
  month: string,
): JsonObject | Response {
  const { isOver } = readMonth(deps, month);
  const invoice = deps.invoices.invoice(accountId, month);
  if (invoice === null) {
    throw new GatewayError({ status: 404, code: "not_found", message: "The calls of this month are no longer kept." });
  }
  const view = invoiceView(invoice, isOver);
  const wantsPage = (request.headers.get("accept") ?? "").includes("text/html");
  return wantsPage ? invoicePage(deps, invoice, view) : view;
}

/** A month (`2026-11`) of the billing zone that has begun. Throws GatewayError 400 for any other text. */
export function readMonth(deps: HttpDeps, month: string): { month: string; isOver: boolean } {
  if (!/^[0-9]{4}-(?:0[1-9]|1[0-2])$/.test(month)) throw invalidRequest("month", "month must be like 2026-11.");
  const current = monthOf(deps.clock.now(), deps.catalog().billing.timezone);
  if (month > current) throw invalidRequest("month", "This month has not begun.");
  return { month, isOver: month < current };
}

/** Until the month is over, and its last calls have ended, an invoice is a preview. */
function invoiceView(invoice: Invoice, final: boolean): JsonObject {
  const { wallet, grants, receivable } = invoice.paidFrom;
  return {
    object: "invoice",
    number: `${invoice.month}-${invoice.accountId}`,
    account_id: invoice.accountId,
    month: invoice.month,
    final,
    currency: invoice.currency,
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
    paid_from: { wallet: formatNano(wallet), grants: formatNano(grants), receivable: formatNano(receivable) },
  };
}

const STYLE =
  "body{font:14px/1.5 system-ui,sans-serif;max-width:50em;margin:3em auto;padding:0 1em}table{border-collapse:collapse;width:100%}th,td{padding:.3em .6em;border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}";

function invoicePage(deps: HttpDeps, invoice: Invoice, view: JsonObject): Response {
  const { brand } = deps.catalog();
  const title = `${brand.name} invoice ${String(view["number"])}`;
  const cells = (...texts: (string | number)[]): string =>
    texts.map((text, index) => `<td${index === 0 ? "" : ' class="n"'}>${escapeHtml(String(text))}</td>`).join("");
  const lines = invoice.lines.map(
    (line) => `<tr>${cells(line.model, line.calls, line.tokensInput, line.tokensOutput, formatNano(line.amount))}</tr>`,
  );
  const refunds = invoice.refunds.map(
    (refund) =>
      `<tr>${cells(`Refund ${refund.requestId}: ${refund.reason}`, "", "", "", formatNano(-refund.amount))}</tr>`,
  );
  const { wallet, grants, receivable } = invoice.paidFrom;
  const body = `<h1>${escapeHtml(brand.name)}</h1>
<p>Invoice ${escapeHtml(String(view["number"]))}${view["final"] === true ? "" : " (preview: the month is not over)"}</p>
<table>
<tr><th>Model</th><th class="n">Calls</th><th class="n">Input tokens</th><th class="n">Output tokens</th><th class="n">${escapeHtml(invoice.currency)}</th></tr>
${[...lines, ...refunds].join("\n")}
<tr><th>Total</th><th></th><th></th><th></th><th class="n">${formatNano(invoice.total)}</th></tr>
</table>
<p>Paid from the wallet: ${formatNano(wallet)}; from included and granted credit: ${formatNano(grants)}; to be paid: ${formatNano(receivable)}.</p>`;
  return staticPage(title, STYLE, body);
}
