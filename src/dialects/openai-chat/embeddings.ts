import type { Annotation, EncodedRequest } from "../dialect.ts";
import type { EmbedCodec, OperationContext } from "../operations.ts";
import type { EmbedAnswer, EmbedInput, EmbedRequest, EmbedVector } from "../../ir/embedding.ts";
import { DecodeError, invalidRequest } from "../../ir/error.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { emptyUsage, totalInput, type Usage } from "../../ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { isAbsent, optionalInteger, optionalString, optionalWord, readName, unknownFields } from "../shared/fields.ts";
import { annotateBody, annotationObject } from "../shared/annotation.ts";
import { hintsOf, operationExtras, spliceOperation } from "./operation.ts";
import { objectOf, objectsOf, wordOf } from "../shared/wire-values.ts";
import { count } from "./usage.ts";

const PATH = "/embeddings";
/** Most inputs of one call (API reference, Embeddings). */
const MAX_INPUTS = 2048;
const FLOAT_BYTES = 4;
const KNOWN: ReadonlySet<string> = new Set(["model", "input", "dimensions", "encoding_format", "user"]);

/** `POST /v1/embeddings` (OpenAI API reference, Embeddings), both sides. */
export const embeddings: EmbedCodec = {
  hints: (doc) => hintsOf(doc, "embeddings", 1),
  decodeRequest,
  encodeRequest,
  spliceRequest: (doc, owned, _route, target) => spliceOperation(doc, owned, target, PATH),
  decodeAnswer: (body) => decodeAnswer(body),
  encodeAnswer,
  annotateBody,
};

function decodeRequest(body: JsonObject): EmbedRequest {
  const user = optionalString(body["user"], "user");
  return {
    origin: "openai-chat",
    model: isAbsent(body["model"]) ? null : readName(body["model"], "model"),
    inputs: decodeInputs(body["input"]),
    dimensions: optionalInteger(body["dimensions"], "dimensions", 1, Number.MAX_SAFE_INTEGER) ?? null,
    encoding: optionalWord(body["encoding_format"], "encoding_format", ["float", "base64"]) ?? "float",
    ...(user === undefined ? {} : { user }),
    extras: { origin: "openai-chat", fields: unknownFields(body, KNOWN) ?? {} },
  };
}

/** A text, the tokens of a text, or a list of either. */
function decodeInputs(value: JsonValue | undefined): EmbedInput[] {
  if (typeof value === "string") return [textInput(value, "input")];
  if (!Array.isArray(value)) throw invalidRequest("input", "input: expected a string, an array of strings, or tokens");
  if (value.length === 0) throw invalidRequest("input", "input: at least one input is required");
  if (typeof value[0] === "number") return [tokenInput(value, "input")];
  if (value.length > MAX_INPUTS) throw invalidRequest("input", `input: at most ${MAX_INPUTS} inputs are taken at once`);
  return value.map((item, index) => {
    const path = `input[${index}]`;
    if (typeof item === "string") return textInput(item, path);
    if (Array.isArray(item)) return tokenInput(item, path);
    throw invalidRequest(path, `${path}: expected a string or an array of tokens`);
  });
}

function textInput(text: string, path: string): EmbedInput {
  if (text === "") throw invalidRequest(path, `${path}: must not be empty`);
  return { kind: "text", text, path };
}

function tokenInput(values: JsonValue[], path: string): EmbedInput {
  if (values.length === 0) throw invalidRequest(path, `${path}: must not be empty`);
  const tokens = values.map((token, index) => {
    if (typeof token === "number" && Number.isSafeInteger(token) && token >= 0) return token;
    throw invalidRequest(`${path}[${index}]`, `${path}[${index}]: expected a token number`);
  });
  return { kind: "tokens", tokens, path };
}

