import { type Static, t } from "elysia";
import type { AccountRecord } from "../../gates/types.ts";
import { GatewayError, invalidRequest } from "../../ir/error.ts";
import type { Balance } from "../../ledger/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import { amountSchema, readAmount } from "../amounts.ts";
import type { HttpDeps } from "../deps.ts";
import { idempotencyKeyOf, idempotencyKeySchema } from "../idempotency-key.ts";
import { creditDetails, creditsView } from "../routes/credits.ts";
import { readTime } from "../times.ts";
import { findAccount } from "./accounts.ts";

export const creditSchema = t.Object(
  {
    amount: amountSchema,
    currency: t.Optional(t.String({ maxLength: 10, description: "Must be the ledger's currency" })),
    kind: t.Optional(
      t.Union([t.Literal("topup"), t.Literal("grant"), t.Literal("refund"), t.Literal("adjust")], {
        description: "topup (default), grant, refund, or adjust, which may be negative",
      }),
    ),
    reason: t.Optional(t.String({ maxLength: 500 })),
    idempotency_key: idempotencyKeySchema,
    expires_at: t.Optional(t.String({ maxLength: 40, description: "For grants: ISO 8601" })),
  },
  { additionalProperties: false },
);

/** Adds credit to an account. Throws GatewayError 400, 404, 409 for a closed account and for a key that was used for another credit. */
export async function addCredit(
  deps: HttpDeps,
  request: Request,
  accountId: string,
  input: Static<typeof creditSchema>,
): Promise<JsonObject> {
  const account = findAccount(deps, accountId);
  const { currency } = deps.catalog().billing;
  if (input.currency !== undefined && input.currency.toUpperCase() !== currency) {
    throw invalidRequest("currency", `The ledger's currency is ${currency}.`);
  }
  const kind = input.kind ?? "topup";
  if (account.status === "closed" && (kind === "topup" || kind === "grant")) {
    throw new GatewayError({ status: 409, code: "conflict", message: "This account is closed." });
  }
  const amount = readAmount("amount", input.amount, { negative: kind === "adjust" });
  if (amount === 0n) throw invalidRequest("amount", "amount must not be 0.");
  if (input.expires_at !== undefined && kind !== "grant") throw invalidRequest("expires_at", "Only grants expire.");
  const expiresAt = input.expires_at === undefined ? null : readTime("expires_at", input.expires_at);
  if (expiresAt !== null && expiresAt <= deps.clock.now()) {
    throw invalidRequest("expires_at", "expires_at must lie in the future.");
  }
  const balance = await deps.ledger.credit({
    accountId,
    amount,
    kind,
    reason: input.reason ?? kind,
    idempotencyKey: idempotencyKeyOf(request, input.idempotency_key),
    expiresAt,
  });
  return creditsOf(account, balance);
}

/** The credit of an account, with the exact amounts. */
export function creditsOf(account: AccountRecord, balance: Balance): JsonObject {
  return {
    object: "credits",
    account_id: account.id,
    ...creditsView(balance, account, null),
    ...creditDetails(balance),
  };
}

export const refundSchema = t.Object(
  {
    amount: t.Optional(amountSchema),
    reason: t.Optional(t.String({ maxLength: 500 })),
    idempotency_key: idempotencyKeySchema,
  },
  { additionalProperties: false },
);

/** Gives back what is left of a call's charge, or `amount` of it. Throws GatewayError 404 for an unknown call, 400 for more than is left. */
export async function refundCall(
  deps: HttpDeps,
  request: Request,
  requestId: string,
  input: Static<typeof refundSchema>,
): Promise<JsonObject> {
  const amount = input.amount === undefined ? null : readAmount("amount", input.amount);
  const balance = await deps.invoicing.refund({
    requestId,
    amount,
    reason: input.reason ?? "refund",
    idempotencyKey: idempotencyKeyOf(request, input.idempotency_key),
  });
  return creditsOf(findAccount(deps, balance.accountId), balance);
}
