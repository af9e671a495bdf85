import type { GenerateRequest } from "../../ir/request.ts";
import type { Encoding } from "./encoding.ts";

/** Reports every parameter that the Messages API has no word for; values that ask for the default are no loss. */
export function reportUnsupported(request: GenerateRequest, encoding: Encoding): void {
  const { sampling } = request;
  const absent = "not known to Anthropic Messages";
  const lost: [string, boolean][] = [
    ["n", request.n > 1],
    ["seed", sampling.seed !== undefined],
    ["frequency_penalty", (sampling.frequencyPenalty ?? 0) !== 0],
    ["presence_penalty", (sampling.presencePenalty ?? 0) !== 0],
    ["logprobs", request.logprobs !== null],
    ["logit_bias", Object.keys(request.logitBias ?? {}).length > 0],
    ["verbosity", request.verbosity !== undefined],
    ["modalities", (request.modalities ?? []).some((name) => name !== "text")],
    ["audio", request.audio !== undefined],
    ["prediction", request.prediction !== undefined],
    ["prompt_cache_key", request.promptCacheKey !== undefined],
    ["safety_settings", request.safety !== undefined],
  ];
  for (const [field, isLost] of lost) if (isLost) encoding.lose(field, absent);
  for (const name of Object.keys(request.metadata ?? {})) encoding.lose(`metadata.${name}`, absent);
  const management = request.contextManagement;
  if (management !== undefined && management.origin !== "anthropic-messages") {
    encoding.lose("context_management", "that of another provider");
  }
}
