/** Fields of the Responses API by the names under which encoders report what they lose. */
export const LOSS_FIELDS: Readonly<Record<string, string>> = {
  response_format: "text.format",
  "response_format.json_schema.name": "text.format.name",
  max_tokens: "max_output_tokens",
  verbosity: "text.verbosity",
  logprobs: "top_logprobs",
  reasoning_effort: "reasoning.effort",
  "response_format.schema": "text.format.schema",
};
