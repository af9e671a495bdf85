import { call } from "./api.ts";
import { element, table } from "./dom.ts";

interface Credits {
  balance: string;
  available: string;
  held: string;
  this_month_spend: string;
  currency: string;
  monthly_limit_cents: number | null;
}

/** What the key's account has and may spend. Throws ApiError. */
export async function creditsView(): Promise<HTMLElement> {
  const credits = await call<Credits>("GET", "/v1/credits?details=true");
  const unit = credits.currency.toUpperCase();
  const card = (title: string, text: string): HTMLElement =>
    element("div", { class: "card" }, title, element("strong", {}, text));
  return element(
    "section",
    { class: "cards" },
    card("Balance", `${credits.balance} ${unit}`),
    card("Available", `${credits.available} ${unit}`),
    card("Held by running calls", `${credits.held} ${unit}`),
    card("Spent this month", `${credits.this_month_spend} ${unit}`),
    card(
      "Monthly limit",
      credits.monthly_limit_cents === null ? "none" : `${credits.monthly_limit_cents / 100} ${unit}`,
    ),
  );
}

interface UsageRow {
  day?: string;
  /** Null: calls that were refused before any model was asked. */
  model?: string | null;
  calls: number;
  tokens_input: number;
  tokens_output: number;
  charged: string;
}
interface Usage {
  currency: string;
  from: string;
  data: UsageRow[];
}

/** Usage of this month by day and by model. Throws ApiError. */
export async function usageView(): Promise<HTMLElement> {
  const [days, models] = await Promise.all([
    call<Usage>("GET", "/v1/usage?group_by=day"),
    call<Usage>("GET", "/v1/usage?group_by=model"),
  ]);
  const grid = (title: string, name: "day" | "model", usage: Usage): HTMLElement =>
    element(
      "section",
      {},
      element("h2", {}, title),
      table<UsageRow>(
        [
          { title: name, cell: (row) => row[name] ?? "none (refused)" },
          { title: "Calls", number: true, cell: (row) => row.calls.toLocaleString() },
          { title: "Tokens in", number: true, cell: (row) => row.tokens_input.toLocaleString() },
          { title: "Tokens out", number: true, cell: (row) => row.tokens_output.toLocaleString() },
          { title: usage.currency, number: true, cell: (row) => row.charged },
        ],
        usage.data,
      ),
    );
  return element("div", {}, grid("By day, this month", "day", days), grid("By model", "model", models));
}
