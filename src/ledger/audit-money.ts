import { INPUT_CLASSES, OUTPUT_CLASSES, sumTokens, type Usage } from "../ir/usage.ts";
import type { Nano } from "../lib/money.ts";
import { decimalText } from "./decimal.ts";
import type { AuditMoney, AuditTokens } from "./storage.ts";
import type { Settlement } from "./types.ts";

const CACHED_CLASSES = INPUT_CLASSES.filter((name) => name.startsWith("cached_"));
const NO_TOKENS: AuditTokens = { input: 0, cached: 0, cacheWrite: 0, output: 0, reasoning: null };

/** The money columns of a settled call's audit row. */
export function auditMoney(settlement: Settlement, charged: Nano, currency: string): AuditMoney {
  const { usage, price, pin, source } = settlement;
  return {
    charged,
    currency,
    costUsd: decimalText(price.customerCostUsd),
    providerCostUsd: decimalText(price.providerCostUsd),
    priceVersion: pin?.row.version ?? null,
    tokens: auditTokens(usage),
    usageSource: source,
  };
}

/** Sums as the audit shows them: `input` with what was cached and written, `output` with reasoning. */
export function auditTokens({ tokens, reasoningKnown }: Usage): AuditTokens {
  return {
    input: sumTokens(tokens, INPUT_CLASSES),
    cached: sumTokens(tokens, CACHED_CLASSES),
    cacheWrite: (tokens.cache_write_5m ?? 0) + (tokens.cache_write_30m ?? 0) + (tokens.cache_write_1h ?? 0),
    output: sumTokens(tokens, OUTPUT_CLASSES),
    reasoning: reasoningKnown ? (tokens.reasoning ?? 0) : null,
  };
}

/** Money columns of a call that used nothing. */
export function noMoney(currency: string): AuditMoney {
  return {
    charged: 0n,
    currency,
    costUsd: "0",
    providerCostUsd: "0",
    priceVersion: null,
    tokens: NO_TOKENS,
    usageSource: null,
  };
}
