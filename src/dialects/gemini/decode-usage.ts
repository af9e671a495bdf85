import type { TokenClass, TokenCounts, Usage } from "../../ir/usage.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { countOf, textOf } from "./proto.ts";
import { tierWord } from "./tier.ts";
import { words } from "../../lib/words.ts";

type Modality = "text" | "audio" | "image" | "video";
type Split = Record<Modality, number>;

/** PDF pages count as DOCUMENT and are priced as text. */
const MODALITIES: Readonly<Record<string, Modality>> = words({
  TEXT: "text",
  AUDIO: "audio",
  IMAGE: "image",
  VIDEO: "video",
  DOCUMENT: "text",
});
const INPUT: Record<Modality, TokenClass> = {
  text: "input",
  audio: "input_audio",
  image: "input_image",
  video: "input_video",
};
const CACHED: Record<Modality, TokenClass> = {
  text: "cached_input",
  audio: "cached_input_audio",
  image: "cached_input_image",
  video: "cached_input_video",
};
const OUTPUT: Record<Modality, TokenClass> = {
  text: "output",
  audio: "output_audio",
  image: "output_image",
  video: "output_video",
};
const ORDER: readonly Modality[] = ["text", "audio", "image", "video"];

/**
 * `usageMetadata` as disjoint classes (https://ai.google.dev/api/generate-content#UsageMetadata): promptTokenCount includes what came from
 * the cache; toolUsePromptTokenCount is input beside it; thoughts are outside candidatesTokenCount; total is the sum of all four.
 */
export function decodeUsage(meta: JsonObject): Usage {
  const count = (name: string): number | undefined => countOf(meta[name]);
  const prompt = count("promptTokenCount") ?? 0;
  const toolUse = count("toolUsePromptTokenCount") ?? 0;
  const thoughts = count("thoughtsTokenCount");
  const total = count("totalTokenCount");
  const known = prompt + toolUse + (thoughts ?? 0);
  const candidates = count("candidatesTokenCount") ?? Math.max(0, (total ?? known) - known);
  const input = splitOf(prompt, meta.promptTokensDetails);
  const cached = splitOf(count("cachedContentTokenCount") ?? 0, meta.cacheTokensDetails);
  takeCached(input, cached);
  addSplit(input, splitOf(toolUse, meta.toolUsePromptTokensDetails));
  const tokens: TokenCounts = {};
  fill(tokens, INPUT, input);
  fill(tokens, CACHED, cached);
  fill(tokens, OUTPUT, splitOf(candidates, meta.candidatesTokensDetails));
  if (thoughts !== undefined) tokens.reasoning = thoughts;
  return {
    tokens,
    // Unset means none was used when the parts make up the total; then it is known to be zero.
    reasoningKnown: thoughts !== undefined || (total !== undefined && total === known + candidates),
    fees: {},
    variant: variantOf(meta),
    ...(total === undefined ? {} : { reportedTotal: total }),
  };
}

/** Tokens by modality; what the details leave out is text. Details that claim more than the total are believed, since the dearer reading is the safe one. */
function splitOf(total: number, details: JsonValue | undefined): Split {
  const split: Split = { text: 0, audio: 0, image: 0, video: 0 };
  let listed = 0;
  for (const detail of objectsOf(details)) {
    const tokens = countOf(detail.tokenCount) ?? 0;
    split[MODALITIES[textOf(detail.modality)?.toUpperCase() ?? ""] ?? "text"] += tokens;
    listed += tokens;
  }
  split.text += Math.max(0, total - listed);
  return split;
}

/** Moves the cached tokens out of the prompt's; where the cache's own details don't fit, from whichever modality has them. */
function takeCached(input: Split, cached: Split): void {
  let missing = 0;
  for (const modality of ORDER) {
    const taken = Math.min(input[modality], cached[modality]);
    input[modality] -= taken;
    missing += cached[modality] - taken;
    cached[modality] = taken;
  }
  for (const modality of ORDER) {
    const taken = Math.min(input[modality], missing);
    input[modality] -= taken;
    cached[modality] += taken;
    missing -= taken;
  }
}

function addSplit(into: Split, more: Split): void {
  for (const modality of ORDER) into[modality] += more[modality];
}

function fill(tokens: TokenCounts, classes: Record<Modality, TokenClass>, split: Split): void {
  for (const modality of ORDER) if (split[modality] > 0) tokens[classes[modality]] = split[modality];
}

/** Gemini API tells `serviceTier`, Vertex AI `trafficType` (ON_DEMAND_FLEX …). */
function variantOf(meta: JsonObject): Usage["variant"] {
  const tier = tierWord(textOf(meta.serviceTier));
  if (tier !== null) return { serviceTier: tier };
  const traffic = textOf(meta.trafficType) ?? "";
  const match = /^ON_DEMAND_(FLEX|PRIORITY)$/.exec(traffic);
  return match?.[1] === undefined ? {} : { serviceTier: match[1].toLowerCase() };
}
