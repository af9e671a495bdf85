import { customerPrice, type ShownPrice } from "../../catalog/price.ts";
import type { Catalog, Model } from "../../catalog/types.ts";
import type { AccountRecord } from "../../gates/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import { parseDecimal } from "../../lib/rational.ts";

export interface PricingFacts {
  catalog: Catalog;
  account: AccountRecord;
  now: number;
}

/**
 * The `pricing` extension: what this customer pays, in the ledger currency. Amounts are decimal strings, rounded half up to two places for
 * display; the same keys under `exact` are what is charged. Null when the model has no price.
 */
export function pricingView(facts: PricingFacts, model: Model, serviceTier: string | null): JsonObject | null {
  const { catalog, account, now } = facts;
  const markupPercent = account.markupPercent === null ? null : parseDecimal(account.markupPercent);
  const price = customerPrice(model, catalog.billing, now, { markupPercent, variant: serviceTier });
  if (price === null) return null;
  const view: JsonObject = {
    currency: price.currency,
    unit: "1M tokens",
    free: price.free,
    ...displayed(price.perMillion),
    exact: exact(price.perMillion),
    version: price.version,
  };
  if (price.longContext.length > 0) {
    view["long_context"] = price.longContext.map((tier) => ({
      above_input_tokens: tier.aboveInputTokens,
      ...displayed(tier.perMillion),
      exact: exact(tier.perMillion),
    }));
  }
  if (price.perCall !== null) view["per_call"] = { ...price.perCall };
  if (price.perImage.size > 0) view["per_image"] = plain(price.perImage);
  if (price.toolFees.size > 0) view["tool_fees"] = plain(price.toolFees);
  if (price.modifiers.size > 0) view["modifiers"] = Object.fromEntries(price.modifiers);
  return view;
}

const displayed = (prices: ReadonlyMap<string, ShownPrice>): JsonObject =>
  Object.fromEntries([...prices].map(([name, price]) => [name, price.display]));

const exact = (prices: ReadonlyMap<string, ShownPrice>): JsonObject =>
  Object.fromEntries([...prices].map(([name, price]) => [name, price.exact]));

const plain = (prices: ReadonlyMap<string, ShownPrice & { per?: number }>): JsonObject =>
  Object.fromEntries([...prices].map(([name, price]): [string, JsonObject] => [name, { ...price }]));
