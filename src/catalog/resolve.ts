import { nearestNames } from "./nearest.ts";
import type { Alias, Catalog, Model, Provider, Resolution } from "./types.ts";

/** What follows a model's name in the id of a dated release: `-2025-08-07`, `-20251001`, `@20251001`. */
const DATE_SUFFIX = /[-@](?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/**
 * What a name in a request stands for: a model (by id, behind `models/` or its provider's name, by a dated id), an alias, a routing
 * word, or nothing, with the nearest names. Exact names win over any of the other forms.
 */
export function resolve(catalog: Catalog, name: string): Resolution {
  const word = catalog.routing.words.get(name);
  if (word !== undefined) return { kind: "word", name, word };
  const bare = name.startsWith("models/") ? name.slice("models/".length) : name;
  const found = findModel(catalog, bare);
  if (found !== null) return { kind: "model", name, ...found };
  const alias = followAliases(catalog, bare);
  if (alias !== null) return { ...alias, name };
  const prefixed = behindProvider(catalog, bare);
  if (prefixed !== null) return { kind: "model", name, ...prefixed };
  const wordBehindPrefix = bare === name ? undefined : catalog.routing.words.get(bare);
  if (wordBehindPrefix !== undefined) return { kind: "word", name, word: wordBehindPrefix };
  return { kind: "unknown", name, nearest: nearestNames(bare, knownNames(catalog)) };
}

/** Every name that a client may write, in the order in which they are listed: models, aliases, words. */
export function knownNames(catalog: Catalog): string[] {
  return [...catalog.models.keys(), ...catalog.aliases.keys(), ...catalog.routing.words.keys()];
}

type Found = { model: Model; serviceTier: string | null; viaAlias: string | null };

const asFound = (model: Model): Found => ({ model, serviceTier: model.serviceTier, viaAlias: null });

/** A model by its own id, or one of its dated ids. An alias of that very name goes before a dated id. */
function findModel(catalog: Catalog, name: string): Found | null {
  const model = catalog.models.get(name);
  if (model !== undefined) return asFound(model);
  if (catalog.aliases.has(name)) return null;
  const dated = datedIndex(catalog).get(name);
  if (dated !== undefined) return asFound(dated);
  const undated = name.replace(DATE_SUFFIX, "");
  const base = undated === name ? undefined : catalog.models.get(undated);
  return base === undefined ? null : asFound(base);
}

/** The end of a chain of aliases (or of an alias behind a date). The service tier of the first alias that has one counts. */
function followAliases(catalog: Catalog, name: string): Extract<Resolution, { kind: "model" | "word" }> | null {
  const undated = name.replace(DATE_SUFFIX, "");
  let alias: Alias | undefined = catalog.aliases.get(name) ?? catalog.aliases.get(undated);
  if (alias === undefined) return null;
  const first = alias;
  let serviceTier: string | null = null;
  for (let steps = 0; alias !== undefined && steps <= catalog.aliases.size; steps += 1) {
    serviceTier ??= alias.serviceTier;
    const word = catalog.routing.words.get(alias.to);
    if (word !== undefined) {
      const tiered = serviceTier === null ? word : { ...word, serviceTier };
      return { kind: "word", name, word: tiered };
    }
    const found = findModel(catalog, alias.to);
    if (found !== null) {
      return {
        kind: "model",
        name,
        model: found.model,
        serviceTier: serviceTier ?? found.serviceTier,
        viaAlias: first.name,
      };
    }
    alias = catalog.aliases.get(alias.to);
  }
  return null;
}

/** `anthropic/claude-haiku-4-5`: the model of that provider (or of its organisation), by any of its names. */
function behindProvider(catalog: Catalog, name: string): Found | null {
  const slash = name.indexOf("/");
  if (slash <= 0) return null;
  const prefix = name.slice(0, slash);
  const rest = name.slice(slash + 1);
  const alias = followAliases(catalog, rest);
  const found = findModel(catalog, rest) ?? (alias?.kind === "model" ? alias : null);
  if (found === null) return null;
  const { alternates = [], ...first } = found.model;
  const rows = [first, ...alternates].filter(
    (row) => row.provider === prefix || catalog.providers.get(row.provider)?.realm === prefix,
  );
  rows.sort((a, b) => Number(b.provider === prefix) - Number(a.provider === prefix));
  const [row, ...others] = rows;
  if (row === undefined) return null;
  return { model: { ...row, alternates: others }, serviceTier: found.serviceTier, viaAlias: found.viaAlias };
}

const indexes = new WeakMap<Catalog, Map<string, Model>>();

function datedIndex(catalog: Catalog): Map<string, Model> {
  let index = indexes.get(catalog);
  if (index === undefined) {
    index = new Map();
    for (const model of catalog.models.values()) for (const id of model.dated ?? []) index.set(id, model);
    indexes.set(catalog, index);
  }
  return index;
}

/** Whether the operator can call this provider: it is on, and has the key that it needs. */
export function isReady(provider: Provider): boolean {
  return provider.enabled && (provider.apiKey !== null || provider.keyless === true);
}
