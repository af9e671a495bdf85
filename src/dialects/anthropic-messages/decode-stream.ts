import { DecodeError } from "../../ir/error.ts";
import { type Emit, type IrEvent, isContent } from "../../ir/events.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Frame } from "../../wire/frame.ts";
import type { AnswerDecoder, FrameRole } from "../dialect.ts";
import { frameObject } from "../shared/wire-values.ts";
import { MessageDecoder } from "./decode-message.ts";

/** Decodes a streamed answer frame by frame. Frame types that it doesn't know are ignored (Anthropic: new event types may come). */
export class StreamDecoder implements AnswerDecoder {
  #message: MessageDecoder;
  #hasContent = false;
  /** Index of the block whose text the last frame brought, null when it brought something else. */
  #talking: number | null = null;

  constructor(target: TargetFacts) {
    this.#message = new MessageDecoder(target);
  }

  push(frame: Frame, emit: Emit): FrameRole {
    // Imitations of this API end with `[DONE]`; it says nothing that message_stop or the end of the bytes doesn't.
    if (this.#message.isOver) return "tail";
    if (frame.data === "" || frame.data.trim() === "[DONE]") return "ignore";
    this.#talking = null;
    const event = frameObject(frame.data);
    let content = false;
    const watch: Emit = (item: IrEvent) => {
      content ||= isContent(item);
      emit(item);
    };
    const role = this.#apply(event, frame.event, watch);
    this.#hasContent ||= content;
    if (role !== "start") return role;
    return content || this.#hasContent ? "content" : "start";
  }

  moreText(text: string, emit: Emit): boolean {
    if (this.#talking === null) return false;
    this.#message.blockDelta(this.#talking, { type: "text_delta", text }, emit);
    return true;
  }

  end(emit: Emit): void {
    this.#message.stop(emit);
  }

  /** Role `start` stands for "start until content has come". */
  #apply(event: JsonObject, name: string | null, emit: Emit): FrameRole {
    const type = typeof event.type === "string" ? event.type : name;
    switch (type) {
      case "message_start":
        this.#message.start(part(event, "message"), emit);
        return "start";
      case "content_block_start":
        this.#message.blockStart(indexOf(event), part(event, "content_block"), emit);
        return "start";
      case "content_block_delta":
        this.#message.blockDelta(indexOf(event), part(event, "delta"), emit);
        if (part(event, "delta").type === "text_delta") this.#talking = indexOf(event);
        return "start";
      case "content_block_stop":
        this.#message.blockStop(indexOf(event), emit);
        return "start";
      case "message_delta":
        this.#message.delta(event, emit);
        return "tail";
      case "message_stop":
        this.#message.stop(emit);
        return "tail";
      case "error":
        this.#message.error(event, emit);
        return "tail";
      case "ping":
        return this.#hasContent ? "ignore" : "start";
      default:
        // Some servers send a bare error object without a type.
        if (!isObject(event.error)) return "ignore";
        this.#message.error(event, emit);
        return "tail";
    }
  }
}

function part(event: JsonObject, name: string): JsonObject {
  const value = event[name];
  if (!isObject(value)) throw new DecodeError(`a ${String(event.type)} frame has no ${name}`);
  return value;
}

function indexOf(event: JsonObject): number {
  if (typeof event.index !== "number") throw new DecodeError(`a ${String(event.type)} frame has no index`);
  return event.index;
}
