import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { Mismatch } from "./types.ts";

/** A short form of what was found, for messages. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Throws Mismatch, with what was found, when it does not hold. */
export function expectThat(holds: boolean, message: string, found?: unknown): void {
  if (!holds) throw new Mismatch(found === undefined ? message : `${message}, found ${shown(found)}`);
}

/** The object at `name`. Throws Mismatch. */
export function objectAt(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (!isObject(value)) throw new Mismatch(`${name} should be an object, found ${shown(value)}`);
  return value;
}

/** The objects of the list at `name`; [] when it isn't there and `optional`. Throws Mismatch. */
export function objectsAt(body: JsonObject, name: string, optional = false): JsonObject[] {
  const value = body[name];
  if (optional && (value === undefined || value === null)) return [];
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw new Mismatch(`${name} should be a list of objects, found ${shown(value)}`);
  }
  return value;
}

/** The text at `name`. Throws Mismatch. */
export function textAt(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new Mismatch(`${name} should be a string, found ${shown(value)}`);
  return value;
}

/** The count at `name`. Throws Mismatch. */
export function countAt(body: JsonObject, name: string): number {
  const value = body[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new Mismatch(`${name} should be a count, found ${shown(value)}`);
  }
  return value;
}

/** `text` as a JSON object; null when it isn't one. */
export function parseObject(text: string): JsonObject | null {
  const value = parse(text);
  return isObject(value) ? value : null;
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A frame's data as a JSON object. Throws Mismatch. */
export function frameObject(data: string): JsonObject {
  const value = parseObject(data);
  if (value === null) throw new Mismatch(`a frame's data should be a JSON object, found ${shown(data)}`);
  return value;
}
