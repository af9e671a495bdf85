import type { EncodedRequest } from "../dialect.ts";
import type { GenerateRequest, Turn } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { commonNames } from "../shared/common-names.ts";
import { describedSchema } from "../shared/described-schema.ts";
import { ContentsEncoder, encodePart } from "./encode-contents.ts";
import { encodeReasoning } from "./encode-reasoning.ts";
import { EncodeScope } from "./encode-scope.ts";
import { encodeToolChoice, encodeTools } from "./encode-tools.ts";
import { LOSS_FIELDS } from "./loss-fields.ts";
import { modelPath } from "./model-name.ts";
import { camelName } from "./proto.ts";
import { toWireSchema } from "./schema.ts";
import { words } from "../../lib/words.ts";

/** Stop sequences that a request may have (https://ai.google.dev/api/generate-content#FIELDS.stop_sequences). */
const MAX_STOPS = 5;
const INT32_MAX = 0x7fff_ffff;
const COMMON_NAMES = commonNames(LOSS_FIELDS);
const SERVICE_TIERS: Readonly<Record<string, string>> = words({
  flex: "flex",
  priority: "priority",
  default: "standard",
  standard: "standard",
  standard_only: "standard",
});

/** The generateContent call for a target (https://ai.google.dev/api/generate-content). Throws GatewayError 400 for parts it can't leave out. */
export function encodeRequest(asked: GenerateRequest, target: TargetFacts): EncodedRequest {
  const scope = new EncodeScope(asked, target);
  const { request } = scope;
  const system = encodeSystem(scope);
  const contents = new ContentsEncoder(scope).contents(withoutPrefill(scope));
  const tools = encodeTools(scope);
  const calling = encodeToolChoice(request.toolChoice, scope);
  const config = encodeConfig(scope);
  const tier = encodeTier(scope);
  loseRest(scope);
  const body: JsonObject = {
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(calling === undefined ? {} : { toolConfig: { functionCallingConfig: calling } }),
    contents,
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
    ...(request.safety?.origin === "gemini" ? { safetySettings: request.safety.value } : {}),
    ...(tier === undefined ? {} : { serviceTier: tier }),
  };
  addExtras(body, scope);
  dropRefused(body, scope);
  return {
    path: modelPath(target.upstreamModel, request.stream ? "streamGenerateContent" : "generateContent"),
    ...(request.stream ? { query: { alt: "sse" } } : {}),
    body,
    losses: scope.losses,
  };
}

function encodeSystem(scope: EncodeScope): JsonObject[] {
  const parts: JsonObject[] = [];
  for (const part of scope.request.system) {
    if (part.cache !== undefined) scope.lose(`${part.path}.cache_control`, "Gemini takes no cache marks");
    const encoded = encodePart(part, scope);
    if (encoded !== null) parts.push(encoded);
  }
  return parts;
}

function withoutPrefill(scope: EncodeScope): Turn[] {
  const { turns } = scope.request;
  const last = turns.at(-1);
  if (scope.target.flags.prefill || last?.role !== "assistant") return turns;
  scope.lose(last.path, "the model does not continue an answer that the client has begun");
  return turns.slice(0, -1);
}

function encodeConfig(scope: EncodeScope): JsonObject {
  const { request } = scope;
  const thinking = encodeReasoning(scope);
  const maxOutput = cappedOutput(scope);
  const stops = request.stop.slice(0, MAX_STOPS);
  if (request.stop.length > MAX_STOPS) scope.lose("stop", `Gemini takes at most ${MAX_STOPS} stop sequences`);
  return {
    ...encodeSampling(scope),
    ...(request.n === 1 ? {} : { candidateCount: request.n }),
    ...(maxOutput === null ? {} : { maxOutputTokens: maxOutput }),
    ...(stops.length === 0 ? {} : { stopSequences: stops }),
    ...encodeOutput(scope),
    ...(request.logprobs === null ? {} : { responseLogprobs: true }),
    ...(typeof request.logprobs?.top === "number" ? { logprobs: request.logprobs.top } : {}),
    ...(request.modalities === undefined
      ? {}
      : { responseModalities: request.modalities.map((name) => name.toUpperCase()) }),
    ...(thinking === undefined ? {} : { thinkingConfig: thinking }),
  };
}

