import type { Annotation, EncodedRequest, Hints, OwnedFields, RouteFacts, SplicedRequest } from "../dialect.ts";
import type { ImageCodec, OperationContext } from "../operations.ts";
import { DecodeError, invalidRequest } from "../../ir/error.ts";
import type { AnswerImage, ImageAnswer, ImageRequest } from "../../ir/image.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { lostInside } from "../shared/half-read.ts";
import { operationHints } from "../shared/operation-hints.ts";
import { annotateBody, annotationObject } from "../shared/annotation.ts";
import { HALF_READ_IMAGE } from "./half-read.ts";
import { aspectRatioOf, outputOptions, sizeOf } from "./image-parameters.ts";
import { modelPath } from "./model-name.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { camelName, ProtoReader, textOf } from "./proto.ts";

/** A `:predict` body of Imagen: one prompt, parameters beside it (https://ai.google.dev/gemini-api/docs/imagen). */
function decodeRequest(body: JsonObject, route: RouteFacts): ImageRequest {
  const reader = new ProtoReader(body, "");
  const instances = reader.list("instances") ?? [];
  if (instances.length !== 1) throw invalidRequest("instances", "instances must have exactly one instance");
  const instance = new ProtoReader(instances[0], "instances[0]");
  const prompt = instance.string("prompt");
  if (prompt === undefined || prompt === "")
    throw invalidRequest("instances[0].prompt", "instances[0].prompt is required");
  const parameters = reader.object("parameters") ?? new ProtoReader({}, "parameters");
  const n = parameters.integer("sampleCount") ?? 1;
  if (n < 1) throw invalidRequest("parameters.sampleCount", "parameters.sampleCount must be greater than 0");
  const size = sizeOf(parameters.string("aspectRatio"));
  const output = parameters.object("outputOptions");
  const format = output?.string("mimeType")?.replace("image/", "");
  const compression = output?.integer("compressionQuality");
  const losses = lostInside(body, HALF_READ_IMAGE, camelName);
  return {
    origin: "gemini",
    model: route.model,
    prompt,
    n,
    ...(size === undefined ? {} : { size }),
    ...(format === undefined ? {} : { format }),
    ...(compression === undefined ? {} : { compression }),
    delivery: "base64",
    extras: { origin: "gemini", fields: parameters.rest() },
    ...(losses.length === 0 ? {} : { losses }),
  };
}

/** Imagen's `:predict`, which is what makes images behind OpenAI's images call. */
function encodeRequest(request: ImageRequest, target: TargetFacts): EncodedRequest {
  const losses: Loss[] = [...(request.losses ?? [])];
  const lose = (field: string, reason: string): void => void losses.push({ field, reason, side: "request" });
  for (const name of ["quality", "style", "background", "moderation"] as const) {
    if (request[name] !== undefined && request[name] !== "auto") lose(name, `Imagen takes no ${name}`);
  }
  if (request.user !== undefined) lose("user", "Imagen takes no user");
  if (request.delivery === "url") lose("response_format", "Imagen gives bytes only; the answer has b64_json");
  const isOwn = request.extras.origin === "gemini";
  if (!isOwn) for (const field of Object.keys(request.extras.fields)) lose(field, "not known to Imagen");
  const shape = aspectRatioOf(request.size, lose);
  const output = outputOptions(request, lose);
  const parameters: JsonObject = {
    sampleCount: request.n,
    ...(shape === undefined ? {} : { aspectRatio: shape }),
    ...(output === undefined ? {} : { outputOptions: output }),
    ...(isOwn ? request.extras.fields : {}),
  };
  const body = { instances: [{ prompt: request.prompt }], parameters };
  return { path: modelPath(target.upstreamModel, "predict"), body, losses };
}

function spliceRequest(doc: ScannedObject, owned: OwnedFields): SplicedRequest {
  return { path: modelPath(owned.model, "predict"), bytes: doc.bytes, losses: [] };
}

const hints = (doc: ScannedObject, route: RouteFacts): Hints =>
  operationHints(doc, { model: route.model, need: "image_generation", n: decodeRequest(doc.parse(), route).n });

/** A prediction has bytes, or the reason why it was filtered. */
function decodeAnswer(body: JsonValue): ImageAnswer {
  if (!isObject(body)) throw new DecodeError("the answer is not a JSON object");
  const predictions = objectsOf(body.predictions);
  const images = predictions.flatMap(imageOf);
  const filtered = predictions.flatMap((prediction) => textOf(prediction.raiFilteredReason) ?? []);
  if (images.length === 0 && filtered.length === 0) throw new DecodeError("the answer holds no images");
  return { created: null, images, usage: null, native: null, filtered, losses: [] };
}

function imageOf(prediction: JsonObject): AnswerImage[] {
  const base64 = textOf(prediction.bytesBase64Encoded);
  if (base64 === undefined) return [];
  const revised = textOf(prediction.prompt);
  const source = { kind: "base64" as const, base64, mediaType: textOf(prediction.mimeType) ?? null };
  return [{ source, ...(revised === undefined ? {} : { revisedPrompt: revised }) }];
}

function encodeAnswer(
  answer: ImageAnswer,
  _context: OperationContext<ImageRequest>,
  annotation: Annotation,
  losses: Loss[],
): JsonObject {
  const predictions: JsonObject[] = [];
  for (const [index, { source, revisedPrompt }] of answer.images.entries()) {
    if (source.kind === "url") {
      losses.push({ field: `predictions[${index}]`, reason: "an image given as a URL only", side: "answer" });
      continue;
    }
    const mimeType = source.mediaType ?? "image/png";
    const prompt = revisedPrompt === undefined ? {} : { prompt: revisedPrompt };
    predictions.push({ bytesBase64Encoded: source.base64, mimeType, ...prompt });
  }
  for (const reason of answer.filtered) predictions.push({ raiFilteredReason: reason });
  return { predictions, ...annotationObject(annotation) };
}

export const imageCodec: ImageCodec = {
  hints,
  decodeRequest,
  encodeRequest,
  spliceRequest,
  decodeAnswer,
  encodeAnswer,
  annotateBody,
};
