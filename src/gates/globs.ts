import { allowedByGlobs, matchesGlob, modelNames } from "../catalog/globs.ts";
import type { Model } from "../catalog/types.ts";

/** True when every list lets the model pass, by its id or its provider-prefixed id. An empty list lets everything pass. */
export function isModelAllowed(lists: readonly (readonly string[])[], model: Pick<Model, "id" | "provider">): boolean {
  return allowedByGlobs(lists, modelNames(model));
}

/**
 * True when all that `inner` can match is matched by `outer` too. Told glob by glob, and never true by mistake: an asterisk of the inner glob
 * is only ever covered by an asterisk of the outer one.
 */
export function coversGlobs(outer: readonly string[], inner: readonly string[]): boolean {
  if (outer.length === 0) return true;
  return inner.length > 0 && inner.every((glob) => outer.some((own) => matchesGlob(own, glob)));
}
