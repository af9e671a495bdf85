import type { AccountRecord, KeyRecord } from "../../gates/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Balance } from "../../ledger/types.ts";
import { centsCeil, centsFloor, formatNano } from "../../lib/money.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { queryOf } from "../peer.ts";

/** The wallet of the caller's account; the exact amounts behind it with `?details=true`. */
export function creditRoutes(deps: HttpDeps) {
  return ownerApp(deps).get("/v1/credits", async ({ principal: { account, key }, request }) => {
    const balance = await deps.ledger.balance(account.id);
    const view = creditsView(balance, account, key);
    const details = new URLSearchParams(queryOf(request.url)).get("details") === "true";
    return details ? { ...view, ...creditDetails(balance) } : view;
  });
}

/**
 * Whole cents: the balance (wallet and grants, held amounts still in it) rounded down, the spend of this month rounded up, and the lower one
 * of the caps of key and account.
 */
export function creditsView(balance: Balance, account: AccountRecord, key: KeyRecord | null): JsonObject {
  const caps = [key?.monthlyCap, account.monthlyCap].filter((cap) => cap !== null && cap !== undefined);
  return {
    balance_cents: centsFloor(balance.wallet + balance.grants),
    this_month_spend_cents: centsCeil(balance.spentThisMonth),
    currency: balance.currency.toLowerCase(),
    monthly_limit_cents:
      caps.length === 0 ? null : centsFloor(caps.reduce((least, cap) => (cap < least ? cap : least))),
  };
}

/** Exact amounts of the ledger currency: what calls under way hold is `held`, what they leave is `available`. */
export function creditDetails(balance: Balance): JsonObject {
  return {
    balance: formatNano(balance.wallet + balance.grants),
    wallet: formatNano(balance.wallet),
    grants: formatNano(balance.grants),
    held: formatNano(balance.held),
    available: formatNano(balance.available),
    this_month_spend: formatNano(balance.spentThisMonth),
    receivable: formatNano(balance.receivable),
  };
}
