import type { Finish, FinishKind } from "../../ir/finish.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";

/**
 * `finish_reason` → why the choice ended. OpenAI's five, and what other servers say instead: `eos` (Together), `model_length` (Mistral),
 * `insufficient_system_resource` (DeepSeek), `abort` (vLLM), and the words of Anthropic and Gemini that some proxies leave in place.
 */
const KINDS: Readonly<Record<string, FinishKind>> = words({
  stop: "stop",
  length: "length",
  tool_calls: "tool",
  function_call: "tool",
  content_filter: "filter",
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "context",
  model_context_window_exceeded: "context",
  tool_use: "tool",
  pause_turn: "pause",
  refusal: "refusal",
  safety: "filter",
  recitation: "filter",
  malformed_function_call: "malformed-tool",
  error: "error",
  abort: "error",
  insufficient_system_resource: "error",
});

export interface FinishFacts {
  hasText: boolean;
  hasTools: boolean;
  hasRefusal: boolean;
  /** A tool call that can't be used was dropped. */
  hasBrokenTool: boolean;
}

/**
 * A finish out of the wire's word (null when there was none) and of what the choice held: a forced tool call ends with `stop` on OpenAI, a
 * refusal too.
 */
export function decodeFinish(raw: string | null, choice: JsonObject, facts: FinishFacts): Finish {
  const details = finishDetails(choice);
  return { kind: kindOf(raw, facts), raw, ...(details === undefined ? {} : { details }) };
}

function kindOf(raw: string | null, facts: FinishFacts): FinishKind {
  const kind = raw === null ? "stop" : (KINDS[raw.toLowerCase()] ?? "stop");
  if (kind !== "stop" && kind !== "tool") return kind;
  if (facts.hasTools) return "tool";
  if (facts.hasBrokenTool) return "malformed-tool";
  if (facts.hasRefusal && !facts.hasText) return "refusal";
  return "stop";
}

/** Fields of the choice that belong to its end. Azure: filter results. vLLM: `stop_reason`, SGLang: `matched_stop` tell the stop sequence. */
function finishDetails(choice: JsonObject): Finish["details"] {
  const details: NonNullable<Finish["details"]> = {};
  const sequence: JsonValue | undefined = choice["stop_reason"] ?? choice["matched_stop"];
  if (typeof sequence === "string") details.stopSequence = sequence;
  const filter = choice["content_filter_results"];
  if (isObject(filter) && Object.keys(filter).length > 0) details.native = { content_filter_results: filter };
  return Object.keys(details).length === 0 ? undefined : details;
}

const WORDS: Readonly<Record<FinishKind, string>> = {
  stop: "stop",
  length: "length",
  context: "length",
  tool: "tool_calls",
  pause: "stop",
  refusal: "stop",
  filter: "content_filter",
  "malformed-tool": "stop",
  error: "error",
};

/** The word that OpenAI's clients know. */
export function finishWord(finish: Finish): string {
  return WORDS[finish.kind];
}
