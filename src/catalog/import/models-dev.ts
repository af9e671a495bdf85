import type { Capability } from "../../ir/target.ts";
import type { TokenClass } from "../../ir/usage.ts";
import { TTLS } from "../raw-price.ts";
import { type ListedModel, PriceDraft } from "./draft.ts";
import { type ExactObject, type ExactValue, exactNumber, isExactObject, wholeNumber } from "./exact.ts";

/** models.dev's api.json: provider → models → `cost` in USD per 1M tokens (https://models.dev, https://github.com/sst/models.dev#schema). */

const CLASSES: Readonly<Record<string, TokenClass>> = {
  input: "input",
  output: "output",
  reasoning: "reasoning",
  cache_read: "cached_input",
  cache_write: "cache_write_5m",
  input_audio: "input_audio",
  output_audio: "output_audio",
};

/** Names under which catalogs have the organisations. */
const PROVIDERS: Readonly<Record<string, string>> = { togetherai: "together" };

/** Modes of a model that are a variant of its price. */
const MODES: ReadonlySet<string> = new Set(["fast", "flex", "priority", "batch"]);

/** The list's models; those without a `cost` are left out. */
export function readModelsDev(list: ExactObject): ListedModel[] {
  return Object.entries(list).flatMap(([slug, provider]) => {
    if (!isExactObject(provider) || !isExactObject(provider["models"])) return [];
    return Object.entries(provider["models"]).flatMap(([id, model]) =>
      isExactObject(model) && isExactObject(model["cost"])
        ? [readModel(PROVIDERS[slug] ?? slug, id, model, model["cost"])]
        : [],
    );
  });
}

function readModel(provider: string, upstream: string, model: ExactObject, cost: ExactObject): ListedModel {
  const draft = new PriceDraft();
  take(draft, cost, { provider, above: 0, variant: null });
  takeTiers(draft, cost, provider);
  takeModes(draft, model["experimental"], provider);
  const limit = isExactObject(model["limit"]) ? model["limit"] : {};
  const isWhole = draft.has("input") && draft.has("output");
  if (!isWhole) draft.unmapped.push("no price of input and output tokens");
  const price = draft.finish();
  return {
    provider,
    upstream,
    price: isWhole ? price : null,
    facts: {
      name: typeof model["name"] === "string" ? model["name"] : null,
      context: wholeNumber(limit["context"]),
      maxOutput: wholeNumber(limit["output"]),
      capabilities: capabilitiesOf(model),
    },
    unmapped: draft.unmapped,
  };
}

interface Place {
  provider: string;
  above: number;
  variant: string | null;
}

const STRUCTURES: ReadonlySet<string> = new Set(["tiers", "tier", "context_over_200k"]);

function take(draft: PriceDraft, cost: ExactObject, { provider, above, variant }: Place): void {
  for (const [field, value] of Object.entries(cost)) {
    if (STRUCTURES.has(field)) continue;
    const name = CLASSES[field];
    const price = exactNumber(value);
    if (name === undefined || price === null) {
      draft.unmapped.push(`cost.${field}`);
      continue;
    }
    // The list has one price of a cache write; Anthropic's is that of 5 minutes.
    const isOne = name === "cache_write_5m" && provider !== "anthropic";
    for (const each of isOne ? TTLS.map((ttl) => `cache_write_${ttl}` as const) : [name])
      draft.token(each, price, above, variant);
  }
}

/** `tiers`, or its older form for 200k tokens; where both stand they say the same. */
function takeTiers(draft: PriceDraft, cost: ExactObject, provider: string): void {
  const { tiers, context_over_200k: older } = cost;
  if (!Array.isArray(tiers)) {
    if (isExactObject(older)) take(draft, older, { provider, above: 200_000, variant: null });
    return;
  }
  for (const tier of tiers) {
    const limit = isExactObject(tier) && isExactObject(tier["tier"]) ? tier["tier"] : {};
    const above = wholeNumber(limit["size"]);
    if (isExactObject(tier) && limit["type"] === "context" && above !== null)
      take(draft, tier, { provider, above, variant: null });
    else draft.unmapped.push("cost.tiers: not by context");
  }
}

function takeModes(draft: PriceDraft, experimental: ExactValue | undefined, provider: string): void {
  if (!isExactObject(experimental) || !isExactObject(experimental["modes"])) return;
  for (const [variant, mode] of Object.entries(experimental["modes"])) {
    if (!isExactObject(mode) || !isExactObject(mode["cost"])) continue;
    if (MODES.has(variant)) take(draft, mode["cost"], { provider, above: 0, variant });
    else draft.unmapped.push(`experimental.modes.${variant}`);
  }
}

function capabilitiesOf(model: ExactObject): Capability[] {
  const { modalities } = model;
  const of = (side: "input" | "output"): ExactValue[] => {
    const names = isExactObject(modalities) ? modalities[side] : [];
    return Array.isArray(names) ? names : [];
  };
  const [input, output] = [of("input"), of("output")];
  if (output.includes("image") && !output.includes("text")) return ["image_generation"];
  const can: [Capability, boolean][] = [
    ["tools", model["tool_call"] === true],
    ["images", input.includes("image")],
    ["audio", input.includes("audio")],
    ["video", input.includes("video")],
    ["documents", input.includes("pdf")],
    ["json_object", model["structured_output"] === true],
    ["json_schema", model["structured_output"] === true],
    ["reasoning", model["reasoning"] === true],
    ["audio_output", output.includes("audio")],
    ["image_output", output.includes("image")],
  ];
  return can.filter(([, is]) => is).map(([name]) => name);
}
