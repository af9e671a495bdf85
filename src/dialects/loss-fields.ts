import type { Loss } from "../ir/loss.ts";
import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";
import type { Dialect } from "./dialect.ts";

/**
 * The losses of a request under the names that its client knows: encoders have one name for what every API calls differently. Where one
 * thing has several places in an API, the one that stands in `body` is told.
 */
export function inClientWords(client: Dialect, losses: readonly Loss[], body: JsonObject): Loss[] {
  return losses.map((loss) => {
    const own = ownName(loss.field, client.lossFields ?? {});
    const place = standsIn(body, own) ? own : otherPlaces(own, client).find((other) => standsIn(body, other));
    return { ...loss, field: place ?? own };
  });
}

function ownName(field: string, names: Readonly<Record<string, string>>): string {
  return Object.hasOwn(names, field) ? (names[field] ?? "") : schemaPlace(field, names);
}

/** Places in a schema begin with the field that holds it: that of the output, or of a tool. */
function schemaPlace(field: string, names: Readonly<Record<string, string>>): string {
  return field
    .replace(/^response_format\.schema(?=\.)/, (holder) => names[holder] ?? holder)
    .replace(
      /^(tools\[\d+\]\.)(parameters)(?=\.)/,
      (_all, tool: string, holder: string) => tool + (names[holder] ?? holder),
    );
}

/** Where else the same may stand, by the table of the dialect. */
function otherPlaces(field: string, { lossPlaces = {} }: Dialect): string[] {
  return Object.entries(lossPlaces).flatMap(([key, others]) => {
    if (key.startsWith("*.")) return besides(field, key.slice(2), others);
    const isWithin = field === key || field.startsWith(`${key}.`);
    return isWithin ? others.map((other) => other + field.slice(key.length)) : [];
  });
}

/** The other places of a field that ends in `name`: beside it, or (`^.`) beside what holds it. */
function besides(field: string, name: string, others: readonly string[]): string[] {
  const cut = field.lastIndexOf(".");
  if (cut < 0 || field.slice(cut + 1).replace(/\[\d+\]$/, "") !== name) return [];
  const holder = field.slice(0, cut);
  return others.map((other) => {
    if (!other.startsWith("^.")) return `${holder}.${other}`;
    return `${holder.slice(0, Math.max(0, holder.lastIndexOf(".")))}${other.slice(1)}`;
  });
}

/** True when the request has something at the path, in camelCase or (Gemini takes both) in snake_case. */
function standsIn(body: JsonObject, path: string): boolean {
  let value: JsonValue | undefined = body;
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isObject(value)) value = value[step] ?? value[step.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)];
    else return false;
  }
  return value !== undefined && value !== null;
}
