import type { Usage } from "../ir/usage.ts";
import { INPUT_CLASSES, OUTPUT_CLASSES, sumTokens } from "../ir/usage.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Nano } from "../lib/money.ts";
import { toDecimal } from "../lib/rational.ts";
import { grantOf, type LedgerState, receivableOf, walletOf } from "./state.ts";
import type { AuditMoney, HoldSource, OpenHold, SettlementRow } from "./storage.ts";
import type { PriceLine, Receipt, Settlement, UsageSource } from "./types.ts";

export interface Transfer {
  debit: string;
  credit: string;
  amount: Nano;
}

/** How a hold ends, as numbers: charged + released = hold + extended. */
export interface Settled {
  state: SettlementRow["state"];
  charged: Nano;
  /** Borne by the operator: early disconnects, and usage beyond what the account could still pay. */
  absorbed: Nano;
  extended: Nano;
  /** The part of `absorbed` that the hold should have covered. */
  overrun: Nano;
  at: number;
  transfers: Transfer[];
  body: JsonObject;
}

const REVENUE = "operator:revenue";
const ABSORBED = "operator:absorbed";

/** Settles a hold by its priced usage: from the hold's own sources first, then from what else is available, the rest absorbed. */
export function settleHold(state: LedgerState, hold: OpenHold, settlement: Settlement, now: number): Settled {
  const { price } = settlement;
  const body = bodyOf(settlement);
  const base = { state: "settled" as const, at: now, body };
  if (settlement.audit.credential === "byok") {
    return { ...base, charged: 0n, absorbed: 0n, extended: 0n, overrun: 0n, transfers: [] };
  }
  if (settlement.absorb) {
    return { ...base, charged: 0n, absorbed: price.charge, extended: 0n, overrun: 0n, transfers: absorb(price.charge) };
  }
  return { ...base, ...charge(state, hold, price.charge, now) };
}

/** Takes `wanted` from the hold, then from what the account has free beside it; the rest is absorbed. */
export function charge(
  state: LedgerState,
  hold: OpenHold,
  wanted: Nano,
  now: number,
): Pick<Settled, "charged" | "absorbed" | "extended" | "overrun" | "transfers"> {
  const transfers: Transfer[] = [];
  let left = wanted;
  const take = (source: HoldSource): void => {
    const amount = source.amount < left ? source.amount : left;
    if (amount === 0n) return;
    transfers.push({ debit: bookOf(hold.accountId, source.source), credit: REVENUE, amount });
    left -= amount;
  };
  for (const source of hold.sources) take(source);
  const fromHold = wanted - left;
  for (const source of left === 0n ? [] : state.sources(hold.accountId, now)) {
    take({ source, amount: state.free(hold.accountId, source) });
  }
  if (left > 0n && hold.sources.some((item) => item.source === "receivable"))
    take({ source: "receivable", amount: left });
  const charged = wanted - left;
  return {
    charged,
    absorbed: left,
    extended: charged - fromHold,
    overrun: left,
    transfers: [...transfers, ...absorb(left)],
  };
}

const absorb = (amount: Nano): Transfer[] => (amount === 0n ? [] : [{ debit: ABSORBED, credit: REVENUE, amount }]);

function bookOf(accountId: string, source: string): string {
  if (source === "wallet") return walletOf(accountId);
  return source === "receivable" ? receivableOf(accountId) : grantOf(source);
}

function bodyOf(settlement: Settlement): JsonObject {
  const { usage, source, pin, price } = settlement;
  return {
    usage: usageJson(usage),
    source,
    price_version: pin?.row.version ?? null,
    lines: price.lines.map((line) => ({ ...line })),
  };
}

export function usageJson(usage: Usage): JsonObject {
  return {
    tokens: { ...usage.tokens },
    reasoningKnown: usage.reasoningKnown,
    fees: { ...usage.fees },
    variant: { ...usage.variant },
  };
}

/** The money columns of an audit row. */
export function auditMoney(settlement: Settlement, charged: Nano, currency: string): AuditMoney {
  const { usage, price, pin, source } = settlement;
  const { tokens } = usage;
  const cacheWrite = (tokens.cache_write_5m ?? 0) + (tokens.cache_write_30m ?? 0) + (tokens.cache_write_1h ?? 0);
  const cached = sumTokens(
    tokens,
    INPUT_CLASSES.filter((name) => name.startsWith("cached_")),
  );
  return {
    charged,
    currency,
    costUsd: toDecimal(price.customerCostUsd),
    providerCostUsd: toDecimal(price.providerCostUsd),
    priceVersion: pin?.row.version ?? null,
    tokens: {
      input: sumTokens(tokens, INPUT_CLASSES),
      cached,
      cache_write: cacheWrite,
      output: sumTokens(tokens, OUTPUT_CLASSES),
      reasoning: usage.reasoningKnown ? (tokens.reasoning ?? 0) : null,
    },
    usageSource: source,
  };
}

/** Money columns of a call that used nothing. */
export function refusedMoney(currency: string): AuditMoney {
  return {
    charged: 0n,
    currency,
    costUsd: "0",
    providerCostUsd: "0",
    priceVersion: null,
    tokens: { input: 0, cached: 0, cache_write: 0, output: 0, reasoning: null },
    usageSource: null,
  };
}

/** A settlement row as the receipt that customers see. */
export function receiptOf(row: SettlementRow, currency: string): Receipt {
  const usage = (row.body["usage"] ?? { tokens: {}, reasoningKnown: false, fees: {}, variant: {} }) as unknown as Usage;
  return {
    requestId: row.requestId,
    holdId: String(row.holdId),
    accountId: row.accountId,
    charged: row.charged,
    absorbed: row.absorbed,
    currency,
    usage,
    usageSource: (row.body["source"] ?? "provider") as UsageSource,
    priceVersion: (row.body["price_version"] ?? null) as string | null,
    lines: (row.body["lines"] ?? []) as unknown as PriceLine[],
    settledAt: row.settledAt,
    state: row.state,
  };
}
