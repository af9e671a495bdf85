import type { GatewayError, UpstreamFailure } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import { errorType, inBandFailure } from "../shared/openai-error.ts";
import { objectsOf, wordOf } from "./schema.ts";

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

/**
 * The last frame of a stream that can't go on; no `[DONE]` follows. It holds the error and nothing else: OpenAI's SDKs raise on `error`, but the AI
 * SDK only when there are no `choices` beside it.
 */
export function errorFrame(error: GatewayError, requestId: string): string {
  const { code, message, param } = error;
  const details = error.details === null ? {} : { details: error.details };
  return formatSse(
    null,
    JSON.stringify({ error: { code, message, type: errorType(error), param, ...details, request_id: requestId } }),
  );
}
