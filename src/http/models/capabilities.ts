import type { Catalog, Model, Tier } from "../../catalog/types.ts";
import { DIALECT_IDS } from "../../ir/dialect-id.ts";
import { isModelAllowed } from "../../gates/globs.ts";
import type { Principal } from "../../gates/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { INFERENCE_ROUTES } from "../inference/served.ts";
import { listEntries } from "./entries.ts";
import { openaiModel } from "./shapes.ts";

/** What this gateway can do for this caller right now: models with prices, tiers, limits, features. */
export function capabilitiesView(deps: HttpDeps, principal: Principal): JsonObject {
  const catalog = deps.catalog();
  const facts = { catalog, account: principal.account, now: deps.clock.now() };
  const entries = listEntries(catalog, principal, facts.now);
  return {
    object: "capabilities",
    name: catalog.brand.name,
    version: deps.version,
    catalog: catalog.version,
    currency: catalog.billing.currency,
    dialects: [...DIALECT_IDS],
    endpoints: INFERENCE_ROUTES.map((route) => `/v1${route.path}`),
    features: {
      streaming: true,
      idempotency: true,
      stored_responses: catalog.features.storage && deps.responses !== null,
      anonymous: catalog.access.anonymous !== null,
      jwt: catalog.access.jwt !== null,
    },
    you: { tier: principal.tier, bearer: principal.bearer, limits: limitsView(principal.limits) },
    tiers: [...catalog.access.tiers.values()].map(tierView),
    routing_words: entries.flatMap(({ name, word, serviceTier }) =>
      word === null ? [] : [{ name, strategy: word.strategy, service_tier: serviceTier }],
    ),
    models: entries.flatMap((entry) => {
      const { model } = entry;
      if (model === null) return [];
      return [{ ...openaiModel(facts, entry), tiers: tiersOf(catalog, model), features: [...model.capabilities] }];
    }),
  };
}

const limitsView = (limits: Principal["limits"]): JsonObject => ({
  requests_per_minute: limits.requestsPerMinute,
  messages_per_day: limits.messagesPerDay,
});

const tierView = (tier: Tier): JsonObject => ({
  name: tier.name,
  models: [...tier.models],
  limits: limitsView(tier.limits),
  charge: tier.charge,
  bearers: [...tier.bearers],
});

function tiersOf(catalog: Catalog, model: Model): string[] {
  return [...catalog.access.tiers.values()]
    .filter((tier) => isModelAllowed([tier.models], model))
    .map((tier) => tier.name);
}
