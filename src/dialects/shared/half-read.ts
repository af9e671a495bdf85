import type { Loss } from "../../ir/loss.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";

type Table = Readonly<Record<string, HalfRead>>;

/** An object that a decoder reads field by field, so that whatever else stands in it would go nowhere. */
export interface HalfRead {
  /** The fields that are read; null where the others are kept beside the representation, as `extras`. */
  known: ReadonlySet<string> | null;
  /** Objects of this kind in it, by the field that holds them; a list stands for each of its elements. */
  inside: Table;
  /** What holds besides for an object with this `type`; "" for those without one. */
  types: Table;
}

const NONE: Table = words({});

/** An object of which these fields are read, and those of the objects inside. */
export function readsOnly(known: readonly string[], inside: Table = NONE): HalfRead {
  return { known: new Set([...known, ...Object.keys(inside)]), inside: words(inside), types: NONE };
}

/** An object whose own fields are all accounted for, but not those of the objects inside. */
export function readsInside(inside: Table, types: Table = NONE): HalfRead {
  return { known: null, inside: words(inside), types: words(types) };
}

/** Why a field is lost that no decoder reads. */
export const NOWHERE_ELSE = "only known where bytes are passed on";

/**
 * The fields of a request's inner objects that no decoder reads, as losses by their places. They are lost to every target, also one of the
 * client's own dialect: objects like these are written anew. `spell` gives a name as the table has it. Null says nothing.
 */
export function lostInside(body: JsonObject, reads: HalfRead, spell: (name: string) => string = String): Loss[] {
  const losses: Loss[] = [];
  const visit = (object: JsonObject, reading: HalfRead, path: string): void => {
    for (const [name, value] of Object.entries(object)) {
      if (value === null || value === undefined) continue;
      const at = path === "" ? name : `${path}.${name}`;
      const inner = reading.inside[spell(name)];
      if (inner === undefined) {
        if (reading.known?.has(spell(name)) === false)
          losses.push({ field: at, reason: NOWHERE_ELSE, side: "request" });
      } else if (isObject(value)) visit(value, inner, at);
      else if (Array.isArray(value)) {
        for (const [index, item] of value.entries()) if (isObject(item)) visit(item, inner, `${at}[${index}]`);
      }
    }
    const typed = reading.types[typeof object["type"] === "string" ? object["type"] : ""];
    if (typed !== undefined) visit(object, typed, path);
  };
  visit(body, reads, "");
  return losses;
}
