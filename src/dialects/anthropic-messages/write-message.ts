import type { IrEvent } from "../../ir/events.ts";
import type { Finish, FinishKind } from "../../ir/finish.ts";
import type { Loss } from "../../ir/loss.ts";
import { totalInput, type Usage } from "../../ir/usage.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Annotation, AnswerContext } from "../dialect.ts";
import { annotationObject } from "../shared/annotation.ts";
import { lostFacts } from "../shared/lost-facts.ts";
import { type BlockSink, type PartEvent, type PartWriter, startPart } from "./write-part.ts";
import { encodeUsage } from "./usage.ts";
import { FINISH_KINDS, STOP_REASONS } from "./wire-names.ts";

/**
 * Turns the events of one answer into the wire events of one Anthropic message; streams send them, JSON answers fold them. Blocks
 * follow each other on the wire: a part that starts while another is open waits for that one's end.
 */
export class MessageWriter implements BlockSink {
  readonly context: AnswerContext;
  readonly losses: Loss[] = [];
  #out: JsonObject[] = [];
  #id: string | null = null;
  #earlyUsage: Usage | null = null;
  #isStarted = false;
  #blocks = 0;
  /** The part whose blocks are being written. */
  #current: { part: number; writer: PartWriter } | null = null;
  /** Events of parts that wait, in order of appearance. */
  #waiting = new Map<number, PartEvent[]>();
  #isExtraChoiceLost = false;
  #hasToolCall = false;
  #hasRefusal = false;
  #finish: Finish | null = null;
  #blockReason: string | null = null;
  #native: JsonObject = {};

  constructor(context: AnswerContext) {
    this.context = context;
  }

  /** Wire events that this event completes. Tail events are kept for `finish`. */
  push(event: IrEvent): JsonObject[] {
    switch (event.type) {
      case "message-start":
        this.#id = event.id;
        break;
      case "usage":
        if (!this.#isStarted) this.#earlyUsage = event.usage;
        break;
      case "prompt-feedback":
        this.#blockReason = event.blockReason;
        break;
      case "message-end":
        this.#end(event.choice, event.finish);
        this.losses.push(...lostFacts(event, this.context.target.dialect, "anthropic-messages"));
        break;
      case "response-end":
        this.losses.push(...lostFacts(event, this.context.target.dialect, "anthropic-messages"));
        if (event.native?.origin === "anthropic-messages" && isObject(event.native.value))
          this.#native = event.native.value;
        break;
      case "answer-loss":
      case "provider-state":
      case "error":
        break;
      default:
        this.#pushPart(event);
    }
    return this.#take();
  }

  #end(choice: number, finish: Finish): void {
    if (choice !== 0) {
      this.#loseChoice(choice);
      return;
    }
    this.#finish = finish;
    const lost = LOST_FINISHES[finish.kind];
    if (lost !== undefined) this.losses.push({ field: "stop_reason", reason: lost, side: "answer" });
  }

  /** The rest of the message: open blocks closed, stop reason, usage as settled, annotation, stop. */
  finish(annotation: Annotation): JsonObject[] {
    this.#ensureStarted();
    while (this.#current !== null || this.#waiting.size > 0) this.#closeCurrent();
    const { context_management, container, ...rest } = this.#native;
    const delta = { ...this.#stopFields(), ...(container === undefined ? {} : { container }) };
    this.#out.push({
      type: "message_delta",
      delta,
      usage: encodeUsage(annotation.usage),
      ...(context_management === undefined ? {} : { context_management }),
      ...rest,
      ...annotationObject(annotation),
    });
    this.#out.push({ type: "message_stop" });
    return this.#take();
  }

  open(block: JsonObject): number {
    const index = this.#blocks;
    this.#blocks += 1;
    this.#out.push({ type: "content_block_start", index, content_block: block });
    return index;
  }

  delta(index: number, delta: JsonObject): void {
    this.#out.push({ type: "content_block_delta", index, delta });
  }

  close(index: number): void {
    this.#out.push({ type: "content_block_stop", index });
  }

  lose(part: number, reason: string): void {
    this.losses.push({ field: `choices[0].parts[${part}]`, reason, side: "answer" });
  }

