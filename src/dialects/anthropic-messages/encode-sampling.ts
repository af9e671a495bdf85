import type { GenerateRequest } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Encoding } from "./encoding.ts";

/** Least top_p that the API takes beside thinking (Anthropic extended thinking). */
const MIN_THINKING_TOP_P = 0.95;

/** temperature, top_p and top_k as far as the model, and thinking beside them, allow. */
export function encodeSampling(request: GenerateRequest, isThinking: boolean, encoding: Encoding): JsonObject {
  const { temperature, topP, topK } = request.sampling;
  const given = { temperature, top_p: topP, top_k: topK };
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const refusal = encoding.target.flags.sampling ? beside(name, value, request, isThinking) : "refused by this model";
    if (refusal !== null) encoding.lose(name, refusal);
    else out[name] = value;
  }
  if (typeof out.temperature === "number" && out.temperature > 1) {
    encoding.lose("temperature", "Anthropic's temperatures end at 1; sent as 1");
    out.temperature = 1;
  }
  // A top_p of 1 changes nothing, and newer models refuse it beside a temperature.
  if (out.top_p === 1 && request.origin !== "anthropic-messages") delete out.top_p;
  return out;
}

/** Why a parameter can't stand beside the others; null when it can. */
function beside(name: string, value: number, request: GenerateRequest, isThinking: boolean): string | null {
  if (isThinking) {
    if (name === "temperature" && value !== 1) return "Anthropic refuses a temperature beside thinking";
    if (name === "top_k") return "Anthropic refuses top_k beside thinking";
    if (name === "top_p" && value < MIN_THINKING_TOP_P) return "Anthropic refuses a top_p below 0.95 beside thinking";
  }
  const isOwn = request.origin === "anthropic-messages";
  if (name === "top_p" && value !== 1 && !isOwn && request.sampling.temperature !== undefined) {
    return "Anthropic's newer models refuse top_p beside a temperature";
  }
  return null;
}
