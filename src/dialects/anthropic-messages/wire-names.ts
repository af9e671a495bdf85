import type { FinishKind } from "../../ir/finish.ts";
import { words } from "../../lib/words.ts";

/** The API version whose wire format this folder speaks; newer ones refuse sampling parameters (Anthropic API versioning). */
export const API_VERSION = "2023-06-01";
export const MESSAGES_PATH = "/v1/messages";
export const COUNT_PATH = "/v1/messages/count_tokens";
/** Anthropic's organisation: seals that it minted go to clients as they are, all others in envelopes. */
export const HOME_REALM = "anthropic";
/** At most four cache breakpoints in a request (Anthropic prompt caching). */
export const MAX_CACHE_MARKS = 4;
/** Smallest thinking budget, tokens (Anthropic extended thinking). */
export const MIN_THINKING_BUDGET = 1024;
/** What goes in place of the required max_tokens when neither client nor catalog knows one, tokens. */
export const FALLBACK_MAX_TOKENS = 4096;
/** Wrapper for tool input that isn't a JSON object (Anthropic fine-grained tool streaming). */
export const INVALID_JSON_KEY = "INVALID_JSON";

/** Image types that the API takes as base64 (Anthropic vision). */
export const IMAGE_TYPES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/** stop_reason → finish kind (Anthropic stop reasons). */
export const FINISH_KINDS: Readonly<Record<string, FinishKind>> = words({
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  tool_use: "tool",
  pause_turn: "pause",
  compaction: "pause",
  refusal: "refusal",
  model_context_window_exceeded: "context",
});

/** Finish kind → stop_reason, where no native reason is at hand. */
export const STOP_REASONS: Readonly<Record<FinishKind, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  context: "model_context_window_exceeded",
  tool: "tool_use",
  pause: "pause_turn",
  refusal: "refusal",
  filter: "refusal",
  "malformed-tool": "end_turn",
  error: "end_turn",
};

/** error.type → HTTP status, for errors inside a stream (Anthropic errors). */
export const ERROR_STATUSES: Readonly<Record<string, number>> = words({
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
});

/** Tools of Anthropic's own types that the client runs itself, or that cost nothing but tokens. */
export const FREE_TOOL_TYPES: ReadonlySet<string> = new Set([
  "bash",
  "text_editor",
  "computer",
  "memory",
  "browser_toolset",
  "computer_toolset",
  "tool_search_tool_bm25",
  "tool_search_tool_regex",
]);

/** Hosted tools that Anthropic runs and bills, as a rule by more than tokens. */
export const HOSTED_TOOL_TYPES: ReadonlySet<string> = new Set([
  "web_search",
  "web_fetch",
  "code_execution",
  "advisor",
  "mcp_toolset",
]);

/** `web_search_20250305` → `web_search`: the versions of a typed tool differ by date only. */
export const toolFamily = (type: string): string => type.replace(/_?[0-9]{8}$/, "");

/** Betas that a translated request needs for what it holds (Anthropic beta headers). */
export const BETAS = {
  files: "files-api-2025-04-14",
  contextManagement: "context-management-2025-06-27",
  compaction: "compact-2026-01-12",
  mcp: "mcp-client-2025-11-20",
  fast: "fast-mode-2026-02-01",
} as const;
