import { type Static, t } from "elysia";
import { invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatNano } from "../../lib/money.ts";
import type { Subscription } from "../../ledger/types.ts";
import type { HttpDeps } from "../deps.ts";
import { readTime } from "../times.ts";
import { findAccount, findOpenAccount } from "./accounts.ts";

export const subscriptionSchema = t.Object(
  {
    plan: t.String({ minLength: 1, maxLength: 100, description: "Plan of the catalog" }),
    anchor_at: t.Optional(
      t.String({ maxLength: 40, description: "ISO 8601; periods begin on this day. Default: now" }),
    ),
    ends_at: t.Optional(
      t.Union([t.String({ maxLength: 40, description: "ISO 8601; no period begins at or after this" }), t.Null()]),
    ),
  },
  { additionalProperties: false },
);

/**
 * Begins or changes the subscription of an account by a plan of the catalog, whose terms are copied: a later edit of the catalog changes
 * nothing that was agreed. Throws GatewayError 400 for an unknown plan, 409 for a closed account.
 */
export async function setSubscription(
  deps: HttpDeps,
  accountId: string,
  input: Static<typeof subscriptionSchema>,
): Promise<JsonObject> {
  findOpenAccount(deps, accountId);
  const { plans } = deps.catalog().billing;
  const plan = plans?.get(input.plan);
  if (plan === undefined) {
    const names = [...(plans?.keys() ?? [])].join(", ");
    throw invalidRequest(
      "plan",
      names === "" ? "The catalog has no plans." : `No such plan; the catalog has ${names}.`,
    );
  }
  const terms = deps.ledger.terms(accountId);
  const anchorAt =
    input.anchor_at === undefined
      ? (terms.subscription?.anchorAt ?? deps.clock.now())
      : readTime("anchor_at", input.anchor_at);
  const endsAt = input.ends_at === undefined || input.ends_at === null ? null : readTime("ends_at", input.ends_at);
  if (endsAt !== null && endsAt <= anchorAt) throw invalidRequest("ends_at", "ends_at must lie after anchor_at.");
  const { name, includedCredit, overage, creditLimit } = plan;
  const subscription = { plan: name, includedCredit, overage, anchorAt, endsAt };
  await deps.ledger.setTerms({ ...terms, subscription, creditLimit });
  return subscriptionView(deps, accountId);
}

/** No further period begins; the credit of the running one stays until its end. */
export async function endSubscription(deps: HttpDeps, accountId: string): Promise<JsonObject> {
  findAccount(deps, accountId);
  const terms = deps.ledger.terms(accountId);
  if (terms.subscription !== null) {
    const endsAt = Math.max(deps.clock.now(), terms.subscription.anchorAt + 1);
    await deps.ledger.setTerms({ ...terms, subscription: { ...terms.subscription, endsAt } });
  }
  return subscriptionView(deps, accountId);
}

/** An account's subscription and credit limit. Throws GatewayError 404. */
export function subscriptionView(deps: HttpDeps, accountId: string): JsonObject {
  const { subscription, creditLimit } = deps.ledger.terms(findAccount(deps, accountId).id);
  return {
    object: "subscription",
    account_id: accountId,
    ...termsOf(subscription),
    credit_limit: creditLimit === null ? null : formatNano(creditLimit),
    currency: deps.catalog().billing.currency,
  };
}

function termsOf(subscription: Subscription | null): JsonObject {
  if (subscription === null) return { plan: null };
  const { plan, includedCredit, overage, anchorAt, endsAt } = subscription;
  return {
    plan,
    included_credit: formatNano(includedCredit),
    overage,
    anchor_at: new Date(anchorAt).toISOString(),
    ends_at: endsAt === null ? null : new Date(endsAt).toISOString(),
  };
}
