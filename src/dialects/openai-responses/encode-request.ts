import type { EncodedRequest } from "../dialect.ts";
import type { GenerateRequest, ReasoningRequest } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { effortOfBudget, openAiTier } from "../shared/openai-settings.ts";
import { dropPrefill, encodeInput } from "./encode-input.ts";
import { encodeTools } from "./encode-tools.ts";
import { Encoding, NOT_KNOWN } from "./encoding.ts";

const PATH = "/responses";
const SEALED_REASONING = "reasoning.encrypted_content";
/** Least output cap that the API takes ("integer_below_min_value"). */
const MIN_OUTPUT = 16;

/**
 * A request in the form of OpenAI Responses; whatever has no place there is among the losses. Nothing is stored at the provider, and
 * reasoning comes back sealed, so that the next call can bring it along.
 */
export function encodeRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest {
  const encoding = new Encoding(request, target);
  const { instructions, leading } = encodeSystem(request, encoding);
  const input = [...leading, ...encodeInput(request.turns, encoding)];
  dropPrefill(input, request.turns.at(-1)?.path ?? "input", encoding);
  const body: JsonObject = {
    model: target.upstreamModel,
    ...(instructions === null ? {} : { instructions }),
    input,
    ...encodeTools(request, encoding),
    ...encodeText(request, encoding),
    ...encodeReasoning(request.reasoning, encoding),
    ...encodeSampling(request, encoding),
    ...encodeOutputCap(request, encoding),
    ...encodeLogprobs(request),
    ...encodeInclude(request, target),
    ...(request.serviceTier === null ? {} : { service_tier: openAiTier(request.serviceTier) }),
    ...(request.promptCacheKey === undefined ? {} : { prompt_cache_key: request.promptCacheKey }),
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    store: false,
    ...(request.stream ? { stream: true } : {}),
  };
  addExtras(body, request, encoding);
  reportUnsupported(request, encoding);
  for (const name of target.compat.refuses) {
    if (body[name] === undefined) continue;
    encoding.lose(name, "refused by this provider");
    delete body[name];
  }
  return { path: PATH, body, losses: encoding.losses };
}

/** Instructions that are text go into `instructions`; when there is other media among them, they are a developer message. */
function encodeSystem(
  request: GenerateRequest,
  encoding: Encoding,
): { instructions: string | null; leading: JsonObject[] } {
  const parts = request.system;
  if (parts.length === 0) return { instructions: null, leading: [] };
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  if (texts.length === parts.length) {
    for (const part of parts) encoding.loseMark(part.cache, part.path);
    return { instructions: texts.join("\n\n"), leading: [] };
  }
  return { instructions: null, leading: encodeInput([{ role: "developer", parts, path: "system" }], encoding) };
}

function encodeText(request: GenerateRequest, encoding: Encoding): JsonObject {
  const format = encodeFormat(request, encoding);
  const text = {
    ...(format === null ? {} : { format }),
    ...(request.verbosity === undefined ? {} : { verbosity: request.verbosity }),
  };
  return Object.keys(text).length === 0 ? {} : { text };
}

function encodeFormat({ output }: GenerateRequest, encoding: Encoding): JsonObject | null {
  if (output.kind === "text") return null;
  const place = { format: "text.format", name: "text.format.name" };
  const schema = output.kind === "json" ? null : encoding.answerSchema(output, place);
  return schema === null ? { type: "json_object" } : { type: "json_schema", ...schema };
}

function encodeReasoning(reasoning: ReasoningRequest | null, encoding: Encoding): JsonObject {
  if (reasoning === null) return {};
  if (!encoding.target.capabilities.has("reasoning")) {
    if (reasoning.mode !== "off") encoding.lose("reasoning", "this model does not reason");
    return {};
  }
  const effort = effortOf(reasoning, encoding);
  const fields = {
    ...(effort === null ? {} : { effort }),
    ...summaryOf(reasoning),
  };
  return Object.keys(fields).length === 0 ? {} : { reasoning: fields };
}

