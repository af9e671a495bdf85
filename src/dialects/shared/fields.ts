import { invalidRequest } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

/**
 * Readers of request fields. Each takes a value and its path (`input[2].content[0].image_url`) and throws 400 `invalid_request` with
 * that path when the type is wrong. An absent field and an explicit null mean the same in this API: the `optional…` readers give undefined.
 */
export type Wire = JsonValue | undefined;

/** Left out, or null: clients mean the same by both. */
export const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

function wrongType(path: string, expected: string): Error {
  return invalidRequest(path, `${path}: expected ${expected}`);
}

/** Numbers that a double can't hold come as opaque objects without a prototype (lib/json): they are numbers here, too. */
function isLongNumber(value: Wire): boolean {
  return isObject(value) && Object.getPrototypeOf(value) === null;
}

/** The object. Throws GatewayError 400 for anything else, a long number included. */
export function readObject(value: Wire, path: string): JsonObject {
  if (!isObject(value) || isLongNumber(value)) throw wrongType(path, "an object");
  return value;
}

/** The array. Throws GatewayError 400 for anything else. */
export function readArray(value: Wire, path: string): JsonValue[] {
  if (!Array.isArray(value)) throw wrongType(path, "an array");
  return value;
}

/** The string. Throws GatewayError 400 for anything else. */
export function readString(value: Wire, path: string): string {
  if (typeof value !== "string") throw wrongType(path, "a string");
  return value;
}

/** A string that must say something: ids and names. */
export function readName(value: Wire, path: string): string {
  const text = readString(value, path);
  if (text === "") throw invalidRequest(path, `${path}: must not be empty`);
  return text;
}

/** The string; undefined when it is left out. Throws GatewayError 400. */
export function optionalString(value: Wire, path: string): string | undefined {
  return isAbsent(value) ? undefined : readString(value, path);
}

/** The object; undefined when it is left out. Throws GatewayError 400. */
export function optionalObject(value: Wire, path: string): JsonObject | undefined {
  return isAbsent(value) ? undefined : readObject(value, path);
}

/** The array; undefined when it is left out. Throws GatewayError 400. */
export function optionalArray(value: Wire, path: string): JsonValue[] | undefined {
  return isAbsent(value) ? undefined : readArray(value, path);
}

/** The boolean; undefined when it is left out. Throws GatewayError 400. */
export function optionalBoolean(value: Wire, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "boolean") throw wrongType(path, "true or false");
  return value;
}

/** A finite number within [low, high]. */
export function optionalNumber(value: Wire, path: string, low: number, high: number): number | undefined {
  if (isAbsent(value)) return undefined;
  const number = isLongNumber(value) ? Number(JSON.stringify(value)) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw wrongType(path, "a number");
  if (number < low || number > high) throw invalidRequest(path, `${path}: must be from ${low} to ${high}`);
  return number;
}

/** A whole number within [low, high]. */
export function optionalInteger(value: Wire, path: string, low: number, high: number): number | undefined {
  const number = optionalNumber(value, path, low, high);
  if (number !== undefined && !Number.isSafeInteger(number)) throw wrongType(path, "a whole number");
  return number;
}

/** One of the given words. */
export function optionalWord<T extends string>(value: Wire, path: string, words: readonly T[]): T | undefined {
  if (isAbsent(value)) return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) throw wrongType(path, `one of ${words.map((word) => `"${word}"`).join(", ")}`);
  return found;
}

/** The fields of `object` that are not in `known` and not null; undefined when there are none. */
export function unknownFields(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  // fromEntries defines own properties, also one that is called `__proto__`.
  const rest = Object.entries(object).filter(([name, value]) => !known.has(name) && !isAbsent(value));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** The same as the `extras` of what the object is read into; without the field when there are none. */
export function extrasOf(object: JsonObject, known: ReadonlySet<string>): { extras?: JsonObject } {
  const extras = unknownFields(object, known);
  return extras === undefined ? {} : { extras };
}
