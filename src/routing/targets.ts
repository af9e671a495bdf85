import { DIALECT_OF_KIND } from "../catalog/kinds.ts";
import { currentPrice, modifierName } from "../catalog/price.ts";
import type { Catalog, Model, PriceRow, Provider } from "../catalog/types.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import type { TargetFacts } from "../ir/target.ts";
import type { Credential, Target } from "./types.ts";

export interface TargetInput {
  catalog: Catalog;
  principal: { ownProvidersOnly: boolean };
  credentials(provider: Provider): Credential[];
  clientDialect: DialectId;
  /** ms since the epoch. */
  now: number;
}

/**
 * The ways to reach one model row, one per credential. A customer who has keys of their own for a provider is served by these alone:
 * falling back on the operator's would need money that such a customer may never have put in.
 */
export function targetsOf(input: TargetInput, model: Model, serviceTier: string | null): Target[] {
  const provider = input.catalog.providers.get(model.provider);
  if (provider === undefined || !provider.enabled) return [];
  const all = input.credentials(provider);
  const usable = input.principal.ownProvidersOnly || all.some(isOwn) ? all.filter(isOwn) : all;
  const dialect = DIALECT_OF_KIND[provider.kind];
  const price = currentPrice(model, input.now);
  return usable.map((credential) => ({
    provider,
    credential,
    model,
    dialect,
    mode: dialect === input.clientDialect ? "relay" : "translate",
    facts: factsOf(model, provider),
    price,
    serviceTier: offeredTier(serviceTier ?? model.serviceTier, price),
  }));
}

const isOwn = (credential: Credential): boolean => credential.kind === "byok";

/** A row without the variant (an equivalent model, say) is used at its standard tier. */
function offeredTier(serviceTier: string | null, price: PriceRow | null): string | null {
  if (serviceTier === null) return null;
  const variant = modifierName("service_tier", serviceTier);
  return price === null || variant === null || price.modifiers.has(variant) ? serviceTier : null;
}

const known = new WeakMap<Model, TargetFacts>();

/** What an encoder may know of a row. Rows are frozen with their catalog, so it is made once. */
function factsOf(model: Model, provider: Provider): TargetFacts {
  let facts = known.get(model);
  if (facts === undefined) {
    facts = Object.freeze({
      dialect: DIALECT_OF_KIND[provider.kind],
      provider: provider.name,
      realm: provider.realm,
      upstreamModel: model.upstream,
      capabilities: model.capabilities,
      flags: model.flags,
      maxOutput: model.maxOutput,
      compat: provider.compat,
    });
    known.set(model, facts);
  }
  return facts;
}

/** The same row at several providers: those that speak the client's dialect first, since they can be relayed. */
export function preferDialect(catalog: Catalog, dialect: DialectId, rows: readonly Model[]): readonly Model[] {
  if (rows.length < 2) return rows;
  const speaks = (row: Model): boolean => {
    const provider = catalog.providers.get(row.provider);
    return provider !== undefined && DIALECT_OF_KIND[provider.kind] === dialect;
  };
  return [...rows.filter(speaks), ...rows.filter((row) => !speaks(row))];
}
