import type { ReasoningRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { effortOfBudget } from "../shared/openai-settings.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";

type Effort = NonNullable<ReasoningRequest["effort"]>;

/** What was asked of reasoning, in the words of the server at hand (compat flag `reasoning_request`). */
export function encodeReasoning(reasoning: ReasoningRequest | null, encoding: Encoding): JsonObject {
  if (reasoning === null) return {};
  const { capabilities, compat } = encoding.target;
  if (!capabilities.has("reasoning") || compat.reasoning_request === "none") {
    const isOff = reasoning.mode === "off" && !capabilities.has("reasoning");
    if (!isOff) encoding.lose("reasoning", "this model's reasoning can't be asked for");
    return {};
  }
  switch (compat.reasoning_request) {
    case "reasoning":
      return { reasoning: openRouterForm(reasoning, encoding) };
    case "thinking":
      return thinkingForm(reasoning, encoding);
    case "enable_thinking":
      return qwenForm(reasoning, encoding);
    default: {
      loseDisplay(reasoning, encoding);
      const effort = effortOf(reasoning, encoding);
      return effort === null ? {} : { reasoning_effort: effort };
    }
  }
}

/** Effort as asked for, or the nearest to a budget in tokens. */
function effortOf(reasoning: ReasoningRequest, encoding: Encoding): Effort | null {
  if (reasoning.mode === "off") {
    encoding.loseEffort(reasoning);
    return "none";
  }
  if (reasoning.effort !== undefined) return reasoning.effort;
  const budget = reasoning.budget;
  if (budget === undefined || budget < 0) return null;
  const effort = effortOfBudget(budget);
  if (budget > 0) {
    encoding.lose("reasoning.budget", `thinking budgets are not known to this provider; effort ${effort} is asked for`);
  }
  return effort;
}

/** https://openrouter.ai/docs/use-cases/reasoning-tokens: effort or max_tokens, not both. */
function openRouterForm(reasoning: ReasoningRequest, encoding: Encoding): JsonObject {
  const shown = openRouterDisplay(reasoning.display, encoding.isOwn);
  if (reasoning.mode === "off") {
    encoding.loseEffort(reasoning);
    return { enabled: false };
  }
  if (shown === null) loseDisplay(reasoning, encoding);
  if (reasoning.effort !== undefined) return { effort: reasoning.effort, ...shown };
  if (reasoning.budget !== undefined && reasoning.budget > 0) return { max_tokens: reasoning.budget, ...shown };
  return { enabled: true, ...shown };
}

/** `exclude`, and `summary` as a client of this dialect wrote it; null when there is no word for what was asked. */
function openRouterDisplay(display: ReasoningRequest["display"], isOwn: boolean): JsonObject | null {
  if (display === undefined) return {};
  if (display === "none") return { exclude: true };
  return isOwn && (display === "auto" || display === "concise" || display === "detailed") ? { summary: display } : null;
}

/** https://api-docs.deepseek.com/guides/thinking_mode: a switch, and an effort beside it. */
function thinkingForm(reasoning: ReasoningRequest, encoding: Encoding): JsonObject {
  if (reasoning.mode === "off" || reasoning.effort === "none") {
    encoding.loseEffort(reasoning);
    return { thinking: { type: "disabled" } };
  }
  loseDisplay(reasoning, encoding);
  const effort = effortOf(reasoning, encoding);
  return { thinking: { type: "enabled" }, ...(effort === null ? {} : { reasoning_effort: effort }) };
}

/** Qwen: a switch and a budget; efforts are not known. */
function qwenForm(reasoning: ReasoningRequest, encoding: Encoding): JsonObject {
  if (reasoning.mode === "off" || reasoning.effort === "none") {
    encoding.loseEffort(reasoning);
    return { enable_thinking: false };
  }
  loseDisplay(reasoning, encoding);
  if (reasoning.effort !== undefined) encoding.lose("reasoning_effort", "this provider knows budgets only");
  const budget = reasoning.budget !== undefined && reasoning.budget > 0 ? { thinking_budget: reasoning.budget } : {};
  return { enable_thinking: true, ...budget };
}

/** Chat answers show what reasoning the server shows; summaries can't be asked for. */
function loseDisplay(reasoning: ReasoningRequest, encoding: Encoding): void {
  const { display } = reasoning;
  if (display === undefined || display === "none" || display === "auto" || display === "full") return;
  encoding.lose("reasoning.summary", `summaries of reasoning are ${NOT_KNOWN}`);
}
