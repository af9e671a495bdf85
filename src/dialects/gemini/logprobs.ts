import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { textOf } from "./proto.ts";

/**
 * `logprobsResult` (https://ai.google.dev/api/generate-content#LogprobsResult) as the list of tokens that OpenAI's dialects know:
 * `{token, logprob, bytes, top_logprobs}`.
 */
export function openaiLogprobs(result: JsonObject): JsonValue[] {
  const tops = objectsOf(result.topCandidates);
  return objectsOf(result.chosenCandidates).map((chosen, index) => ({
    ...tokenOf(chosen),
    top_logprobs: objectsOf(tops[index]?.candidates).map(tokenOf),
  }));
}

function tokenOf(candidate: JsonObject): JsonObject {
  const token = textOf(candidate.token) ?? "";
  return { token, logprob: candidate.logProbability ?? 0, bytes: [...Buffer.from(token, "utf8")] };
}

/** The way back, for logprobs that an OpenAI dialect has told. */
export function logprobsResult(tokens: readonly JsonValue[]): JsonObject {
  const list = objectsOf([...tokens]);
  return {
    topCandidates: list.map((item) => ({ candidates: objectsOf(item.top_logprobs).map(candidateOf) })),
    chosenCandidates: list.map(candidateOf),
  };
}

const candidateOf = (item: JsonObject): JsonObject => ({ token: item.token, logProbability: item.logprob });
