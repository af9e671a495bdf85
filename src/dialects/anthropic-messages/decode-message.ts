import { DecodeError } from "../../ir/error.ts";
import type { Emit } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { type BlockDecoder, startBlock } from "./decode-block.ts";
import { decodeInBandError } from "./error.ts";
import { decodeUsage, mergeUsage } from "./usage.ts";
import { FINISH_KINDS } from "./wire-names.ts";

/** Facts of an answer that belong to the whole of it and that no other dialect has. */
const NATIVE_FIELDS = ["container", "context_management", "diagnostics", "input_transformations"] as const;

/**
 * One answer as events, whether it streams or comes as one body: a JSON body is a start that holds everything, and a stop.
 * Block indexes may have gaps; parts are numbered as they appear.
 */
export class MessageDecoder {
  readonly #target: TargetFacts;
  #blocks = new Map<number, BlockDecoder>();
  #parts = 0;
  #model: string | null = null;
  #usage: JsonObject = {};
  #stopReason: string | null = null;
  #stopSequence: string | null = null;
  #stopDetails: JsonObject | null = null;
  #native: JsonObject = {};
  #state: "new" | "open" | "over" = "new";

  constructor(target: TargetFacts) {
    this.#target = target;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** `message_start`, or a whole JSON message. In streams too it may bring content and a stop reason (programmatic tool calling). */
  start(message: JsonObject, emit: Emit): void {
    this.#state = "open";
    this.#model = typeof message.model === "string" ? message.model : null;
    const id = typeof message.id === "string" ? message.id : null;
    emit({ type: "message-start", id, model: this.#model, created: null });
    const content = Array.isArray(message.content) ? message.content : [];
    for (const [index, block] of content.entries()) {
      if (!isObject(block)) throw new DecodeError(`content[${index}] is not an object`);
      this.blockStart(index, block, emit);
      this.blockStop(index, emit);
    }
    this.#readStop(message);
    this.#keepNative(message, emit);
    this.#addUsage(message.usage, emit);
  }

  blockStart(index: number, block: JsonObject, emit: Emit): void {
    this.blockStop(index, emit);
    const part = this.#parts;
    this.#parts += 1;
    const model = this.#model ?? this.#target.upstreamModel;
    this.#blocks.set(index, startBlock(block, { part, target: this.#target, model }, emit));
  }

  blockDelta(index: number, delta: JsonObject, emit: Emit): void {
    const block = this.#blocks.get(index);
    if (block === undefined) throw new DecodeError(`a delta for content block ${index}, which is not open`);
    block.delta(delta, emit);
  }

  blockStop(index: number, emit: Emit): void {
    this.#blocks.get(index)?.end(emit);
    this.#blocks.delete(index);
  }

  /** `message_delta`; several may come, the last word on each field counts. */
  delta(event: JsonObject, emit: Emit): void {
    const delta = isObject(event.delta) ? event.delta : {};
    this.#readStop(delta);
    this.#keepNative(event, emit);
    this.#keepNative(delta, emit);
    this.#addUsage(event.usage, emit);
  }

  error(event: JsonObject, emit: Emit): void {
    this.#state = "over";
    emit({ type: "error", error: decodeInBandError(event) });
  }

  /** The answer is complete, or its bytes have ended: without a stop reason that is an error, never a success. */
  stop(emit: Emit): void {
    if (this.#state === "over") return;
    const wasNew = this.#state === "new";
    this.#state = "over";
    if (this.#stopReason === null) {
      const message = wasNew ? "the answer is empty" : "the answer ended without a stop reason";
      emit({ type: "error", error: { cause: wasNew ? "empty" : "truncated", status: null, code: null, message } });
      return;
    }
    for (const index of this.#blocks.keys()) this.blockStop(index, emit);
    emit({ type: "message-end", choice: 0, finish: this.#finish(this.#stopReason) });
    const native = Object.keys(this.#native).length > 0;
    emit({
      type: "response-end",
      ...(native ? { native: { origin: "anthropic-messages", value: this.#native } } : {}),
    });
  }

  #readStop(source: JsonObject): void {
    if (typeof source.stop_reason === "string") this.#stopReason = source.stop_reason;
    if (typeof source.stop_sequence === "string") this.#stopSequence = source.stop_sequence;
    if (isObject(source.stop_details)) this.#stopDetails = source.stop_details;
  }

  #addUsage(value: JsonValue | undefined, emit: Emit): void {
    if (!isObject(value)) return;
    this.#usage = mergeUsage(this.#usage, value);
    emit({ type: "usage", usage: decodeUsage(this.#usage), final: this.#stopReason !== null });
  }

  #keepNative(source: JsonObject, emit: Emit): void {
    for (const name of NATIVE_FIELDS) {
      const value = source[name];
      if (value === undefined || value === null) continue;
      this.#native[name] = value;
      if (name === "container") {
        emit({ type: "provider-state", native: { origin: "anthropic-messages", value: { container: value } } });
      }
    }
  }

  #finish(raw: string): Finish {
    const explanation = this.#stopDetails?.explanation;
    const details = {
      ...(this.#stopSequence === null ? {} : { stopSequence: this.#stopSequence }),
      ...(typeof explanation === "string" ? { message: explanation } : {}),
      ...(this.#stopDetails === null ? {} : { native: this.#stopDetails }),
    };
    const kind = FINISH_KINDS[raw] ?? "stop";
    return { kind, raw, ...(Object.keys(details).length > 0 ? { details } : {}) };
  }
}

/** A JSON answer through the same mapping as a stream. Throws DecodeError on a body that is no message. */
export function decodeMessage(body: JsonValue, target: TargetFacts, emit: Emit): void {
  if (!isObject(body)) throw new DecodeError("the answer is not a JSON object");
  const decoder = new MessageDecoder(target);
  if (body.type === "error" || isObject(body.error)) {
    decoder.error(body, emit);
    return;
  }
  if (!Array.isArray(body.content)) throw new DecodeError("the answer has no content array");
  decoder.start(body, emit);
  decoder.stop(emit);
}
