import { parseNano } from "../lib/money.ts";
import { ONE, parseDecimal, type Rational, ZERO, compare } from "../lib/rational.ts";
import type { Environment } from "./environment.ts";
import { nearestNames } from "./nearest.ts";
import type { Path, Problems } from "./problems.ts";
import type { RawCatalog } from "./schema.ts";
import type { Billing, Brand, Catalog, InvoiceTerms, SubscriptionPlan } from "./types.ts";

/** The product's name and what is derived from it. */
export function buildBrand(raw: RawCatalog["brand"]): Brand {
  return {
    name: raw?.name ?? "Tollgate",
    headerPrefix: raw?.header_prefix ?? "X-Tollgate",
    extension: raw?.extension ?? "tollgate",
    keyPrefix: raw?.key_prefix ?? "tg-",
  };
}

/** What can be turned on. */
export function buildFeatures(raw: RawCatalog["features"]): Catalog["features"] {
  return {
    storage: raw?.storage ?? false,
    docs: raw?.docs ?? true,
    auditThread: raw?.audit_thread ?? null,
    privateSinks: raw?.private_sinks ?? false,
  };
}

/** Amounts of the ledger currency as nano-units; a ledger has nine places. */
export function nanoAmount(text: string | undefined, path: Path, problems: Problems): bigint | null {
  if (text === undefined) return null;
  try {
    return parseNano(text);
  } catch (error) {
    problems.add(path, `${text}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Money: amounts and rates exact. Mistakes go to `problems`; `env` has the markup that overrides the catalog's. */
export function buildBilling(raw: RawCatalog["billing"], env: Environment, problems: Problems): Billing {
  const at = (key: string): Path => ["billing", key];
  const currency = raw?.currency ?? "USD";
  const timezone = raw?.timezone ?? "UTC";
  if (!isTimeZone(timezone))
    problems.add(at("timezone"), `${JSON.stringify(timezone)} is no time zone; write one such as Asia/Kuala_Lumpur`);
  return {
    currency,
    fx: buildFx(raw?.fx ?? {}, currency, problems),
    markupPercent: markup(raw?.markup_percent, env, problems),
    onUpstreamFailure: raw?.on_upstream_failure ?? "delivered",
    annotate: raw?.annotate ?? true,
    timezone,
    defaultOutputCap: raw?.default_output_cap ?? 4096,
    disconnectAllowance: nanoAmount(raw?.disconnect_allowance ?? "1", at("disconnect_allowance"), problems) ?? 0n,
    byokFee: nanoAmount(raw?.byok_fee ?? "0", at("byok_fee"), problems) ?? 0n,
    unpriced: raw?.unpriced ?? "refuse",
    refusalCode: raw?.refusal_code ?? "insufficient_credits",
    fxDate: raw?.fx_date ?? null,
    fxSource: raw?.fx_source ?? null,
    plans: buildPlans(raw?.plans ?? {}, problems),
    alerts: raw?.alerts ?? null,
    invoice: buildInvoice(raw?.invoice),
    paymentFee: {
      percent: parseDecimal(raw?.payment_fee?.percent ?? "0"),
      fixed: nanoAmount(raw?.payment_fee?.fixed ?? "0", ["billing", "payment_fee", "fixed"], problems) ?? 0n,
    },
  };
}

function buildInvoice(raw: NonNullable<RawCatalog["billing"]>["invoice"]): InvoiceTerms {
  return {
    seller: raw?.seller ?? "",
    sellerTaxId: raw?.seller_tax_id ?? null,
    prefix: raw?.prefix ?? "INV-",
    creditNotePrefix: raw?.credit_note_prefix ?? "CN-",
    taxName: raw?.tax_name ?? "Tax",
    taxPercent: parseDecimal(raw?.tax_percent ?? "0"),
    taxIncluded: raw?.tax_included ?? false,
  };
}

function isTimeZone(name: string): boolean {
  // Spares the usual start the loading of the time zone tables.
  if (name === "UTC") return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function buildFx(raw: Record<string, string>, currency: string, problems: Problems): Map<string, Rational> {
  const fx = new Map<string, Rational>([["USD", ONE]]);
  for (const [name, text] of Object.entries(raw)) {
    const rate = parseDecimal(text);
    if (!/^[A-Z]{3}$/.test(name)) {
      problems.add(
        ["billing", "fx", name],
        `${JSON.stringify(name)} is no currency; write its three capitals, such as MYR`,
      );
    } else if (compare(rate, ZERO) <= 0) {
      problems.add(["billing", "fx", name], "must be more than 0: units of the currency per 1 USD");
    } else if (name === "USD" && compare(rate, ONE) !== 0) {
      problems.add(["billing", "fx", name], "1 USD is 1 USD; remove the line or write 1");
    } else fx.set(name, rate);
  }
  if (!fx.has(currency)) {
    const [nearest] = nearestNames(currency, fx.keys(), 1);
    const hint = nearest === undefined || nearest === "USD" ? "" : ` (or did you mean ${nearest}?)`;
    problems.add(
      ["billing", "currency"],
      `no rate for ${currency}; add billing.fx.${currency}, units per 1 USD${hint}`,
    );
    fx.set(currency, ONE);
  }
  return fx;
}

/** Markup of the file, or of LLM_MARKUP_PERCENT, which has the last word. */
function markup(text: string | undefined, env: Environment, problems: Problems): Rational {
  const override = env["LLM_MARKUP_PERCENT"];
  if (override !== undefined && override.trim() !== "") {
    if (/^[0-9]{1,6}(\.[0-9]{1,9})?$/.test(override.trim())) return parseDecimal(override);
    problems.add(
      ["billing", "markup_percent"],
      "LLM_MARKUP_PERCENT in the environment must be a decimal such as 30 or 12.5",
    );
  }
  return parseDecimal(text ?? "0");
}

function buildPlans(
  raw: NonNullable<NonNullable<RawCatalog["billing"]>["plans"]>,
  problems: Problems,
): Map<string, SubscriptionPlan> {
  const plans = new Map<string, SubscriptionPlan>();
  for (const [name, plan] of Object.entries(raw)) {
    const at = (key: string): Path => ["billing", "plans", name, key];
    plans.set(name, {
      name,
      includedCredit: nanoAmount(plan.included_credit, at("included_credit"), problems) ?? 0n,
      overage: plan.overage ?? "metered",
      creditLimit: nanoAmount(plan.credit_limit, at("credit_limit"), problems),
    });
  }
  return plans;
}

/** Whoever is told of balances is on the internet and reached by TLS, unless private networks are allowed for what is pushed. */
export function checkAlerts({ billing, features }: RawCatalog, problems: Problems): void {
  const text = billing?.alerts?.url;
  if (text === undefined) return;
  const url = URL.parse(text);
  const isFine = url !== null && url.username === "" && url.password === "";
  const isOpen = url?.protocol === "http:" && features?.private_sinks === true;
  if (isFine && (url.protocol === "https:" || isOpen)) return;
  problems.add(["billing", "alerts", "url"], "must be an https URL without user and password");
}
