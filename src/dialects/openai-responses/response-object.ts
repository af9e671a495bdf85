import type { AnswerContext } from "../dialect.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

const ID_PREFIX = "resp_";

/** Id of the response: the upstream's when it is one of this dialect, else made from the request's. */
export function responseId(upstreamId: string | null, requestId: string): string {
  if (upstreamId?.startsWith(ID_PREFIX) === true) return upstreamId;
  return ID_PREFIX + seedOf(requestId);
}

/** The part of a request id that generated ids share: only characters that ids may have. */
export function seedOf(requestId: string): string {
  return requestId.replace(/^req[_-]/, "").replace(/[^A-Za-z0-9]/g, "") || "0";
}

/** What changes in the response object during a stream. */
export interface ResponseFacts {
  id: string;
  created: number;
  status: "in_progress" | "completed" | "incomplete" | "failed";
  completedAt: number | null;
  error: JsonObject | null;
  incompleteReason: string | null;
  output: JsonObject[];
  serviceTier: string | null;
  usage: JsonObject | null;
}

/**
 * The response object (API reference, "The response object"): all fields that the official SDKs require, with what the client asked
 * for echoed, and the API's defaults where it asked for nothing.
 */
export function responseObject(context: AnswerContext, facts: ResponseFacts): JsonObject {
  const body = context.body;
  const reasoning = isObject(body["reasoning"]) ? body["reasoning"] : {};
  const text = isObject(body["text"]) ? body["text"] : {};
  return {
    id: facts.id,
    object: "response",
    created_at: facts.created,
    status: facts.status,
    background: false,
    completed_at: facts.completedAt,
    error: facts.error,
    frequency_penalty: 0,
    incomplete_details: facts.incompleteReason === null ? null : { reason: facts.incompleteReason },
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    max_tool_calls: body["max_tool_calls"] ?? null,
    model: context.model,
    output: facts.output,
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    presence_penalty: 0,
    previous_response_id: body["previous_response_id"] ?? null,
    prompt_cache_key: body["prompt_cache_key"] ?? null,
    prompt_cache_retention: body["prompt_cache_retention"] ?? null,
    reasoning: { effort: reasoning["effort"] ?? null, summary: reasoning["summary"] ?? null },
    safety_identifier: body["safety_identifier"] ?? null,
    service_tier: facts.serviceTier ?? body["service_tier"] ?? "auto",
    store: context.stored,
    temperature: body["temperature"] ?? 1,
    text: { format: text["format"] ?? { type: "text" }, verbosity: text["verbosity"] ?? "medium" },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: Array.isArray(body["tools"]) ? body["tools"].map(echoTool) : [],
    top_logprobs: body["top_logprobs"] ?? 0,
    top_p: body["top_p"] ?? 1,
    truncation: body["truncation"] ?? "disabled",
    usage: facts.usage,
    user: body["user"] ?? null,
    metadata: body["metadata"] ?? {},
  };
}

/** Functions are echoed with their defaults, remote servers without the credentials that were sent for them. */
function echoTool(tool: JsonValue): JsonValue {
  if (!isObject(tool)) return tool;
  if (tool["type"] === "function") {
    return { ...tool, parameters: tool["parameters"] ?? null, strict: tool["strict"] ?? true };
  }
  if (tool["type"] !== "mcp") return tool;
  const { authorization: _authorization, headers: _headers, ...rest } = tool;
  return rest;
}
