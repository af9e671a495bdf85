import type { GenerateRequest, ReasoningRequest } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { forcesTool } from "./encode-tools.ts";
import type { Encoding } from "./encoding.ts";
import { MIN_THINKING_BUDGET } from "./wire-names.ts";

type Effort = NonNullable<ReasoningRequest["effort"]>;

/** Thinking budgets, tokens, for an effort on a model that is asked by budget. Our choice: the API defines none. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16384,
  xhigh: 24576,
  max: 32000,
};
/** The other way: the effort whose budget is the nearest one that is not smaller. */
const effortOf = (budget: number): Effort =>
  (["low", "medium", "high", "xhigh"] as const).find((effort) => budget <= BUDGETS[effort]) ?? "max";

/** Share of max_tokens that thinking may take, so that room for the answer is left. */
const THINKING_SHARE = 0.8;

export interface ThinkingFields {
  thinking?: JsonObject;
  effort?: string;
}

/**
 * `thinking` and `output_config.effort` for a request. Where the API refuses thinking beside something else that was asked for, that
 * other thing wins and thinking is the loss (Anthropic extended thinking: feature compatibility).
 */
export function encodeThinking(
  request: GenerateRequest,
  messages: readonly JsonObject[],
  maxTokens: number,
  encoding: Encoding,
): ThinkingFields {
  const reasoning = request.reasoning;
  if (reasoning === null) return {};
  const isOff = reasoning.mode === "off" || reasoning.effort === "none" || reasoning.budget === 0;
  if (!encoding.target.capabilities.has("reasoning")) {
    if (!isOff) encoding.lose("reasoning", "this model does not think");
    return {};
  }
  if (isOff) {
    const { effort } = reasoning;
    return { thinking: { type: "disabled" }, ...(effort === undefined || effort === "none" ? {} : { effort }) };
  }
  const fields = isAdaptive(reasoning, encoding)
    ? adaptiveThinking(reasoning, encoding)
    : budgetThinking(reasoning, maxTokens, encoding);
  const conflict = fields.thinking === undefined ? null : conflictOf(request, messages, fields.thinking);
  if (conflict === null) return fields;
  encoding.lose("reasoning", conflict);
  return fields.effort === undefined ? {} : { effort: fields.effort };
}

/** The model's flag decides; without one, a budget asks for budget thinking and everything else for adaptive. */
function isAdaptive(reasoning: ReasoningRequest, encoding: Encoding): boolean {
  const flag = encoding.target.flags.thinking;
  return flag === null ? reasoning.mode === "adaptive" && reasoning.budget === undefined : flag === "adaptive";
}

function adaptiveThinking(reasoning: ReasoningRequest, encoding: Encoding): ThinkingFields {
  const { budget } = reasoning;
  let effort = reasoning.effort;
  if (budget !== undefined && budget > 0) {
    if (effort === undefined) effort = effortOf(budget);
    encoding.lose("reasoning.budget", `this model takes no thinking budget; effort ${effort} is asked for`);
  }
  if (effort === "minimal") encoding.lose("reasoning.effort", "minimal is not known to Anthropic; low is asked for");
  return {
    thinking: { type: "adaptive", ...display(reasoning) },
    ...(effort === undefined ? {} : { effort: effort === "minimal" ? "low" : effort }),
  };
}

function budgetThinking(reasoning: ReasoningRequest, maxTokens: number, encoding: Encoding): ThinkingFields {
  const asked = reasoning.budget !== undefined && reasoning.budget > 0 ? reasoning.budget : null;
  const wanted = Math.max(MIN_THINKING_BUDGET, asked ?? BUDGETS[reasoning.effort ?? "medium"]);
  const fits = wanted < maxTokens;
  const room = Math.floor(maxTokens * THINKING_SHARE);
  // A budget of the client's own that fits stays, however little room it leaves.
  const budget = asked !== null && fits ? wanted : Math.min(wanted, room);
  if (budget < MIN_THINKING_BUDGET) {
    encoding.lose("reasoning", `max_tokens ${maxTokens} leaves no room for the least thinking budget`);
    return {};
  }
  if (asked !== null && budget !== asked) {
    encoding.lose(
      "reasoning.budget",
      `a budget from ${MIN_THINKING_BUDGET} to below max_tokens is wanted; ${budget} is asked for`,
    );
  }
  return { thinking: { type: "enabled", budget_tokens: budget, ...display(reasoning) } };
}

function display(reasoning: ReasoningRequest): JsonObject {
  if (reasoning.display === undefined) return {};
  return { display: reasoning.display === "none" ? "omitted" : "summarized" };
}

/** Why thinking can't be on in this request, or null. */
function conflictOf(request: GenerateRequest, messages: readonly JsonObject[], thinking: JsonObject): string | null {
  if (forcesTool(request.toolChoice)) return "Anthropic refuses thinking when tool_choice forces a tool";
  if (thinking.type !== "enabled") return null;
  const last = messages.at(-1);
  if (last?.role === "assistant")
    return "Anthropic refuses thinking when the conversation ends with an assistant message";
  if (!isToolLoop(last)) return null;
  const assistant = messages.findLast((message) => message.role === "assistant");
  const first = Array.isArray(assistant?.content) ? assistant.content[0] : null;
  const starts = isObject(first) && (first.type === "thinking" || first.type === "redacted_thinking");
  return starts ? null : "in a tool loop the last assistant message must begin with thinking that Anthropic signed";
}

const isToolLoop = (last: JsonObject | undefined): boolean =>
  last?.role === "user" &&
  Array.isArray(last.content) &&
  last.content.some((block) => isObject(block) && block.type === "tool_result");
