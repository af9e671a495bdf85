import { exactText } from "../ledger/decimal.ts";
import { costChange, type RatedModel, type RerateReport } from "../ledger/rerate.ts";
import { formatNano } from "../lib/money.ts";
import { tableText } from "./output.ts";

type Row = Record<string, string | number>;

/** Exact sums; `charged` in the ledger currency, `cost_usd` at the provider. */
function sumsOf(sums: Omit<RatedModel, "model" | "provider">): Row {
  const { calls, charged, recharged, costUsd, recostUsd } = sums;
  return {
    calls,
    charged: formatNano(charged),
    would_be_charged: formatNano(recharged),
    change: formatNano(recharged - charged),
    cost_usd: exactText(costUsd),
    would_cost_usd: exactText(recostUsd),
    cost_change_usd: exactText(costChange(sums)),
  };
}

const rowsOf = (report: RerateReport): Row[] =>
  report.models.map((sums) => ({ model: sums.model, provider: sums.provider, ...sumsOf(sums) }));

/** The report as one line of JSON; amounts are texts. */
export function rerateJson(report: RerateReport, currency: string): string {
  const { unpriced, withoutPrice } = report.left;
  const left = (part: typeof unpriced): Row => ({ calls: part.calls, charged: formatNano(part.charged) });
  return `${JSON.stringify({
    currency,
    models: rowsOf(report),
    total: sumsOf(report.total),
    not_in_the_price_book: left(unpriced),
    without_a_price_row: left(withoutPrice),
    assumed_standard_tier: report.assumedStandard,
  })}\n`;
}

/** The report as people read it: a table, and what was left out of it. */
export function rerateText(report: RerateReport, currency: string): string {
  const { unpriced, withoutPrice } = report.left;
  const lines = [tableText([...rowsOf(report), { model: "total", provider: "", ...sumsOf(report.total) }])];
  const tell = (count: number, charged: bigint, what: string): void => {
    if (count > 0) lines.push(`${count} calls (charged ${formatNano(charged)} ${currency}) left out: ${what}`);
  };
  tell(unpriced.calls, unpriced.charged, "the price book has no row for their model");
  tell(withoutPrice.calls, withoutPrice.charged, "they were settled at a checkpoint, or at no price");
  if (report.assumedStandard > 0) {
    lines.push(
      `${report.assumedStandard} calls: their old row is gone, so a tier that only the request named is taken for standard`,
    );
  }
  lines.push(`charges in ${currency}, at the markup and rate of each call; nothing was changed`);
  return `${lines.join("\n")}\n`;
}
