import type { RequestSignals } from "../dialect.ts";
import { isObject, type JsonValue } from "../../lib/json.ts";

/** One message of a conversation, as far as the classifier is concerned. */
export interface Said {
  by: "instructions" | "user" | "other";
  text: string;
}

/** Signals for the `auto` classifier: the same conversation gives the same ones in every dialect. */
export function signalsOf(
  said: readonly Said[],
  { tools, reasoningEffort }: Pick<RequestSignals, "tools" | "reasoningEffort">,
): RequestSignals {
  return {
    turns: said.filter(({ by }) => by !== "instructions").length,
    characters: said.reduce((sum, { text }) => sum + text.length, 0),
    lastUserText: said.findLast(({ by, text }) => by === "user" && text.trim() !== "")?.text ?? "",
    tools,
    hasCode: said.some(({ text }) => text.includes("```")),
    reasoningEffort,
  };
}

/** Who speaks in a message with this `role`. */
export function speakerOf(role: JsonValue | undefined): Said["by"] {
  if (role === "system" || role === "developer") return "instructions";
  return role === "user" ? "user" : "other";
}

/** The text of a message's `content`: a string, or parts that have a `text`. */
export function contentText(content: JsonValue | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part) => (isObject(part) && typeof part["text"] === "string" ? [part["text"]] : []))
    .filter((text) => text !== "")
    .join("\n");
}
