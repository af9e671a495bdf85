import type { DialectId } from "../../ir/dialect-id.ts";
import type { IrEventOf } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import { isObject, type JsonValue } from "../../lib/json.ts";

/** What a provider says of a whole answer, or of a choice, that only its own dialect has a place for. */
const FACTS: Readonly<Record<DialectId, readonly string[]>> = {
  // Azure's filters.
  "openai-chat": ["content_filter_results", "prompt_filter_results"],
  "openai-responses": ["conversation"],
  "anthropic-messages": ["container", "context_management", "diagnostics", "input_transformations"],
  gemini: ["safetyRatings", "groundingMetadata", "urlContextMetadata"],
};

/** Facts of which something reaches other clients all the same. */
const IN_PART: Readonly<Record<string, string>> = {
  groundingMetadata: "its sources are told as citations, the rest to Gemini's own clients only",
};

type Ending = IrEventOf<"message-end"> | IrEventOf<"response-end">;

/** The losses of a client whose dialect has no place for such facts, from the events that bring them. */
export function lostFacts(event: Ending, origin: DialectId, client: DialectId): Loss[] {
  if (origin === client) return [];
  if (event.type === "response-end") return namesIn(event.native?.value, origin).map((name) => lossOf(name, name));
  const { native, stopSequence } = event.finish.details ?? {};
  const names = [...namesIn(event.native, origin), ...namesIn(native, origin)];
  if (stopSequence !== undefined) names.push("stop_sequence");
  return names.map((name) => lossOf(`choices[${event.choice}].${name}`, name));
}

const lossOf = (field: string, name: string): Loss => ({
  field,
  reason: IN_PART[name] ?? "clients of this dialect can't be told",
  side: "answer",
});

function namesIn(value: JsonValue | undefined, origin: DialectId): string[] {
  return isObject(value) ? FACTS[origin].filter((name) => saysSomething(value[name])) : [];
}

/** Objects and lists of nothing say nothing. */
function saysSomething(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.values(value).some(saysSomething);
}
