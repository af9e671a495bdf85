import { type Static, t } from "elysia";
import { type DayCost, type DriftRow, reconcile, type Reconciliation } from "../../accounting/drift.ts";
import { modelNames } from "../../accounting/model-match.ts";
import { type ProviderReport, readProviderReport, ReportError } from "../../accounting/provider-report.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { compare, divide, multiply, parseDecimal, type Rational, rational, toFixed, ZERO } from "../../lib/rational.ts";
import { decimalText } from "../../ledger/decimal.ts";
import type { HttpDeps } from "../deps.ts";

const HUNDRED = rational(100n);

export const reconcileSchema = t.Object(
  {
    provider: t.String({ minLength: 1, maxLength: 200, description: "Provider of the catalog" }),
    report: t.String({ description: "The provider's report of costs, as it was exported: JSON or CSV" }),
    threshold_percent: t.Optional(t.String({ maxLength: 20, description: "Largest drift, default 1" })),
    least_usd: t.Optional(
      t.String({ maxLength: 20, description: "A drift of at most so much is never told; default 0" }),
    ),
  },
  { additionalProperties: false },
);

/**
 * Holds what our records say a provider cost against the provider's own report, by UTC day and model, over the days of the report. Beyond the
 * threshold it is an alarm: an error in the log, a metric, `alarm` in the answer. Throws GatewayError 400 for what can't be read.
 */
export async function reconcileProvider(deps: HttpDeps, input: Static<typeof reconcileSchema>): Promise<JsonObject> {
  const { provider } = input;
  const catalog = deps.catalog();
  if (!catalog.providers.has(provider)) {
    throw invalidRequest("provider", `No such provider; the catalog has ${[...catalog.providers.keys()].join(", ")}.`);
  }
  const limits = {
    thresholdPercent: readDecimal("threshold_percent", input.threshold_percent ?? "1"),
    leastUsd: readDecimal("least_usd", input.least_usd ?? "0"),
  };
  const report = readReport(input.report);
  const [from, to] = [report.days[0], report.days.at(-1)];
  if (from === undefined || to === undefined) throw invalidRequest("report", "The report has no days.");
  const covered = new Set(report.days);
  const costs = await deps.accounting.providerCosts(provider, from, to);
  const recorded = costs.filter(({ day }) => covered.has(day));
  const names = modelNames(catalog, provider);
  // A report that tells no models is held against whole days.
  const whole = report.rows.every(({ label }) => label === null);
  const ours = recorded.map((row): DayCost => ({ ...row, model: whole ? ALL : names.ofOurs(row.model) }));
  const theirs = report.rows.map(({ day, label, costUsd }): DayCost => {
    const model = label === null ? null : (names.ofTheirs(label) ?? label);
    return { day, model: model ?? (whole ? ALL : "(not told)"), costUsd };
  });
  const result = reconcile(ours, theirs, limits);
  const facts = { provider, from, to, thresholdPercent: limits.thresholdPercent, leastUsd: limits.leastUsd };
  const view = reconciliationView(result, { ...facts, checkedAt: deps.clock.now() });
  await deps.accounting.keepReconciliation(provider, deps.clock.now(), view);
  tell(deps, provider, result);
  return view;
}

const ALL = "(all models)";

function tell(deps: HttpDeps, provider: string, result: Reconciliation): void {
  const fields = {
    provider,
    ours_usd: decimalText(result.ours),
    theirs_usd: decimalText(result.theirs),
    drift_usd: decimalText(result.drift),
    rows_over: result.rows.filter((row) => row.over).length,
  };
  if (result.alarm) deps.log.error("provider costs have drifted from the records", fields);
  else deps.log.info("provider costs agree with the records", fields);
}

function readReport(text: string): ProviderReport {
  try {
    return readProviderReport(text);
  } catch (error) {
    if (error instanceof ReportError) throw invalidRequest("report", `The report can't be read: ${error.message}.`);
    throw error;
  }
}

function readDecimal(name: string, text: string): Rational {
  try {
    const value = parseDecimal(text);
    if (compare(value, ZERO) >= 0) return value;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalidRequest(name, `${name} must be a plain decimal of at least 0, such as "1" or "0.5".`);
}

interface Facts {
  provider: string;
  from: string;
  to: string;
  thresholdPercent: Rational;
  leastUsd: Rational;
  checkedAt: number;
}

function reconciliationView(result: Reconciliation, facts: Facts): JsonObject {
  const { ours, theirs, drift } = result;
  return {
    object: "reconciliation",
    provider: facts.provider,
    from: facts.from,
    to: facts.to,
    checked_at: new Date(facts.checkedAt).toISOString(),
    threshold_percent: decimalText(facts.thresholdPercent),
    least_usd: decimalText(facts.leastUsd),
    alarm: result.alarm,
    total: { ours_usd: decimalText(ours), theirs_usd: decimalText(theirs), ...driftView(drift, theirs) },
    data: result.rows.map(rowView),
  };
}

function rowView(row: DriftRow): JsonObject {
  const { day, model, ours, theirs, drift, over } = row;
  return {
    day,
    model,
    ours_usd: ours === null ? null : decimalText(ours),
    theirs_usd: theirs === null ? null : decimalText(theirs),
    ...driftView(drift, theirs ?? ZERO),
    match: ours === null ? "theirs only" : theirs === null ? "ours only" : "both",
    over,
  };
}

/** Percent of what the provider says, for people: two decimals. */
function driftView(drift: Rational, theirs: Rational): JsonObject {
  const percent = theirs.num === 0n ? null : toFixed(multiply(divide(drift, theirs), HUNDRED), 2);
  return { drift_usd: decimalText(drift), drift_percent: percent };
}

/** The last reconciliation of each provider. */
export function reconciliationsView(deps: HttpDeps): JsonObject {
  return { object: "list", data: deps.accounting.reconciliations().map(({ view }) => view) };
}
