import { allowedByGlobs, modelNames } from "../../catalog/globs.ts";
import { resolve, knownNames } from "../../catalog/resolve.ts";
import type { Catalog, Model, RoutingWord } from "../../catalog/types.ts";
import type { Principal } from "../../gates/types.ts";
import { modelsOfWord } from "../../routing/rank.ts";

/** One name that a caller may use, and what it stands for. */
export interface ModelEntry {
  name: string;
  /** Null for routing words. */
  model: Model | null;
  word: RoutingWord | null;
  /** The model's own id or the word, where the name is another one. */
  aliasOf: string | null;
  /** The alias that leads to the model: an allowlist may name it in place of the model. */
  viaAlias: string | null;
  serviceTier: string | null;
}

/** Every name that this caller may use at `now` (ms), in the order of the catalog: models, aliases, routing words. */
export function listEntries(catalog: Catalog, principal: Principal, now: number): ModelEntry[] {
  const entries: ModelEntry[] = [];
  for (const name of knownNames(catalog)) {
    const entry = entryOf(catalog, name);
    if (entry !== null && isListed(catalog, principal, entry) && isEntryAllowed(catalog, principal, entry, now))
      entries.push(entry);
  }
  return entries;
}

/** What a name stands for; null when it is unknown. Dated ids and prefixed ones resolve, too. */
export function entryOf(catalog: Catalog, name: string): ModelEntry | null {
  const resolution = resolve(catalog, name);
  if (resolution.kind === "unknown") return null;
  if (resolution.kind === "word") {
    const aliasOf = resolution.word.name === name ? null : resolution.word.name;
    const { serviceTier } = resolution.word;
    return { name, model: null, word: resolution.word, aliasOf, viaAlias: null, serviceTier };
  }
  const { model, serviceTier, viaAlias } = resolution;
  return { name, model, word: null, aliasOf: model.id === name ? null : model.id, viaAlias, serviceTier };
}

/**
 * Whether key and tier let this caller use the name: told as routing tells it, so that what is listed is what can be called. A routing word
 * needs one model that it may mean.
 */
export function isEntryAllowed(catalog: Catalog, principal: Principal, entry: ModelEntry, now: number): boolean {
  const { model, word, viaAlias } = entry;
  const allows = (target: Model, name: string | null): boolean =>
    allowedByGlobs(principal.modelGlobs, name === null ? modelNames(target) : [...modelNames(target), name]);
  if (model !== null) return allows(model, viaAlias);
  return word !== null && modelsOfWord(catalog, word, now).some((target) => allows(target, word.name));
}

/** Models that the catalog keeps out of the list are in it for keys that were made for them by name. */
function isListed(catalog: Catalog, principal: Principal, { model }: ModelEntry): boolean {
  if (model === null) return true;
  const isNamed = principal.key?.models.includes(model.id) === true;
  return (model.listed || isNamed) && catalog.providers.get(model.provider)?.enabled === true;
}
