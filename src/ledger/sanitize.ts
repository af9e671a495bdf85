import { INPUT_CLASSES, OUTPUT_CLASSES, sumTokens, TOKEN_CLASSES, type TokenCounts, type Usage } from "../ir/usage.ts";

export interface UsageBounds {
  /** The model's context window, tokens: more input than that was not read. 0 = unknown. */
  context: number;
}

/** Output beyond this many times the delivered text can't be explained by hidden reasoning. */
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
  let changed = false;
  for (const name of TOKEN_CLASSES) {
    const value = usage.tokens[name];
    if (value === undefined) continue;
    if (Number.isSafeInteger(value) && value >= 0 && value <= LARGEST_CLASS) tokens[name] = value;
    else changed = true;
  }
  const counted = changed || sumTokens(tokens, OUTPUT_CLASSES) === 0 ? delivered() : null;
  if (counted !== null) changed = raiseToCounted(tokens, counted) || changed;
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

/** A side on which nothing credible was reported gets what was counted. */
function raiseToCounted(tokens: TokenCounts, counted: Usage): boolean {
  let raised = false;
  for (const classes of [INPUT_CLASSES, OUTPUT_CLASSES]) {
    if (sumTokens(tokens, classes) > 0 || sumTokens(counted.tokens, classes) === 0) continue;
    for (const name of classes) {
      const value = counted.tokens[name];
      if (value !== undefined) tokens[name] = value;
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
