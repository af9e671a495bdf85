import type { ReasoningRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { optionalBoolean, optionalInteger, optionalObject, optionalString, optionalWord } from "../shared/fields.ts";
import { EFFORTS, MAX_WHOLE } from "../shared/openai-settings.ts";

/** Fields by which clients ask for reasoning: OpenAI's, OpenRouter's, that of DeepSeek and Z.ai, and Qwen's. */
export const REASONING_FIELDS = ["reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget"];

/** What was asked of reasoning; null when nothing was. */
export function decodeReasoning(body: JsonObject): ReasoningRequest | null {
  const effort = optionalWord(body["reasoning_effort"], "reasoning_effort", EFFORTS);
  const asked: ReasoningRequest | null =
    effort === undefined ? null : { mode: effort === "none" ? "off" : "on", effort };
  const extension = decodeOpenRouter(body) ?? decodeThinking(body) ?? decodeQwen(body);
  if (asked === null || extension === null) return asked ?? extension;
  return { ...extension, ...(extension.mode === "off" ? {} : asked) };
}

/** `reasoning: {effort | max_tokens | enabled, exclude, summary}` (https://openrouter.ai/docs/use-cases/reasoning-tokens). */
function decodeOpenRouter(body: JsonObject): ReasoningRequest | null {
  const reasoning = optionalObject(body["reasoning"], "reasoning");
  if (reasoning === undefined) return null;
  const effort = optionalWord(reasoning["effort"], "reasoning.effort", EFFORTS);
  const budget = optionalInteger(reasoning["max_tokens"], "reasoning.max_tokens", 0, MAX_WHOLE);
  const enabled = optionalBoolean(reasoning["enabled"], "reasoning.enabled");
  const excluded = optionalBoolean(reasoning["exclude"], "reasoning.exclude") === true;
  const summary = optionalWord(reasoning["summary"], "reasoning.summary", ["auto", "concise", "detailed"]);
  const isOff = enabled === false || effort === "none" || budget === 0;
  return {
    mode: isOff ? "off" : "on",
    ...(effort === undefined ? {} : { effort }),
    ...(budget === undefined || budget === 0 ? {} : { budget }),
    ...(excluded ? { display: "none" as const } : summary === undefined ? {} : { display: summary }),
  };
}

/** `thinking: {type: "enabled" | "disabled" | "auto" | "adaptive", budget_tokens}`. */
function decodeThinking(body: JsonObject): ReasoningRequest | null {
  const thinking = optionalObject(body["thinking"], "thinking");
  if (thinking === undefined) return null;
  const type = optionalString(thinking["type"], "thinking.type");
  const budget = optionalInteger(thinking["budget_tokens"], "thinking.budget_tokens", 1, MAX_WHOLE);
  const mode = type === "disabled" ? "off" : type === "adaptive" || type === "auto" ? "adaptive" : "on";
  return { mode, ...(budget === undefined || mode === "off" ? {} : { budget }) };
}

/** `enable_thinking` and `thinking_budget`. */
function decodeQwen(body: JsonObject): ReasoningRequest | null {
  const enabled = optionalBoolean(body["enable_thinking"], "enable_thinking");
  const budget = optionalInteger(body["thinking_budget"], "thinking_budget", 0, MAX_WHOLE);
  if (enabled === undefined && budget === undefined) return null;
  if (enabled === false || budget === 0) return { mode: "off" };
  return { mode: "on", ...(budget === undefined ? {} : { budget }) };
}
