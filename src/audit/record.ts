import type { JsonObject } from "../lib/json.ts";
import { rawNumber } from "../lib/json.ts";
import { formatCents, formatNano } from "../lib/money.ts";
import type { AuditMoney } from "../ledger/storage.ts";
import type { AuditRecordInput } from "../ledger/types.ts";

/** The audit record of a call as it is stored, hashed and shown. `provider_cost_usd` is for operators only (`forCustomer`). */
export function auditRecord(input: AuditRecordInput, money: AuditMoney): JsonObject {
  const { tokens } = money;
  return {
    request_id: input.requestId,
    time: new Date(input.time).toISOString(),
    account_id: input.accountId,
    key_id: input.keyId,
    endpoint: input.endpoint,
    dialect: input.dialect,
    operation: input.operation,
    model_asked: input.modelAsked,
    model: input.modelServed,
    provider: input.provider,
    credential: input.credential,
    tier: input.tier,
    route_reason: input.routeReason,
    attempts: input.attempts,
    tokens,
    tokens_input: tokens["input"] ?? 0,
    tokens_output: tokens["output"] ?? 0,
    usage_source: money.usageSource,
    price_version: money.priceVersion,
    cost_usd: rawNumber(money.costUsd),
    provider_cost_usd: rawNumber(money.providerCostUsd),
    charged: formatNano(money.charged),
    cost_cents: rawNumber(formatCents(money.charged)),
    currency: money.currency,
    latency_ms: input.latencyMs,
    ttft_ms: input.ttftMs,
    status: input.status,
    error_code: input.errorCode,
    stream: input.stream,
    stream_state: input.streamState,
    losses: input.losses,
  };
}

/** What an account may see of a record. */
export function forCustomer(record: JsonObject): JsonObject {
  const { provider_cost_usd: _operatorOnly, ...shown } = record;
  return shown;
}
