import type { JsonObject } from "../lib/json.ts";
import { refusedMoney, type Settled } from "./settling.ts";
import { grantOf, receivableOf, walletOf } from "./state.ts";
import type { AuditMoney, OpenHold } from "./storage.ts";
import type { AuditRecordInput } from "./types.ts";

/**
 * How a hold that an earlier process left open ends: at its last checkpoint, which is what the client had been given by then, never more than
 * the hold; without one nothing had been delivered, so nothing is charged.
 */
export function planRecovery(
  hold: OpenHold,
  now: number,
  currency: string,
): { settled: Settled; audit: AuditRecordInput; money: AuditMoney } {
  const { checkpoint } = hold;
  const charged = checkpoint === null ? 0n : checkpoint.charge < hold.amount ? checkpoint.charge : hold.amount;
  let left = charged;
  const transfers = hold.sources.flatMap(({ source, amount }) => {
    const taken = amount < left ? amount : left;
    left -= taken;
    return taken === 0n ? [] : [{ debit: bookOf(hold.accountId, source), credit: "operator:revenue", amount: taken }];
  });
  const body: JsonObject =
    checkpoint === null
      ? { reason: "the process ended before anything was delivered" }
      : {
          reason: "the process ended; settled at the last checkpoint",
          usage: checkpoint.usage,
          source: checkpoint.source,
        };
  const settled: Settled = {
    state: checkpoint === null ? "voided" : "settled",
    charged,
    absorbed: 0n,
    extended: 0n,
    overrun: 0n,
    at: now,
    transfers,
    body,
  };
  return { settled, audit: auditOf(hold, now), money: { ...refusedMoney(currency), charged } };
}

function bookOf(accountId: string, source: string): string {
  if (source === "wallet") return walletOf(accountId);
  return source === "receivable" ? receivableOf(accountId) : grantOf(source);
}

function auditOf(hold: OpenHold, now: number): AuditRecordInput {
  const text = (name: string): string | null => {
    const value = hold.context[name];
    return typeof value === "string" ? value : null;
  };
  return {
    requestId: hold.requestId,
    time: hold.createdAt,
    accountId: hold.accountId,
    keyId: hold.keyId,
    endpoint: text("endpoint") ?? "",
    dialect: text("dialect") ?? "",
    operation: "generate",
    modelAsked: text("model_asked"),
    modelServed: text("model"),
    provider: text("provider"),
    tier: text("tier") ?? "",
    routeReason: null,
    attempts: 1,
    latencyMs: Math.max(0, now - hold.createdAt),
    ttftMs: null,
    status: 200,
    errorCode: null,
    streamState: "shutdown",
    stream: hold.context["stream"] === true,
    losses: [],
    credential: "operator",
  };
}
