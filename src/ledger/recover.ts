import { formatNano } from "../lib/money.ts";
import { divide, parseDecimal, rational } from "../lib/rational.ts";
import { auditTokens, noMoney } from "./audit-money.ts";
import { decimalText } from "./decimal.ts";
import { charge, type Outcome, voidedOutcome } from "./settling.ts";
import type { LedgerState, OpenHold } from "./state.ts";
import type { AuditMoney, StoredHold } from "./storage.ts";
import type { AuditRecordInput, PriceLine } from "./types.ts";

export interface Recovery {
  outcome: Outcome;
  audit: AuditRecordInput;
  money: AuditMoney;
}

/**
 * How a hold ends that its call can't end any more (the process died, or the call was lost): at its last checkpoint, which is what the client
 * had been given by then; without one nothing had been delivered, so nothing is charged.
 */
export function recoverHold(
  state: LedgerState,
  hold: OpenHold,
  at: { now: number; currency: string; reason: string; end: "recovered" | "expired" },
): Recovery {
  const { stored } = hold;
  const { checkpoint } = stored;
  const audit = auditOf(stored, at);
  if (checkpoint === null) {
    const outcome = voidedOutcome(`${at.reason}; nothing had been delivered`);
    return {
      outcome: at.end === "expired" ? { ...outcome, state: "expired" } : outcome,
      audit,
      money: noMoney(at.currency),
    };
  }
  const sums = charge(state, hold, checkpoint.charge, at.now);
  const outcome: Outcome = {
    ...sums,
    state: at.end === "expired" ? "expired" : "settled",
    detail: {
      usage: checkpoint.usage,
      source: checkpoint.source,
      priceVersion: stored.pin?.priceVersion ?? null,
      basis: null,
      lines: [deliveredLine(checkpoint.charge, at.currency)],
      reason: `${at.reason}; settled at the last checkpoint`,
    },
  };
  return { outcome, audit, money: moneyOf(stored, sums.charged, at.currency) };
}

/** One line for all: the price row itself is no longer known. */
function deliveredLine(nano: bigint, currency: string): PriceLine {
  const amount = formatNano(nano);
  return { kind: "call", name: "delivered up to the last checkpoint", quantity: 1, unitUsd: amount, amount, currency };
}

/** Costs in USD from the checkpoint's charge, by the pinned FX and markup. */
function moneyOf({ checkpoint, pin }: StoredHold, charged: bigint, currency: string): AuditMoney {
  const empty = noMoney(currency);
  if (checkpoint === null) return empty;
  const told = { ...empty, charged, tokens: auditTokens(checkpoint.usage), usageSource: checkpoint.source };
  if (pin === null) return told;
  const customer = divide(rational(checkpoint.charge, 1_000_000_000n), parseDecimal(pin.fx));
  const markup = parseDecimal(pin.markupPercent);
  const provider = divide(customer, rational(100n * markup.den + markup.num, 100n * markup.den));
  return {
    ...told,
    priceVersion: pin.priceVersion,
    costUsd: decimalText(customer),
    providerCostUsd: decimalText(provider),
  };
}

function auditOf(hold: StoredHold, at: { now: number }): AuditRecordInput {
  const text = (name: string): string | null => {
    const value = hold.context[name];
    return typeof value === "string" ? value : null;
  };
  const operation = text("operation");
  return {
    requestId: hold.requestId,
    time: hold.createdAt,
    accountId: hold.accountId,
    keyId: hold.keyId,
    endpoint: text("endpoint") ?? "",
    dialect: text("dialect") ?? "",
    operation: operation === "embed" || operation === "image" || operation === "count" ? operation : "generate",
    modelAsked: text("model_asked"),
    modelServed: text("model"),
    provider: text("provider"),
    tier: text("tier") ?? "",
    routeReason: text("route_reason"),
    attempts: 1,
    latencyMs: Math.max(0, at.now - hold.createdAt),
    ttftMs: null,
    status: hold.checkpoint === null ? 503 : 200,
    errorCode: hold.checkpoint === null ? "internal_error" : null,
    streamState: "shutdown",
    stream: hold.context["stream"] === true,
    losses: [],
    credential: hold.free ? null : "operator",
  };
}
