import type { Catalog } from "../catalog/types.ts";
import { GatewayError } from "../ir/error.ts";
import type { Refusal } from "../ledger/types.ts";
import type { JsonValue } from "../lib/json.ts";
import { formatNano } from "../lib/money.ts";

/**
 * A refused reservation as the error that a client can act on. `largestOutput` is the largest output cap that would fit, when asking
 * for less would help.
 */
export function refusalToError(
  refusal: Refusal,
  catalog: Catalog,
  largestOutput: number | null,
  now: number,
): GatewayError {
  const { currency } = catalog.billing;
  const amounts = (values: Record<string, bigint>): Record<string, JsonValue> => ({
    currency,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, formatNano(value)])),
  });
  switch (refusal.kind) {
    case "insufficient": {
      const details = amounts({ available: refusal.available, needed: refusal.needed });
      if (largestOutput !== null && largestOutput > 0) details["largest_max_tokens"] = largestOutput;
      return payment(catalog, emptyWalletCode(catalog), insufficientText(refusal, currency, largestOutput), details);
    }
    case "held":
      return payment(
        catalog,
        "balance_held",
        "The balance is tied up by calls under way; retry when they have ended.",
        amounts({ available: refusal.available, held: refusal.held, needed: refusal.needed }),
        1,
      );
    case "key_cap":
    case "account_cap": {
      const whose = refusal.kind === "key_cap" ? "This key's" : "The account's";
      const details = amounts({ cap: refusal.cap, spent: refusal.spent });
      return capReached(catalog, `${whose} monthly cap is reached.`, refusal.resetsAt, details);
    }
    case "call_cap":
      return payment(
        catalog,
        "call_cap_exceeded",
        `This call could cost ${formatNano(refusal.needed)} ${currency}, more than the cap of ${formatNano(refusal.cap)} per call for this model.`,
        amounts({ cap: refusal.cap, needed: refusal.needed }),
      );
    case "quota":
      return payment(catalog, "quota_exceeded", "The subscription's quota for this period is used up.", {
        resets_at: new Date(refusal.resetsAt).toISOString(),
      });
    case "subscription_required":
      return payment(catalog, "subscription_required", "No active subscription covers this call.", {});
    case "daily_messages":
      return dailyLimit(refusal.limit, refusal.resetsAt, now);
    case "unavailable":
      return new GatewayError({
        status: 503,
        code: "internal_error",
        message: "The ledger can't be written right now; nothing was charged. Retry later.",
        retryAfterSeconds: 1,
      });
  }
}

function payment(
  catalog: Catalog,
  code: GatewayError["code"],
  message: string,
  details: Record<string, JsonValue>,
  retryAfterSeconds?: number,
): GatewayError {
  return new GatewayError({
    status: 402,
    code,
    message,
    details,
    ...(catalog.access.errorStyle === "wallet" ? {} : { type: "billing_error" }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function capReached(
  catalog: Catalog,
  text: string,
  resetsAt: number,
  details: Record<string, JsonValue>,
): GatewayError {
  const date = new Date(resetsAt).toISOString();
  return payment(catalog, "monthly_cap_reached", `${text} It resets at ${date}.`, { ...details, resets_at: date });
}

/** Wallet style has one code for "pay first"; the others tell an empty wallet from a reached cap. */
function emptyWalletCode(catalog: Catalog): GatewayError["code"] {
  return (
    catalog.billing.refusalCode ??
    (catalog.access.errorStyle === "wallet" ? "monthly_cap_reached" : "insufficient_credits")
  );
}

function insufficientText(
  refusal: Extract<Refusal, { kind: "insufficient" }>,
  currency: string,
  largestOutput: number | null,
): string {
  const base = `This call could cost ${formatNano(refusal.needed)} ${currency}; ${formatNano(refusal.available)} ${currency} are available.`;
  return largestOutput !== null && largestOutput > 0
    ? `${base} An output cap of at most ${largestOutput} tokens would fit.`
    : base;
}

function dailyLimit(limit: number, resetsAt: number, now: number): GatewayError {
  return new GatewayError({
    status: 429,
    code: "rate_limited",
    message: `${limit} messages per day; the count resets at ${new Date(resetsAt).toISOString()}.`,
    retryAfterSeconds: Math.max(1, Math.ceil((resetsAt - now) / 1000)),
    details: { kind: "usage" },
  });
}
