/** Fields of the Responses API by the names under which encoders report what they lose. */
export const LOSS_FIELDS: Readonly<Record<string, string>> = {
  response_format: "text.format",
  "response_format.json_schema.name": "text.format.name",
  "response_format.json_schema.description": "text.format.description",
  max_tokens: "max_output_tokens",
  verbosity: "text.verbosity",
  logprobs: "top_logprobs",
  reasoning_effort: "reasoning.effort",
  "response_format.schema": "text.format.schema",
};

/** Where a client of this dialect may have said the same. */
export const LOSS_PLACES: Readonly<Record<string, readonly string[]>> = {
  messages: ["input"],
  top_logprobs: ["include"],
  user: ["safety_identifier"],
  "*.arguments": ["input"],
  "*.cache_control": ["prompt_cache_breakpoint"],
  "*.citations": ["annotations"],
  "*.phase": ["^.phase"],
};
