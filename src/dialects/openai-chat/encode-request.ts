import type { EncodedRequest } from "../dialect.ts";
import type { GenerateRequest } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { openAiTier } from "../shared/openai-settings.ts";
import { encodeMessages } from "./encode-messages.ts";
import { encodeReasoning } from "./encode-reasoning.ts";
import { encodeTools } from "./encode-tools.ts";
import { Encoding, NOT_KNOWN } from "./encoding.ts";

export const PATH = "/chat/completions";
/** Most stop sequences that the API takes. */
const MAX_STOPS = 4;

/** A request in the form of Chat Completions, with the target's quirks; whatever has no place there is among the losses. */
export function encodeRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest {
  const encoding = new Encoding(request, target);
  const body: JsonObject = {
    model: target.upstreamModel,
    messages: encodeMessages(request, encoding),
    ...encodeTools(request, encoding),
    ...encodeFormat(request, encoding),
    ...encodeReasoning(request.reasoning, encoding),
    ...encodeSampling(request, encoding),
    ...encodeLimits(request, encoding),
    ...encodeExpression(request, encoding),
    ...encodeIdentity(request, encoding),
    ...(request.stream ? { stream: true } : {}),
    ...(request.stream && target.compat.stream_usage ? { stream_options: { include_usage: true } } : {}),
  };
  addExtras(body, request, encoding);
  for (const name of target.compat.refuses) {
    if (body[name] === undefined) continue;
    if (name !== "stream_options") encoding.lose(name, "refused by this provider");
    delete body[name];
  }
  return { path: PATH, body, losses: encoding.losses };
}

function encodeFormat({ output }: GenerateRequest, encoding: Encoding): JsonObject {
  if (output.kind === "text") return {};
  const place = { format: "response_format", name: "response_format.json_schema.name" };
  const schema = output.kind === "json" ? null : encoding.answerSchema(output, place);
  if (schema === null) return { response_format: { type: "json_object" } };
  return { response_format: { type: "json_schema", json_schema: schema } };
}

function encodeSampling(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { temperature, topP, topK, seed, frequencyPenalty, presencePenalty } = request.sampling;
  const chosen: JsonObject = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    // Not OpenAI's: sent where the client knew that the server takes it.
    ...(topK === undefined || !encoding.isOwn ? {} : { top_k: topK }),
  };
  if (topK !== undefined && !encoding.isOwn) encoding.lose("top_k", NOT_KNOWN);
  const others: JsonObject = {
    ...(seed === undefined ? {} : { [encoding.target.compat.seed_field]: seed }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
  };
  if (encoding.target.flags.sampling) return { ...chosen, ...others };
  for (const name of Object.keys(chosen)) encoding.lose(name, "refused by this model");
  return others;
}

function encodeLimits(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { flags, compat, maxOutput } = encoding.target;
  const field = flags.maxTokensField ?? compat.max_tokens_field;
  const fields: JsonObject = {};
  if (request.maxOutput !== null) {
    fields[field] = maxOutput === null ? request.maxOutput : Math.min(request.maxOutput, maxOutput);
    if (fields[field] !== request.maxOutput) {
      encoding.lose(field, `above this model's limit of ${maxOutput}; the limit is asked for`);
    }
  }
  const stop = encoding.isOwn ? request.stop : request.stop.slice(0, MAX_STOPS);
  if (stop.length < request.stop.length) encoding.lose("stop", `only the first ${MAX_STOPS} stop sequences are sent`);
  if (stop.length > 0) fields["stop"] = stop;
  if (request.n > 1) fields["n"] = request.n;
  return fields;
}

function encodeExpression(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { logprobs, logitBias, verbosity, prediction, audio } = request;
  if (audio !== undefined && !encoding.isOwn) encoding.lose("audio", NOT_KNOWN);
  return {
    ...(logprobs === null ? {} : { logprobs: true }),
    ...(logprobs === null || logprobs.top === null ? {} : { top_logprobs: logprobs.top }),
    ...(logitBias === undefined ? {} : { logit_bias: logitBias }),
    ...(verbosity === undefined ? {} : { verbosity }),
    ...encodeModalities(request, encoding),
    ...(audio === undefined || !encoding.isOwn ? {} : { audio }),
    ...(prediction === undefined ? {} : { prediction }),
  };
}

function encodeModalities(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { modalities } = request;
  if (modalities === undefined) return {};
  if (encoding.isOwn) return { modalities };
  const has = encoding.target.capabilities;
  const kept = modalities.filter((name) => name === "text" || (name === "image" && has.has("image_output")));
  for (const name of modalities) {
    if (!kept.includes(name)) encoding.lose("modalities", `an answer as ${name} can't be asked for here`);
  }
  return kept.some((name) => name !== "text") ? { modalities: kept } : {};
}

function encodeIdentity(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { serviceTier, user, metadata, promptCacheKey } = request;
  const keepsMetadata = encoding.isOwn;
  // "The 'metadata' parameter is only allowed when 'store' is enabled."
  if (metadata !== undefined && !keepsMetadata) encoding.lose("metadata", "kept with stored completions only");
  return {
    ...(serviceTier === null ? {} : { service_tier: openAiTier(serviceTier) }),
    ...(user === undefined ? {} : { user }),
    ...(metadata === undefined || !keepsMetadata ? {} : { metadata }),
    ...(promptCacheKey === undefined ? {} : { prompt_cache_key: promptCacheKey }),
    ...encoding.cacheMark(request.cache, undefined, ""),
  };
}

/** Fields of this dialect that the representation has no word for; objects are merged, since both sides may hold parts of them. */
function addExtras(body: JsonObject, request: GenerateRequest, encoding: Encoding): void {
  for (const name of ["contextManagement", "safety"] as const) {
    const field = name === "safety" ? "safety_settings" : "context_management";
    if (request[name] !== undefined) encoding.lose(field, NOT_KNOWN);
  }
  for (const [name, value] of Object.entries(request.extras.fields)) {
    if (!encoding.isOwn) encoding.lose(name, NOT_KNOWN);
    else if (name !== "tool_choice") {
      const own = body[name];
      body[name] = isObject(own) && isObject(value) ? { ...own, ...value } : value;
    }
  }
}
