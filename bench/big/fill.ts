/** A database as it looks after a year: many calls of some large and many small accounts, made by the ledger itself. */
import { priceUsage, worstCasePrice } from "../../src/ledger/price.ts";
import type { BookLedger } from "../../src/ledger/ledger.ts";
import type { AuditRecordInput, PricePin } from "../../src/ledger/types.ts";
import { newId } from "../../src/lib/ids.ts";
import { PIN } from "../ledger/call.ts";

const DAY_MS = 86_400_000;
const ACCOUNTS = 500;
const KEYS_EACH = 3;
const MODELS = 20;
/** Calls under way at a time: as many share a transaction. */
const CALLERS = 4_000;

export interface Shape {
  calls: number;
  /** ms since the epoch; the calls lie evenly between. */
  from: number;
  to: number;
}

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

/** What the ledger's clock shows while it is filled. */
export interface MovingClock {
  now: number;
}

/** Credit and monthly grants for all, then the calls, in the order of time. Gives some of their request ids. */
export async function fill(
  ledger: BookLedger,
  customers: readonly Customer[],
  clock: MovingClock,
  { calls, from, to }: Shape,
  onProgress: (done: number) => void,
): Promise<string[]> {
  clock.now = from;
  for (const { account } of customers) {
    const credit = { accountId: account, reason: "bench", idempotencyKey: null };
    await ledger.credit({ ...credit, amount: 10n ** 15n, kind: "topup", expiresAt: null });
    for (let month = 0; month < 12; month += 1) {
      await ledger.credit({ ...credit, amount: 10n ** 7n, kind: "grant", expiresAt: to + month * DAY_MS });
    }
  }
  const sample: string[] = [];
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < calls) {
      const index = begun++;
      clock.now = Math.floor(from + ((to - from) * index) / calls);
      const requestId = newId("req");
      if (index % 997 === 0) sample.push(requestId);
      if (index % 100_000 === 0) onProgress(index);
      await anyCall(ledger, pickCustomer(customers), requestId, clock.now);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return sample;
}

/** One call: nine of ten are charged, some were refused, some came to nothing. */
export async function anyCall(ledger: BookLedger, customer: Customer, requestId: string, now: number): Promise<void> {
  const model = `model-${skewed(MODELS)}`;
  const keyId = customer.keys[skewed(KEYS_EACH)]!;
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
  const usage = {
    tokens: { input: 200 + skewed(20_000), cached_input: skewed(500), output: 1 + skewed(3_000) },
    reasoningKnown: false,
    fees: {},
    variant: {},
  };
  const price = priceUsage(usage, PIN, { requestedTier: null });
  await ledger.settle(id, { usage, source: "provider", pin: PIN, price, absorb: false, audit });
}

const WORST = worstCasePrice({
  pin: PIN,
  inputTokens: 20_200,
  outputTokens: 3_000,
  modifiers: [],
  fees: {},
  images: 0,
});

function requestOf(requestId: string, accountId: string, keyId: string, model: string) {
  const pin: PricePin = PIN;
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
    context: { model, provider: "openai", endpoint: "/v1/chat/completions", dialect: "openai-chat" },
    pin,
  } as const;
}

function auditOf(requestId: string, accountId: string, keyId: string, model: string, time: number): AuditRecordInput {
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
