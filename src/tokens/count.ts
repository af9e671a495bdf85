import { estimateTokenCount, type LanguageConfig, sliceByTokens } from "tokenx";

/** Models that share a tokenizer, or nearly. */
export const FAMILIES = ["openai", "anthropic", "gemini", "other"] as const;
export type TokenFamily = (typeof FAMILIES)[number];

/**
 * Tokens of a family for each token that tokenx estimates (it is fitted to OpenAI's o200k). Measured over recorded answers by
 * scripts/calibrate-tokens.ts; the errors that remain are in docs/tokens.md.
 */
export const FACTORS: Readonly<Record<TokenFamily, number>> = { openai: 1, anthropic: 1.2, gemini: 1, other: 1.1 };

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
  return text === "" ? 0 : Math.ceil(estimateTokenCount(text, OPTIONS) * FACTORS[family]);
}

/** The beginning of a text that is `count` estimated o200k tokens long; all of it when it is shorter. */
export function firstTokens(text: string, count: number): string {
  return sliceByTokens(text, 0, Math.max(0, count), OPTIONS);
}

/** Characters that are kept uncounted, so that words cut by a delta are counted whole. */
const PENDING = 512;
/** Characters after which a text without any white space is counted as it stands. */
const MAX_PENDING = 8192;

/** Counts text that comes in pieces. Keeps at most 8 K characters; the count does not depend much on how the text was cut. */
export class DeltaCounter {
  readonly #factor: number;
  #counted = 0;
  #pending = "";
  /** Estimate of the pending text, or null when it has grown since. */
  #pendingEstimate: number | null = 0;

  constructor(family: TokenFamily) {
    this.#factor = FACTORS[family];
  }

  add(text: string): void {
    if (text === "") return;
    this.#pending += text;
    this.#pendingEstimate = null;
    if (this.#pending.length > PENDING) this.#count();
  }

  /** Tokens of all text so far, rounded up. */
  tokens(): number {
    this.#pendingEstimate ??= estimateTokenCount(this.#pending, OPTIONS);
    return Math.ceil((this.#counted + this.#pendingEstimate) * this.#factor);
  }

  /** Counts the pending text up to its last white space, before which a word ends: tokenizers join a space to the word behind it. */
  #count(): void {
    const end = lastSpace(this.#pending);
    const cut = end > 0 ? end : this.#pending.length > MAX_PENDING ? this.#pending.length : 0;
    if (cut === 0) return;
    this.#counted += estimateTokenCount(this.#pending.slice(0, cut), OPTIONS);
    this.#pending = this.#pending.slice(cut);
  }
}

/** Index of the last white space, or -1. */
function lastSpace(text: string): number {
  for (let index = text.length - 1; index >= 0; index -= 1) {
    const code = text.charCodeAt(index);
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return index;
  }
  return -1;
}
