import type { EncodedRequest, RequestContext } from "../dialect.ts";
import type { CountCodec } from "../operations.ts";
import { DecodeError } from "../../ir/error.ts";
import type { GenerateRequest } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { decodeRequest } from "./decode-request.ts";
import { encodeRequest } from "./encode-request.ts";
import { modelName, modelPath } from "./model-name.ts";
import { countOf, ProtoReader } from "./proto.ts";

/** What of a generateContent request counts as input. */
const COUNTED = ["systemInstruction", "tools", "toolConfig", "contents", "generationConfig", "cachedContent"];

/**
 * A countTokens body (https://ai.google.dev/api/tokens): bare `contents`, or a whole generateContent request inside.
 * Throws GatewayError 400 with the path of the offending field.
 */
function decodeCountRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  const inner = new ProtoReader(body, "").object("generateContentRequest");
  return decodeRequest(inner?.raw ?? body, context);
}

/** The whole request goes inside, since bare contents leave instructions and tools uncounted. */
function encodeCountRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest {
  const { body, losses } = encodeRequest({ ...request, stream: false }, target);
  const counted = Object.fromEntries(Object.entries(body).filter(([name]) => COUNTED.includes(name)));
  const generateContentRequest = { model: modelName(target.upstreamModel), ...counted };
  return { path: modelPath(target.upstreamModel, "countTokens"), body: { generateContentRequest }, losses };
}

/** A provider's count, tokens. Throws DecodeError when the body has none: no request counts as nothing, so it isn't a zero that ProtoJSON left out. */
function decodeCountAnswer(body: JsonValue): number {
  if (!isObject(body)) throw new DecodeError("the answer is not a JSON object");
  const tokens = countOf(body.totalTokens);
  if (tokens === undefined) throw new DecodeError("the answer holds no token count");
  return tokens;
}

/** The answer to a countTokens call: input tokens of the whole request. */
function encodeCountAnswer(inputTokens: number): JsonObject {
  return { totalTokens: inputTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: inputTokens }] };
}

export const countCodec: CountCodec = {
  decodeRequest: decodeCountRequest,
  encodeRequest: encodeCountRequest,
  decodeAnswer: decodeCountAnswer,
  encodeAnswer: encodeCountAnswer,
};
