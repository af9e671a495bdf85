import type { Annotation, EncodedRequest, Hints, OwnedFields, RouteFacts, SplicedRequest } from "../dialect.ts";
import type { EmbedCodec, OperationContext } from "../operations.ts";
import type { EmbedAnswer, EmbedInput, EmbedRequest, EmbedVector } from "../../ir/embedding.ts";
import { DecodeError, invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { replaceNested } from "../../wire/splice.ts";
import { lostInside, NOWHERE_ELSE } from "../shared/half-read.ts";
import { operationHints } from "../shared/operation-hints.ts";
import { annotateBody, annotationObject } from "../shared/annotation.ts";
import { decodeUsage } from "./decode-usage.ts";
import { encodeUsage } from "./encode-usage.ts";
import { HALF_READ_EMBED } from "./half-read.ts";
import { modelName, modelPath } from "./model-name.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { camelName, ProtoReader, textOf } from "./proto.ts";

interface Single {
  input: EmbedInput;
  dimensions: number | null;
  rest: JsonObject;
}

/** The bodies of `embedContent` (one request) and `batchEmbedContents` (https://ai.google.dev/api/embeddings). */
function decodeRequest(body: JsonObject, route: RouteFacts): EmbedRequest {
  const reader = new ProtoReader(body, "");
  const requests = reader.list("requests");
  const singles = requests?.map((item, index) => singleOf(new ProtoReader(item, `requests[${index}]`))) ?? [
    singleOf(reader),
  ];
  const [first] = singles;
  if (first === undefined) throw invalidRequest("requests", "requests must have at least one request");
  const other = singles.findIndex(({ dimensions }) => dimensions !== first.dimensions);
  if (other >= 0) {
    const field = `requests[${other}].outputDimensionality`;
    throw unsupportedFeature(field, `${field} must be the same for all requests of a batch`);
  }
  const losses = lostInside(body, HALF_READ_EMBED, camelName);
  for (const [index, { rest }] of singles.entries()) {
    // What all have in common is sent on by the first.
    const own = Object.entries(rest).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(first.rest[name]),
    );
    for (const [name] of own)
      losses.push({ field: `requests[${index}].${name}`, reason: NOWHERE_ELSE, side: "request" });
  }
  return {
    origin: "gemini",
    model: route.model,
    inputs: singles.map(({ input }) => input),
    dimensions: first.dimensions,
    encoding: "float",
    extras: { origin: "gemini", fields: first.rest },
    ...(losses.length === 0 ? {} : { losses }),
  };
}

function singleOf(request: ProtoReader): Single {
  request.value("model");
  const content = request.object("content");
  if (content === undefined) throw invalidRequest(request.at("content"), `${request.at("content")} is required`);
  const dimensions = request.integer("outputDimensionality") ?? null;
  if (dimensions !== null && dimensions <= 0) {
    const field = request.at("outputDimensionality");
    throw invalidRequest(field, `${field} must be greater than 0`);
  }
  const taskType = request.string("taskType");
  const title = request.string("title");
  const input: EmbedInput = {
    kind: "text",
    text: textOfContent(content),
    path: request.path,
    ...(taskType === undefined ? {} : { taskType }),
    ...(title === undefined ? {} : { title }),
  };
  return { input, dimensions, rest: request.rest() };
}

/** All text parts of a content are embedded as one. */
function textOfContent(content: ProtoReader): string {
  const parts = content.list("parts") ?? [];
  if (parts.length === 0) throw invalidRequest(content.at("parts"), `${content.at("parts")} must have a part`);
  const texts = parts.map((part, index) => {
    const path = `${content.at("parts")}[${index}]`;
    const text = new ProtoReader(part, path).string("text");
    if (text === undefined) throw unsupportedFeature(path, `${path}: only text is embedded by this model`);
    return text;
  });
  return texts.join("\n");
}

