import { boundInputTokens } from "../tokens/bound.ts";
import { countText, DeltaCounter, familyOf, type TokenFamily } from "../tokens/count.ts";
import type { Target } from "../routing/types.ts";
import type { Tokens } from "./deps.ts";
import { countableInput } from "./request-text.ts";

/** Tokens that a turn's own markers take beside its text. */
const TOKENS_PER_TURN = 4;

/** Token arithmetic as the gateway asks for it, by the family of the provider that serves. */
export function createTokens(realmOf: (providerName: string) => string): Tokens {
  const family = (provider: string): TokenFamily => familyOf(realmOf(provider));
  return {
    boundInput: (bound, model) => boundInputTokens(bound, family(model.provider), model.context),
    newCounter: (model) => new DeltaCounter(family(model.provider)),
    countText: (text, target) => countText(text, familyOf(target.provider.realm)),
    countInput: (live, target: Target) => {
      const { texts, mediaTokens, turns } = countableInput(live.request);
      const text = countText(texts.join("\n"), familyOf(target.provider.realm));
      return text + mediaTokens + turns * TOKENS_PER_TURN;
    },
  };
}
