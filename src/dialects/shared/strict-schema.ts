import { isObject, type JsonValue } from "../../lib/json.ts";

/** Keywords that hold a schema, a list of schemas, or schemas by name. */
const SINGLE = ["items", "additionalProperties", "not"];
const LISTS = ["anyOf", "prefixItems"];
const MAPS = ["properties", "$defs", "definitions"];
/** Compositions that the strict subset leaves out. */
const REFUSED = [
  "allOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
];

/**
 * Why a JSON Schema is outside the subset that OpenAI's strict mode takes (structured outputs guide, "Supported schemas"): every object
 * forbids additional properties and requires all of its own, and some compositions are missing. Null when it is inside.
 */
export function strictViolation(schema: JsonValue | undefined, path = "the schema"): string | null {
  if (!isObject(schema)) return null;
  const refused = REFUSED.find((keyword) => schema[keyword] !== undefined);
  if (refused !== undefined) return `${path} uses ${refused}`;
  const own = objectViolation(schema, path);
  if (own !== null) return own;
  for (const [name, child] of children(schema)) {
    const violation = strictViolation(child, `${path}.${name}`);
    if (violation !== null) return violation;
  }
  return null;
}

function objectViolation(schema: { [key: string]: JsonValue | undefined }, path: string): string | null {
  const isObjectSchema = schema["type"] === "object" || schema["properties"] !== undefined;
  if (!isObjectSchema) return null;
  if (schema["additionalProperties"] !== false) return `${path} allows additional properties`;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const properties = isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  const optional = properties.find((name) => !required.includes(name));
  return optional === undefined ? null : `${path} does not require ${optional}`;
}

function children(schema: { [key: string]: JsonValue | undefined }): [string, JsonValue | undefined][] {
  const found: [string, JsonValue | undefined][] = SINGLE.map((name) => [name, schema[name]]);
  for (const name of LISTS) {
    const list = schema[name];
    if (Array.isArray(list)) found.push(...list.map((item, index): [string, JsonValue] => [`${name}[${index}]`, item]));
  }
  for (const name of MAPS) {
    const map = schema[name];
    if (isObject(map)) found.push(...Object.entries(map));
  }
  return found;
}
