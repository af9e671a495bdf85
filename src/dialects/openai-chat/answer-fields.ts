import type { NativeValue } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { ANSWER_FIELDS } from "./schema.ts";

/** Fields of an answer that are ours to write. */
const OWN: ReadonlySet<string> = new Set([...ANSWER_FIELDS, "cost_cents"]);

/** What a provider of this dialect said at the top level of its answer, to be said again. */
export function nativeFields(native: NativeValue | null | undefined): JsonObject {
  if (native?.origin !== "openai-chat" || !isObject(native.value)) return {};
  return Object.fromEntries(Object.entries(native.value).filter(([name]) => !OWN.has(name)));
}

/** Log probabilities of a whole choice as the wire has them: OpenAI's list gets its object around it; null when there are none. */
export function logprobsField(logprobs: JsonValue | undefined): JsonValue {
  if (Array.isArray(logprobs)) return { content: logprobs, refusal: null };
  return logprobs ?? null;
}

/** Azure's filter results stand beside the finish reason. */
export function choiceNatives(finish: Finish | null): JsonObject {
  const native = finish?.details?.native;
  const results = isObject(native) ? native["content_filter_results"] : undefined;
  return results === undefined ? {} : { content_filter_results: results };
}
