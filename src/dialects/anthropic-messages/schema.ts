import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { withoutSingleAllOf } from "../shared/single-all-of.ts";

/** String formats that structured output knows (Anthropic structured outputs, supported schemas). */
const FORMATS = new Set(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]);
/** Keywords that are kept as they are. */
const PLAIN = new Set([
  "type",
  "enum",
  "const",
  "title",
  "description",
  "default",
  "required",
  "$ref",
  "$schema",
  "$id",
]);

export type DropReport = (path: string, reason: string) => void;

/**
 * A JSON Schema as structured output and strict tools accept it. Each keyword that they refuse is dropped and reported; closed
 * objects and `anyOf` for `oneOf` are the API's own rules (Anthropic structured outputs; the same rules are in its SDK).
 */
export function normaliseSchema(schema: JsonObject, path: string, report: DropReport): JsonObject {
  const out: JsonObject = {};
  // "allOf with $ref" is refused (Anthropic structured outputs, JSON Schema limitations).
  for (const [name, value] of Object.entries(withoutSingleAllOf(schema))) {
    const at = `${path}.${name}`;
    if (PLAIN.has(name)) out[name] = value;
    else if (name === "properties" || name === "$defs" || name === "definitions") out[name] = each(value, at, report);
    else if (name === "items") out.items = sub(value, at, report);
    else if (name === "anyOf" || name === "allOf" || name === "oneOf") putVariants(out, name, value, at, report);
    else if (name === "format" && typeof value === "string" && FORMATS.has(value)) out.format = value;
    else if (name === "minItems" && (value === 0 || value === 1)) out.minItems = value;
    else if (name === "additionalProperties") reportOpen(value, at, report);
    else report(at, "this schema keyword is refused by Anthropic's structured output");
  }
  if (isObjectType(out)) out.additionalProperties = false;
  return out;
}

const isObjectType = (schema: JsonObject): boolean =>
  schema.type === "object" ||
  (Array.isArray(schema.type) && schema.type.includes("object")) ||
  (schema.type === undefined && schema.properties !== undefined);

function sub(value: JsonValue | undefined, path: string, report: DropReport): JsonValue | undefined {
  return isObject(value) ? normaliseSchema(value, path, report) : value;
}

function each(value: JsonValue | undefined, path: string, report: DropReport): JsonValue | undefined {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sub(item, `${path}.${key}`, report)]));
}

function putVariants(
  out: JsonObject,
  name: string,
  value: JsonValue | undefined,
  path: string,
  report: DropReport,
): void {
  if (!Array.isArray(value)) return;
  const variants = value.map((item, index) => sub(item, `${path}[${index}]`, report) ?? null);
  if (name !== "oneOf") out[name] = variants;
  else out.anyOf = Array.isArray(out.anyOf) ? [...out.anyOf, ...variants] : variants;
}

function reportOpen(value: JsonValue | undefined, path: string, report: DropReport): void {
  if (value !== false) report(path, "objects are closed in Anthropic's structured output");
}

/** Keywords that the API refuses at the top of a tool's input schema, structured or not. */
const TOP_LEVEL_UNIONS = ["oneOf", "anyOf", "allOf"];

/** A tool's input schema for a tool that isn't strict, which may be every JSON Schema of type object (Anthropic tool use). */
export function normaliseToolSchema(schema: JsonObject | undefined, path: string, report: DropReport): JsonObject {
  const out: JsonObject = { type: "object" };
  for (const [name, value] of Object.entries(schema ?? {})) {
    if (name === "type") continue;
    if (TOP_LEVEL_UNIONS.includes(name)) report(`${path}.${name}`, "refused at the top of an input schema");
    else out[name] = value;
  }
  return out;
}
