import {
  INPUT_CLASSES,
  OUTPUT_CLASSES,
  sumTokens,
  TOKEN_CLASSES,
  type TokenClass,
  type TokenCounts,
  type Usage,
} from "../ir/usage.ts";

export interface UsageBounds {
  /** The model's context window, tokens: more input than that was not read. 0 = unknown. */
  context: number;
  /** Characters of text and arguments that came, when known: output that is far too little for them is not believed. */
  deliveredCharacters?: number;
}

/** Tokens of one class beyond which a report is not a count but a mistake. */
const LARGEST_CLASS = 1_000_000_000;

/**
 * Upstream usage is untrusted input. Negative, fractional and absurd counts are replaced; a provider that reports no output though text was
 * delivered is not believed. `delivered` (computed only when needed) is what was counted on the way. `changed` tells that the bill is
 * bounded, not the provider's word.
 */
export function sanitizeUsage(
  usage: Usage,
  delivered: () => Usage,
  bounds: UsageBounds,
): { usage: Usage; changed: boolean } {
  const tokens: TokenCounts = {};
  const bad: TokenClass[] = [];
  for (const name of TOKEN_CLASSES) {
    const value = usage.tokens[name];
    if (value === undefined) continue;
    if (Number.isSafeInteger(value) && value >= 0 && value <= LARGEST_CLASS) tokens[name] = value;
    else bad.push(name);
  }
  let changed = bad.length > 0;
  const hasInput = sumTokens(tokens, INPUT_CLASSES) > 0;
  if (changed || !hasInput || isTooLittle(sumTokens(tokens, OUTPUT_CLASSES), bounds)) {
    changed = raiseToCounted(tokens, bad, delivered()) || changed;
  }
  const input = sumTokens(tokens, INPUT_CLASSES);
  // Compaction and hosted tools read the context several times over; a hundred times is not a reading but a mistake.
  if (bounds.context > 0 && input > bounds.context * 100) {
    for (const name of INPUT_CLASSES) delete tokens[name];
    tokens.input = bounds.context;
    changed = true;
  }
  const fees = cleanFees(usage.fees);
  if (!changed && fees === usage.fees) return { usage, changed: false };
  return { usage: { ...usage, tokens, fees }, changed: true };
}

/** Characters that one token may stand for, by far: runs of blanks make the longest ones. */
const CHARACTERS_PER_TOKEN = 64;

function isTooLittle(output: number, { deliveredCharacters = 0 }: UsageBounds): boolean {
  return output === 0 || output * CHARACTERS_PER_TOKEN < deliveredCharacters;
}

/** A side with a count that can't be, or without any, or with too little output, is at least what was counted. */
function raiseToCounted(tokens: TokenCounts, bad: readonly TokenClass[], counted: Usage): boolean {
  let raised = false;
  for (const classes of [INPUT_CLASSES, OUTPUT_CLASSES]) {
    const isDoubtful = classes.some((name) => bad.includes(name));
    if (!isDoubtful && sumTokens(tokens, classes) >= sumTokens(counted.tokens, classes)) continue;
    // Input is only counted roughly: a credible report of it stands.
    if (!isDoubtful && classes === INPUT_CLASSES && sumTokens(tokens, classes) > 0) continue;
    for (const name of classes) {
      const value = counted.tokens[name] ?? 0;
      if (value > (tokens[name] ?? 0)) tokens[name] = value;
    }
    raised = true;
  }
  return raised;
}

function cleanFees(fees: Readonly<Record<string, number>>): Record<string, number> {
  const bad = Object.values(fees).some((count) => !Number.isSafeInteger(count) || count < 0);
  if (!bad) return fees;
  return Object.fromEntries(Object.entries(fees).filter(([, count]) => Number.isSafeInteger(count) && count >= 0));
}
