import { type TokenClass, totalInput, totalOutput, type Usage } from "../../ir/usage.ts";
import type { JsonObject } from "../../lib/json.ts";

const MODALITIES = ["TEXT", "IMAGE", "VIDEO", "AUDIO"] as const;
const SUFFIX = { TEXT: "", IMAGE: "_image", VIDEO: "_video", AUDIO: "_audio" } as const;

/** `usageMetadata` of a settled call: prompt counts include what was cached, candidates leave thoughts out, total is everything. */
export function encodeUsage(usage: Usage): JsonObject {
  const { tokens } = usage;
  const cacheWrites = (tokens.cache_write_5m ?? 0) + (tokens.cache_write_30m ?? 0) + (tokens.cache_write_1h ?? 0);
  const count = (name: string): number => tokens[name as TokenClass] ?? 0;
  const cached = MODALITIES.map((modality) => count(`cached_input${SUFFIX[modality]}`));
  const cachedTotal = cached.reduce((sum, item) => sum + item, 0);
  const prompt = MODALITIES.map((modality, index) => {
    const written = modality === "TEXT" ? cacheWrites : 0;
    return count(`input${SUFFIX[modality]}`) + written + (cached[index] ?? 0);
  });
  const output = MODALITIES.map((modality) => count(`output${SUFFIX[modality]}`));
  const reasoning = tokens.reasoning ?? 0;
  return {
    promptTokenCount: totalInput(usage),
    candidatesTokenCount: totalOutput(usage) - reasoning,
    ...(usage.reasoningKnown && reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}),
    totalTokenCount: totalInput(usage) + totalOutput(usage),
    ...(cachedTotal > 0 ? { cachedContentTokenCount: cachedTotal } : {}),
    promptTokensDetails: details(prompt),
    ...(cachedTotal > 0 ? { cacheTokensDetails: details(cached) } : {}),
    candidatesTokensDetails: details(output),
    ...(usage.variant.serviceTier === undefined ? {} : { serviceTier: usage.variant.serviceTier }),
  };
}

function details(counts: readonly number[]): JsonObject[] {
  return MODALITIES.flatMap((modality, index) => {
    const tokenCount = counts[index] ?? 0;
    return tokenCount > 0 ? [{ modality, tokenCount }] : [];
  });
}
