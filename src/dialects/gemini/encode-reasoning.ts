import type { ReasoningRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { EncodeScope } from "./encode-scope.ts";

type Effort = NonNullable<ReasoningRequest["effort"]>;

/** Levels of Gemini 3 (https://ai.google.dev/gemini-api/docs/thinking#levels-budgets). */
const LEVEL_BY_EFFORT: Readonly<Record<Effort, string>> = {
  none: "minimal",
  minimal: "minimal",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
};
/** Budgets that Google's own OpenAI endpoint gives for an effort (https://ai.google.dev/gemini-api/docs/openai#thinking). */
const BUDGET_BY_EFFORT: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

/** `thinkingConfig` for the request's reasoning, in the way that the model is asked by; undefined when there is nothing to ask. */
export function encodeReasoning(scope: EncodeScope): JsonObject | undefined {
  const { reasoning } = scope.request;
  if (reasoning === null) return undefined;
  if (!scope.target.capabilities.has("reasoning")) {
    if (reasoning.mode !== "off" && reasoning.effort !== "none") scope.lose("reasoning", "the model does not reason");
    return undefined;
  }
  const byLevel = scope.isAdaptive || (scope.target.flags.thinking === null && reasoning.effort !== undefined);
  const amount = thinkingAmount(reasoning, byLevel, scope);
  const shown = wantsThoughts(scope) ? { includeThoughts: true } : shownFalse(reasoning);
  const config = { ...shown, ...amount };
  return Object.keys(config).length === 0 ? undefined : config;
}

/** What the amount of thinking is decided by, and where losses go. */
type AmountScope = Pick<EncodeScope, "target" | "lose">;

/** How much is to be thought, as a level or as a budget of tokens. */
export function thinkingAmount(reasoning: ReasoningRequest, byLevel: boolean, scope: AmountScope): JsonObject {
  return byLevel ? levelOf(reasoning, scope) : budgetOf(reasoning, scope);
}

const shownFalse = (reasoning: ReasoningRequest): JsonObject =>
  reasoning.display === "none" ? { includeThoughts: false } : {};

/** Anthropic's thinking is shown unless it is told otherwise; the other dialects ask for the text. */
function wantsThoughts(scope: EncodeScope): boolean {
  const { reasoning, origin } = scope.request;
  if (reasoning === null || reasoning.mode === "off") return false;
  return reasoning.display === undefined ? origin === "anthropic-messages" : reasoning.display !== "none";
}

function levelOf(reasoning: ReasoningRequest, scope: AmountScope): JsonObject {
  const effort = reasoning.mode === "off" ? "none" : (reasoning.effort ?? effortOf(reasoning.budget));
  if (effort === undefined) return {};
  if (effort === "none") scope.lose("reasoning", "the model can't stop thinking; asked for its least");
  if (effort === "xhigh" || effort === "max") scope.lose("reasoning.effort", `"${effort}" is sent as "high"`);
  if (reasoning.effort === undefined && reasoning.mode !== "off") {
    scope.lose("reasoning.budget", "the model is asked by level, not by tokens; sent as the nearest level");
  }
  const level = LEVEL_BY_EFFORT[effort];
  if (level !== "minimal" || !scope.target.compat.refuses.includes("thinkingLevel.minimal"))
    return { thinkingLevel: level };
  scope.lose("reasoning.effort", 'the model has no level "minimal"; sent as "low"');
  return { thinkingLevel: "low" };
}

/** The effort whose budget is nearest; undefined when the model is to decide. */
function effortOf(budget: number | undefined): Effort | undefined {
  if (budget === undefined || budget < 0) return undefined;
  if (budget === 0) return "none";
  return budget <= 2048 ? "low" : budget <= 12_288 ? "medium" : "high";
}

function budgetOf(reasoning: ReasoningRequest, scope: AmountScope): JsonObject {
  if (reasoning.mode === "off") return { thinkingBudget: 0 };
  if (reasoning.budget !== undefined) return { thinkingBudget: reasoning.budget };
  if (reasoning.effort === undefined) return {};
  if (reasoning.effort === "xhigh" || reasoning.effort === "max") {
    scope.lose("reasoning.effort", `"${reasoning.effort}" is sent as the budget of "high"`);
  }
  return { thinkingBudget: BUDGET_BY_EFFORT[reasoning.effort] };
}
