import { boundInputTokens } from "../tokens/bound.ts";
import { countText, DeltaCounter, familyOf, requestOverhead, type TokenFamily } from "../tokens/count.ts";
import type { Target } from "../routing/types.ts";
import type { Tokens } from "./deps.ts";
import { countableInput } from "./request-text.ts";

/** Token arithmetic as the gateway asks for it, by the family of the provider that serves. */
export function createTokens(realmOf: (providerName: string) => string): Tokens {
  const family = (provider: string): TokenFamily => familyOf(realmOf(provider));
  return {
    boundInput: (bound, model) => boundInputTokens(bound, family(model.provider), model.context),
    newCounter: (model) => new DeltaCounter(family(model.provider)),
    countText: (text, target) => countText(text, familyOf(target.provider.realm)),
    countInput: (live, target: Target) => {
      const { texts, mediaTokens, turns } = countableInput(live.request);
      const kind = familyOf(target.provider.realm);
      return (
        countText(texts.join("\n"), kind) + mediaTokens + requestOverhead(kind, turns, live.request.tools.length > 0)
      );
    },
  };
}
