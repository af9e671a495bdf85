/** Fields of the Messages API by the names under which encoders report what they lose. */
export const LOSS_FIELDS: Readonly<Record<string, string>> = {
  stop: "stop_sequences",
  parallel_tool_calls: "tool_choice.disable_parallel_tool_use",
  user: "metadata.user_id",
  response_format: "output_config.format",
  "response_format.json_schema.name": "output_config.format",
  "text.format": "output_config.format",
  "text.format.name": "output_config.format",
  max_output_tokens: "max_tokens",
  reasoning: "thinking",
  "reasoning.budget": "thinking.budget_tokens",
  "reasoning.effort": "output_config.effort",
  reasoning_effort: "output_config.effort",
  "reasoning.summary": "thinking.display",
  "response_format.schema": "output_config.format.schema",
  parameters: "input_schema",
};

/** Where a client of this dialect may have said the same. */
export const LOSS_PLACES: Readonly<Record<string, readonly string[]>> = {
  "output_config.format": ["output_format"],
  "*.arguments": ["input"],
};
