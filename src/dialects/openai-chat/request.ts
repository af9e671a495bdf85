import type { RequestContext } from "../dialect.ts";
import { invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { GenerateRequest, OutputFormat, Sampling } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import {
  isAbsent,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalWord,
  readName,
  readObject,
  readString,
  unknownFields,
} from "../shared/fields.ts";
import { lostInside } from "../shared/half-read.ts";
import { splitInstructions } from "../shared/leading-instructions.ts";
import {
  decodeIdentity,
  decodeTemperature,
  MAX_WHOLE,
  schemaOutput,
  secondIdentifier,
} from "../shared/openai-settings.ts";
import { decodeRequestCache } from "./content.ts";
import { halfRead } from "./half-read.ts";
import { decodeMessages } from "./messages.ts";
import { ChatReading } from "./reading.ts";
import { decodeReasoning, REASONING_FIELDS } from "./reasoning-request.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

/** `n` of the API reference. */
const MAX_CHOICES = 128;

/** Fields that have a place of their own in the representation, or that the gateway deals with itself. */
const KNOWN: ReadonlySet<string> = new Set([
  ...REASONING_FIELDS,
  "model",
  "messages",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "functions",
  "function_call",
  "response_format",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "seed",
  "random_seed",
  "frequency_penalty",
  "presence_penalty",
  "stop",
  "n",
  "logprobs",
  "top_logprobs",
  "logit_bias",
  "service_tier",
  "verbosity",
  "modalities",
  "audio",
  "prediction",
  "user",
  "safety_identifier",
  "metadata",
  "store",
  "prompt_cache_key",
  "cache_control",
]);

/** A chat request, to be translated. Throws GatewayError 400 with the path of the offending field. */
export function decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  const model = isAbsent(body["model"]) ? null : readName(body["model"], "model");
  const reading = new ChatReading(context.seals, model);
  const tools = decodeTools(body);
  const { choice, native } = decodeToolChoice(body, tools);
  const { system, turns } = splitInstructions(decodeMessages(body["messages"], reading));
  const options = optionalObject(body["stream_options"], "stream_options");
  const extras = { ...extraFields(body), ...(native === null ? {} : { tool_choice: native }) };
  const losses = [...reading.losses, ...lostInside(body, halfRead(native !== null))];
  return {
    origin: "openai-chat",
    model,
    stream: optionalBoolean(body["stream"], "stream") ?? false,
    system,
    turns,
    tools,
    toolChoice: choice,
    output: decodeOutput(body),
    sampling: decodeSampling(body),
    maxOutput: readMaxOutput(body),
    stop: decodeStop(body),
    n: optionalInteger(body["n"], "n", 1, MAX_CHOICES) ?? 1,
    reasoning: decodeReasoning(body),
    logprobs: decodeLogprobs(body),
    serviceTier: optionalString(body["service_tier"], "service_tier") ?? null,
    ...decodeExpression(body),
    ...decodeIdentity(body),
    includeUsage: optionalBoolean(options?.["include_usage"], "stream_options.include_usage") ?? false,
    extras: { origin: "openai-chat", fields: extras },
    ...(losses.length === 0 ? {} : { losses }),
  };
}

/** The client's output cap in tokens; the newer name wins. */
export function readMaxOutput(body: JsonObject): number | null {
  const newer = optionalInteger(body["max_completion_tokens"], "max_completion_tokens", 1, MAX_WHOLE);
  return newer ?? optionalInteger(body["max_tokens"], "max_tokens", 1, MAX_WHOLE) ?? null;
}

function decodeOutput(body: JsonObject): OutputFormat {
  const format = optionalObject(body["response_format"], "response_format");
  if (format === undefined) return { kind: "text" };
  const type = readName(format["type"], "response_format.type");
  if (type === "text") return { kind: "text" };
  if (type === "json_object") {
    // Together and llama.cpp take a schema here.
    const schema = optionalObject(format["schema"], "response_format.schema");
    return schema === undefined ? { kind: "json" } : { kind: "schema", name: "output", schema, strict: null };
  }
  if (type !== "json_schema") {
    throw unsupportedFeature("response_format.type", `response_format.type: ${JSON.stringify(type)} is not known`);
  }
  const at = "response_format.json_schema";
  const inner = readObject(format["json_schema"], at);
  return schemaOutput(inner, at, optionalObject(inner["schema"], `${at}.schema`) ?? {});
}

function decodeSampling(body: JsonObject): Sampling {
  const values = decodeTemperature(body);
  const topK = optionalInteger(body["top_k"], "top_k", -1, MAX_WHOLE);
  if (topK !== undefined && topK > 0) values.topK = topK;
  const seedField = isAbsent(body["seed"]) ? "random_seed" : "seed";
  const seed = optionalInteger(body[seedField], seedField, -MAX_WHOLE, MAX_WHOLE);
  if (seed !== undefined) values.seed = seed;
  const frequency = optionalNumber(body["frequency_penalty"], "frequency_penalty", -2, 2);
  if (frequency !== undefined) values.frequencyPenalty = frequency;
  const presence = optionalNumber(body["presence_penalty"], "presence_penalty", -2, 2);
  if (presence !== undefined) values.presencePenalty = presence;
  return values;
}

function decodeStop(body: JsonObject): string[] {
  const stop = body["stop"];
  if (isAbsent(stop)) return [];
  if (typeof stop === "string") return [stop];
  if (!Array.isArray(stop)) throw invalidRequest("stop", "stop: expected a string or an array of strings");
  return stop.map((entry, index) => readString(entry, `stop[${index}]`));
}

function decodeLogprobs(body: JsonObject): { top: number | null } | null {
  const top = optionalInteger(body["top_logprobs"], "top_logprobs", 0, 20);
  const wanted = optionalBoolean(body["logprobs"], "logprobs") ?? false;
  if (wanted) return { top: top ?? null };
  if (top === undefined || top === 0) return null;
  throw invalidRequest("top_logprobs", "top_logprobs: needs logprobs: true");
}

type Expression = Pick<GenerateRequest, "logitBias" | "verbosity" | "modalities" | "audio" | "prediction" | "cache">;

function decodeExpression(body: JsonObject): Expression {
  const logitBias = optionalObject(body["logit_bias"], "logit_bias");
  const verbosity = optionalWord(body["verbosity"], "verbosity", ["low", "medium", "high"]);
  const modalities = optionalArray(body["modalities"], "modalities")?.map((entry, index) =>
    readString(entry, `modalities[${index}]`).toLowerCase(),
  );
  const audio = optionalObject(body["audio"], "audio");
  const prediction = optionalObject(body["prediction"], "prediction");
  const cache = decodeRequestCache(body);
  return {
    ...(logitBias === undefined || Object.keys(logitBias).length === 0 ? {} : { logitBias }),
    ...(verbosity === undefined ? {} : { verbosity }),
    ...(modalities === undefined ? {} : { modalities }),
    ...(audio === undefined ? {} : { audio }),
    ...(prediction === undefined ? {} : { prediction }),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** What is left for this dialect alone. `store: false` asks for what happens anyway. */
function extraFields(body: JsonObject): JsonObject {
  const fields: JsonObject = { ...unknownFields(body, KNOWN) };
  if (optionalBoolean(body["store"], "store") === true) fields["store"] = true;
  return { ...fields, ...secondIdentifier(body) };
}
