import type { Hints } from "../dialect.ts";
import type { Capability } from "../../ir/target.ts";
import type { ScannedObject } from "../../wire/scan.ts";

/** What differs between calls that ask once and are no conversation. */
export interface Asked {
  model: string | null;
  need: Capability;
  /** How many answers are asked for. */
  n: number;
  /** Entries of a batch, which count as turns. */
  entries?: number;
}

/** Hints of such a call: all of its bytes may become text, nothing is streamed, nothing belongs to an earlier call. */
export function operationHints(doc: ScannedObject, { model, need, n, entries = 1 }: Asked): Hints {
  const length = doc.bytes.length;
  return {
    model,
    stream: false,
    maxOutput: null,
    n,
    needs: new Set([need]),
    input: { textBytes: length, images: 0, audioBytes: 0, videoBytes: 0, documentBytes: 0, uncountable: false },
    includeUsage: false,
    priceFields: [],
    references: [],
    toolLoop: false,
    sealRealm: null,
    signals: () => ({
      turns: entries,
      characters: length,
      lastUserText: "",
      tools: 0,
      hasCode: false,
      reasoningEffort: null,
    }),
  };
}
