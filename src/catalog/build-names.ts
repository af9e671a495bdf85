import { nearestNames } from "./nearest.ts";
import { modifierName } from "./price.ts";
import type { Path, Problems } from "./problems.ts";
import type { RawCatalog } from "./schema.ts";
import type { Alias, Model, RoutingSettings } from "./types.ts";

/** Aliases of the file. One that points to itself says nothing and is left out; a name that is also a model is a mistake. */
export function buildAliases(
  raw: NonNullable<RawCatalog["aliases"]>,
  models: ReadonlyMap<string, Model>,
  problems: Problems,
): Map<string, Alias> {
  const aliases = new Map<string, Alias>();
  for (const [name, entry] of Object.entries(raw)) {
    const to = typeof entry === "string" ? entry : entry.to;
    const serviceTier = typeof entry === "string" ? null : (entry.service_tier ?? null);
    if (name === to) continue;
    if (models.has(name)) {
      problems.add(
        ["aliases", name],
        `${name} is a model already; a name is a model or an alias, so rename one of them`,
      );
    }
    aliases.set(name, { name, to, serviceTier });
  }
  return aliases;
}

/** Every name must lead to a model or a routing word, and not in a circle. */
export function checkNames(
  aliases: ReadonlyMap<string, Alias>,
  models: ReadonlyMap<string, Model>,
  routing: RoutingSettings,
  raw: RawCatalog,
  problems: Problems,
): void {
  const known = [...models.keys(), ...aliases.keys(), ...routing.words.keys()];
  const expect = (name: string, path: Path): void => {
    if (models.has(name) || aliases.has(name) || routing.words.has(name)) return;
    const [nearest] = nearestNames(name, known, 1);
    const fix = nearest === undefined ? "add it under models" : `did you mean ${JSON.stringify(nearest)}?`;
    problems.add(path, `no model, alias or word is called ${JSON.stringify(name)}; ${fix}`);
  };
  for (const alias of aliases.values()) {
    const path = ["aliases", alias.name];
    expect(alias.to, path);
    const target = models.get(alias.to);
    if (alias.serviceTier !== null && target !== undefined && !offers(target, alias.serviceTier)) {
      const fix = `add ${alias.serviceTier} to the price modifiers of ${target.id}`;
      problems.add(path, `${target.id} has no price for service tier ${alias.serviceTier}; ${fix}`);
    }
    const circle = circleFrom(alias, aliases);
    if (circle !== null)
      problems.add(path, `aliases go in a circle: ${circle.join(" → ")}; point one of them to a model`);
  }
  for (const [name, word] of Object.entries(raw.routing?.words ?? {})) {
    const path = ["routing", "words", name];
    if (models.has(name)) problems.add(path, `${name} is a model already; rename the word`);
    if (aliases.has(name)) problems.add(path, `${name} is an alias already; rename the word`);
    for (const [index, id] of (word.models ?? []).entries()) expectModel(id, [...path, "models", index]);
    for (const [tier, ids] of Object.entries(word.tiers ?? {})) {
      for (const [index, id] of ids.entries()) expectModel(id, [...path, "tiers", tier, index]);
    }
  }
  if (raw.routing?.default_model !== undefined) expect(routing.defaultModel, ["routing", "default_model"]);

  function expectModel(id: string, path: Path): void {
    if (models.has(id)) return;
    const [nearest] = nearestNames(id, models.keys(), 1);
    const fix = nearest === undefined ? "name a row of models" : `did you mean ${JSON.stringify(nearest)}?`;
    problems.add(path, `no model is called ${JSON.stringify(id)}; ${fix}`);
  }
}

function offers(model: Model, serviceTier: string): boolean {
  const variant = modifierName("service_tier", serviceTier);
  return variant === null || model.prices.every((row) => row.free || row.modifiers.has(variant));
}

/** The circle that an alias is part of, itself first and last; null when it leads out. */
function circleFrom(start: Alias, aliases: ReadonlyMap<string, Alias>): string[] | null {
  const way = [start.name];
  for (let next = aliases.get(start.to); next !== undefined; next = aliases.get(next.to)) {
    way.push(next.name);
    if (next.name === start.name) return way;
    if (way.indexOf(next.name) < way.length - 1) return null;
  }
  return null;
}
