import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { Answer } from "../ir/answer.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import type { GatewayError, UpstreamFailure } from "../ir/error.ts";
import type { Emit, IrEvent } from "../ir/events.ts";
import type { Loss } from "../ir/loss.ts";
import type { GenerateRequest } from "../ir/request.ts";
import type { SealBox } from "../ir/seal.ts";
import type { Capability, TargetFacts } from "../ir/target.ts";
import type { Usage } from "../ir/usage.ts";
import type { Frame } from "../wire/frame.ts";
import type { ScannedObject } from "../wire/scan.ts";
import type { CountCodec, EmbedCodec, ImageCodec } from "./operations.ts";
import type { HeaderSource } from "../wire/header-fields.ts";

/** What the path and query of the call said (Gemini has the model and the stream flag there). */
export interface RouteFacts {
  model: string | null;
  stream: boolean | null;
  /** Gemini `alt=sse`; other dialects always true. */
  sse: boolean;
  /** Lower-case request headers that belong to the dialect (anthropic-version, anthropic-beta …). */
  headers: Readonly<Record<string, string>>;
}

/** Upper bound of the input, for the hold: never an estimate. */
export interface InputBound {
  /** UTF-8 bytes that may become text tokens (inline media left out). */
  textBytes: number;
  images: number;
  audioBytes: number;
  videoBytes: number;
  documentBytes: number;
  /** True when something can't be counted from here (a URL, file id, stored conversation): the context window is the bound. */
  uncountable: boolean;
}

/** A field that changes the price; passes on the operator's credential only if the price row covers it. */
export interface PriceField {
  /** Path in the client's body. */
  field: string;
  kind: "service_tier" | "speed" | "inference_geo" | "server_tool" | "cache_ttl" | "background" | "unknown_tool";
  /** `flex`, `web_search`, `1h` … */
  value: string;
}

/** Things that a provider keeps for whoever has its key. */
export type ProviderIdKind =
  | "response"
  | "conversation"
  | "prompt"
  | "file"
  | "vector_store"
  | "container"
  | "cached_content"
  | "thread"
  | "audio"
  | "skill";

/** One of them, as an answer names it. */
export interface ProviderId {
  kind: ProviderIdKind;
  id: string;
}

/** A provider-side id that the request refers to; only its owner may use it, through the credential that got it. */
export interface ProviderReference extends ProviderId {
  field: string;
  /** It stands in an earlier answer that the client sends along: a provider of another dialect is never told it, so none is refused for it. */
  inHistory?: true;
}

/** Signals for the `auto` classifier (made by shared/signals.ts, alike in every dialect). */
export interface RequestSignals {
  /** Messages but instructions. */
  turns: number;
  /** Of the whole conversation, instructions included. */
  characters: number;
  /** The last words of the user's; "" when there are none. */
  lastUserText: string;
  tools: number;
  hasCode: boolean;
  reasoningEffort: string | null;
}

/** What routing, limits and the hold need of a request, read from its scanned bytes. */
export interface Hints {
  model: string | null;
  stream: boolean;
  /** The client's own output cap, tokens. */
  maxOutput: number | null;
  n: number;
  needs: ReadonlySet<Capability>;
  input: InputBound;
  includeUsage: boolean;
  priceFields: PriceField[];
  references: ProviderReference[];
  /** True when the conversation ends in tool results: a running tool loop, routing prefers the minter of its seals. */
  toolLoop: boolean;
  /** Realm of the newest seal or envelope in the conversation, when one can be told. */
  sealRealm: string | null;
  /** Computed on first use. */
  signals(): RequestSignals;
}

/** The fields that the gateway owns in a relayed request. Absent = leave as the client sent it. */
export interface OwnedFields {
  model: string;
  /** Ask for usage in the stream (chat `stream_options.include_usage`). */
  includeUsage?: boolean;
  /** Output cap to inject or lower to, tokens. */
  maxOutput?: number;
  /** Responses `store`. */
  store?: boolean;
  serviceTier?: string;
}

export interface RequestContext {
  route: RouteFacts;
  seals: SealBox;
}

export interface EncodedRequest {
  /** Path below the provider's base URL, with a leading slash, such as `/chat/completions`. */
  path: string;
  /** Query parameters of the dialect (Gemini `alt=sse`). */
  query?: Record<string, string>;
  /** Headers of the dialect (anthropic-version, anthropic-beta). */
  headers?: Record<string, string>;
  body: JsonObject;
  losses: Loss[];
}

export interface SplicedRequest {
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  bytes: Uint8Array;
  losses: Loss[];
}

/**
 * Role of one upstream frame for a relay: `start` frames are buffered until the commit point, `content` frames flow, `tail` frames
 * (finish, usage, terminal) are held back until the settlement is durable, `ignore` frames (pings, comments) flow once committed.
 */
export type FrameRole = "start" | "content" | "tail" | "ignore";

/** Decodes one streamed answer. Synchronous, without I/O; throws nothing but DecodeError. */
export interface AnswerDecoder {
  push(frame: Frame, emit: Emit): FrameRole;
  /**
   * The frame that came last said nothing but a piece of text, and others like it followed that differ in their text only: does with this text what
   * `push` would do with those frames. False, and nothing done, where that can't be told.
   */
  moreText?(text: string, emit: Emit): boolean;
  /** The bytes have ended. Emits `error` (cause `truncated`) when the terminal signal never came. */
  end(emit: Emit): void;
}

export interface DecoderOptions {
  target: TargetFacts;
}