/** Effort as asked for, or the nearest to a budget; null = the model's own. */
function effortOf(reasoning: ReasoningRequest, encoding: Encoding): string | null {
  if (reasoning.mode === "off") {
    encoding.loseEffort(reasoning);
    return "none";
  }
  const { effort, budget } = reasoning;
  if (effort !== undefined || budget === undefined || budget < 0) return effort ?? null;
  const nearest = effortOfBudget(budget);
  if (budget > 0) {
    encoding.lose("reasoning.budget", `thinking budgets are not known here; effort ${nearest} is asked for`);
  }
  return nearest;
}

function summaryOf(reasoning: ReasoningRequest): JsonObject {
  const display = reasoning.display;
  if (display === undefined || display === "none") return {};
  return { summary: display === "summary" || display === "full" ? "auto" : display };
}

function encodeSampling(request: GenerateRequest, encoding: Encoding): JsonObject {
  const { temperature, topP, topK, seed, frequencyPenalty, presencePenalty } = request.sampling;
  if (topK !== undefined) encoding.lose("top_k", NOT_KNOWN);
  if (seed !== undefined) encoding.lose("seed", NOT_KNOWN);
  if ((frequencyPenalty ?? 0) !== 0) encoding.lose("frequency_penalty", NOT_KNOWN);
  if ((presencePenalty ?? 0) !== 0) encoding.lose("presence_penalty", NOT_KNOWN);
  const fields: JsonObject = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
  };
  if (encoding.target.flags.sampling) return fields;
  for (const name of Object.keys(fields)) encoding.lose(name, "refused by this model");
  return {};
}

function encodeOutputCap(request: GenerateRequest, encoding: Encoding): JsonObject {
  const asked = request.maxOutput;
  if (asked === null) return {};
  const limit = encoding.target.maxOutput;
  if (limit !== null && asked > limit) {
    encoding.lose("max_output_tokens", `above this model's limit of ${limit}; the limit is asked for`);
    return { max_output_tokens: limit };
  }
  if (asked < MIN_OUTPUT) {
    encoding.lose("max_output_tokens", `the least that can be asked for is ${MIN_OUTPUT}`);
    return { max_output_tokens: MIN_OUTPUT };
  }
  return { max_output_tokens: asked };
}

function encodeLogprobs(request: GenerateRequest): JsonObject {
  const top = request.logprobs?.top ?? null;
  return top === null || top === 0 ? {} : { top_logprobs: top };
}

/** Sealed reasoning is asked for wherever the model reasons; models that don't refuse the word. */
function encodeInclude(request: GenerateRequest, target: TargetFacts): JsonObject {
  const own = request.extras.origin === "openai-responses" ? request.extras.fields["include"] : undefined;
  const include: JsonValue[] = Array.isArray(own) ? [...own] : [];
  if (target.capabilities.has("reasoning")) include.push(SEALED_REASONING);
  if (request.logprobs !== null) include.push("message.output_text.logprobs");
  return include.length === 0 ? {} : { include };
}

/** Fields of this dialect that the representation has no word for; objects are merged, since both sides may hold parts of them. */
function addExtras(body: JsonObject, request: GenerateRequest, encoding: Encoding): void {
  const management = request.contextManagement;
  if (management?.origin === "openai-responses") body["context_management"] = management.value;
  else if (management !== undefined) encoding.lose("context_management", "that of another provider");
  for (const [name, value] of Object.entries(request.extras.fields)) {
    if (request.extras.origin !== "openai-responses") encoding.lose(name, NOT_KNOWN);
    else if (name !== "include" && name !== "tool_choice") body[name] = merge(body[name], value);
  }
}

function merge(own: JsonValue | undefined, extra: JsonValue | undefined): JsonValue | undefined {
  return isObject(own) && isObject(extra) ? { ...own, ...extra } : extra;
}

/** Every parameter that the API has no word for; values that ask for the default are no loss. */
function reportUnsupported(request: GenerateRequest, encoding: Encoding): void {
  const lost: [string, boolean][] = [
    ["stop", request.stop.length > 0],
    ["n", request.n > 1],
    ["logit_bias", Object.keys(request.logitBias ?? {}).length > 0],
    ["modalities", (request.modalities ?? []).some((name) => name !== "text")],
    ["audio", request.audio !== undefined],
    ["prediction", request.prediction !== undefined],
    ["cache_control", request.cache !== undefined],
    ["safety_settings", request.safety !== undefined],
  ];
  for (const [field, isLost] of lost) if (isLost) encoding.lose(field, NOT_KNOWN);
}
