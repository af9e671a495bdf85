import type { Finish, FinishKind } from "../../ir/finish.ts";
import type { JsonValue } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";

/** Candidate.FinishReason by number, as Vertex AI's proto has them; seen in REST answers when the gateway didn't know the name. */
const BY_NUMBER = [
  "FINISH_REASON_UNSPECIFIED",
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MALFORMED_FUNCTION_CALL",
  "MODEL_ARMOR",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
  "IMAGE_OTHER",
  "UNEXPECTED_TOOL_CALL",
  "NO_IMAGE",
];

/** What each reason means (https://ai.google.dev/api/generate-content#FinishReason); those left out are errors. */
const KINDS: Readonly<Record<string, FinishKind>> = words({
  STOP: "stop",
  MAX_TOKENS: "length",
  CONTINUATION: "pause",
  SAFETY: "filter",
  RECITATION: "filter",
  LANGUAGE: "filter",
  BLOCKLIST: "filter",
  PROHIBITED_CONTENT: "filter",
  SPII: "filter",
  MODEL_ARMOR: "filter",
  IMAGE_SAFETY: "filter",
  IMAGE_PROHIBITED_CONTENT: "filter",
  IMAGE_RECITATION: "filter",
  MALFORMED_FUNCTION_CALL: "malformed-tool",
  UNEXPECTED_TOOL_CALL: "malformed-tool",
  TOO_MANY_TOOL_CALLS: "malformed-tool",
});

/** The reason's name; null while there is none. */
export function finishReason(value: JsonValue | undefined): string | null {
  const name = typeof value === "number" ? (BY_NUMBER[value] ?? String(value)) : value;
  return typeof name === "string" && name !== "" && name !== "FINISH_REASON_UNSPECIFIED" ? name : null;
}

/** `STOP` after function calls means that the calls are wanted: this wire has no reason of its own for it. */
export function finishOf(reason: string, hasCalls: boolean, message: string | undefined): Finish {
  const kind = KINDS[reason] ?? "error";
  const details = message === undefined ? {} : { details: { message } };
  return { kind: kind === "stop" && hasCalls ? "tool" : kind, raw: reason, ...details };
}

const REASONS: Readonly<Record<FinishKind, string>> = {
  stop: "STOP",
  tool: "STOP",
  length: "MAX_TOKENS",
  context: "MAX_TOKENS",
  pause: "OTHER",
  refusal: "SAFETY",
  filter: "SAFETY",
  "malformed-tool": "MALFORMED_FUNCTION_CALL",
  error: "OTHER",
};

/** `finishReason` for a client; a reason that came over this wire is given back as it was. */
export function reasonOf(finish: Finish, isSameDialect: boolean): string {
  return isSameDialect && finish.raw !== null ? finish.raw : REASONS[finish.kind];
}
