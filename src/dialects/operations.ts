import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { EmbedAnswer, EmbedRequest } from "../ir/embedding.ts";
import type { ImageAnswer, ImageRequest } from "../ir/image.ts";
import type { GenerateRequest } from "../ir/request.ts";
import type { Loss } from "../ir/loss.ts";
import type { TargetFacts } from "../ir/target.ts";
import type { ScannedObject } from "../wire/scan.ts";
import type {
  Annotation,
  DecoderOptions,
  EncodedRequest,
  Hints,
  OwnedFields,
  RequestContext,
  RouteFacts,
  SplicedRequest,
} from "./dialect.ts";

/** What the writer of an answer to an embed or image call may know. */
export interface OperationContext<Request> {
  requestId: string;
  /** Unix seconds. */
  created: number;
  /** Model id to show in the answer. */
  model: string;
  request: Request;
  route: RouteFacts;
}

/**
 * Both sides of one operation that asks once and gets one JSON answer. Errors are the dialect's own: `decodeError`, `renderError`.
 */
export interface OperationCodec<Request, Answer> {
  /** Reads what routing and the hold need. Throws GatewayError 400. */
  hints(doc: ScannedObject, route: RouteFacts): Hints;
  /** Throws GatewayError 400 with the path of the offending field. */
  decodeRequest(body: JsonObject, route: RouteFacts): Request;
  encodeRequest(request: Request, target: TargetFacts): EncodedRequest;
  /** Relay: the client's bytes with the model and what the provider refuses spliced. */
  spliceRequest(doc: ScannedObject, owned: OwnedFields, route: RouteFacts, target: TargetFacts): SplicedRequest;
  /** Throws DecodeError. */
  decodeAnswer(body: JsonValue, options: DecoderOptions): Answer;
  /** Answer losses are pushed to `losses`. */
  encodeAnswer(answer: Answer, context: OperationContext<Request>, annotation: Annotation, losses: Loss[]): JsonObject;
  /** Relay: a JSON answer's bytes with the annotation spliced in. */
  annotateBody(bytes: Uint8Array, annotation: Annotation): Uint8Array;
}

export type EmbedCodec = OperationCodec<EmbedRequest, EmbedAnswer>;
export type ImageCodec = OperationCodec<ImageRequest, ImageAnswer>;

/** Counting the input of a generate request, without running it. */
export interface CountCodec {
  /** Throws GatewayError 400 with the path of the offending field. */
  decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest;
  encodeRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest;
  /** Tokens. Throws DecodeError. */
  decodeAnswer(body: JsonValue): number;
  encodeAnswer(inputTokens: number): JsonObject;
}
