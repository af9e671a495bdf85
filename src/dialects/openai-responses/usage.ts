import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { totalInput, totalOutput, type TokenCounts, type Usage, withoutZeros } from "../../ir/usage.ts";

/**
 * Usage of a response (OpenAI API reference, ResponseUsage): `input_tokens` includes cached and cache-write tokens, `output_tokens`
 * includes reasoning. The classes of the result are disjoint. Counts that are no whole positive numbers are read as 0.
 */
export function decodeUsage(
  response: JsonObject,
  fees: Record<string, number>,
  reasoningOutside: boolean,
): Usage | null {
  const usage = response["usage"];
  if (!isObject(usage)) return null;
  const input = details(usage["input_tokens_details"]);
  const output = details(usage["output_tokens_details"]);
  const reasoning = output["reasoning_tokens"];
  const variant = typeof response["service_tier"] === "string" ? { serviceTier: response["service_tier"] } : {};
  return {
    tokens: { ...inputClasses(count(usage["input_tokens"]), input), ...outputClasses(usage, output, reasoningOutside) },
    reasoningKnown: typeof reasoning === "number",
    fees: { ...fees, ...reportedFees(response) },
    variant,
    ...(typeof usage["total_tokens"] === "number" ? { reportedTotal: usage["total_tokens"] } : {}),
  };
}

function inputClasses(total: number, details: JsonObject): TokenCounts {
  const cached = count(details["cached_tokens"]);
  const written = count(details["cache_write_tokens"]);
  const lifetimes = isObject(details["cache_write_tokens_details"]) ? details["cache_write_tokens_details"] : {};
  // 12 hours has no class of its own; the longest one is the nearest in price.
  const long = Math.min(count(lifetimes["ttl_12h_tokens"]), written);
  const audio = count(details["audio_tokens"]);
  const image = count(details["image_tokens"]);
  return withoutZeros({
    input: Math.max(0, total - cached - written - audio - image),
    input_audio: audio,
    input_image: image,
    cached_input: cached,
    cache_write_30m: written - long,
    cache_write_1h: long,
  });
}

function outputClasses(usage: JsonObject, details: JsonObject, reasoningOutside: boolean): TokenCounts {
  const reasoning = count(details["reasoning_tokens"]);
  const audio = count(details["audio_tokens"]);
  const image = count(details["image_tokens"]);
  const inside = audio + image + (reasoningOutside ? 0 : reasoning);
  return withoutZeros({
    output: Math.max(0, count(usage["output_tokens"]) - inside),
    output_audio: audio,
    output_image: image,
    reasoning,
  });
}

/** Web searches are billed by what the response says, where it says so (Response.tool_usage). */
function reportedFees(response: JsonObject): Record<string, number> {
  const toolUsage = details(response["tool_usage"]);
  const searches = count(details(toolUsage["web_search"])["num_requests"]);
  return searches > 0 ? { web_search: searches } : {};
}

/** The same usage as the wire has it. Unknown reasoning is 0 here, because the schema of the official SDKs has no null. */
export function encodeUsage(usage: Usage): JsonObject {
  const tokens = usage.tokens;
  const input = totalInput(usage);
  const output = totalOutput(usage);
  const cached =
    (tokens.cached_input ?? 0) +
    (tokens.cached_input_audio ?? 0) +
    (tokens.cached_input_image ?? 0) +
    (tokens.cached_input_video ?? 0);
  const written = (tokens.cache_write_5m ?? 0) + (tokens.cache_write_30m ?? 0) + (tokens.cache_write_1h ?? 0);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: tokens.reasoning ?? 0 },
    total_tokens: input + output,
  };
}

function details(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function count(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
