import { invalidRequest } from "../../ir/error.ts";
import type { GenerateRequest, OutputFormat, ReasoningRequest, Sampling } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { ProtoReader } from "./proto.ts";
import { fromSubset } from "./schema.ts";

const LEVELS = ["THINKING_LEVEL_UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "MINIMAL"];
const MODALITIES = ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"];

type Config = Pick<
  GenerateRequest,
  "sampling" | "maxOutput" | "stop" | "n" | "output" | "reasoning" | "logprobs" | "modalities"
> & { rest: JsonObject };

/** A client's `generationConfig`; `rest` are the fields that only this dialect knows. Throws GatewayError 400 with the path. */
export function decodeConfig(config: ProtoReader | undefined): Config {
  if (config === undefined) {
    return {
      sampling: {},
      maxOutput: null,
      stop: [],
      n: 1,
      output: { kind: "text" },
      reasoning: null,
      logprobs: null,
      rest: {},
    };
  }
  const maxOutput = positive(config, "maxOutputTokens");
  const n = positive(config, "candidateCount") ?? 1;
  const modalities = modalitiesOf(config);
  const output = outputOf(config);
  const thinking = config.object("thinkingConfig");
  const decoded = {
    sampling: samplingOf(config),
    maxOutput: maxOutput ?? null,
    stop: config.strings("stopSequences") ?? [],
    n,
    output,
    reasoning: reasoningOf(thinking),
    logprobs: logprobsOf(config),
    ...(modalities === undefined ? {} : { modalities }),
  };
  const thinkingRest = thinking?.rest() ?? {};
  const isWhole = Object.keys(thinkingRest).length === 0;
  return { ...decoded, rest: { ...config.rest(), ...(isWhole ? {} : { thinkingConfig: thinkingRest }) } };
}

function positive(config: ProtoReader, name: string): number | undefined {
  const value = config.integer(name);
  if (value === undefined || value > 0) return value;
  throw invalidRequest(config.at(name), `${config.at(name)} must be greater than 0`);
}

function samplingOf(config: ProtoReader): Sampling {
  const sampling: Sampling = {};
  const fields = ["temperature", "topP", "topK", "seed", "frequencyPenalty", "presencePenalty"] as const;
  for (const name of fields) {
    const value = name === "seed" ? config.integer(name) : config.number(name);
    if (value !== undefined) sampling[name] = value;
  }
  return sampling;
}

function logprobsOf(config: ProtoReader): { top: number | null } | null {
  const wanted = config.boolean("responseLogprobs") ?? false;
  const top = config.integer("logprobs");
  return wanted ? { top: top ?? null } : null;
}

function modalitiesOf(config: ProtoReader): string[] | undefined {
  const list = config.list("responseModalities");
  return list?.map((item, index) => {
    const name = typeof item === "number" ? MODALITIES[item] : item;
    if (typeof name === "string") return name.toLowerCase();
    throw invalidRequest(`${config.at("responseModalities")}[${index}]`, "a modality must be TEXT, IMAGE or AUDIO");
  });
}

/** `text/x.enum` has no counterpart elsewhere and stays with the fields of this dialect. */
function outputOf(config: ProtoReader): OutputFormat {
  const type = config.raw.responseMimeType ?? config.raw.response_mime_type;
  if (typeof type === "string" && type !== "application/json") {
    if (type === "text/plain") config.string("responseMimeType");
    return { kind: "text" };
  }
  const mime = config.string("responseMimeType");
  const full = config.value("responseJsonSchema");
  const subset = config.value("responseSchema");
  const schema = full ?? subset;
  if (schema === undefined) return { kind: mime === "application/json" ? "json" : "text" };
  const at = config.at(full === undefined ? "responseSchema" : "responseJsonSchema");
  if (!isObject(schema)) throw invalidRequest(at, `${at} must be an object`);
  return { kind: "schema", name: "response", schema: full === undefined ? fromSubset(schema) : schema, strict: null };
}

/** `thinkingBudget` 0 turns thinking off, -1 leaves it to the model (https://ai.google.dev/gemini-api/docs/thinking). */
export function reasoningOf(config: ProtoReader | undefined): ReasoningRequest | null {
  if (config === undefined) return null;
  const budget = config.integer("thinkingBudget");
  const level = config.enumName("thinkingLevel", LEVELS);
  const include = config.boolean("includeThoughts");
  const display = include === undefined ? {} : { display: include ? ("summary" as const) : ("none" as const) };
  if (level !== undefined && level !== "THINKING_LEVEL_UNSPECIFIED") {
    return { mode: "on", effort: level.toLowerCase() as "minimal" | "low" | "medium" | "high", ...display };
  }
  if (budget === 0) return { mode: "off", budget, ...display };
  if (budget !== undefined && budget > 0) return { mode: "on", budget, ...display };
  if (budget === undefined && include === undefined) return null;
  return { mode: "adaptive", ...(budget === undefined ? {} : { budget: -1 }), ...display };
}
