import { isObject, type JsonValue } from "../../lib/json.ts";
import type { RequestSignals } from "../dialect.ts";

/** Signals for the `auto` classifier, over the text that people and models wrote. */
export function requestSignals(
  system: JsonValue | undefined,
  messages: JsonValue[],
  tools: JsonValue | undefined,
  config: JsonValue | undefined,
): RequestSignals {
  let characters = textOf(system).length;
  let lastUserText = "";
  let hasCode = false;
  for (const message of messages) {
    if (!isObject(message)) continue;
    const text = textOf(message.content);
    characters += text.length;
    hasCode ||= text.includes("```");
    if (message.role === "user" && text !== "") lastUserText = text;
  }
  const effort = isObject(config) ? config.effort : undefined;
  return {
    turns: messages.length,
    characters,
    lastUserText,
    tools: Array.isArray(tools) ? tools.length : 0,
    hasCode,
    reasoningEffort: typeof effort === "string" ? effort : null,
  };
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((block) => (isObject(block) && block.type === "text" && typeof block.text === "string" ? block.text : ""))
    .filter((text) => text !== "")
    .join("\n");
}
