import { type Static, t } from "elysia";
import { newAccount } from "../../gates/new-records.ts";
import type { AccountRecord } from "../../gates/types.ts";
import { conflict, invalidRequest, notFound } from "../../ir/error.ts";
import { LARGEST_CREDIT } from "../../ledger/credits.ts";
import type { AccountTerms } from "../../ledger/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatNano, type Nano } from "../../lib/money.ts";
import { parseDecimal } from "../../lib/rational.ts";
import { amountSchema, readAmount } from "../amounts.ts";
import type { HttpDeps } from "../deps.ts";

const fields = {
  tier: t.Optional(t.Union([t.String({ maxLength: 100 }), t.Null()], { description: "Tier of the catalog" })),
  monthly_cap: t.Optional(t.Union([amountSchema, t.Null()])),
  markup_percent: t.Optional(
    t.Union([t.String({ maxLength: 20 }), t.Number(), t.Null()], { description: "Instead of the catalog's" }),
  ),
  own_providers_only: t.Optional(t.Boolean({ description: "Only provider keys of the account's own may serve it" })),
  credit_limit: t.Optional(
    t.Union([amountSchema, t.Null()], { description: "Most that may stand to be paid; null = no bound" }),
  ),
  low_balance: t.Optional(
    t.Union([amountSchema, t.Null()], { description: "Balance under which `billing.alerts` is told; null = never" }),
  ),
};
export const newAccountSchema = t.Object(
  { name: t.String({ minLength: 1, maxLength: 200 }), ...fields },
  { additionalProperties: false },
);
export const accountChangeSchema = t.Object(
  {
    name: t.Optional(t.String({ minLength: 1, maxLength: 200 })),
    status: t.Optional(t.Union([t.Literal("active"), t.Literal("disabled"), t.Literal("closed")])),
    ...fields,
  },
  { additionalProperties: false },
);
type AccountInput = Static<typeof accountChangeSchema>;
type AccountChange = Partial<Omit<AccountRecord, "id" | "createdAt">>;

/** Makes an account, and its view. Throws GatewayError 400. Durable when it resolves. */
export async function createAccount(deps: HttpDeps, input: Static<typeof newAccountSchema>): Promise<JsonObject> {
  const account = newAccount(input.name, deps.clock.now(), readInput(deps, input));
  const terms = readTerms(input);
  await deps.keys.insertAccount(account);
  await changeTerms(deps, account.id, terms);
  return accountView(deps, account);
}

/** Closing is final, and waits for the calls under way: 409 until the last has ended. */
export async function changeAccount(deps: HttpDeps, id: string, input: AccountInput): Promise<JsonObject> {
  const account = findAccount(deps, id);
  const change = readInput(deps, input);
  const terms = readTerms(input);
  if (account.status === "closed" && change.status !== "closed") throw conflict("This account is closed.");
  if (change.status === "closed" && deps.ledger.openCalls(id) > 0) {
    throw conflict("Calls of this account are under way; disable it first and close it when they have ended.");
  }
  const updated = await deps.keys.updateAccount(id, change);
  await changeTerms(deps, id, terms);
  return accountView(deps, updated ?? account);
}

type TermsChange = Partial<Pick<AccountTerms, "creditLimit" | "lowBalance">>;

function readTerms({ credit_limit: limit, low_balance: low }: AccountInput): TermsChange {
  const change: TermsChange = {};
  if (limit !== undefined) change.creditLimit = limit === null ? null : readTerm("credit_limit", limit);
  if (low !== undefined) change.lowBalance = low === null ? null : readTerm("low_balance", low);
  return change;
}

function readTerm(field: string, value: string | number): Nano {
  const amount = readAmount(field, value);
  if (amount <= LARGEST_CREDIT) return amount;
  throw invalidRequest(field, `${field} must be at most ${formatNano(LARGEST_CREDIT)}.`);
}

async function changeTerms(deps: HttpDeps, id: string, change: TermsChange): Promise<void> {
  if (Object.keys(change).length > 0) await deps.ledger.setTerms({ ...deps.ledger.terms(id), ...change });
}

/** Throws GatewayError 404. */
export function findAccount(deps: HttpDeps, id: string): AccountRecord {
  const account = deps.keys.findAccount(id);
  if (account !== null) return account;
  throw notFound("No such account.", "id");
}

/** The same, and 409 for one that is closed: nothing new is given to it. */
export function findOpenAccount(deps: HttpDeps, id: string): AccountRecord {
  const account = findAccount(deps, id);
  if (account.status === "closed") throw conflict("This account is closed.");
  return account;
}

function readInput(deps: HttpDeps, input: AccountInput): AccountChange {
  const change: AccountChange = {};
  if (input.name !== undefined) change.name = input.name;
  if (input.status !== undefined) change.status = input.status;
  if (input.own_providers_only !== undefined) change.ownProvidersOnly = input.own_providers_only;
  if (input.tier !== undefined) change.tier = checkTier(deps, input.tier);
  if (input.markup_percent !== undefined) change.markupPercent = checkPercent(input.markup_percent);
  if (input.monthly_cap !== undefined) {
    change.monthlyCap = input.monthly_cap === null ? null : readAmount("monthly_cap", input.monthly_cap);
  }
  return change;
}

function checkTier(deps: HttpDeps, tier: string | null): string | null {
  const { tiers } = deps.catalog().access;
  if (tier === null || tiers.has(tier)) return tier;
  throw invalidRequest("tier", `No such tier; the catalog has ${[...tiers.keys()].join(", ")}.`);
}

/** A number counts by its shortest text, as with amounts. */
function checkPercent(value: string | number | null): string | null {
  if (value === null) return null;
  const text = String(value);
  try {
    if (parseDecimal(text).num >= 0n) return text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalidRequest("markup_percent", 'markup_percent must be a plain decimal of at least 0, such as "30".');
}

/** An account as operators see it; amounts as decimals in the ledger currency. */
export function accountView(deps: HttpDeps, account: AccountRecord): JsonObject {
  const { creditLimit, lowBalance } = deps.ledger.terms(account.id);
  return {
    id: account.id,
    object: "account",
    name: account.name,
    tier: account.tier,
    status: account.status,
    monthly_cap: account.monthlyCap === null ? null : formatNano(account.monthlyCap),
    markup_percent: account.markupPercent,
    own_providers_only: account.ownProvidersOnly,
    credit_limit: creditLimit === null ? null : formatNano(creditLimit),
    low_balance: lowBalance === null ? null : formatNano(lowBalance),
    created_at: new Date(account.createdAt).toISOString(),
  };
}
