import type { GatewayError } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import { errorType } from "../shared/openai-error.ts";

/**
 * The fields of an `error` event. The API reference shows them flat, the API sends them nested in `error`; clients read either, and the official
 * SDK raises on this event only, not on `response.failed`.
 */
export function errorFields(error: GatewayError): JsonObject {
  const { code, message, param } = error;
  return { code, message, param, error: { type: errorType(error), code, message, param } };
}

/** One event of a stream, numbered. */
export function formatEvent(type: string, sequence: number, fields: JsonObject): string {
  return formatSse(type, JSON.stringify({ type, sequence_number: sequence, ...fields }));
}
