/** Arbitrary tools and schemas: functions, strict or not, free-form tools with and without grammars, and what each provider hosts itself. */
import * as fc from "../../support/property.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { Tool } from "../../../src/ir/request.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import * as value from "./values.ts";

const leaf: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constantFrom<JsonObject>(
    { type: "string" },
    { type: "string", enum: ["a", "b"] },
    { type: "string", format: "date-time" },
    { type: "string", format: "uri", pattern: "^x" },
    { type: "integer", minimum: 1, maximum: 5 },
    { type: "number", exclusiveMinimum: 0 },
    { type: ["string", "null"] },
    { const: 5 },
    { $ref: "#/$defs/thing" },
    {},
  ),
  value.text.map((description) => ({ type: "string", description })),
);
const node = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: leaf.map((items): JsonObject => ({ type: "array", items, minItems: 1 })) },
  { weight: 1, arbitrary: fc.array(leaf, { minLength: 1, maxLength: 2 }).map((anyOf): JsonObject => ({ anyOf })) },
);

/** Schema of an object, as tools and structured answers have. */
export const schema: fc.Arbitrary<JsonObject> = fc
  .record({
    properties: fc.dictionary(fc.constantFrom("city", "when", "ü", "a b"), node, { maxKeys: 3 }),
    isClosed: fc.boolean(),
    isComplete: fc.boolean(),
  })
  .map(({ properties, isClosed, isComplete }) => ({
    type: "object",
    properties: { ...properties },
    ...(isComplete ? { required: Object.keys(properties) } : {}),
    ...(isClosed ? { additionalProperties: false } : {}),
    ...(JSON.stringify(properties).includes("$ref") ? { $defs: { thing: { type: "string" } } } : {}),
  }));

/** A hosted tool as a client of each dialect writes it, and the name that its decoder gives it. */
const HOSTED: Readonly<Record<DialectId, { name: string; value: JsonObject }>> = {
  "openai-chat": { name: "web_search", value: { type: "web_search" } },
  "openai-responses": { name: "web_search", value: { type: "web_search" } },
  "anthropic-messages": { name: "web_search", value: { type: "web_search_20250305", name: "web_search" } },
  gemini: { name: "web_search", value: { googleSearch: {} } },
};

type Unplaced = Omit<Tool, "path">;

const described = fc.option(value.text, { nil: undefined });
const functionTool = fc
  .tuple(value.name, described, fc.option(schema, { nil: undefined, freq: 6 }), fc.constantFrom(undefined, true, false))
  .map(([name, description, parameters, strict]): Unplaced => ({
    kind: "function",
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { schema: parameters }),
    ...(strict === undefined ? {} : { strict }),
  }));
const GRAMMAR = { syntax: "lark", definition: "start: /a/" };

/** Only OpenAI's clients have free-form tools; each writes grammars in its own way. */
const customTool = fc.constantFrom("none", "text", "grammar").map((format) => (origin: DialectId): Unplaced => {
  const grammar = origin === "openai-chat" ? { type: "grammar", grammar: GRAMMAR } : { type: "grammar", ...GRAMMAR };
  const native = { origin, value: format === "text" ? { type: "text" } : grammar };
  return { kind: "custom", name: "patch", description: "Applies it", ...(format === "none" ? {} : { native }) };
});

/** The tools of a client of some dialect. No name twice. */
export const tools = fc
  .tuple(
    fc.uniqueArray(functionTool, { maxLength: 3, selector: (tool) => tool.name }),
    fc.option(customTool, { nil: undefined, freq: 4 }),
    fc.boolean(),
    fc.option(fc.constantFrom("5m" as const, "1h" as const), { nil: undefined, freq: 8 }),
  )
  .map(([functions, custom, isHosted, ttl]) => (origin: DialectId): Unplaced[] => {
    const list = [...functions];
    if (custom !== undefined && origin.startsWith("openai")) list.push(custom(origin));
    const { name, value: native } = HOSTED[origin];
    if (isHosted && functions.length % 2 === 1) list.push({ kind: "server", name, native: { origin, value: native } });
    const [first] = list;
    if (ttl !== undefined && first !== undefined && first.kind !== "server") first.cache = { ttl };
    return list;
  });
