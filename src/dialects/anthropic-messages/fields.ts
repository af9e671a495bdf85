import { invalidRequest } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

/** Readers of wire fields. Each takes the value and its path and throws 400 `invalid_request` naming the path on a wrong type. */

/** An absent field and an explicit null mean the same in this API. */
export const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

/** The object. Throws GatewayError 400 for anything else, a long number included. */
export function readObject(value: JsonValue | undefined, path: string): JsonObject {
  if (!isObject(value) || isRawNumber(value)) throw invalidRequest(path, `${path}: expected an object`);
  return value;
}

/** The array. Throws GatewayError 400 for anything else. */
export function readArray(value: JsonValue | undefined, path: string): JsonValue[] {
  if (!Array.isArray(value)) throw invalidRequest(path, `${path}: expected an array`);
  return value;
}

/** The string. Throws GatewayError 400 for anything else. */
export function readString(value: JsonValue | undefined, path: string): string {
  if (typeof value !== "string") throw invalidRequest(path, `${path}: expected a string`);
  return value;
}

/** A string that must say something: ids and names. */
export function readName(value: JsonValue | undefined, path: string): string {
  const text = readString(value, path);
  if (text === "") throw invalidRequest(path, `${path}: must not be empty`);
  return text;
}

/** The string. Throws GatewayError 400 for anything else. */
export function readStringOrNull(value: JsonValue | undefined, path: string): string | null {
  return isAbsent(value) ? null : readString(value, path);
}

/** The boolean. Throws GatewayError 400 for anything else. */
export function readBoolean(value: JsonValue | undefined, path: string): boolean {
  if (typeof value !== "boolean") throw invalidRequest(path, `${path}: expected true or false`);
  return value;
}

/** A finite number within [low, high]; numbers too long for a double are read as the nearest one. */
export function readNumber(value: JsonValue | undefined, path: string, low: number, high: number): number {
  const number = isRawNumber(value) ? Number(JSON.stringify(value)) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw invalidRequest(path, `${path}: expected a number`);
  if (number < low || number > high) throw invalidRequest(path, `${path}: must be from ${low} to ${high}`);
  return number;
}

/** A whole number of tokens or items, at least `low`. */
export function readInteger(value: JsonValue | undefined, path: string, low: number): number {
  const number = isRawNumber(value) ? Number(JSON.stringify(value)) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    throw invalidRequest(path, `${path}: expected a whole number`);
  }
  if (number < low) throw invalidRequest(path, `${path}: must be at least ${low}`);
  return number;
}

/** One of the given words. */
export function readWord<T extends string>(value: JsonValue | undefined, path: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw invalidRequest(path, `${path}: must be one of ${words.join(", ")}`);
  return found;
}

/** The fields beside the known ones, null values left out; undefined when there are none. */
export function restOf(value: JsonObject, known: readonly string[]): JsonObject | undefined {
  const rest = Object.entries(value).filter(([name, field]) => !known.includes(name) && !isAbsent(field));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** Numbers that a double can't hold are opaque objects at run time (lib/json.ts): the only ones without a prototype. */
function isRawNumber(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null && "rawJSON" in value;
}
