import type { Finish, FinishKind } from "../../ir/finish.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { AnswerState } from "./output-parts.ts";
import { words } from "../../lib/words.ts";

/** Response.incomplete_details.reason → why the answer ended. */
const INCOMPLETE: Readonly<Record<string, FinishKind>> = words({
  max_output_tokens: "length",
  max_tokens: "length",
  content_filter: "filter",
  max_messages: "pause",
  steered: "pause",
});

/** How a response that did not fail ended. A background response that still runs is a pause. */
export function finishOf(response: JsonObject, status: string, state: AnswerState): Finish {
  if (status === "queued" || status === "in_progress") return { kind: "pause", raw: status };
  const details = response["incomplete_details"];
  const reason = isObject(details) && typeof details["reason"] === "string" ? details["reason"] : null;
  if (status === "incomplete" || reason !== null) {
    return {
      kind: INCOMPLETE[reason ?? ""] ?? "length",
      raw: reason ?? status,
      ...(isObject(details) ? { details: { native: details } } : {}),
    };
  }
  if (state.hasClientTool) return { kind: "tool", raw: status };
  if (state.hasRefusal && !state.hasText) return { kind: "refusal", raw: status };
  return { kind: "stop", raw: status };
}
