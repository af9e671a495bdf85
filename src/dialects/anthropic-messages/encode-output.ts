import type { GenerateRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { describedSchema } from "../shared/described-schema.ts";
import type { Encoding } from "./encoding.ts";
import { normaliseSchema } from "./schema.ts";

export interface OutputFields {
  /** `output_config.format`. */
  format: JsonObject | null;
  /** What is asked for in words instead. */
  instruction: string | null;
}

/**
 * How the answer's form is asked for. A schema goes into `output_config.format` where the model has structured outputs. Elsewhere, and
 * for JSON without a schema, which the API does not know, it is asked for in the system prompt: a forced tool would
 * change the answer into a tool call that the client never offered, and rule out thinking and its own tools.
 */
export function encodeOutput(request: GenerateRequest, encoding: Encoding): OutputFields {
  const { output } = request;
  if (output.kind === "text") return { format: null, instruction: null };
  if (output.kind === "json") {
    encoding.lose(
      "response_format",
      "JSON without a schema is not enforced by Anthropic; asked for in the system prompt",
    );
    return {
      format: null,
      instruction: "Answer with a single JSON object and nothing else: no code fence, no comment.",
    };
  }
  const report = (path: string, reason: string): void => encoding.lose(path, reason);
  const asked = describedSchema(output, report);
  if (!encoding.target.capabilities.has("json_schema")) {
    encoding.lose("response_format", "this model does not enforce schemas; asked for in the system prompt");
    const schema = JSON.stringify(asked);
    return {
      format: null,
      instruction: `Answer with a single JSON value that fits this JSON Schema, and nothing else: no code fence, no comment.\n${schema}`,
    };
  }
  const isOwn = request.origin === "anthropic-messages";
  const schema = isOwn ? asked : normaliseSchema(asked, "response_format.schema", report);
  return { format: { type: "json_schema", schema }, instruction: null };
}
