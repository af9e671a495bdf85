import type { ReasoningRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { isAbsent, readInteger, readObject, readWord, restOf } from "./fields.ts";
import { MIN_THINKING_BUDGET } from "./wire-names.ts";

const TYPES = ["enabled", "adaptive", "disabled", "between_tools"] as const;
const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const;
const DISPLAYS = { summarized: "summary", omitted: "none" } as const;

/** `thinking` and `output_config.effort` in one; null when the client said neither. */
export function decodeReasoning(body: JsonObject): ReasoningRequest | null {
  const config = isAbsent(body.output_config) ? {} : readObject(body.output_config, "output_config");
  const effort = isAbsent(config.effort) ? {} : { effort: readWord(config.effort, "output_config.effort", EFFORTS) };
  if (isAbsent(body.thinking)) return isAbsent(config.effort) ? null : { mode: "adaptive", ...effort };
  const thinking = readObject(body.thinking, "thinking");
  const type = readWord(thinking.type, "thinking.type", TYPES);
  if (type === "disabled") return { mode: "off", ...effort };
  const display = DISPLAYS[thinking.display as keyof typeof DISPLAYS];
  const shown = display === undefined ? {} : { display };
  if (type !== "enabled") return { mode: "adaptive", ...effort, ...shown };
  const budget = readInteger(thinking.budget_tokens, "thinking.budget_tokens", MIN_THINKING_BUDGET);
  return { mode: "on", budget, ...effort, ...shown };
}

/** What `thinking` and `output_config` hold beyond that, kept for Anthropic under their own names. */
export function thinkingExtras(body: JsonObject): JsonObject {
  const config = isAbsent(body.output_config) ? {} : readObject(body.output_config, "output_config");
  const thinking = isAbsent(body.thinking) ? {} : readObject(body.thinking, "thinking");
  const moreConfig = restOf(config, ["effort", "format"]);
  const known = Object.hasOwn(DISPLAYS, String(thinking.display)) ? ["display"] : [];
  const kinds = thinking.type === "between_tools" ? [] : ["type"];
  const budget = thinking.type === "enabled" ? ["budget_tokens"] : [];
  const moreThinking = restOf(thinking, [...budget, ...known, ...kinds]);
  return {
    ...(moreConfig ? { output_config: moreConfig } : {}),
    ...(moreThinking ? { thinking: moreThinking } : {}),
  };
}
