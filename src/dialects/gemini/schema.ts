import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Loss } from "../../ir/loss.ts";
import { words } from "../../lib/words.ts";
import { withoutSingleAllOf } from "../shared/single-all-of.ts";

/**
 * The two schema languages of the wire: `parameters` and `responseSchema` take an OpenAPI 3.0 subset with types in upper case
 * (https://ai.google.dev/api/caching#Schema), `parametersJsonSchema` and `responseJsonSchema` take JSON Schema with these keywords
 * (https://ai.google.dev/api/generate-content#FIELDS.response_json_schema).
 */
const JSON_SCHEMA_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum anyOf oneOf " +
    "properties additionalProperties required propertyOrdering " +
    // Not in the list for JSON Schema, but fields of Schema, which both forms are turned into.
    "nullable default example minLength maxLength minProperties maxProperties pattern definitions"
  ).split(" "),
);
const SUBSET_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "type format title description nullable enum items minItems maxItems minimum maximum anyOf properties required propertyOrdering " +
    "default example minLength maxLength minProperties maxProperties pattern"
  ).split(" "),
);
/** Say nothing about the value: left out without a loss. */
const IDLE_KEYWORDS: ReadonlySet<string> = new Set(["$schema", "$comment"]);
/** Formats that the subset knows, by type; others are a 400 there. */
const SUBSET_FORMATS: Readonly<Record<string, readonly string[]>> = words({
  string: ["date-time", "enum"],
  number: ["float", "double"],
  integer: ["int32", "int64"],
});
const TYPES = ["string", "number", "integer", "boolean", "array", "object", "null"];
/** Schema.Type by number (google.ai.generativelanguage.v1beta.Type). */
const TYPE_NUMBERS = ["type_unspecified", "string", "number", "integer", "boolean", "array", "object", "null"];
const COUNT_KEYWORDS = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

const SNAKE_KEYWORDS: Readonly<Record<string, string>> = words({
  any_of: "anyOf",
  min_items: "minItems",
  max_items: "maxItems",
  min_length: "minLength",
  max_length: "maxLength",
  min_properties: "minProperties",
  max_properties: "maxProperties",
  property_ordering: "propertyOrdering",
});

/** A client's `parameters` or `responseSchema` as JSON Schema: types in lower case, `nullable` as a null type, counts as numbers. */
export function fromSubset(schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === null || value === undefined) continue;
    const keyword = SNAKE_KEYWORDS[name] ?? name;
    out[keyword] = fromSubsetValue(keyword, value);
  }
  if (out.nullable === true && typeof out.type === "string") out.type = [out.type, "null"];
  if (out.nullable !== true || Array.isArray(out.type)) delete out.nullable;
  return out;
}

function fromSubsetValue(keyword: string, value: JsonValue): JsonValue {
  if (keyword === "type") return jsonType(value);
  if (keyword === "properties" && isObject(value)) return mapSchemas(value, fromSubset);
  if (keyword === "items" && isObject(value)) return fromSubset(value);
  if ((keyword === "anyOf" || keyword === "oneOf" || keyword === "prefixItems") && Array.isArray(value)) {
    return value.map((item) => (isObject(item) ? fromSubset(item) : item));
  }
  if (COUNT_KEYWORDS.includes(keyword) && typeof value === "string" && /^[0-9]{1,15}$/.test(value))
    return Number(value);
  return value;
}

function jsonType(value: JsonValue): JsonValue {
  if (typeof value === "number") return TYPE_NUMBERS[value] ?? value;
  if (Array.isArray(value)) return value.map(jsonType);
  return typeof value === "string" ? value.toLowerCase() : value;
}

function mapSchemas(properties: JsonObject, map: (schema: JsonObject) => JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [name, schema] of Object.entries(properties)) out[name] = isObject(schema) ? map(schema) : schema;
  return out;
}

/** True for the schema of an object that has no properties: such a function's parameters are left unset. */
export function takesNothing(schema: JsonObject): boolean {
  const properties = schema.properties;
  const isEmpty = properties === undefined || (isObject(properties) && Object.keys(properties).length === 0);
  const others = Object.keys(schema).filter((name) => !["type", "properties", "required", "$schema"].includes(name));
  return isEmpty && (others.length === 0 || (others.length === 1 && schema.additionalProperties === false));
}

export type WireSchema = { form: "subset"; schema: JsonObject } | { form: "json"; schema: JsonObject };

