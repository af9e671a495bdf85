import { resolve, knownNames } from "../../catalog/resolve.ts";
import type { Catalog, Model, RoutingWord } from "../../catalog/types.ts";
import { isModelAllowed } from "../../gates/globs.ts";
import type { Principal } from "../../gates/types.ts";

/** One name that a caller may use, and what it stands for. */
export interface ModelEntry {
  name: string;
  /** Null for routing words. */
  model: Model | null;
  word: RoutingWord | null;
  /** Set for aliases. */
  aliasOf: string | null;
  serviceTier: string | null;
}

/** Every name that this caller may use, in the order of the catalog: models, aliases, routing words. */
export function listEntries(catalog: Catalog, principal: Principal): ModelEntry[] {
  const entries: ModelEntry[] = [];
  for (const name of knownNames(catalog)) {
    const entry = entryOf(catalog, name);
    if (entry !== null && isListed(catalog, entry) && isEntryAllowed(catalog, principal, entry)) entries.push(entry);
  }
  return entries;
}

/** What a name stands for; null when it is unknown. Dated ids and prefixed ones resolve, too. */
export function entryOf(catalog: Catalog, name: string): ModelEntry | null {
  const resolution = resolve(catalog, name);
  if (resolution.kind === "unknown") return null;
  if (resolution.kind === "word") {
    const aliasOf = resolution.word.name === name ? null : resolution.word.name;
    return { name, model: null, word: resolution.word, aliasOf, serviceTier: resolution.word.serviceTier };
  }
  const { model, serviceTier } = resolution;
  return { name, model, word: null, aliasOf: model.id === name ? null : model.id, serviceTier };
}

/** Whether key and tier let this caller use the name; a routing word needs one candidate that they do. */
export function isEntryAllowed(catalog: Catalog, principal: Principal, entry: ModelEntry): boolean {
  if (entry.model !== null) return isModelAllowed(principal.modelGlobs, entry.model);
  return candidates(catalog, entry.word).some(
    (model) => isModelAllowed(principal.modelGlobs, model) && hasTier(model, entry.serviceTier),
  );
}

/** A flex word needs a model that has a flex price. */
const hasTier = (model: Model, serviceTier: string | null): boolean =>
  serviceTier === null || model.prices.some((row) => row.modifiers.has(serviceTier));

function candidates(catalog: Catalog, word: RoutingWord | null): Model[] {
  const named = [...(word?.models ?? []), ...[...(word?.tiers?.values() ?? [])].flat()];
  if (named.length === 0) return [...catalog.models.values()];
  return named.flatMap((name) => {
    const resolution = resolve(catalog, name);
    return resolution.kind === "model" ? [resolution.model] : [];
  });
}

function isListed(catalog: Catalog, entry: ModelEntry): boolean {
  if (entry.model === null) return true;
  return entry.model.listed && catalog.providers.get(entry.model.provider)?.enabled === true;
}
