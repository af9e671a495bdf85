import { estimateTokenCount, type LanguageConfig, sliceByTokens } from "tokenx";

/** Models that share a tokenizer, or nearly. */
export const FAMILIES = ["openai", "anthropic", "gemini", "other"] as const;
export type TokenFamily = (typeof FAMILIES)[number];

/** How a family's counts differ from what tokenx estimates, which is fitted to OpenAI's o200k. */
export interface FamilyFacts {
  /** Tokens for each estimated one. */
  factor: number;
  /** Output tokens that a tool call has beside its name and arguments. */
  toolCall: number;
  /** Input tokens that a turn has beside its text. */
  turn: number;
  /** Input tokens of the instructions that a provider adds when a request has tools. */
  tools: number;
}

/** Measured over recorded exchanges by scripts/calibrate-tokens.ts; the errors that remain are in docs/tokens.md. */
export const FAMILY_FACTS: Readonly<Record<TokenFamily, FamilyFacts>> = {
  openai: { factor: 1, toolCall: 8, turn: 4, tools: 12 },
  // Tool calls are written as XML; the tools system prompt has 313 to 346 tokens (Anthropic, "Tool use", Pricing).
  anthropic: { factor: 1.1, toolCall: 30, turn: 4, tools: 340 },
  gemini: { factor: 1.05, toolCall: 8, turn: 3, tools: 12 },
  other: { factor: 1.05, toolCall: 10, turn: 5, tools: 40 },
};

/** Scripts that tokenx has no rule for and underestimates by a third to a half; characters per token measured with o200k. */
const SCRIPTS: LanguageConfig[] = [
  { pattern: /\p{Script=Arabic}/u, averageCharsPerToken: 3.5 },
  { pattern: /\p{Script=Devanagari}/u, averageCharsPerToken: 3.2 },
  { pattern: /\p{Script=Hebrew}/u, averageCharsPerToken: 3 },
  { pattern: /\p{Script=Thai}/u, averageCharsPerToken: 2.6 },
];
const OPTIONS = { languageConfigs: SCRIPTS };

const REALM_FAMILIES: Readonly<Record<string, TokenFamily>> = {
  openai: "openai",
  azure: "openai",
  anthropic: "anthropic",
  google: "gemini",
};

/** The family of a provider's realm; `other` for organisations whose tokenizer nobody measured. */
export function familyOf(realm: string): TokenFamily {
  return Object.hasOwn(REALM_FAMILIES, realm) ? (REALM_FAMILIES[realm] ?? "other") : "other";
}

/** Estimated tokens of a text; 0 for none. */
export function countText(text: string, family: TokenFamily): number {
  return text === "" ? 0 : Math.ceil(estimateTokenCount(text, OPTIONS) * FAMILY_FACTS[family].factor);
}

/** Tokens of a request beside its texts and media: the markers of `turns` turns, and what tools bring with them. */
export function requestOverhead(family: TokenFamily, turns: number, hasTools: boolean): number {
  const facts = FAMILY_FACTS[family];
  return turns * facts.turn + (hasTools ? facts.tools : 0);
}

/** The beginning of a text that is `count` estimated o200k tokens long; all of it when it is shorter. */
export function firstTokens(text: string, count: number): string {
  return sliceByTokens(text, 0, Math.max(0, count), OPTIONS);
}

/** Characters after which a text without any white space is counted as it stands. */
const MAX_PENDING = 8192;

/** Counts text that comes in pieces. Keeps at most 8 K characters; the count does not depend much on how the text was cut. */
export class DeltaCounter {
  readonly #facts: FamilyFacts;
  /** UTF-16 units of all text so far. */
  characters = 0;
  #counted = 0;
  #toolCalls = 0;
  #pending = "";
  /** Estimate of the pending text, or null when it has grown since. */
  #pendingEstimate: number | null = 0;

  constructor(family: TokenFamily) {
    this.#facts = FAMILY_FACTS[family];
  }

  add(text: string): void {
    if (text === "") return;
    this.characters += text.length;
    this.#pending += text;
    this.#pendingEstimate = null;
    // Counting costs more than all else that is done with a chunk; most calls end with the provider's own number and never need it.
    if (this.#pending.length > MAX_PENDING) this.#count();
  }

  /** A tool call begins: its name, and what the family writes around it. */
  startTool(name: string): void {
    this.#toolCalls += 1;
    this.add(name);
  }

  /** Tokens of all text and tool calls so far, rounded up. */
  tokens(): number {
    if (this.#pendingEstimate === null) {
      this.#count();
      this.#pendingEstimate = estimateTokenCount(this.#pending, OPTIONS);
    }
    const text = (this.#counted + this.#pendingEstimate) * this.#facts.factor;
    return Math.ceil(text + this.#toolCalls * this.#facts.toolCall);
  }

  /** Counts the pending text up to its last gap, so that nothing is counted twice and no word in two halves. */
  #count(): void {
    const gap = lastGap(this.#pending);
    const cut = gap > 0 ? gap : this.#pending.length > MAX_PENDING ? this.#pending.length : 0;
    if (cut === 0) return;
    this.#counted += estimateTokenCount(this.#pending.slice(0, cut), OPTIONS);
    this.#pending = this.#pending.slice(cut);
  }
}

/** What clauses and sentences of Chinese and Japanese end with. */
const FULL_WIDTH_ENDS = "、。！，：；？";

/**
 * The last place where a text can be cut so that its two parts count as much as the whole: before a space that stands alone, or behind a
 * full-width mark that a word follows. 0 when there is none. tokenx counts by such segments, and only line breaks look at their neighbours.
 */
function lastGap(text: string): number {
  for (let index = text.length - 2; index > 0; index -= 1) {
    if (text.charCodeAt(index) === 0x20) {
      if (!isSpace(text, index - 1) && !isSpace(text, index + 1)) return index;
    } else if (FULL_WIDTH_ENDS.includes(text.charAt(index)) && /[\p{L}\p{N}]/u.test(text.charAt(index + 1))) {
      return index + 1;
    }
  }
  return 0;
}

const isSpace = (text: string, index: number): boolean => /\s/.test(text.charAt(index));
