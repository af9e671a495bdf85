import type { DialectId } from "./dialect-id.ts";

/** What a model can be asked for. A request that needs more than a model has is not sent to it. */
export const CAPABILITIES = [
  "tools",
  "images",
  "audio",
  "video",
  "documents",
  "json_object",
  "json_schema",
  "reasoning",
  "logprobs",
  "n",
  "audio_output",
  "image_output",
  "embeddings",
  "image_generation",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Facts of a model that no code may sniff from its name (contract: Flags of a model). */
export interface ModelFlags {
  /** false: temperature, top_p, top_k are refused upstream; dropped with a loss. */
  sampling: boolean;
  /** How thinking is asked for: effort only (`adaptive`), token budget (`budget`), or null = the dialect's default. */
  thinking: "adaptive" | "budget" | null;
  /** false: a trailing assistant turn is refused. */
  prefill: boolean;
  maxTokensField: "max_tokens" | "max_completion_tokens" | null;
}

/** Quirks of a provider as data. Every flag has the default of the original dialect. */
export interface Compat {
  max_tokens_field: "max_tokens" | "max_completion_tokens";
  /** Role that leading instructions get. */
  system_role: "system" | "developer";
  /** Supports `stream_options: {include_usage: true}`. */
  stream_usage: boolean;
  /** How reasoning effort or budget is asked for. */
  reasoning_request: "reasoning_effort" | "reasoning" | "thinking" | "enable_thinking" | "none";
  /** Field in which earlier reasoning text is sent back, null = not at all. */
  reasoning_field: "reasoning_content" | "reasoning" | null;
  /** `<think>…</think>` at the start of content is reasoning. */
  think_tags: boolean;
  /** completion_tokens leaves reasoning out (xAI). */
  reasoning_outside_output: boolean;
  /** Tool call ids must match `^[a-zA-Z0-9]{9}$` (Mistral). */
  short_tool_ids: boolean;
  json_schema: boolean;
  strict_tools: boolean;
  parallel_tool_calls: boolean;
  /** Takes OpenAI's free-form tools; absent = only for clients that wrote them in the chat dialect themselves, else they go as functions. */
  custom_tools?: boolean;
  /** `tool_choice: "required"` is spelled `any` (Mistral). */
  tool_choice_any: boolean;
  /** Name of the seed field (Mistral: `random_seed`). */
  seed_field: "seed" | "random_seed";
  /** Content of assistant and tool messages must be a string. */
  string_content: boolean;
  /** Request fields this server refuses; dropped with a loss. */
  refuses: string[];
  /** Extra query parameters (`api-version` for Azure). */
  query: Record<string, string>;
  /** Extra static request headers. */
  headers: Record<string, string>;
  /** Header that carries the key, and its prefix. Null = the dialect's own. */
  auth_header: string | null;
  auth_prefix: string | null;
  /** Path below base_url where the dialect's default does not fit. `{model}` is replaced. */
  path: string | null;
}

/** What an encoder may know of where a request goes. */
export interface TargetFacts {
  dialect: DialectId;
  /** Provider name of the catalog and its organisation, which decides on seals. */
  provider: string;
  realm: string;
  /** The provider's id of the model. */
  upstreamModel: string;
  capabilities: ReadonlySet<Capability>;
  flags: ModelFlags;
  /** The model's own output limit, tokens; null = unknown. */
  maxOutput: number | null;
  compat: Compat;
}

export const DEFAULT_COMPAT: Compat = {
  max_tokens_field: "max_tokens",
  system_role: "system",
  stream_usage: true,
  reasoning_request: "reasoning_effort",
  reasoning_field: "reasoning_content",
  think_tags: false,
  reasoning_outside_output: false,
  short_tool_ids: false,
  json_schema: true,
  strict_tools: true,
  parallel_tool_calls: true,
  tool_choice_any: false,
  seed_field: "seed",
  string_content: false,
  refuses: [],
  query: {},
  headers: {},
  auth_header: null,
  auth_prefix: null,
  path: null,
};
