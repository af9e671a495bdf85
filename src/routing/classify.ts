import type { RequestSignals } from "../dialects/dialect.ts";

export type Difficulty = "simple" | "medium" | "complex";

/** From which score on a request is medium, and complex. */
const MEDIUM_FROM = 0.25;
const COMPLEX_FROM = 0.5;

/** Longer texts tell nothing more by their tail; it also bounds the time. */
const MOST_TEXT = 20_000;

/**
 * How hard a request looks, from 0 (a short question) to 1. A fixed sum of plain features: how much there is to keep in mind, what the
 * text asks for, and what the conversation carries along. No model, no learnt subjects, and nothing of the text is kept.
 * scripts/evaluate-routing.ts measures it against prompt length alone.
 */
export function difficultyScore(signals: RequestSignals): number {
  const text = signals.lastUserText.slice(0, MOST_TEXT);
  const score = 0.55 * textLoad(text) + Math.min(0.45, 0.15 * countTasks(text)) + carried(signals);
  return Math.max(0, Math.min(1, score));
}

/** Length, conditions, exclusions, actors and comparisons of the text itself, 0 to 1. */
function textLoad(text: string): number {
  const words = count(text, /[\p{L}\p{N}]+/gu);
  const length = Math.min(1, Math.log2(1 + words / 8) / 5);
  return (
    (length +
      0.5 * saturate(count(text, EXCLUSIONS), 2) +
      0.4 * saturate(count(text, /[,;:，；、]/g), 6) +
      0.3 * saturate(count(text, /(?<=[\p{Ll},;] )\p{Lu}\p{Ll}+/gu), 4) +
      0.3 * saturate(count(text, COMPARISONS), 6)) /
    2.5
  );
}

const EXCLUSIONS = /\b(?:not|except|false|incorrect|never|least|neither|nor|without|no)\b/gi;
const COMPARISONS =
  /\b(?:more|less|fewer|than|twice|half|times|each|every|per|total|remaining|left|most|least|after|before|first|then)\b/gi;

/** Orders for work beyond an answer from memory, where a sentence begins or goes on with one. Bounded, so linear in time. */
const TASKS = new RegExp(
  "(?:^|[.!?:;,\\n]\\s{0,3}|\\b(?:please|and|then|to|you)\\s{1,3})" +
    "(?:prove|derive|design|implement|refactor|debug|optimi[sz]e|analy[sz]e|architect|evaluate|" +
    "write (?:a|an|the|some) \\w{1,20}(?: \\w{1,20})? (?:that|which|for|to))\\b",
  "gi",
);
const AT_LENGTH = /\b(?:step[- ]by[- ]step|in detail|trade-?offs|pros and cons|unit tests)\b/gi;

const countTasks = (text: string): number => count(text, TASKS) + count(text, AT_LENGTH);

/** What comes along beside the last message: turns, length, tools, code, and the effort asked for. */
function carried({ turns, characters, tools, hasCode, reasoningEffort }: RequestSignals): number {
  return (
    (turns > 8 ? 0.3 : turns > 2 ? 0.2 : 0) +
    0.3 * Math.min(1, Math.log2(1 + Math.max(0, characters - 2000) / 4000) / 6) +
    Math.min(0.15, tools * 0.05) +
    (hasCode ? 0.2 : 0) +
    (EFFORT[reasoningEffort ?? ""] ?? 0)
  );
}

const EFFORT: Readonly<Record<string, number>> = {
  none: -0.1,
  minimal: -0.05,
  medium: 0.1,
  high: 0.3,
  xhigh: 0.4,
  max: 0.5,
};

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
/** Grows toward 1; half of it at `half`. */
const saturate = (value: number, half: number): number => value / (value + half);

/** The tier that `auto` starts from. */
export function classify(signals: RequestSignals): Difficulty {
  const score = difficultyScore(signals);
  return score >= COMPLEX_FROM ? "complex" : score >= MEDIUM_FROM ? "medium" : "simple";
}
