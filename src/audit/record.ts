import type { AuditMoney } from "../ledger/storage.ts";
import type { AuditRecordInput } from "../ledger/types.ts";
import { type JsonObject, type JsonValue, parseJson, rawNumber } from "../lib/json.ts";
import { formatCents, formatNano } from "../lib/money.ts";

/** Fields of a stored record, in the order in which they stand in its JSON array. Append only: old rows must stay readable. */
export const STORED_FIELDS = [
  "request_id",
  "time",
  "account_id",
  "key_id",
  "endpoint",
  "dialect",
  "operation",
  "model_asked",
  "model",
  "provider",
  "credential",
  "tier",
  "route_reason",
  "attempts",
  "input",
  "cached",
  "cache_write",
  "output",
  "reasoning",
  "usage_source",
  "price_version",
  "cost_usd",
  "provider_cost_usd",
  "charged",
  "currency",
  "latency_ms",
  "ttft_ms",
  "status",
  "error_code",
  "stream",
  "stream_state",
  "losses",
] as const;
export type StoredField = (typeof STORED_FIELDS)[number];

const POSITIONS: ReadonlyMap<string, number> = new Map(STORED_FIELDS.map((name, position) => [name, position]));

/** Place of a field in a stored record. */
export const positionOf = (name: StoredField): number => POSITIONS.get(name) ?? 0;

/** The record of a call as it is stored and hashed: an array, since names would be half of its bytes. Amounts are texts. */
export function encodeRecord(input: AuditRecordInput, money: AuditMoney): string {
  const { tokens } = money;
  return JSON.stringify([
    input.requestId,
    input.time,
    input.accountId,
    input.keyId,
    input.endpoint,
    input.dialect,
    input.operation,
    input.modelAsked,
    input.modelServed,
    input.provider,
    input.credential,
    input.tier,
    input.routeReason,
    input.attempts,
    tokens.input,
    tokens.cached,
    tokens.cacheWrite,
    tokens.output,
    tokens.reasoning,
    money.usageSource,
    money.priceVersion,
    money.costUsd,
    money.providerCostUsd,
    money.charged.toString(),
    money.currency,
    input.latencyMs,
    input.ttftMs,
    input.status,
    input.errorCode,
    input.stream,
    input.streamState,
    input.losses,
  ]);
}

/** A stored record as it is shown. `provider_cost_usd` is for operators only (`forCustomer`). Throws SyntaxError on damaged text. */
export function decodeRecord(body: string): JsonObject {
  const values = parseJson(body) as JsonValue[];
  const at = (name: StoredField): JsonValue => values[positionOf(name)] ?? null;
  const charged = BigInt(String(at("charged") ?? "0"));
  const record: JsonObject = {};
  for (const name of STORED_FIELDS) if (!REPLACED.has(name)) record[name] = at(name);
  return {
    ...record,
    time: new Date(Number(at("time"))).toISOString(),
    tokens: {
      input: at("input"),
      cached: at("cached"),
      cache_write: at("cache_write"),
      output: at("output"),
      reasoning: at("reasoning"),
    },
    tokens_input: at("input"),
    tokens_output: at("output"),
    cost_usd: rawNumber(String(at("cost_usd"))),
    provider_cost_usd: rawNumber(String(at("provider_cost_usd"))),
    charged: formatNano(charged),
    cost_cents: rawNumber(formatCents(charged)),
  };
}

/** Stored fields that are shown otherwise. */
const REPLACED: ReadonlySet<string> = new Set(["input", "cached", "cache_write", "output", "reasoning"]);

/** What an account may see of a record. */
export function forCustomer(record: JsonObject): JsonObject {
  const { provider_cost_usd: _operatorOnly, ...shown } = record;
  return shown;
}