function cappedOutput(scope: EncodeScope): number | null {
  const { maxOutput } = scope.request;
  const limit = scope.target.maxOutput;
  if (maxOutput === null || limit === null || maxOutput <= limit) return maxOutput;
  scope.lose("max_tokens", `the model gives at most ${limit} tokens; sent as ${limit}`);
  return limit;
}

function encodeSampling(scope: EncodeScope): JsonObject {
  const { seed, ...sampling } = scope.request.sampling;
  const out: JsonObject = { ...sampling };
  if (seed !== undefined) {
    if (Math.abs(seed) <= INT32_MAX) out.seed = seed;
    else scope.lose("seed", "Gemini takes a seed of 32 bits");
  }
  if (scope.target.flags.sampling) return out;
  for (const name of ["temperature", "topP", "topK"]) {
    if (out[name] === undefined) continue;
    delete out[name];
    scope.lose(COMMON_NAMES.get(name) ?? name, "the model refuses sampling parameters");
  }
  return out;
}

function encodeOutput(scope: EncodeScope): JsonObject {
  const { output } = scope.request;
  if (output.kind === "text") return {};
  const type = { responseMimeType: "application/json" };
  if (output.kind === "json") return type;
  const schema = describedSchema(output, (field, reason) => scope.lose(field, reason));
  const wire = toWireSchema(schema, "response_format.schema", scope.losses);
  return wire.form === "subset"
    ? { ...type, responseSchema: wire.schema }
    : { ...type, responseJsonSchema: wire.schema };
}

/** `serviceTier` on the wire; undefined for `auto`, which is not sent, and for tiers that Gemini doesn't have. */
export const wireTier = (tier: string): string | undefined => SERVICE_TIERS[tier];

function encodeTier(scope: EncodeScope): string | undefined {
  const { serviceTier } = scope.request;
  if (serviceTier === null || serviceTier === "auto") return undefined;
  const tier = wireTier(serviceTier);
  if (tier === undefined) scope.lose("service_tier", `Gemini has no service tier "${serviceTier}"`);
  return tier;
}

/** Parameters without any counterpart on this wire. */
function loseRest(scope: EncodeScope): void {
  const { request } = scope;
  const rest: Record<string, unknown> = {
    logit_bias: request.logitBias,
    verbosity: request.verbosity,
    audio: request.audio,
    prediction: request.prediction,
    user: request.user,
    metadata: request.metadata,
    prompt_cache_key: request.promptCacheKey,
    cache_control: request.cache,
    context_management: request.contextManagement,
    safety: request.safety?.origin === "gemini" ? undefined : request.safety,
  };
  for (const [field, value] of Object.entries(rest)) {
    if (value !== undefined) scope.lose(field, "Gemini has nothing like it");
  }
}

/** Fields that only this dialect knows, beside or inside those already there. */
function addExtras(body: JsonObject, scope: EncodeScope): void {
  const { extras } = scope.request;
  for (const [name, value] of Object.entries(extras.fields)) {
    if (extras.origin !== "gemini") scope.lose(name, "not known to Gemini");
    else body[name] = merged(body[name], value);
  }
}

function merged(present: JsonValue | undefined, added: JsonValue | undefined): JsonValue | undefined {
  if (!isObject(present) || !isObject(added)) return present ?? added;
  const out: JsonObject = { ...added, ...present };
  for (const name of Object.keys(added)) out[name] = merged(present[name], added[name]);
  return out;
}

/** Parameters that the catalog says this server refuses, in their camelCase or snake_case name. */
function dropRefused(body: JsonObject, scope: EncodeScope): void {
  const refused = new Set(scope.target.compat.refuses.map(camelName));
  if (refused.size === 0) return;
  const config = isObject(body.generationConfig) ? body.generationConfig : {};
  for (const holder of [body, config]) {
    for (const name of Object.keys(holder)) {
      if (!refused.has(name)) continue;
      delete holder[name];
      scope.lose(COMMON_NAMES.get(name) ?? name, "this provider refuses it");
    }
  }
}
