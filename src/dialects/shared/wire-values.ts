import { DecodeError } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";

/** Readers of what providers send: nothing is taken for granted, any field may be missing or of another type. */

/** The object in a frame of a stream. Throws DecodeError when there is none. */
export function frameObject(data: string): JsonObject {
  const value = tryJson(data);
  if (value === undefined) throw new DecodeError("a frame of the provider's stream is no JSON");
  if (!isObject(value)) throw new DecodeError("a frame of the provider's stream is no JSON object");
  return value;
}

/** What stands for an object that is missing. */
export const NOTHING: Readonly<JsonObject> = Object.freeze({});

/** The object; an empty one for anything else. */
export const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : NOTHING);

/** The objects of an array; [] for anything else. */
export const objectsOf = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The string, or "" for anything else. */
export const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** The string when it says something. */
export const wordOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