/**
 * A JSON Schema as the wire takes it: in the OpenAPI subset, which every model reads, when it says everything; else as JSON Schema, with a
 * loss for each keyword that Google doesn't support there.
 */
export function toWireSchema(schema: JsonObject, path: string, losses: Loss[]): WireSchema {
  const subset = toSubset(schema);
  return subset === null
    ? { form: "json", schema: toJsonSchema(schema, path, losses) }
    : { form: "subset", schema: subset };
}

/** Null when the subset can't say it. */
function toSubset(asked: JsonObject): JsonObject | null {
  const schema = withoutSingleAllOf(asked);
  const type = subsetType(schema.type);
  if (type === null) return null;
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || IDLE_KEYWORDS.has(name)) continue;
    if (!SUBSET_KEYWORDS.has(name)) return null;
    const converted = toSubsetValue(name, value, type.name);
    if (converted === null) return null;
    out[name] = converted;
  }
  if (type.name !== undefined) out.type = type.name.toUpperCase();
  if (type.nullable) out.nullable = true;
  return out;
}

function subsetType(type: JsonValue | undefined): { name: string | undefined; nullable: boolean } | null {
  if (type === undefined) return { name: undefined, nullable: false };
  const names = Array.isArray(type) ? type : [type];
  const named = names.filter((name) => name !== "null");
  const [name] = named;
  if (named.length !== 1 || typeof name !== "string" || !TYPES.includes(name)) return null;
  return { name, nullable: named.length < names.length };
}

function toSubsetValue(name: string, value: JsonValue, type: string | undefined): JsonValue | null {
  switch (name) {
    case "enum":
      return type === "string" && Array.isArray(value) && value.every((item) => typeof item === "string")
        ? value
        : null;
    case "format":
      return typeof value === "string" && (SUBSET_FORMATS[type ?? ""] ?? []).includes(value) ? value : null;
    case "items":
      return isObject(value) ? toSubset(value) : null;
    case "properties": {
      if (!isObject(value)) return null;
      const out: JsonObject = {};
      for (const [key, item] of Object.entries(value)) {
        const converted = isObject(item) ? toSubset(item) : null;
        if (converted === null) return null;
        out[key] = converted;
      }
      return out;
    }
    case "anyOf": {
      if (!Array.isArray(value)) return null;
      const items = value.map((item) => (isObject(item) ? toSubset(item) : null));
      return items.every((item) => item !== null) ? items : null;
    }
    default:
      return value;
  }
}

/**
 * "If `$ref` is set on a sub-schema, no other properties, except for those starting as a `$`, may be set" (responseJsonSchema): what stands beside
 * one, such as a description, goes around it.
 */
function aroundReference(schema: JsonObject): JsonObject {
  const { $ref, ...rest } = schema;
  const isAlone = Object.keys(rest).every((name) => name.startsWith("$"));
  return typeof $ref !== "string" || isAlone || rest.anyOf !== undefined ? schema : { ...rest, anyOf: [{ $ref }] };
}

function toJsonSchema(asked: JsonObject, path: string, losses: Loss[]): JsonObject {
  const schema = aroundReference(withoutSingleAllOf(asked));
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || IDLE_KEYWORDS.has(name)) continue;
    if (name === "const" && schema.enum === undefined && (typeof value === "string" || typeof value === "number")) {
      out.enum = [value];
      continue;
    }
    if (!JSON_SCHEMA_KEYWORDS.has(name)) {
      losses.push({
        field: `${path}.${name}`,
        reason: `Gemini does not support the schema keyword ${name}`,
        side: "request",
      });
      continue;
    }
    out[name] = toJsonSchemaValue(name, value, `${path}.${name}`, losses);
  }
  return out;
}

function toJsonSchemaValue(name: string, value: JsonValue, path: string, losses: Loss[]): JsonValue {
  if ((name === "properties" || name === "$defs" || name === "definitions") && isObject(value)) {
    const out: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      out[key] = isObject(item) ? toJsonSchema(item, `${path}.${key}`, losses) : item;
    }
    return out;
  }
  if ((name === "items" || name === "additionalProperties") && isObject(value))
    return toJsonSchema(value, path, losses);
  if ((name === "anyOf" || name === "oneOf" || name === "prefixItems") && Array.isArray(value)) {
    return value.map((item, index) => (isObject(item) ? toJsonSchema(item, `${path}[${index}]`, losses) : item));
  }
  return value;
}
