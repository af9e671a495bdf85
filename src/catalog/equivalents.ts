import { nearestNames } from "./nearest.ts";
import type { Model } from "./types.ts";

/**
 * The models at other providers that stand in for this one: those of its sets, and those that it names by their ids. A model that is named
 * so is not stood in for itself.
 */
export function equivalentsOf(models: ReadonlyMap<string, Model>, model: Model): Model[] {
  if (model.equivalents.length === 0) return [];
  return [...models.values()].filter((other) => other.provider !== model.provider && standsIn(other, model));
}

const standsIn = (other: Model, model: Model): boolean =>
  model.equivalents.some((name) => answersTo(other, model, name));

const answersTo = (other: Model, model: Model, name: string): boolean =>
  other.id !== model.id && (other.id === name || other.equivalents.includes(name));

/** Names under `equivalents` that lead to no other model: nothing would stand in, and nobody would know until a provider fails. */
export function warnOfLonely(models: ReadonlyMap<string, Model>, warnings: string[]): void {
  const all = [...models.values()];
  for (const model of all) {
    for (const name of model.equivalents) {
      const others = all.filter((other) => answersTo(other, model, name));
      if (others.some((other) => other.provider !== model.provider)) continue;
      const [first] = others;
      warnings.push(
        `${model.id}: nothing stands in by equivalents: [${name}]; ${first === undefined ? fix(all, model, name) : sameProvider(first)}`,
      );
    }
  }
}

const sameProvider = ({ id, provider }: Model): string =>
  `${id} is at ${provider}, too, and only other providers are asked`;

function fix(all: readonly Model[], model: Model, name: string): string {
  const known = new Set(all.flatMap((other) => (other === model ? [] : [other.id, ...other.equivalents])));
  const [nearest] = nearestNames(name, known, 1);
  const guess = nearest === undefined ? "" : ` (did you mean ${JSON.stringify(nearest)}?)`;
  return `no other model is in that set, and none has that id${guess}`;
}