/** Always a batch: the call that takes any number of inputs. */
function encodeRequest(request: EmbedRequest, target: TargetFacts): EncodedRequest {
  const losses: Loss[] = [...(request.losses ?? [])];
  const lose = (field: string): void =>
    void losses.push({ field, reason: "embedContent has nothing like it", side: "request" });
  if (request.user !== undefined) lose("user");
  const isOwn = request.extras.origin === "gemini";
  if (!isOwn) for (const field of Object.keys(request.extras.fields)) lose(field);
  const model = modelName(target.upstreamModel);
  const requests = request.inputs.map((input) => {
    if (input.kind !== "text") throw unsupportedFeature(input.path, `${input.path}: this model takes no token numbers`);
    return {
      model,
      content: { parts: [{ text: input.text }] },
      ...(input.taskType === undefined ? {} : { taskType: input.taskType }),
      ...(input.title === undefined ? {} : { title: input.title }),
      ...(request.dimensions === null ? {} : { outputDimensionality: request.dimensions }),
      ...(isOwn ? request.extras.fields : {}),
    };
  });
  return { path: modelPath(target.upstreamModel, "batchEmbedContents"), body: { requests }, losses };
}

/** The model stands in the path and, in a batch, in every request. */
function spliceRequest(doc: ScannedObject, owned: OwnedFields): SplicedRequest {
  const requests = doc.value("requests");
  const isBatch = Array.isArray(requests);
  const name = modelName(owned.model);
  let bytes = doc.bytes;
  const places: string[][] = isBatch
    ? requests.map((_item, index) => ["requests", String(index), "model"])
    : [["model"]];
  for (const [index, place] of places.entries()) {
    const holder: unknown = isBatch ? requests[index] : doc.parse();
    if (isObject(holder) && holder.model !== name && (isBatch || holder.model !== undefined)) {
      bytes = replaceNested(bytes, place, JSON.stringify(name));
    }
  }
  return { path: modelPath(owned.model, isBatch ? "batchEmbedContents" : "embedContent"), bytes, losses: [] };
}

function hints(doc: ScannedObject, route: RouteFacts): Hints {
  const requests = doc.value("requests");
  const entries = Array.isArray(requests) ? requests.length : 1;
  return operationHints(doc, { model: route.model, need: "embeddings", n: 1, entries });
}

function decodeAnswer(body: JsonValue): EmbedAnswer {
  if (!isObject(body)) throw new DecodeError("the answer is not a JSON object");
  const list = isObject(body.embedding) ? [body.embedding] : objectsOf(body.embeddings);
  if (list.length === 0) throw new DecodeError("the answer holds no embeddings");
  const meta = body.usageMetadata;
  const usage = isObject(meta) ? { ...decodeUsage(meta), reasoningKnown: true } : null;
  return { model: textOf(body.modelVersion) ?? null, vectors: list.map(vectorOf), usage, losses: [] };
}

function vectorOf(embedding: JsonObject): EmbedVector {
  const { values } = embedding;
  if (!Array.isArray(values) || values.length === 0) throw new DecodeError("an embedding has no values");
  const floats = values.map((value) => {
    // A number with more digits than a double has is a raw JSON value.
    const number = typeof value === "number" ? value : Number(JSON.stringify(value));
    if (!Number.isFinite(number)) throw new DecodeError("an embedding holds something that is not a number");
    return number;
  });
  return { kind: "floats", values: floats };
}

/** Answers in the form of the call: one embedding for `embedContent`, whose input has no place in a list. */
function encodeAnswer(
  answer: EmbedAnswer,
  context: OperationContext<EmbedRequest>,
  annotation: Annotation,
): JsonObject {
  const embeddings = answer.vectors.map((vector) => ({ values: floatsOf(vector) }));
  const isBatch = context.request.inputs.some((input) => input.path.startsWith("requests["));
  const { promptTokenCount, totalTokenCount } = encodeUsage(annotation.usage);
  return {
    ...(isBatch ? { embeddings } : { embedding: embeddings[0] }),
    usageMetadata: { promptTokenCount, totalTokenCount },
    ...annotationObject(annotation),
  };
}

/** Base64 holds little-endian 32-bit floats. */
function floatsOf(vector: EmbedVector): number[] {
  if (vector.kind === "floats") return vector.values;
  const bytes = Buffer.from(vector.text, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_item, index) => bytes.readFloatLE(index * 4));
}

export const embedCodec: EmbedCodec = {
  hints,
  decodeRequest,
  encodeRequest,
  spliceRequest,
  decodeAnswer,
  encodeAnswer,
  annotateBody,
};
