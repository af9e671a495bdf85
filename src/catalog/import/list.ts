import type { ListedModel } from "./draft.ts";
import { type ExactValue, isExactObject, parseExact } from "./exact.ts";
import { isEntry, readLitellm } from "./litellm.ts";
import { readModelsDev } from "./models-dev.ts";

/** A price list, and the form that it was in. */
export interface PriceList {
  form: "litellm" | "models.dev";
  models: ListedModel[];
}

/** Reads a price list of either form, which its content tells. Throws Error with a message for the operator. */
export function readPriceList(text: string): PriceList {
  const list = parse(text);
  if (!isExactObject(list)) throw new Error("the price list must be a JSON object");
  const entries = Object.values(list).filter(isExactObject);
  if (entries.some(isEntry)) return { form: "litellm", models: readLitellm(list) };
  if (entries.some((entry) => isExactObject(entry["models"])))
    return { form: "models.dev", models: readModelsDev(list) };
  throw new Error(
    "neither LiteLLM's model_prices_and_context_window.json (entries with input_cost_per_token) nor models.dev's api.json (providers with models)",
  );
}

function parse(text: string): ExactValue {
  try {
    return parseExact(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`the price list is no JSON: ${error.message}`, { cause: error });
    throw error;
  }
}
