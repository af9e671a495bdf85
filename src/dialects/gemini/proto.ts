import { invalidRequest } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

const SNAKE = new Map<string, string>();

function snakeName(name: string): string {
  let snake = SNAKE.get(name);
  if (snake === undefined) {
    snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    SNAKE.set(name, snake);
  }
  return snake;
}

/** A field's lowerCamelCase name, from either spelling. */
export const camelName = (name: string): string =>
  name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());

/** Value of a proto3 JSON field by its lowerCamelCase name; the original snake_case name is accepted too, and null means unset (protobuf.dev, ProtoJSON). */
export function protoField(object: JsonObject, name: string): JsonValue | undefined {
  return object[name] ?? object[snakeName(name)] ?? undefined;
}

/** Which spelling of a field the object has; the camelCase one when it has neither. */
export function spelling(has: (name: string) => boolean, name: string): string {
  return !has(name) && has(snakeName(name)) ? snakeName(name) : name;
}

/**
 * A client's proto3 JSON message, read field by field with its place in the body, so that every error names the path
 * (`contents[0].parts[1].inlineData.data`). Integers may come as strings and enums as numbers, as ProtoJSON allows. Getters throw GatewayError 400.
 */
export class ProtoReader {
  readonly path: string;
  readonly #object: JsonObject;
  readonly #read = new Set<string>();

  constructor(value: JsonValue | undefined, path: string) {
    if (!isObject(value)) throw invalidRequest(path, `${path} must be an object`);
    this.#object = value;
    this.path = path;
  }

  /** The place of a field, as the client spells it. */
  at(name: string): string {
    const own = spelling((known) => known in this.#object, name);
    return this.path === "" ? own : `${this.path}.${own}`;
  }

  value(name: string): JsonValue | undefined {
    this.#read.add(name).add(snakeName(name));
    return protoField(this.#object, name);
  }

  string(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    throw invalidRequest(this.at(name), `${this.at(name)} must be a string`);
  }

  boolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw invalidRequest(this.at(name), `${this.at(name)} must be true or false`);
  }

  number(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
    throw invalidRequest(this.at(name), `${this.at(name)} must be a number`);
  }

  integer(name: string): number | undefined {
    const value = this.number(name);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    throw invalidRequest(this.at(name), `${this.at(name)} must be an integer`);
  }

  /** The name of an enum value in upper case; a number stands for the name at its index in `names`. */
  enumName(name: string, names: readonly string[]): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const text = typeof value === "number" ? names[value] : typeof value === "string" ? value.toUpperCase() : undefined;
    if (text !== undefined && names.includes(text)) return text;
    throw invalidRequest(this.at(name), `${this.at(name)} must be one of ${names.join(", ")}`);
  }

  list(name: string): JsonValue[] | undefined {
    const value = this.value(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw invalidRequest(this.at(name), `${this.at(name)} must be an array`);
  }

  strings(name: string): string[] | undefined {
    return this.list(name)?.map((item, index) => {
      if (typeof item === "string") return item;
      throw invalidRequest(`${this.at(name)}[${index}]`, `${this.at(name)}[${index}] must be a string`);
    });
  }

  object(name: string): ProtoReader | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new ProtoReader(value, this.at(name));
  }

  /** The fields that nobody has asked for, as the client wrote them; unset ones left out. */
  rest(): JsonObject {
    const rest: JsonObject = {};
    for (const [name, value] of Object.entries(this.#object)) {
      if (!this.#read.has(name) && value !== null && value !== undefined) rest[name] = value;
    }
    return rest;
  }

  get raw(): JsonObject {
    return this.#object;
  }
}

/** A count out of a provider's answer: a non-negative safe integer, number or decimal string (ProtoJSON int64); else undefined. */
export function countOf(value: JsonValue | undefined): number | undefined {
  const number = typeof value === "string" && /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** The string; undefined for anything else. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The objects of an array; [] for anything else. */