  #take(): JsonObject[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #pushPart(event: PartEvent): void {
    if (event.choice !== 0) {
      this.#loseChoice(event.choice);
      return;
    }
    this.#ensureStarted();
    if (event.type === "tool-start" && event.kind !== "server") this.#hasToolCall = true;
    if (event.type === "refusal-start") this.#hasRefusal = true;
    const waiting = this.#waiting.get(event.part);
    if (waiting !== undefined) waiting.push(event);
    else if (this.#current === null || this.#current.part === event.part) this.#write(event);
    else this.#waiting.set(event.part, [event]);
  }

  #write(event: PartEvent): void {
    if (this.#current === null) {
      const writer = startPart(event, this);
      if (writer !== null) this.#current = { part: event.part, writer };
    } else if (event.type === "part-end") this.#closeCurrent();
    else this.#current.writer.push(event);
  }

  /** Ends the current part and writes what waits, up to the first part that isn't complete. */
  #closeCurrent(): void {
    this.#current?.writer.end();
    this.#current = null;
    for (const [part, events] of this.#waiting) {
      this.#waiting.delete(part);
      for (const event of events) this.#writeWaiting(event);
      if (this.#current !== null) return;
    }
  }

  #writeWaiting(event: PartEvent): void {
    if (event.type !== "part-end") {
      this.#write(event);
      return;
    }
    this.#current?.writer.end();
    this.#current = null;
  }

  #loseChoice(choice: number): void {
    if (this.#isExtraChoiceLost) return;
    this.#isExtraChoiceLost = true;
    this.losses.push({ field: `choices[${choice}]`, reason: "an Anthropic message has one choice", side: "answer" });
  }

  #ensureStarted(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#out.push({
      type: "message_start",
      message: {
        id: messageId(this.#id, this.context.requestId),
        type: "message",
        role: "assistant",
        model: this.context.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: this.#startUsage(),
      },
    });
    this.#out.push({ type: "ping" });
  }

  /** Input as the provider told it early, else as it was counted; output 0, since some clients add start and delta up. */
  #startUsage(): JsonObject {
    const early = this.#earlyUsage;
    if (early === null || totalInput(early) === 0)
      return { input_tokens: this.context.inputTokens(), output_tokens: 0 };
    return encodeUsage({
      ...early,
      tokens: { ...early.tokens, output: 0, reasoning: 0 },
      reasoningKnown: false,
      fees: {},
    });
  }

  #stopFields(): JsonObject {
    const finish = this.#finish;
    const reason = this.#stopReason(finish);
    const native = finish?.details?.native;
    const message = finish?.details?.message ?? (this.#blockReason === null ? null : `blocked: ${this.#blockReason}`);
    const isOwn = this.context.target.dialect === "anthropic-messages";
    const details = isOwn
      ? native
      : reason === "refusal"
        ? { type: "refusal", category: null, explanation: message }
        : null;
    return {
      stop_reason: reason,
      stop_sequence: finish?.details?.stopSequence ?? null,
      ...(details === null || details === undefined ? {} : { stop_details: details }),
    };
  }

  #stopReason(finish: Finish | null): string {
    if (finish === null) return this.#blockReason === null ? "end_turn" : "refusal";
    const isOwn = this.context.target.dialect === "anthropic-messages";
    if (isOwn && finish.raw !== null && FINISH_KINDS[finish.raw] !== undefined) return finish.raw;
    if (finish.kind !== "stop") return STOP_REASONS[finish.kind];
    // Some servers end a forced call, or a refusal, with an ordinary stop; clients go by the reason.
    if (this.#hasToolCall) return "tool_use";
    if (this.#hasRefusal) return "refusal";
    return finish.details?.stopSequence === undefined ? "end_turn" : "stop_sequence";
  }
}

/** Ends that this API has no word for. */
const LOST_FINISHES: Partial<Record<FinishKind, string>> = {
  "malformed-tool": "the model made a tool call that can't be read; it is shown as the end of a turn",
  error: "the model could not finish its answer; it is shown as the end of a turn",
};

/** The upstream's id where it is of this API, else one made of the request id. */
function messageId(id: string | null, requestId: string): string {
  return id?.startsWith("msg_") === true ? id : `msg_${requestId.replace(/[^a-zA-Z0-9]/g, "")}`;
}
