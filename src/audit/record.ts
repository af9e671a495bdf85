import type { Usage } from "../ir/usage.ts";
import type { AuditMoney, SettlementDetail, SettlementRow, StoredPart } from "../ledger/storage.ts";
import type { AuditRecordInput, LineBasis, PriceLine } from "../ledger/types.ts";
import { type JsonObject, type JsonValue, parseJson, rawNumber } from "../lib/json.ts";
import { type AsideTexts, withTexts } from "./aside.ts";
import { formatCents, formatNano } from "../lib/money.ts";

/** Fields of a stored record, in the order in which they stand in its JSON array. Append only: old rows must stay readable. */
const STORED_FIELDS = [
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
  "usage",
  "priced",
  "reason",
  "paid",
] as const;
export type StoredField = (typeof STORED_FIELDS)[number];

const POSITIONS: ReadonlyMap<string, number> = new Map(STORED_FIELDS.map((name, position) => [name, position]));

/** Place of a field in a stored record. */
export const positionOf = (name: StoredField): number => POSITIONS.get(name) ?? 0;

/**
 * The record of a call as it is stored and hashed: an array, since names would be half of its bytes. Amounts are texts. What its receipt is made of
 * comes last: usage, unit prices or lines, reason, and the books that paid. `digests` stand for texts that are kept aside.
 */
export function encodeRecord(
  input: AuditRecordInput,
  money: AuditMoney,
  ended: SettlementRow | null,
  digests: AsideTexts | null,
): string {
  const { tokens } = money;
  const detail = ended?.detail ?? null;
  const usage = detail?.usage ?? null;
  return JSON.stringify([
    input.requestId,
    input.time,
    input.accountId,
    input.keyId,
    input.endpoint,
    input.dialect,
    input.operation,
    digests === null ? input.modelAsked : digests.modelAsked,
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
    digests === null ? input.losses : digests.losses,
    usage === null ? null : [usage.tokens, usage.reasoningKnown, usage.fees, usage.variant],
    detail === null ? null : (detail.basis ?? detail.lines),
    detail?.reason ?? null,
    ended?.paid.map(({ book, amount }) => [book, amount.toString()]) ?? [],
  ]);
}

/** The settling half of a stored record. */
export interface StoredEnd {
  keyId: string | null;
  detail: SettlementDetail;
  paid: StoredPart[];
}

/** Reads what encodeRecord wrote of the settlement. Throws SyntaxError on damaged text. */
export function decodeEnd(body: string): StoredEnd {
  const values = JSON.parse(body) as unknown[];
  const at = <T>(name: StoredField): T => values[positionOf(name)] as T;
  const used = at<UsageRow | null>("usage");
  const priced = at<LineBasis | PriceLine[] | null>("priced");
  const isBasis = priced !== null && !Array.isArray(priced);
  return {
    keyId: at("key_id"),
    detail: {
      usage: used === null ? null : usageOf(used),
      source: at("usage_source"),
      priceVersion: at("price_version"),
      basis: isBasis ? priced : null,
      lines: isBasis ? [] : (priced ?? []),
      reason: at("reason"),
    },
    paid: at<[number, string][]>("paid").map(([book, amount]) => ({ book, amount: BigInt(amount) })),
  };
}

type UsageRow = [Usage["tokens"], boolean, Usage["fees"], Usage["variant"]];

const usageOf = ([tokens, reasoningKnown, fees, variant]: UsageRow): Usage => ({
  tokens,
  reasoningKnown,
  fees,
  variant,
});

/**
 * A stored record as it is shown, with what is kept aside of it. `provider_cost_usd` is for operators only (`forCustomer`). Throws SyntaxError on
 * damaged text.
 */
export function decodeRecord(body: string, aside: string | null): JsonObject {
  const values = parseJson(body) as JsonValue[];
  const at = (name: StoredField): JsonValue => values[positionOf(name)] ?? null;
  const charged = BigInt(String(at("charged") ?? "0"));
  const record: JsonObject = {};
  for (const name of STORED_FIELDS) if (!REPLACED.has(name)) record[name] = at(name);
  const texts = withTexts({ modelAsked: at("model_asked"), losses: at("losses") }, aside);
  return {
    ...record,
    model_asked: texts.modelAsked,
    losses: texts.losses,
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

/** The key of a stored record; null when there is none, and for damaged text. */
export function keyOf(body: string): string | null {
  const keyId = fieldsOf(body)?.[positionOf("key_id")];
  return typeof keyId === "string" ? keyId : null;
}

/** What a stored record has in the places of texts that are kept aside; null for damaged text. */
export function textsOf(body: string): AsideTexts | null {
  const values = fieldsOf(body);
  if (values === null) return null;
  return { modelAsked: values[positionOf("model_asked")] ?? null, losses: values[positionOf("losses")] ?? [] };
}

function fieldsOf(body: string): JsonValue[] | null {
  try {
    const values: unknown = JSON.parse(body);
    return Array.isArray(values) ? (values as JsonValue[]) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Stored fields that are shown otherwise, or only in receipts. */
const REPLACED: ReadonlySet<string> = new Set([
  "input",
  "cached",
  "cache_write",
  "output",
  "reasoning",
  "usage",
  "priced",
  "reason",
  "paid",
]);

/** What an account may see of a record. */
export function forCustomer(record: JsonObject): JsonObject {
  const { provider_cost_usd: _operatorOnly, ...shown } = record;
  return shown;
}
