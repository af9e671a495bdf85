import type { Annotation, EncodedRequest } from "../dialect.ts";
import type { ImageCodec, OperationContext } from "../operations.ts";
import { DecodeError, unsupportedFeature } from "../../ir/error.ts";
import type { AnswerImage, ImageAnswer, ImageRequest } from "../../ir/image.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { emptyUsage, type Usage, withoutZeros } from "../../ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import {
  isAbsent,
  optionalBoolean,
  optionalInteger,
  optionalString,
  optionalWord,
  readName,
  unknownFields,
  type Wire,
} from "../shared/fields.ts";
import { annotateBody, annotationObject } from "../shared/annotation.ts";
import { hintsOf, operationExtras, spliceOperation } from "./operation.ts";
import { objectOf, objectsOf, wordOf } from "../shared/wire-values.ts";
import { count } from "./usage.ts";

const PATH = "/images/generations";
/** `n` of the API reference, Images. */
const MAX_IMAGES = 10;
/** Wire names of fields that are plain words on both sides. */
const WORDS = {
  size: "size",
  quality: "quality",
  style: "style",
  background: "background",
  moderation: "moderation",
  format: "output_format",
  user: "user",
} as const;
type Word = keyof typeof WORDS;
const WORD_NAMES = Object.keys(WORDS) as Word[];
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(WORDS),
  "model",
  "prompt",
  "n",
  "output_compression",
  "response_format",
  "stream",
  "partial_images",
]);

/** `POST /v1/images/generations` (OpenAI API reference, Images), both sides. */
export const images: ImageCodec = {
  hints: (doc) => {
    refuseStream(doc.value("stream") as Wire);
    return hintsOf(doc, "image_generation", readCount(doc.value("n") as Wire));
  },
  decodeRequest,
  encodeRequest,
  spliceRequest: (doc, owned, _route, target) => spliceOperation(doc, owned, target, PATH),
  decodeAnswer: (body) => decodeAnswer(body),
  encodeAnswer,
  annotateBody,
};

/** Images come whole: a stream of previews would have to be paid before it is seen. */
function refuseStream(value: Wire): void {
  if (optionalBoolean(value, "stream") !== true) return;
  throw unsupportedFeature("stream", "stream: images are not streamed here; leave it out");
}

const readCount = (value: Wire): number => optionalInteger(value, "n", 1, MAX_IMAGES) ?? 1;

function decodeRequest(body: JsonObject): ImageRequest {
  refuseStream(body["stream"]);
  const compression = optionalInteger(body["output_compression"], "output_compression", 0, 100);
  const delivery = optionalWord(body["response_format"], "response_format", ["url", "b64_json"]);
  const words: Partial<Record<Word, string>> = {};
  for (const name of WORD_NAMES) {
    const value = optionalString(body[WORDS[name]], WORDS[name]);
    if (value !== undefined) words[name] = value;
  }
  return {
    origin: "openai-chat",
    model: isAbsent(body["model"]) ? null : readName(body["model"], "model"),
    prompt: readName(body["prompt"], "prompt"),
    n: readCount(body["n"]),
    ...words,
    ...(compression === undefined ? {} : { compression }),
    delivery: delivery === undefined ? null : delivery === "url" ? "url" : "base64",
    extras: { origin: "openai-chat", fields: unknownFields(body, KNOWN) ?? {} },
  };
}

function encodeRequest(request: ImageRequest, target: TargetFacts): EncodedRequest {
  const body: JsonObject = { model: target.upstreamModel, prompt: request.prompt };
  if (request.n > 1) body["n"] = request.n;
  for (const name of WORD_NAMES) if (request[name] !== undefined) body[WORDS[name]] = request[name];
  if (request.compression !== undefined) body["output_compression"] = request.compression;
  if (request.delivery !== null) body["response_format"] = request.delivery === "url" ? "url" : "b64_json";
  const losses = [...(request.losses ?? []), ...operationExtras(request.extras, body, target)];
  return { path: PATH, body, losses };
}

function decodeAnswer(body: JsonValue): ImageAnswer {
  if (!isObject(body) || !Array.isArray(body["data"])) throw new DecodeError("the provider's answer has no images");
  const format = wordOf(body["output_format"]);
  const { created, data: _data, usage, ...native } = body;
  return {
    created: typeof created === "number" ? Math.floor(created) : null,
    images: objectsOf(body["data"]).map((image) => decodeImage(image, format)),
    usage: isObject(usage) ? decodeUsage(usage) : null,
    native: Object.keys(native).length === 0 ? null : native,
    filtered: [],
    losses: [],
  };
}

function decodeImage(image: JsonObject, format: string | undefined): AnswerImage {
  const revised = wordOf(image["revised_prompt"]);
  const rest = revised === undefined ? {} : { revisedPrompt: revised };
  const base64 = wordOf(image["b64_json"]);
  const mediaType = format === undefined ? null : `image/${format}`;
  if (base64 !== undefined) return { source: { kind: "base64", base64, mediaType }, ...rest };
  const url = wordOf(image["url"]);
  if (url === undefined) throw new DecodeError("an image of the provider's has neither data nor URL");
  return { source: { kind: "url", url }, ...rest };
}

/** ImagesResponse.Usage: text and image tokens of the input; the output is image unless it says otherwise. */
function decodeUsage(usage: JsonObject): Usage {
  const input = count(usage["input_tokens"]);
  const output = count(usage["output_tokens"]);
  const inputImage = Math.min(input, count(objectOf(usage["input_tokens_details"])["image_tokens"]));
  const outputText = Math.min(output, count(objectOf(usage["output_tokens_details"])["text_tokens"]));
  const total = usage["total_tokens"];
  return {
    ...emptyUsage(),
    tokens: withoutZeros({
      input: input - inputImage,
      input_image: inputImage,
      output: outputText,
      output_image: output - outputText,
    }),
    reasoningKnown: true,
    ...(typeof total === "number" ? { reportedTotal: total } : {}),
  };
}

function encodeAnswer(
  answer: ImageAnswer,
  context: OperationContext<ImageRequest>,
  annotation: Annotation,
  losses: Loss[],
): JsonObject {
  losses.push(...answer.losses);
  if (answer.filtered.length > 0) {
    losses.push({
      field: "data",
      reason: `${answer.filtered.length} images were held back by the filter`,
      side: "answer",
    });
  }
  const wantsUrl = context.request.delivery === "url" && answer.images.some((image) => image.source.kind === "base64");
  if (wantsUrl) losses.push({ field: "data[].url", reason: "the provider gives images as data only", side: "answer" });
  return {
    created: answer.created ?? context.created,
    data: answer.images.map(encodeImage),
    ...answer.native,
    ...(answer.usage === null ? {} : { usage: encodeUsage(answer.usage) }),
    ...annotationObject(annotation),
  };
}

function encodeImage(image: AnswerImage): JsonObject {
  const { source, revisedPrompt } = image;
  return {
    ...(source.kind === "url" ? { url: source.url } : { b64_json: source.base64 }),
    ...(revisedPrompt === undefined ? {} : { revised_prompt: revisedPrompt }),
  };
}

function encodeUsage(usage: Usage): JsonObject {
  const { input = 0, input_image: inputImage = 0, output = 0, output_image: outputImage = 0 } = usage.tokens;
  return {
    input_tokens: input + inputImage,
    input_tokens_details: { text_tokens: input, image_tokens: inputImage },
    output_tokens: output + outputImage,
    output_tokens_details: { text_tokens: output, image_tokens: outputImage },
    total_tokens: input + inputImage + output + outputImage,
  };
}
