import type { BookLedger } from "../../src/ledger/ledger.ts";
import { priceUsage, worstCasePrice } from "../../src/ledger/price.ts";
import type { AuditRecordInput, PricePin } from "../../src/ledger/types.ts";
import type { PriceRow } from "../../src/catalog/types.ts";
import { TOKEN_CLASSES } from "../../src/ir/usage.ts";
import { parseDecimal, ZERO } from "../../src/lib/rational.ts";

export interface Caller {
  account: string;
  key: string;
}

const row: PriceRow = {
  version: "gpt-5@0123456789ab",
  effectiveFrom: 0,
  perMillion: new Map(TOKEN_CLASSES.map((name) => [name, parseDecimal(name.startsWith("output") ? "10.00" : "1.25")])),
  longContext: [],
  modifiers: new Map(),
  toolFees: new Map(),
  perImage: new Map(),
  perCall: ZERO,
  cacheWriteTtls: new Set(),
  free: false,
};
export const PIN: PricePin = { row, markupPercent: parseDecimal("30"), fx: parseDecimal("1"), currency: "USD" };
const WORST = { pin: PIN, inputTokens: 1_500, outputTokens: 4_096, modifiers: [], fees: {}, images: 0 };

/** One call as the gateway makes it: worst case, hold, price, settlement with receipt and audit row. Gives ms until hold and settlement were durable. */
export async function call(
  ledger: BookLedger,
  { account: accountId, key: keyId }: Caller,
  requestId: string,
): Promise<[hold: number, settle: number]> {
  const started = performance.now();
  const reservation = await ledger.reserve({
    requestId,
    accountId,
    keyId,
    amount: worstCasePrice(WORST),
    free: false,
    keyMonthlyCap: null,
    accountMonthlyCap: null,
    callCap: null,
    dailyMessages: null,
    charge: "wallet",
    streamed: true,
    context: CONTEXT,
    pin: PIN,
  });
  if (!reservation.ok) throw new Error(reservation.refusal.kind);
  await reservation.durable;
  const held = performance.now();
  const usage = {
    tokens: { input: 1_000, cached_input: 200, output: 300 },
    reasoningKnown: false,
    fees: {},
    variant: {},
  };
  const price = priceUsage(usage, PIN, { requestedTier: null });
  const audit = auditOf(requestId, accountId, keyId);
  await ledger.settle(reservation.hold.id, { usage, source: "provider", pin: PIN, price, absorb: false, audit });
  return [held - started, performance.now() - held];
}

const CONTEXT = {
  model: "gpt-5",
  provider: "openai",
  endpoint: "/v1/chat/completions",
  dialect: "openai-chat",
  model_asked: "gpt-5",
  tier: "paid",
  stream: true,
};

function auditOf(requestId: string, accountId: string, keyId: string): AuditRecordInput {
  return {
    requestId,
    time: Date.now(),
    accountId,
    keyId,
    endpoint: "/v1/chat/completions",
    dialect: "openai-chat",
    operation: "generate",
    modelAsked: "gpt-5",
    modelServed: "gpt-5",
    provider: "openai",
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
