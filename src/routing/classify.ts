import type { RequestSignals } from "../dialects/dialect.ts";

export type Difficulty = "simple" | "medium" | "complex";

/** From which score on a request is medium, and complex. */
const MEDIUM_FROM = 0.35;
const COMPLEX_FROM = 0.65;

/**
 * How hard a request looks, 0 (a short question) to 1 (long, with tools, code or mathematics). A fixed sum of plain features:
 * no model, no learnt subjects, nothing kept of the text. scripts/evaluate-routing.ts measures it.
 */
export function difficultyScore(signals: RequestSignals): number {
  const text = signals.lastUserText.slice(0, 20_000);
  let score = 0.1;
  score += 0.14 * Math.min(1, Math.log2(1 + text.length / 100) / 5);
  score += 0.2 * Math.min(1, Math.log2(1 + signals.characters / 4000) / 5);
  score += signals.turns > 2 ? 0.1 : 0;
  score += Math.min(0.2, signals.tools * 0.05);
  if (signals.hasCode) score += 0.15;
  score += EFFORT[signals.reasoningEffort ?? ""] ?? 0;
  score += REASONING_WORDS.test(text) ? 0.15 : 0;
  score += Math.min(0.15, countMatches(text, /\d/g) / 80);
  return Math.max(0, Math.min(1, score));
}

const EFFORT: Readonly<Record<string, number>> = {
  none: -0.2,
  minimal: -0.1,
  low: 0,
  medium: 0.15,
  high: 0.4,
  xhigh: 0.5,
  max: 0.5,
};

const REASONING_WORDS =
  /\b(?:prove|derive|step by step|analy[sz]e|compare|design|architect|refactor|debug|optimi[sz]e|trade-?offs?|algorithm|explain why|evaluate)\b/i;

function countMatches(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** The tier that `auto` starts from. */
export function classify(signals: RequestSignals): Difficulty {
  const score = difficultyScore(signals);
  return score >= COMPLEX_FROM ? "complex" : score >= MEDIUM_FROM ? "medium" : "simple";
}
