import type { AccountRecord, KeyRecord } from "../../gates/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Balance } from "../../ledger/types.ts";
import { centsCeil, centsFloor, formatNano } from "../../lib/money.ts";
import { managementApp } from "../body.ts";
import { describe } from "../describe.ts";
import type { HttpDeps } from "../deps.ts";
import { identifyOwner } from "../identify.ts";

/** The wallet of the caller's account. */
export function creditRoutes(deps: HttpDeps) {
  return managementApp(deps).get(
    "/v1/credits",
    async ({ request, server }) => {
      const { account, key } = await identifyOwner(deps, request, server);
      return creditsView(await deps.ledger.balance(account.id), account, key);
    },
    describe("GET", "/v1/credits"),
  );
}

/**
 * Whole cents for clients that want integers (balance down, spend up), and the exact amounts beside them. The balance is wallet and grants; what
 * calls under way hold of it is `held`.
 */
export function creditsView(balance: Balance, account: AccountRecord, key: KeyRecord | null): JsonObject {
  const cap = key?.monthlyCap ?? account.monthlyCap;
  return {
    balance_cents: centsFloor(balance.wallet + balance.grants),
    this_month_spend_cents: centsCeil(balance.spentThisMonth),
    currency: balance.currency.toLowerCase(),
    monthly_limit_cents: cap === null ? null : centsFloor(cap),
    available_cents: centsFloor(balance.available),
    held_cents: centsCeil(balance.held),
    balance: formatNano(balance.wallet + balance.grants),
    wallet: formatNano(balance.wallet),
    grants: formatNano(balance.grants),
    held: formatNano(balance.held),
    available: formatNano(balance.available),
    this_month_spend: formatNano(balance.spentThisMonth),
    receivable: formatNano(balance.receivable),
  };
}
