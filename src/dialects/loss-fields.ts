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
    for (const place of [own, ...otherPlaces(own, client)]) {
      const found = placeIn(body, place);
      if (found !== null) return { ...loss, field: found };
    }
    return { ...loss, field: own };
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

/** The other places of a field called `name` in a part or tool, with what follows: beside it, or (`^.`) beside what holds it. */
function besides(field: string, name: string, others: readonly string[]): string[] {
  const [, holder, rest] = new RegExp(`^(.+)\\.${name}((?:[.[].*)?)$`).exec(field) ?? [];
  if (holder === undefined || rest === undefined) return [];
  return others.map((other) => {
    if (!other.startsWith("^.")) return `${holder}.${other}${rest}`;
    // A list of the message's own has no place for the index.
    return `${holder.slice(0, Math.max(0, holder.lastIndexOf(".")))}${other.slice(1)}`;
  });
}

/** The path as the request has it, which may say camelCase names in snake_case (Gemini takes both); null when there is nothing. */
function placeIn(body: JsonObject, path: string): string | null {
  let value: JsonValue | undefined = body;
  const place = path.replace(/[^.[\]]+/g, (step) => {
    if (Array.isArray(value)) {
      value = value[Number(step)];
      return step;
    }
    const holder: JsonObject = isObject(value) ? value : {};
    const name = holder[step] === undefined ? step.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : step;
    value = holder[name];
    return name;
  });
  return value === undefined || value === null ? null : place;
}
