/** Customers of a large database, a few large and many small, and calls of theirs as the ledger makes them. */
import { priceUsage, worstCasePrice } from "../../src/ledger/price.ts";
import type { BookLedger } from "../../src/ledger/ledger.ts";
import type { AuditRecordInput } from "../../src/ledger/types.ts";
import type { Usage } from "../../src/ir/usage.ts";
import { newId } from "../../src/lib/ids.ts";
import { PIN } from "../ledger/call.ts";

const DAY_MS = 86_400_000;
const ACCOUNTS = 500;
const KEYS_EACH = 3;
const MODELS = 20;
export interface Customer {
  account: string;
  keys: readonly string[];
}

const ids = (prefix: string, count: number): string[] => Array.from({ length: count }, () => newId(prefix));

export const makeCustomers = (): Customer[] =>
  ids("acct", ACCOUNTS).map((account) => ({ account, keys: ids("key", KEYS_EACH) }));

/** Of `count` things, the first far more often than the last: a third of all calls are of the largest account. */
const skewed = (count: number): number => Math.floor(count * Math.random() ** 5.5);

export const pickCustomer = (customers: readonly Customer[]): Customer => customers[skewed(customers.length)]!;

export const pickModelAndKey = ({ keys }: Customer): { model: string; keyId: string } => ({
  model: `model-${skewed(MODELS)}`,
  keyId: keys[skewed(KEYS_EACH)]!,
});

/** What the ledger's clock shows while it is filled. */
export interface MovingClock {
  now: number;
}

/** Credit and grants for all, and a call of each, so that all books are there. */
export async function open(ledger: BookLedger, customers: readonly Customer[], clock: MovingClock): Promise<void> {
  const opened = customers.map(async (customer) => {
    const credit = { accountId: customer.account, reason: "bench", idempotencyKey: null };
    await ledger.credit({ ...credit, amount: 10n ** 15n, kind: "topup", expiresAt: null });
    for (let month = 1; month <= 12; month += 1) {
      await ledger.credit({ ...credit, amount: 10n ** 7n, kind: "grant", expiresAt: clock.now + month * 31 * DAY_MS });
    }
    await anyCall(ledger, customer, newId("req"), clock.now);
  });
  await Promise.all(opened);
}

/** One call: nine of ten are charged, some were refused, some came to nothing. */
export async function anyCall(ledger: BookLedger, customer: Customer, requestId: string, now: number): Promise<void> {
  const { model, keyId } = pickModelAndKey(customer);
  const audit = auditOf(requestId, customer.account, keyId, model, now);
  const lot = Math.random();
  if (lot < 0.05) return ledger.record({ ...audit, status: 402, errorCode: "insufficient_credits", streamState: null });
  const reservation = await ledger.reserve(requestOf(requestId, customer.account, keyId, model));
  if (!reservation.ok) throw new Error(reservation.refusal.kind);
  await reservation.durable;
  const { id } = reservation.hold;
  if (lot < 0.1) {
    await ledger.void(id, "provider failed", { ...audit, status: 503, errorCode: "provider_error", streamState: null });
    return;
  }
  const usage = someUsage();
  const price = priceUsage(usage, PIN, { requestedTier: null });
  await ledger.settle(id, { usage, source: "provider", pin: PIN, price, absorb: false, audit });
}

export const someUsage = (): Usage => ({
  tokens: { input: 200 + skewed(20_000), cached_input: skewed(500), output: 1 + skewed(3_000) },
  reasoningKnown: false,
  fees: {},
  variant: {},
});

export const WORST = worstCasePrice({
  pin: PIN,
  inputTokens: 20_200,
  outputTokens: 3_000,
  modifiers: [],
  fees: {},
  images: 0,
});

function requestOf(requestId: string, accountId: string, keyId: string, model: string) {
  return {
    requestId,
    accountId,
    keyId,
    amount: WORST,
    free: false,
    keyMonthlyCap: null,
    accountMonthlyCap: null,
    callCap: null,
    dailyMessages: null,
    charge: "wallet",
    streamed: true,
    context: { model, provider: "openai", endpoint: "/v1/chat/completions", dialect: "openai-chat" },
    pin: PIN,
  } as const;
}

export function auditOf(
  requestId: string,
  accountId: string,
  keyId: string,
  model: string,
  time: number,
): AuditRecordInput {
  return {
    requestId,
    time,
    accountId,
    keyId,
    endpoint: "/v1/chat/completions",
    dialect: "openai-chat",
    operation: "generate",
    modelAsked: model,
    modelServed: model,
    provider: `provider-${model.length % 3}`,
    tier: "paid",
    routeReason: "model",
    attempts: 1,
    latencyMs: 1_234,
    ttftMs: 321,
    status: 200,
    errorCode: null,
    streamState: "completed",
    stream: true,
    losses: [],
    credential: "operator",
  };
}
