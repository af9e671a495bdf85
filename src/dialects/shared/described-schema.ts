import type { OutputFormat } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";

type SchemaOutput = Extract<OutputFormat, { kind: "schema" }>;

/** The schema of an answer with what the client says of it, for APIs that have no field for that. A schema with words of its own keeps them: `lose` is told. */
export function describedSchema(output: SchemaOutput, lose: (field: string, reason: string) => void): JsonObject {
  const { schema, description } = output;
  if (description === undefined || schema["description"] === description) return schema;
  if (schema["description"] === undefined) return { description, ...schema };
  lose(
    "response_format.json_schema.description",
    "the schema itself is described otherwise, and there is one place for it",
  );
  return schema;
}
