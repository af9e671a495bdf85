import { currentPrice } from "../../catalog/price.ts";
import type { Model, PriceRow } from "../../catalog/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import { type Rational, toDecimal } from "../../lib/rational.ts";
import { operatorCredential } from "../../routing/credentials.ts";
import type { HttpDeps } from "../deps.ts";

/** Every model's price rows in USD, exact, and which one is in force. */
export function pricesView(deps: HttpDeps): JsonObject {
  const now = deps.clock.now();
  const catalog = deps.catalog();
  return {
    object: "list",
    catalog: catalog.version,
    currency: catalog.billing.currency,
    markup_percent: toDecimal(catalog.billing.markupPercent),
    data: [...catalog.models.values()].map((model) => ({
      model: model.id,
      provider: model.provider,
      upstream: model.upstream,
      markup_percent: model.markupPercent === null ? null : toDecimal(model.markupPercent),
      version: currentPrice(model, now)?.version ?? null,
      prices: model.prices.map(rowView),
    })),
  };
}

const decimals = (prices: ReadonlyMap<string, Rational>): JsonObject =>
  Object.fromEntries([...prices].map(([name, value]) => [name, toDecimal(value)]));

function rowView(row: PriceRow): JsonObject {
  return {
    version: row.version,
    effective_from: row.effectiveFrom === 0 ? null : new Date(row.effectiveFrom).toISOString(),
    free: row.free,
    usd_per_million: decimals(row.perMillion),
    long_context: row.longContext.map((tier) => ({
      above_input_tokens: tier.aboveInputTokens,
      usd_per_million: decimals(tier.perMillion),
    })),
    modifiers: decimals(row.modifiers),
    tool_fees: Object.fromEntries(
      [...row.toolFees].map(([name, fee]): [string, JsonObject] => [name, { usd: toDecimal(fee.usd), per: fee.per }]),
    ),
    usd_per_image: decimals(row.perImage),
    usd_per_call: toDecimal(row.perCall),
  };
}

const isAt = (model: Model, provider: string): boolean =>
  [model, ...(model.alternates ?? [])].some((row) => row.provider === provider);

/** Providers and the state of their targets. Of credentials only whether the operator has one, or needs none. */
export function providersView(deps: HttpDeps): JsonObject {
  const catalog = deps.catalog();
  const health = deps.health.snapshot(deps.clock.now());
  return {
    object: "list",
    data: [...catalog.providers.values()].map((provider) => ({
      name: provider.name,
      kind: provider.kind,
      base_url: provider.baseUrl,
      realm: provider.realm,
      enabled: provider.enabled,
      has_credential: operatorCredential(provider) !== null,
      models: [...catalog.models.values()].filter((model) => isAt(model, provider.name)).length,
      targets: health
        .filter((row) => row.provider === provider.name)
        .map((row) => ({
          model: row.model,
          credential: row.credential,
          state: row.state,
          reason: row.reason,
          failures: row.failures,
          calls: row.calls,
          retry_at: row.retryAt === null ? null : new Date(row.retryAt).toISOString(),
        })),
    })),
    warnings: [...catalog.warnings],
  };
}
