/**
 * Token classes are disjoint: every token is in exactly one. `input` is uncached text input; `output` never includes reasoning.
 * Decoders turn each dialect's inclusive or exclusive counts into these (design: Usage classes are disjoint).
 */
export const TOKEN_CLASSES = [
  "input",
  "input_audio",
  "input_image",
  "input_video",
  "cached_input",
  "cached_input_audio",
  "cached_input_image",
  "cached_input_video",
  "cache_write_5m",
  "cache_write_30m",
  "cache_write_1h",
  "output",
  "output_audio",
  "output_image",
  "output_video",
  "reasoning",
] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number];
export type TokenCounts = Partial<Record<TokenClass, number>>;

export interface Usage {
  /** Tokens by class; a class that is absent is 0, except `reasoning`, see below. */
  tokens: TokenCounts;
  /** False when the provider did not tell reasoning apart (then it lies inside `output` and shows as null). */
  reasoningKnown: boolean;
  /** Count of fee-bearing events by tool-fee name of the price row, such as `web_search`. */
  fees: Record<string, number>;
  /** What the answer reports of the variant that was served; decides the price modifier. */
  variant: { serviceTier?: string; speed?: string; inferenceGeo?: string };
  /** The upstream's own total, when it sent one; only for checks. */
  reportedTotal?: number;
}

export const INPUT_CLASSES: readonly TokenClass[] = TOKEN_CLASSES.filter(
  (name) => !name.startsWith("output") && name !== "reasoning",
);
export const OUTPUT_CLASSES: readonly TokenClass[] = TOKEN_CLASSES.filter(
  (name) => name.startsWith("output") || name === "reasoning",
);

/** Sum over classes, tokens. */
export function sumTokens(tokens: TokenCounts, classes: readonly TokenClass[]): number {
  let sum = 0;
  for (const name of classes) sum += tokens[name] ?? 0;
  return sum;
}

/** All input, cached and cache-write included, tokens. Long-context price tiers go by this number. */
export const totalInput = (usage: Usage): number => sumTokens(usage.tokens, INPUT_CLASSES);
/** All output with reasoning, tokens. */
export const totalOutput = (usage: Usage): number => sumTokens(usage.tokens, OUTPUT_CLASSES);

/** Usage of nothing, of which reasoning is not known. */
export function emptyUsage(): Usage {
  return { tokens: {}, reasoningKnown: false, fees: {}, variant: {} };
}

/** The counts that say something. */
export function withoutZeros(counts: TokenCounts): TokenCounts {
  const kept: TokenCounts = {};
  for (const name in counts) {
    const tokens = counts[name as TokenClass];
    if (tokens !== undefined && tokens !== 0) kept[name as TokenClass] = tokens;
  }
  return kept;
}
