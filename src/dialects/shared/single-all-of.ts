import { isObject, type JsonObject } from "../../lib/json.ts";

/**
 * A JSON Schema whose `allOf` holds one schema, said without it: `allOf` and `anyOf` of one mean the same (JSON Schema Validation 10.2.1).
 * That is how Pydantic 1 and others write a nested model that has a description or a default, for APIs that know no `allOf`.
 */
export function withoutSingleAllOf(schema: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf) || allOf.length !== 1 || rest["anyOf"] !== undefined) return schema;
  const [only] = allOf;
  if (!isObject(only)) return schema;
  return Object.keys(rest).length === 0 ? only : { ...rest, anyOf: [only] };
}
