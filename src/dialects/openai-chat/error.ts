import type { RelayErrorState } from "../dialect.ts";
import type { GatewayError, UpstreamFailure } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import { errorType, inBandFailure } from "../shared/openai-error.ts";
import { objectsOf, wordOf } from "../shared/wire-values.ts";

/**
 * The error inside an answer that began with 200: `{error: {…}}` or `{error: "…"}` (Azure, vLLM), the same beside choices (OpenRouter), in a
 * choice, an event called `error` (Groq), or the bare error objects of Mistral and FastAPI. Null when there is none.
 */
export function failureIn(answer: JsonObject, event: string | null): UpstreamFailure | null {
  const error = answer["error"];
  if (isObject(error)) return failureOf(error);
  const text = wordOf(error);
  if (text !== undefined) return failureOf({ ...answer, message: text });
  if (Array.isArray(answer["choices"])) {
    const inChoice = answer["choices"].length === 0 ? undefined : errorOfChoice(answer["choices"]);
    return inChoice === undefined ? null : failureOf(inChoice);
  }
  const isBare = event === "error" || answer["object"] === "error" || answer["type"] === "error";
  if (isBare || answer["detail"] !== undefined) return failureOf(answer);
  return null;
}

function errorOfChoice(choices: JsonValue[]): JsonObject | undefined {
  for (const choice of objectsOf(choices)) if (isObject(choice["error"])) return choice["error"];
  return undefined;
}

/** Some say the HTTP status in the error itself (Azure `status`, Groq `status_code`, Mistral `raw_status_code`). */
function failureOf(error: JsonObject): UpstreamFailure {
  const failure = inBandFailure(error);
  const told = [error["status"], error["status_code"], error["raw_status_code"]].find(isErrorStatus);
  return told === undefined ? failure : { ...failure, status: told };
}

function isErrorStatus(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value <= 599;
}

/** Who says the chunk: id, model and time of the stream it belongs to. */
export interface ChunkHead {
  id: string;
  created: number;
  model: string;
}

/**
 * The end of a stream that can't go on; no `[DONE]` follows. OpenAI's SDKs raise on `error` wherever it stands. The AI SDK sees it only where no
 * `choices` are beside it, so the error comes alone first, and then in the chunk that ends the choice, as OpenRouter sends it, for clients that wait
 * for a finish reason.
 */
export function errorFrames(error: GatewayError, head: ChunkHead, requestId: string): string {
  const { code, message, param } = error;
  const details = error.details === null ? {} : { details: error.details };
  const shown = { code, message, type: errorType(error), param, ...details, request_id: requestId };
  const chunk = {
    id: head.id,
    object: "chat.completion.chunk",
    created: head.created,
    model: head.model,
    error: shown,
    choices: [{ index: 0, delta: {}, finish_reason: "error" }],
  };
  return formatSse(null, JSON.stringify({ error: shown })) + formatSse(null, JSON.stringify(chunk));
}

/** The same in the middle of a relayed stream. */
export function renderStreamError(error: GatewayError, requestId: string, state: RelayErrorState): string {
  const head = { id: state.id ?? requestId, created: state.created, model: state.model ?? "" };
  return errorFrames(error, head, requestId);
}
