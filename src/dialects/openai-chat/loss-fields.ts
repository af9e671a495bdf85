/** Fields of Chat Completions by the names under which encoders report what they lose. */
export const LOSS_FIELDS: Readonly<Record<string, string>> = {
  "text.format": "response_format",
  "text.format.name": "response_format.json_schema.name",
  max_output_tokens: "max_tokens",
  reasoning: "reasoning_effort",
  "reasoning.effort": "reasoning_effort",
  "response_format.schema": "response_format.json_schema.schema",
  parameters: "function.parameters",
};
