import type { RequestContext } from "../dialect.ts";
import { invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { GenerateRequest, OutputFormat, Part, ReasoningRequest, Turn } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import {
  isAbsent,
  optionalArray,
  optionalBoolean,
  optionalInteger,
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
  EFFORTS,
  MAX_WHOLE,
  schemaOutput,
  secondIdentifier,
} from "../shared/openai-settings.ts";
import { halfRead } from "./half-read.ts";
import { decodeInput } from "./input.ts";
import { ResponsesReading } from "./reading.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

const SUMMARIES = ["auto", "concise", "detailed", "none"] as const;

/** Fields that have a place of their own in the representation, or that the gateway deals with itself. */
const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "input",
  "instructions",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_logprobs",
  "include",
  "store",
  "background",
  "previous_response_id",
  "conversation",
  "prompt",
  "service_tier",
  "prompt_cache_key",
  "user",
  "safety_identifier",
  "metadata",
  "context_management",
  "truncation",
]);

/** A Responses request, to be translated. Throws GatewayError 400 with the path of the offending field. */
export function decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  refuseState(body);
  const model = isAbsent(body["model"]) ? null : readName(body["model"], "model");
  const tools = decodeTools(body["tools"]);
  const reading = new ResponsesReading(context.seals, model, tools);
  const { choice, native } = decodeToolChoice(body["tool_choice"], body["parallel_tool_calls"], tools);
  const { system, turns } = splitSystem(body, decodeInput(body["input"], reading));
  const management = optionalArray(body["context_management"], "context_management");
  const losses = [...reading.losses, ...lostInside(body, halfRead(native !== null))];
  return {
    origin: "openai-responses",
    model,
    stream: optionalBoolean(body["stream"], "stream") ?? false,
    system,
    turns,
    tools,
    toolChoice: choice,
    ...decodeText(body),
    sampling: decodeTemperature(body),
    maxOutput: optionalInteger(body["max_output_tokens"], "max_output_tokens", 1, MAX_WHOLE) ?? null,
    stop: [],
    n: 1,
    reasoning: decodeReasoning(body),
    logprobs: decodeLogprobs(body),
    serviceTier: optionalString(body["service_tier"], "service_tier") ?? null,
    ...decodeIdentity(body),
    ...(management === undefined ? {} : { contextManagement: { origin: "openai-responses", value: management } }),
    includeUsage: false,
    extras: {
      origin: "openai-responses",
      fields: { ...extraFields(body), ...(native ? { tool_choice: native } : {}) },
    },
    ...(losses.length === 0 ? {} : { losses }),
  };
}

/** State at a provider can't be translated: what is stored here has been put in place of these fields before. */
function refuseState(body: JsonObject): void {
  for (const field of ["previous_response_id", "conversation", "prompt"]) {
    if (isAbsent(body[field])) continue;
    throw unsupportedFeature(field, `${field}: the conversation is not stored here; send all of it in input`);
  }
  if (optionalBoolean(body["background"], "background") === true) {
    throw unsupportedFeature("background", "background: needs stored responses, which are not available here");
  }
}

/** `instructions`, and the instructions that the input begins with. */
function splitSystem(body: JsonObject, all: Turn[]): { system: Part[]; turns: Turn[] } {
  const instructions = optionalString(body["instructions"], "instructions");
  const { system, turns } = splitInstructions(all);
  if (instructions === undefined || instructions === "") return { system, turns };
  return { system: [{ type: "text", text: instructions, path: "instructions" }, ...system], turns };
}

function decodeText(body: JsonObject): { output: OutputFormat; verbosity?: string } {
  const text = optionalObject(body["text"], "text") ?? {};
  const verbosity = optionalWord(text["verbosity"], "text.verbosity", ["low", "medium", "high"]);
  return { output: decodeFormat(text), ...(verbosity === undefined ? {} : { verbosity }) };
}

function decodeFormat(text: JsonObject): OutputFormat {
  const format = optionalObject(text["format"], "text.format");
  if (format === undefined) return { kind: "text" };
  const type = optionalWord(format["type"], "text.format.type", ["text", "json_object", "json_schema"]);
  if (type === undefined) throw invalidRequest("text.format.type", "text.format.type: is required");
  if (type === "text") return { kind: "text" };
  if (type === "json_object") return { kind: "json" };
  return schemaOutput(format, "text.format", readObject(format["schema"], "text.format.schema"));
}

function decodeReasoning(body: JsonObject): ReasoningRequest | null {
  const reasoning = optionalObject(body["reasoning"], "reasoning");
  if (reasoning === undefined) return null;
  const effort = optionalWord(reasoning["effort"], "reasoning.effort", EFFORTS);
  const display =
    optionalWord(reasoning["summary"], "reasoning.summary", SUMMARIES) ??
    optionalWord(reasoning["generate_summary"], "reasoning.generate_summary", SUMMARIES);
  if (effort === undefined && display === undefined) return null;
  return {
    mode: effort === "none" ? "off" : "on",
    ...(effort === undefined ? {} : { effort }),
    ...(display === undefined ? {} : { display }),
  };
}

/** Log probabilities are asked for by `top_logprobs`, or by `include` alone (then without alternatives). */
function decodeLogprobs(body: JsonObject): { top: number | null } | null {
  const top = optionalInteger(body["top_logprobs"], "top_logprobs", 0, 20) ?? 0;
  if (top > 0) return { top };
  return includes(body).includes("message.output_text.logprobs") ? { top: null } : null;
}

function includes(body: JsonObject): string[] {
  return (optionalArray(body["include"], "include") ?? []).map((entry, index) =>
    readString(entry, `include[${index}]`),
  );
}

/**
 * What is left for this dialect alone. Values that ask for what happens anyway are left out, so that they are no loss elsewhere: sealed
 * reasoning always comes back, `truncation: "disabled"` is the default, and `stream_options` only switches padding off that we never add.
 */
function extraFields(body: JsonObject): JsonObject {
  const fields: JsonObject = { ...unknownFields(body, KNOWN) };
  const include = includes(body).filter(
    (name) => name !== "reasoning.encrypted_content" && name !== "message.output_text.logprobs",
  );
  if (include.length > 0) fields["include"] = include;
  const truncation = optionalWord(body["truncation"], "truncation", ["auto", "disabled"]);
  if (truncation === "auto") fields["truncation"] = truncation;
  Object.assign(fields, secondIdentifier(body));
  const reasoning = unknownFields(optionalObject(body["reasoning"], "reasoning") ?? {}, REASONING_FIELDS);
  if (reasoning !== undefined) fields["reasoning"] = reasoning;
  const text = unknownFields(optionalObject(body["text"], "text") ?? {}, TEXT_FIELDS);
  if (text !== undefined) fields["text"] = text;
  if (!isAbsent(body["stream_options"])) readObject(body["stream_options"], "stream_options");
  return fields;
}

const TEXT_FIELDS: ReadonlySet<string> = new Set(["format", "verbosity"]);
const REASONING_FIELDS: ReadonlySet<string> = new Set(["effort", "summary", "generate_summary"]);
