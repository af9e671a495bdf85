import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { emptyUsage, type TokenCounts, totalInput, totalOutput, type Usage, withoutZeros } from "../../ir/usage.ts";
import { objectOf, wordOf } from "../shared/wire-values.ts";

export interface UsageContext {
  /** `completion_tokens` leaves reasoning out (compat flag `reasoning_outside_output`). */
  reasoningOutside: boolean;
  /** Tier that the answer reports beside its usage. */
  serviceTier: string | undefined;
  /** Uses of hosted tools that the answer shows. */
  fees: Readonly<Record<string, number>>;
}

/**
 * Usage of a chat answer (OpenAI API reference, CompletionUsage): `prompt_tokens` includes cached, cache-write, audio and image tokens,
 * `completion_tokens` includes reasoning and audio. The classes of the result are disjoint and add up to those totals. Counts that
 * are no whole positive numbers are read as 0.
 */
export function decodeUsage(usage: JsonObject, context: UsageContext): Usage {
  const output = outputClasses(usage, context.reasoningOutside);
  const serviceTier = context.serviceTier ?? wordOf(usage["service_tier"]);
  const total = usage["total_tokens"];
  return {
    ...emptyUsage(),
    tokens: withoutZeros({ ...inputClasses(usage), ...output.tokens }),
    reasoningKnown: output.reasoningKnown,
    fees: { ...context.fees, ...reportedFees(usage) },
    variant: serviceTier === undefined ? {} : { serviceTier },
    ...(typeof total === "number" ? { reportedTotal: total } : {}),
  };
}

/** Names under which servers tell their cache hits: OpenAI, DeepSeek, older Mistral, Moonshot, Anthropic behind a gateway. */
function cachedTokens(usage: JsonObject, details: JsonObject): number {
  return Math.max(
    count(details["cached_tokens"]),
    count(objectOf(usage["input_tokens_details"])["cached_tokens"]),
    count(usage["prompt_cache_hit_tokens"]),
    count(usage["num_cached_tokens"]),
    count(usage["cached_tokens"]),
    count(usage["cache_read_input_tokens"]),
  );
}

/** Cache writes by lifetime. OpenAI keeps them 30 minutes or 12 hours (as long as our longest class), Anthropic 5 minutes or an hour. */
function writtenTokens(usage: JsonObject, details: JsonObject): { short: number; middle: number; long: number } {
  const written = Math.max(count(details["cache_write_tokens"]), count(usage["cache_write_tokens"]));
  if (written > 0) {
    const long = Math.min(count(objectOf(details["cache_write_tokens_details"])["ttl_12h_tokens"]), written);
    return { short: 0, middle: written - long, long };
  }
  const created = Math.max(count(usage["cache_creation_input_tokens"]), count(details["cache_creation_tokens"]));
  const long = Math.min(count(objectOf(usage["cache_creation"])["ephemeral_1h_input_tokens"]), created);
  return { short: created - long, middle: 0, long };
}

function inputClasses(usage: JsonObject): TokenCounts {
  const total = count(usage["prompt_tokens"]);
  const details = objectOf(usage["prompt_tokens_details"]);
  let left = total;
  const take = (tokens: number): number => {
    const taken = Math.min(tokens, left);
    left -= taken;
    return taken;
  };
  let cached = take(cachedTokens(usage, details));
  const written = writtenTokens(usage, details);
  const long = take(written.long);
  const middle = take(written.middle);
  const short = take(written.short);
  // Nobody tells which modality the cached tokens were: a prefix is taken to be text first.
  const media = { audio: count(details["audio_tokens"]), image: count(details["image_tokens"]), video: 0 };
  media.video = count(details["video_tokens"]);
  const text = Math.max(0, total - media.audio - media.image - media.video - long - middle - short);
  let cachedMedia = Math.max(0, cached - text);
  cached -= cachedMedia;
  const split = (tokens: number): { hit: number; miss: number } => {
    const hit = Math.min(tokens, cachedMedia);
    cachedMedia -= hit;
    return { hit, miss: take(tokens - hit) };
  };
  const image = split(media.image);
  const video = split(media.video);
  const audio = split(media.audio);
  return {
    input: left,
    input_audio: audio.miss,
    input_image: image.miss,
    input_video: video.miss,
    cached_input: cached + cachedMedia,
    cached_input_audio: audio.hit,
    cached_input_image: image.hit,
    cached_input_video: video.hit,
    cache_write_5m: short,
    cache_write_30m: middle,
    cache_write_1h: long,
  };
}

function outputClasses(usage: JsonObject, outside: boolean): { tokens: TokenCounts; reasoningKnown: boolean } {
  const details = objectOf(usage["completion_tokens_details"]);
  const told = details["reasoning_tokens"] ?? usage["reasoning_tokens"];
  const completion = count(usage["completion_tokens"]);
  const reasoning = count(told);
  // A total that adds up only with the reasoning shows that it was left out, whatever the catalog says.
  const sum = count(usage["prompt_tokens"]) + completion + reasoning;
  const isOutside = outside || (reasoning > 0 && usage["total_tokens"] === sum);
  const inside = isOutside ? 0 : Math.min(reasoning, completion);
  const audio = Math.min(count(details["audio_tokens"]), completion - inside);
  const image = Math.min(count(details["image_tokens"]), completion - inside - audio);
  return {
    tokens: {
      output: completion - inside - audio - image,
      output_audio: audio,
      output_image: image,
      reasoning: isOutside ? reasoning : inside,
    },
    reasoningKnown: typeof told === "number",
  };
}

/** Fee-bearing uses as OpenRouter, Perplexity and xAI count them. */
function reportedFees(usage: JsonObject): Record<string, number> {
  const searches = Math.max(
    count(objectOf(usage["server_tool_use_details"])["web_search_requests"]),
    count(objectOf(usage["server_tool_use"])["web_search_requests"]),
    count(usage["num_search_queries"]),
    count(usage["num_sources_used"]),
  );
  return searches > 0 ? { web_search: searches } : {};
}

/** The same usage as the wire has it. Unknown reasoning is left out. */
export function encodeUsage(usage: Usage): JsonObject {
  const tokens = usage.tokens;
  const sum = (...names: (keyof TokenCounts)[]): number =>
    names.reduce((total, name) => total + (tokens[name] ?? 0), 0);
  const input = totalInput(usage);
  const output = totalOutput(usage);
  const written = sum("cache_write_5m", "cache_write_30m", "cache_write_1h");
  const image = sum("input_image", "cached_input_image");
  const outputImage = sum("output_image");
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: sum("cached_input", "cached_input_audio", "cached_input_image", "cached_input_video"),
      ...(written === 0 ? {} : { cache_write_tokens: written }),
      audio_tokens: sum("input_audio", "cached_input_audio"),
      ...(image === 0 ? {} : { image_tokens: image }),
    },
    completion_tokens_details: {
      ...(usage.reasoningKnown ? { reasoning_tokens: sum("reasoning") } : {}),
      audio_tokens: sum("output_audio"),
      ...(outputImage === 0 ? {} : { image_tokens: outputImage }),
    },
  };
}

/** A provider's count of tokens; 0 for what is no positive whole number. */
export function count(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
