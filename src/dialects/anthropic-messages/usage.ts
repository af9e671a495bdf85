import { emptyUsage, type TokenClass, totalInput, totalOutput, type Usage } from "../../ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { toolFamily } from "./wire-names.ts";

/** A count as far as it can be believed: a whole number ≥ 0, else null. Upstream usage is untrusted input. */
function count(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/**
 * Later usage over earlier, field by field: `message_delta` repeats only some of what `message_start` said, and its numbers are
 * cumulative (Anthropic streaming). A number that can't be a count never replaces one that is.
 */
export function mergeUsage(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "number" && count(value) === null) continue;
    merged[name] = value;
  }
  return merged;
}

interface CacheWrites {
  short: number;
  long: number;
}

/**
 * Cache writes by TTL. Without a split they are 5-minute ones, the API's default. A total beyond the split belongs to the only TTL
 * that was used, else to the default.
 */
function cacheWrites(usage: JsonObject): CacheWrites {
  const split = isObject(usage.cache_creation) ? usage.cache_creation : {};
  const short = count(split.ephemeral_5m_input_tokens) ?? 0;
  const long = count(split.ephemeral_1h_input_tokens) ?? 0;
  const all = count(usage.cache_creation_input_tokens) ?? short + long;
  const more = all - short - long;
  if (more === 0) return { short, long };
  if (short === 0 && long > 0) return { short: 0, long: all };
  return more > 0 ? { short: short + more, long } : { short: Math.max(0, short + more), long: Math.min(long, all) };
}

interface Counts extends CacheWrites {
  input: number;
  read: number;
  output: number;
}

function countsOf(usage: JsonObject): Counts {
  return {
    ...cacheWrites(usage),
    input: count(usage.input_tokens) ?? 0,
    read: count(usage.cache_read_input_tokens) ?? 0,
    output: count(usage.output_tokens) ?? 0,
  };
}

const add = (a: Counts, b: Counts): Counts => ({
  input: a.input + b.input,
  read: a.read + b.read,
  short: a.short + b.short,
  long: a.long + b.long,
  output: a.output + b.output,
});
const total = (counts: Counts): number => counts.input + counts.read + counts.short + counts.long + counts.output;

/**
 * The tokens of the whole call. `iterations`, when present, are summed: the top level leaves compaction and advisor calls out
 * (Anthropic `usage.iterations`). A list that sums to less than the top level is incomplete and doesn't lower the bill.
 */
function totalCounts(usage: JsonObject): Counts {
  const top = countsOf(usage);
  const iterations = Array.isArray(usage.iterations) ? usage.iterations.filter(isObject) : [];
  if (iterations.length === 0) return top;
  const sum = iterations.map(countsOf).reduce(add);
  if (total(sum) < total(top)) return top;
  const splitKnown = iterations.some((item) => isObject(item.cache_creation));
  const sameWrites = sum.short + sum.long === top.short + top.long;
  return !splitKnown && sameWrites ? { ...sum, short: top.short, long: top.long } : sum;
}

/** Wire usage (start and deltas merged) → disjoint classes. Anthropic's input count excludes cache reads and writes. */
export function decodeUsage(wire: JsonObject): Usage {
  const counts = totalCounts(wire);
  const usage = emptyUsage();
  const details = isObject(wire.output_tokens_details) ? count(wire.output_tokens_details.thinking_tokens) : null;
  const reasoning = details === null ? 0 : Math.min(details, counts.output);
  usage.reasoningKnown = details !== null;
  const classes: [TokenClass, number][] = [
    ["input", counts.input],
    ["cached_input", counts.read],
    ["cache_write_5m", counts.short],
    ["cache_write_1h", counts.long],
    ["output", counts.output - reasoning],
    ["reasoning", reasoning],
  ];
  for (const [name, tokens] of classes) if (tokens > 0) usage.tokens[name] = tokens;
  if (isObject(wire.server_tool_use)) readFees(wire.server_tool_use, usage);
  if (typeof wire.service_tier === "string") usage.variant.serviceTier = wire.service_tier;
  if (typeof wire.speed === "string") usage.variant.speed = wire.speed;
  if (typeof wire.inference_geo === "string") usage.variant.inferenceGeo = wire.inference_geo;
  return usage;
}

/** `web_search_requests: 2` → fee `web_search` twice. */
function readFees(requests: JsonObject, usage: Usage): void {
  for (const [name, value] of Object.entries(requests)) {
    const times = count(value);
    if (times !== null && times > 0 && name.endsWith("_requests")) {
      usage.fees[toolFamily(name.slice(0, -"_requests".length))] = times;
    }
  }
}

/** Usage as it was settled → the wire's usage of a whole message. Input excludes cache reads and writes, output includes reasoning. */
export function encodeUsage(usage: Usage): JsonObject {
  const tokens = usage.tokens;
  const reads =
    (tokens.cached_input ?? 0) +
    (tokens.cached_input_audio ?? 0) +
    (tokens.cached_input_image ?? 0) +
    (tokens.cached_input_video ?? 0);
  const long = tokens.cache_write_1h ?? 0;
  const short = (tokens.cache_write_5m ?? 0) + (tokens.cache_write_30m ?? 0);
  const fees = Object.entries(usage.fees).map(([name, times]) => [`${name}_requests`, times]);
  return {
    input_tokens: totalInput(usage) - reads - short - long,
    cache_creation_input_tokens: short + long,
    cache_read_input_tokens: reads,
    cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
    output_tokens: totalOutput(usage),
    ...(usage.reasoningKnown ? { output_tokens_details: { thinking_tokens: tokens.reasoning ?? 0 } } : {}),
    ...(fees.length > 0 ? { server_tool_use: Object.fromEntries(fees) as JsonObject } : {}),
    ...(usage.variant.serviceTier === undefined ? {} : { service_tier: usage.variant.serviceTier }),
    ...(usage.variant.speed === undefined ? {} : { speed: usage.variant.speed }),
    ...(usage.variant.inferenceGeo === undefined ? {} : { inference_geo: usage.variant.inferenceGeo }),
  };
}