/** What the settlement adds to an answer's last frame or JSON body. Null cost = not annotated (`billing.annotate: false`). */
export interface Annotation {
  /** Exact decimal, such as `0.0123`. */
  costCents: string | null;
  /** Name of the extension block (`tollgate`) and its content. */
  extensionName: string;
  extension: JsonObject | null;
  /** Usage as it was settled. */
  usage: Usage;
}

/** What an encoder toward the client may know. */
export interface AnswerContext {
  requestId: string;
  /** Unix seconds. */
  created: number;
  /** Model id to show in the answer. */
  model: string;
  request: GenerateRequest;
  /** The client's parsed body, for dialects that echo it (Responses). */
  body: JsonObject;
  route: RouteFacts;
  seals: SealBox;
  /** Realm and dialect of the target: seals minted there go out in an envelope unless the dialect is the client's own. */
  target: TargetFacts;
  /** Counts the input, for dialects that tell it before the provider has (Anthropic message_start). */
  inputTokens(): number;
  /** Responses: whether the answer is stored. */
  stored: boolean;
}

/** Encodes one streamed answer into the client's frames. Each method gives wire text ready to send, "" for nothing. */
export interface StreamEncoder {
  /** Tail events (usage, message-end of the last choice, response-end) are kept for `finish`. */
  push(event: IrEvent): string;
  /** The terminal frames, after the settlement. */
  finish(annotation: Annotation): string;
  /** The dialect's own error frames; nothing follows them. Valid before any push, too. */
  fail(error: GatewayError): string;
  keepAlive(): string;
  /** Answer losses met while encoding. */
  readonly losses: Loss[];
}

export interface RenderedError {
  status: number;
  headers: Record<string, string>;
  body: JsonObject;
}

/** Knobs of a profile that change how errors look. */
export interface ErrorStyle {
  /** `wallet`: the code is also the error type; `managed`: kind and retry_after_seconds inside error. */
  style: "default" | "wallet" | "managed";
}

/** One raw frame of a relay that is being held back: its bytes as received, and its parsed form. */
export interface HeldFrame {
  frame: Frame;
  raw: Uint8Array;
}

/** One wire format, both sides. N decoders and N encoders; dialects never import each other. */
export interface Dialect {
  readonly id: DialectId;

  // client side, request
  /** Reads what routing needs. Throws GatewayError (400, names the field) on wrong types of the fields it reads. */
  hints(doc: ScannedObject, route: RouteFacts): Hints;
  /** The client's own fields for those that encoders name in losses (`stop`, `reasoning.budget`), where this API calls them otherwise. */
  readonly lossFields?: Readonly<Record<string, string>>;
  /**
   * Where the same may stand instead, with all that is in it: by its place (`seed: ["random_seed"]`), or for fields of parts and tools by
   * their last name (`"*.detail": ["image_url.detail"]`), `^.` being what holds the part.
   */
  readonly lossPlaces?: Readonly<Record<string, readonly string[]>>;
  /** How the beginning of an envelope looks in this dialect's bytes, where that isn't its plain text (bytes fields are base64). */
  readonly envelopeMark?: string;
  /** Throws GatewayError 400 with the path of the offending field. */
  decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest;

  // provider side, request
  encodeRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest;
  /** Relay: the client's bytes with the owned fields (and refused parameters) spliced, nothing else touched. */
  spliceRequest(doc: ScannedObject, owned: OwnedFields, route: RouteFacts, target: TargetFacts): SplicedRequest;

  // provider side, answer
  createDecoder(options: DecoderOptions): AnswerDecoder;
  /** A JSON answer as events, through the same mapping as the stream. Throws DecodeError. */
  decodeAnswer(body: JsonValue, options: DecoderOptions, emit: Emit): void;
  /**
   * Ids of things kept at the provider that an event of an answer names: its account may use them from now on. Only fields that the
   * provider fills itself, never what tools of others or the request put there.
   */
  idsIn(event: IrEvent): ProviderId[];
  /** An error body (any status ≥ 400, any shape, also HTML) as a failure. Never throws. */
  decodeError(status: number, text: string, headers: HeaderSource): UpstreamFailure;

  // client side, answer
  createEncoder(context: AnswerContext): StreamEncoder;
  /** Answer losses are pushed to `losses`. */
  encodeAnswer(answer: Answer, context: AnswerContext, annotation: Annotation, losses: Loss[]): JsonObject;
  /** Relay: the held tail frames with the annotation spliced in where the dialect has its place; frames we asked for ourselves left out. */
  annotateTail(held: HeldFrame[], context: RelayContext, annotation: Annotation): Uint8Array[];
  /** Relay: a JSON answer's bytes with the annotation spliced in. */
  annotateBody(bytes: Uint8Array, annotation: Annotation): Uint8Array;
  renderError(error: GatewayError, requestId: string, style: ErrorStyle): RenderedError;
  /** Relay: an error in the middle of a verbatim stream, in this dialect's frames. */
  renderStreamError(error: GatewayError, requestId: string, state: RelayErrorState): string;
  readonly keepAliveText: string;
  /** Content type of a streamed answer for this route. */
  streamContentType(route: RouteFacts): string;

  // other operations, where the dialect has them
  readonly embed?: EmbedCodec;
  readonly image?: ImageCodec;
  readonly count?: CountCodec;
}

export interface RelayContext {
  route: RouteFacts;
  includeUsage: boolean;
}

/** What a relay knows when it has to end a stream with an error. */
export interface RelayErrorState {
  route: RouteFacts;
  /** Id and model of the stream as the upstream told them, when it did. */
  id: string | null;
  model: string | null;
  created: number;
  /** How many frames have gone out: Responses needs the next sequence number, Gemini arrays the comma. */
  framesSent: number;
  /** Last `sequence_number` seen, -1 = none. */
  sequence: number;
}
