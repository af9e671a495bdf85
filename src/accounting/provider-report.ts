import { isObject, type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import { parseNumber, type Rational, rational, divide } from "../lib/rational.ts";
import { readCsv } from "./csv.ts";

/** What a provider says that one day cost. */
export interface ReportRow {
  /** UTC day, `2026-11-21`: both OpenAI and Anthropic cut their days there. */
  day: string;
  /** What the provider calls the model or service; null where the report does not tell. */
  label: string | null;
  costUsd: Rational;
}

export interface ProviderReport {
  rows: ReportRow[];
  /** Days that the report covers, those without cost as well. */
  days: string[];
}

/** The text is no report that can be read. The message says what is wrong with it, and where. */
export class ReportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ReportError";
  }
}

const CENT = rational(100n);

/**
 * Reads a provider's report of costs. JSON: pages of OpenAI's `GET /v1/organization/costs` (amounts in USD) or of Anthropic's
 * `GET /v1/organizations/cost_report` (amounts in cents, https://platform.claude.com/docs/en/api/admin/cost_report), one page, an array of them,
 * or one a line. CSV: OpenAI's cost export (`start_time`, `amount_value`, `line_item`), the Claude Console's (`usage_date_utc`, `model`,
 * `cost_usd`), or any with `day`, `model`, `cost_usd`. Throws ReportError.
 */
export function readProviderReport(text: string): ProviderReport {
  const start = text.trimStart();
  const { rows, days } = start.startsWith("{") || start.startsWith("[") ? readPages(start) : readTable(text);
  return { rows, days: [...days].toSorted() };
}

/** Rows, and the days that were seen on the way. */
interface Collected {
  rows: ReportRow[];
  days: Set<string>;
}

function readPages(text: string): Collected {
  const found: Collected = { rows: [], days: new Set() };
  for (const page of pagesOf(text)) {
    const buckets = isObject(page) ? page["data"] : null;
    if (!Array.isArray(buckets)) throw new ReportError("the JSON has no `data` with buckets of days");
    for (const bucket of buckets) if (isObject(bucket)) readBucket(bucket, found);
  }
  return found;
}

function pagesOf(text: string): JsonValue[] {
  try {
    const value = parseJson(text);
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => parseJson(line));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ReportError(`the report begins like JSON but is none: ${error.message}`);
  }
}

function readBucket(bucket: JsonObject, { rows, days }: Collected): void {
  const start = bucket["start_time"] ?? bucket["starting_at"];
  if (typeof start !== "number" && typeof start !== "string")
    throw new ReportError("a bucket has neither `start_time` nor `starting_at`");
  const day = utcDay(String(start));
  days.add(day);
  const results = bucket["results"];
  for (const result of Array.isArray(results) ? results : []) {
    if (!isObject(result)) continue;
    rows.push({ day, ...("starting_at" in bucket ? anthropicResult(result) : openaiResult(result)) });
  }
}

function openaiResult(result: JsonObject): Omit<ReportRow, "day"> {
  const amount = result["amount"];
  if (!isObject(amount)) {
    throw new ReportError("a result has no `amount`: export the costs, not the usage, which has tokens only");
  }
  checkCurrency(amount["currency"]);
  return { label: lineItem(textOf(result["line_item"])), costUsd: amountOf(amount["value"]) };
}

function anthropicResult(result: JsonObject): Omit<ReportRow, "day"> {
  checkCurrency(result["currency"]);
  const label = textOf(result["model"]) ?? textOf(result["description"]);
  return { label, costUsd: divide(amountOf(result["amount"]), CENT) };
}

/** `gpt-4o-2024-08-06, input`: OpenAI names the kind of tokens behind the model. */
const lineItem = (text: string | null): string | null => text?.split(", ")[0]?.trim() ?? null;

const DAY = ["day", "date", "usage_date_utc", "start_time_iso", "starting_at", "start_time"];
const COST = ["cost_usd", "amount_value"];
const CURRENCY = ["amount_currency", "currency"];

function readTable(text: string): Collected {
  const [header = [], ...records] = readCsv(text);
  const names = header.map((name) => name.toLowerCase());
  const place = (candidates: readonly string[]): number | null => {
    const name = candidates.find((candidate) => names.includes(candidate));
    return name === undefined ? null : names.indexOf(name);
  };
  const [day, cost] = [place(DAY), place(COST)];
  if (day === null || cost === null) {
    throw new ReportError(
      `the first line must name a day (${DAY.join(", ")}) and a cost (${COST.join(", ")}), but has: ${header.join(", ")}`,
    );
  }
  const [currency, model, item, kind] = [place(CURRENCY), place(["model"]), place(["line_item"]), place(["cost_type"])];
  const found: Collected = { rows: [], days: new Set() };
  for (const [index, record] of records.entries()) {
    const at = (column: number | null): string | null => textOf(column === null ? null : record[column]);
    try {
      const on = utcDay(record[day] ?? "");
      found.days.add(on);
      // OpenAI's export has a line for days without costs as well.
      if (at(cost) === null) continue;
      checkCurrency(at(currency) ?? "usd");
      found.rows.push({ day: on, label: at(model) ?? lineItem(at(item)) ?? at(kind), costUsd: amountOf(at(cost)) });
    } catch (error) {
      if (error instanceof ReportError) throw new ReportError(`record ${index + 2}: ${error.message}`);
      throw error;
    }
  }
  return found;
}

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : null;

/** The UTC day of a day, an instant (ISO 8601), or Unix seconds. */
function utcDay(text: string): string {
  const ms = /^[0-9]{9,11}$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  if (!/^[0-9]/.test(text) || Number.isNaN(ms)) throw new ReportError(`${JSON.stringify(text)} is no day`);
  return new Date(ms).toISOString().slice(0, 10);
}

function checkCurrency(value: JsonValue | undefined): void {
  const currency = textOf(value) ?? "usd";
  if (currency.toLowerCase() !== "usd") throw new ReportError(`costs must be in USD, not in ${currency}`);
}

/** Numbers that a double can't hold come from parseJson as raw JSON, which prints as it was written. */
function amountOf(value: JsonValue | undefined): Rational {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  try {
    return parseNumber(text);
  } catch (error) {
    if (error instanceof RangeError) throw new ReportError(`${JSON.stringify(text)} is no amount`);
    throw error;
  }
}
