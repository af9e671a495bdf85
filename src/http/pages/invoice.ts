import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { isObject } from "../../lib/json.ts";
import { escapeHtml, staticPage } from "./html.ts";

const STYLE =
  "body{font:14px/1.5 system-ui,sans-serif;max-width:50em;margin:3em auto;padding:0 1em}table{border-collapse:collapse;width:100%}th,td{padding:.3em .6em;border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}address{font-style:normal;white-space:pre-line}";

const text = (value: JsonValue | undefined): string => escapeHtml(String(value ?? ""));
const object = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const objects = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? value.map(object) : []);

/** The first cell is text, the others numbers. */
const row = (cells: readonly (JsonValue | undefined)[], tag: "td" | "th" = "td"): string =>
  `<tr>${cells.map((cell, index) => `<${tag}${index === 0 ? "" : ' class="n"'}>${text(cell)}</${tag}>`).join("")}</tr>`;

const less = (amount: JsonValue | undefined): string => `-${String(amount)}`;

/** An invoice to print, from the view that the API gives. */
export function invoicePage(brand: string, view: JsonObject): Response {
  const number = view["number"];
  const title = number === null ? `Preview of ${String(view["month"])}` : `Invoice ${String(number)}`;
  const refunds = objects(view["refunds"]).map((item) =>
    row([`Refund ${String(item["request_id"])}: ${String(item["reason"])}`, "", "", "", less(item["amount"])]),
  );
  const lines = objects(view["lines"]).map((line) =>
    row([line["model"], line["calls"], line["tokens_input"], line["tokens_output"], line["amount"]]),
  );
  const issued = typeof view["issued_at"] === "string" ? view["issued_at"].slice(0, 10) : null;
  const status = view["final"] === true ? "not issued yet" : "the month is not over";
  const body = `<h1>${escapeHtml(title)}</h1>
<p>${issued === null ? status : `Issued ${issued}`}. Calls of ${text(view["month"])}, account ${text(view["account_id"])}.</p>
${party("From", { name: brand, ...present(object(view["seller"])) })}
${party("To", present(object(view["customer"])))}
<table>
${row(["Model", "Calls", "Input tokens", "Output tokens", view["currency"]], "th")}
${[...lines, ...refunds].join("\n")}
${row(["Total", "", "", "", view["total"]], "th")}
</table>
${paymentTable(view)}`;
  return staticPage(`${brand} ${title}`, STYLE, body);
}

/** Fields that say something. */
const present = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ""));

function party(label: string, { name, address, email, tax_id: taxId }: JsonObject): string {
  const lines = [name, address, email, taxId === undefined ? undefined : `Tax number ${String(taxId)}`];
  const shown = lines.filter((line) => line !== undefined).map(text);
  return shown.length === 0 ? "" : `<p>${label}</p><address>${shown.join("\n")}</address>`;
}

function paymentTable(view: JsonObject): string {
  const [tax, due, paid] = [object(view["tax"]), object(view["due"]), object(view["paid_from"])];
  const returned = object(view["returned_to"]);
  const note = typeof tax["note"] === "string" ? `, ${tax["note"]}` : "";
  const included = tax["included"] === true ? " contained in the total" : "";
  const notes = objects(view["credit_notes"]);
  const payments = objects(view["payments"]);
  return `<table>
${row([`${String(tax["name"])} ${String(tax["percent"])}% of ${String(tax["base"])}${included}${note}`, tax["amount"]])}
${row(["Total with tax", view["total_with_tax"]], "th")}
${row(["Paid from the wallet", paid["wallet"]])}
${row(["Paid from included and granted credit", paid["grants"]])}
${row(["Given back to them", `${String(returned["wallet"])} + ${String(returned["grants"])}`])}
${row(["Rounding", due["rounding"]])}
${row(["To be paid", due["amount"]], "th")}
${notes.map((item) => row([`Credit note ${String(item["number"])}: ${String(item["reason"])}`, less(item["total"])])).join("\n")}
${payments.map((item) => row([`Paid ${String(item["paid_at"]).slice(0, 10)}: ${String(item["reason"])}`, less(item["amount"])])).join("\n")}
${notes.length + payments.length === 0 ? "" : row(["Still to be paid", view["owed"]], "th")}
</table>`;
}

/** A credit note to print. */
export function creditNotePage(brand: string, view: JsonObject): Response {
  const title = `Credit note ${String(view["number"])}`;
  const body = `<h1>${escapeHtml(title)}</h1>
<p>Issued ${text(view["issued_at"]).slice(0, 10)}, to invoice ${text(view["invoice"])}, account ${text(view["account_id"])}.</p>
<p>${text(view["reason"])}${typeof view["request_id"] === "string" ? ` (call ${text(view["request_id"])})` : ""}</p>
<table>
${row(["", view["currency"]], "th")}
${row(["Amount", view["amount"]])}
${row(["Tax in it, or on it", view["tax"]])}
${row(["Total", view["total"]], "th")}
</table>`;
  return staticPage(`${brand} ${title}`, STYLE, body);
}
