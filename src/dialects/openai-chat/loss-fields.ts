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

/** Where a client of this dialect, or of servers like it, may have said the same. */
export const LOSS_PLACES: Readonly<Record<string, readonly string[]>> = {
  max_tokens: ["max_completion_tokens"],
  seed: ["random_seed"],
  user: ["safety_identifier"],
  reasoning_effort: ["reasoning.effort", "reasoning", "thinking", "enable_thinking", "thinking_budget"],
  "reasoning.budget": ["reasoning.max_tokens", "thinking.budget_tokens", "thinking_budget"],
  tool_choice: ["function_call"],
  "*.detail": ["image_url.detail"],
  "*.filename": ["file.filename"],
  "*.strict": ["function.strict"],
  "*.format": ["custom.format"],
  "*.arguments": ["function.arguments", "custom.input"],
  "*.cache_control": ["prompt_cache_breakpoint"],
  "*.citations": ["^.annotations"],
};
