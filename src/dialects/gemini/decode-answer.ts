import type { AnswerDecoder, DecoderOptions, FrameRole } from "../dialect.ts";
import { DecodeError } from "../../ir/error.ts";
import type { Emit } from "../../ir/events.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Frame } from "../../wire/frame.ts";
import { CandidateDecoder } from "./decode-candidate.ts";
import { errorOf } from "./decode-error.ts";
import { decodeUsage } from "./decode-usage.ts";
import { frameObject, objectsOf } from "../shared/wire-values.ts";
import { countOf, protoField, textOf } from "./proto.ts";

const READ_FIELDS: ReadonlySet<string> = new Set(["candidates", "usageMetadata", "modelVersion", "responseId"]);
const COUNTS = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"];
/** Candidates that a request can ask for are far fewer; an index beyond it is not believed. */
const MAX_CHOICES = 64;

/** Decodes streamGenerateContent: SSE chunks and array elements alike, each a whole GenerateContentResponse. */
export class GeminiDecoder implements AnswerDecoder {
  readonly #target: TargetFacts;
  readonly #candidates = new Map<number, CandidateDecoder>();
  readonly #native: JsonObject = {};
  #responseId = "";
  #hasStarted = false;
  #hasFailed = false;
  #blockReason: string | null = null;
  #feedback: JsonObject | null = null;

  constructor(options: DecoderOptions) {
    this.#target = options.target;
  }

  push(frame: Frame, emit: Emit): FrameRole {
    // The bracket that closes an array is a comment: it has to stay behind the elements that are held back.
    if (frame.data === "") return this.#hasStarted ? "tail" : "ignore";
    return this.pushChunk(frameObject(frame.data), emit);
  }

  pushChunk(chunk: JsonObject, emit: Emit): FrameRole {
    if (this.#hasFailed) return "tail";
    if (chunk.error !== undefined && chunk.error !== null) {
      this.#hasFailed = true;
      emit({ type: "error", error: errorOf(null, chunk) });
      return "tail";
    }
    const isFirst = !this.#hasStarted;
    this.#start(chunk, emit);
    // Some clients are told the input before any content.
    if (isFirst) this.#takeUsage(chunk, false, emit);
    const before = this.#contents();
    let isTail = this.#takeFeedback(chunk, emit);
    for (const item of objectsOf(chunk.candidates)) {
      if (this.#candidate(item).push(item, this.#responseId, emit)) isTail = true;
    }
    this.#takeUsage(chunk, isTail, emit);
    for (const [name, value] of Object.entries(chunk)) if (!READ_FIELDS.has(name)) this.#native[name] = value;
    if (isTail) return "tail";
    return this.#contents() > before ? "content" : "start";
  }

  end(emit: Emit): void {
    this.#finish(emit, false);
  }

  /** `isWhole`: a JSON body that parsed was not cut, even when a candidate lacks its finishReason. */
  endWhole(emit: Emit): void {
    this.#finish(emit, true);
  }

  #finish(emit: Emit, isWhole: boolean): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const candidates = [...this.#candidates.values()];
    const isOver = candidates.length > 0 && candidates.every((candidate) => candidate.isFinished || isWhole);
    if (!isOver && !(this.#blockReason !== null && candidates.length === 0)) {
      const message = "the answer ended without a finishReason";
      emit({ type: "error", error: { cause: "truncated", status: null, code: null, message } });
      return;
    }
    for (const candidate of candidates) candidate.end(emit);
    if (candidates.length === 0) this.#endBlocked(emit);
    const hasNative = Object.keys(this.#native).length > 0;
    emit({ type: "response-end", ...(hasNative ? { native: { origin: "gemini", value: this.#native } } : {}) });
  }

  /** A prompt that the provider blocks has no candidates: the one that was asked for ends filtered. */
  #endBlocked(emit: Emit): void {
    const message = this.#feedback === null ? undefined : textOf(protoField(this.#feedback, "blockReasonMessage"));
    const details = message === undefined ? {} : { details: { message } };
    emit({ type: "message-end", choice: 0, finish: { kind: "filter", raw: this.#blockReason, ...details } });
  }

  #start(chunk: JsonObject, emit: Emit): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const id = textOf(chunk.responseId) ?? null;
    const createTime = textOf(chunk.createTime);
    const created = createTime === undefined ? Number.NaN : Math.floor(Date.parse(createTime) / 1000);
    this.#responseId = id ?? createTime ?? "";
    const model = textOf(chunk.modelVersion) ?? null;
    emit({ type: "message-start", id, model, created: Number.isFinite(created) ? created : null });
  }

  #candidate(item: JsonObject): CandidateDecoder {
    const index = Math.min(countOf(item.index) ?? 0, MAX_CHOICES);
    let candidate = this.#candidates.get(index);
    if (candidate === undefined) {
      candidate = new CandidateDecoder(index, this.#target);
      this.#candidates.set(index, candidate);
    }
    return candidate;
  }

  #takeFeedback(chunk: JsonObject, emit: Emit): boolean {
    const feedback = chunk.promptFeedback;
    if (!isObject(feedback)) return false;
    const reason = feedback.blockReason;
    const name = typeof reason === "number" ? (BLOCK_REASONS[reason] ?? String(reason)) : textOf(reason);
    if (name === undefined || name === BLOCK_REASONS[0]) return false;
    this.#feedback = feedback;
    this.#blockReason = name;
    emit({ type: "prompt-feedback", blockReason: name, native: feedback });
    return true;
  }

  #takeUsage(chunk: JsonObject, isFinal: boolean, emit: Emit): void {
    const meta = chunk.usageMetadata;
    if (!isObject(meta) || !COUNTS.some((name) => countOf(meta[name]) !== undefined)) return;
    const usage = decodeUsage(meta);
    for (const candidate of this.#candidates.values()) {
      for (const [name, count] of Object.entries(candidate.fees)) usage.fees[name] = (usage.fees[name] ?? 0) + count;
    }
    emit({ type: "usage", usage, final: isFinal });
  }

  #contents(): number {
    let sum = 0;
    for (const candidate of this.#candidates.values()) sum += candidate.contents;
    return sum;
  }
}

/** PromptFeedback.BlockReason by number. */
const BLOCK_REASONS = [
  "BLOCK_REASON_UNSPECIFIED",
  "SAFETY",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "IMAGE_SAFETY",
];

/** A generateContent body (or the chunks of a stream that came as one array) as events. Throws DecodeError. */
export function decodeAnswer(body: JsonValue, options: DecoderOptions, emit: Emit): void {
  const decoder = new GeminiDecoder(options);
  const chunks = Array.isArray(body) ? body : [body];
  for (const chunk of chunks) {
    if (!isObject(chunk)) throw new DecodeError("the answer is not a JSON object");
    decoder.pushChunk(chunk, emit);
  }
  decoder.endWhole(emit);
}