function encodeRequest(request: EmbedRequest, target: TargetFacts): EncodedRequest {
  const losses: Loss[] = [...(request.losses ?? [])];
  for (const input of request.inputs) {
    for (const name of ["taskType", "title"] as const) {
      if (input[name] === undefined) continue;
      losses.push({ field: placeIn(input, name), reason: "not known to OpenAI embeddings", side: "request" });
    }
  }
  const values = request.inputs.map((input): JsonValue => (input.kind === "text" ? input.text : input.tokens));
  const body: JsonObject = {
    model: target.upstreamModel,
    input: values.length === 1 ? (values[0] ?? "") : values,
    ...(request.dimensions === null ? {} : { dimensions: request.dimensions }),
    encoding_format: request.encoding,
    ...(request.user === undefined ? {} : { user: request.user }),
  };
  const [first] = request.inputs;
  for (const loss of operationExtras(request.extras, body, target)) {
    // Fields of Gemini's stand in each request of a batch.
    const isGemini =
      request.origin === "gemini" && first !== undefined && Object.hasOwn(request.extras.fields, loss.field);
    losses.push(isGemini ? { ...loss, field: placeIn(first, loss.field) } : loss);
  }
  return { path: PATH, body, losses };
}

const placeIn = ({ path }: EmbedInput, name: string): string => (path === "" ? name : `${path}.${name}`);

function decodeAnswer(body: JsonValue): EmbedAnswer {
  if (!isObject(body) || !Array.isArray(body["data"])) throw new DecodeError("the provider's answer has no embeddings");
  const items = objectsOf(body["data"]).map((item, position) => ({
    index: typeof item["index"] === "number" ? item["index"] : position,
    vector: decodeVector(item["embedding"]),
  }));
  items.sort((a, b) => a.index - b.index);
  const usage = body["usage"];
  return {
    model: wordOf(body["model"]) ?? null,
    vectors: items.map((item) => item.vector),
    usage: isObject(usage) ? decodeUsage(usage) : null,
    losses: [],
  };
}

function decodeVector(value: JsonValue | undefined): EmbedVector {
  if (typeof value === "string") return { kind: "base64", text: value };
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return { kind: "floats", values: value };
  throw new DecodeError("an embedding of the provider's is no vector");
}

function decodeUsage(usage: JsonObject): Usage {
  const total = usage["total_tokens"];
  const tokens = count(usage["prompt_tokens"]) || count(total);
  const cached = Math.min(tokens, count(objectOf(usage["prompt_tokens_details"])["cached_tokens"]));
  return {
    ...emptyUsage(),
    tokens: { input: tokens - cached, ...(cached === 0 ? {} : { cached_input: cached }) },
    reasoningKnown: true,
    ...(typeof total === "number" ? { reportedTotal: total } : {}),
  };
}

function encodeAnswer(
  answer: EmbedAnswer,
  context: OperationContext<EmbedRequest>,
  annotation: Annotation,
  losses: Loss[],
): JsonObject {
  losses.push(...answer.losses);
  const tokens = totalInput(answer.usage ?? annotation.usage);
  const { encoding } = context.request;
  return {
    object: "list",
    data: answer.vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: encoding === "base64" ? asBase64(vector) : asFloats(vector),
    })),
    model: context.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    ...annotationObject(annotation),
  };
}

/** Numbers as little-endian 32-bit floats in base64: what OpenAI's SDKs ask for and unpack. */
function asBase64(vector: EmbedVector): string {
  if (vector.kind === "base64") return vector.text;
  const bytes = Buffer.alloc(vector.values.length * FLOAT_BYTES);
  for (const [index, value] of vector.values.entries()) bytes.writeFloatLE(value, index * FLOAT_BYTES);
  return bytes.toString("base64");
}

function asFloats(vector: EmbedVector): number[] {
  if (vector.kind === "floats") return vector.values;
  const bytes = Buffer.from(vector.text, "base64");
  return Array.from({ length: Math.floor(bytes.length / FLOAT_BYTES) }, (_, index) =>
    bytes.readFloatLE(index * FLOAT_BYTES),
  );
}
