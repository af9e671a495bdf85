import type { AnswerDecoder, DecoderOptions, FrameRole } from "../dialect.ts";
import { DecodeError, type UpstreamFailure } from "../../ir/error.ts";
import { type Emit, isContent, type IrEvent } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Frame } from "../../wire/frame.ts";
import { inBandFailure } from "../shared/openai-error.ts";
import { frameObject, objectsOf, textOf } from "../shared/wire-values.ts";
import { finishOf } from "./finish.ts";
import { logprobsOf, OutputItem } from "./output-item.ts";
import { AnswerState } from "./output-parts.ts";
import { decodeUsage } from "./usage.ts";

const START_EVENTS: ReadonlySet<string> = new Set(["response.created", "response.queued", "response.in_progress"]);
const END_EVENTS: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
]);

/**
 * Decodes a Responses stream (OpenAI API reference, streaming events). Items are told apart by `output_index`, because some servers
 * give an item another id in every event; texts and arguments count once, whether they come in deltas, in `.done` events, in finished
 * items or only in the final response.
 */
export class ResponsesDecoder implements AnswerDecoder {
  readonly #options: DecoderOptions;
  readonly #items = new Map<string, OutputItem>();
  #state: AnswerState;
  #emit: Emit = () => undefined;
  #started = false;
  #ended = false;
  #content = false;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#state = new AnswerState(options.target, (event) => this.#forward(event));
  }

  #forward(event: IrEvent): void {
    if (isContent(event)) this.#content = true;
    this.#emit(event);
  }

  push(frame: Frame, emit: Emit): FrameRole {
    if (frame.data === "" || frame.data === "[DONE]" || this.#ended) return this.#ended ? "tail" : "ignore";
    const event = frameObject(frame.data);
    this.#emit = emit;
    const type = typeof event["type"] === "string" ? event["type"] : (frame.event ?? "");
    if (type === "error" || (type === "" && isObject(event["error"]))) {
      this.#fail(inBandFailure(isObject(event["error"]) ? event["error"] : event));
      return "tail";
    }
    if (END_EVENTS.has(type)) {
      this.#finish(isObject(event["response"]) ? event["response"] : {}, type);
      return "tail";
    }
    if (START_EVENTS.has(type)) this.#start(isObject(event["response"]) ? event["response"] : {});
    else this.#part(type, event);
    return this.#content ? "content" : "start";
  }

  end(emit: Emit): void {
    this.#emit = emit;
    if (!this.#ended) {
      this.#fail({
        cause: "truncated",
        status: null,
        code: null,
        message: "the provider's stream ended before response.completed",
      });
    }
  }

  /** A response that came as one JSON object. */
  answer(response: JsonObject, emit: Emit): void {
    this.#emit = emit;
    this.#finish(response, `response.${String(response["status"])}`);
  }

  #start(response: JsonObject): void {
    if (this.#started) return;
    this.#started = true;
    const { id, model, created_at: created } = response;
    this.#emit({
      type: "message-start",
      id: typeof id === "string" ? id : null,
      model: typeof model === "string" ? model : null,
      created: typeof created === "number" ? Math.floor(created) : null,
    });
    const { conversation } = response;
    if (isObject(conversation)) this.#tellState({ conversation });
  }

  #tellState(value: JsonObject): void {
    this.#emit({ type: "provider-state", native: { origin: "openai-responses", value } });
  }

  #fail(error: UpstreamFailure): void {
    this.#ended = true;
    this.#emit({ type: "error", error });
  }

  /** The item that an event speaks of. */
  #item(event: JsonObject, type: string, told: JsonObject = {}): OutputItem {
    const key = itemKey(event);
    let item = this.#items.get(key);
    if (item === undefined) {
      this.#start({});
      item = new OutputItem(this.#state, type, told);
      this.#items.set(key, item);
    }
    return item;
  }

  #part(type: string, event: JsonObject): void {
    const delta = typeof event["delta"] === "string" ? event["delta"] : "";
    switch (type) {
      case "response.output_text.delta":
        this.#contentOf(event, "output_text").append(delta, 0, logprobsOf(event["logprobs"]));
        return;
      case "response.output_text.done":
        this.#contentOf(event, "output_text").complete(textOf(event["text"]), 0, logprobsOf(event["logprobs"]));
        return;
      case "response.refusal.delta":
        this.#contentOf(event, "refusal").append(delta);
        return;
      case "response.refusal.done":
        this.#contentOf(event, "refusal").complete(textOf(event["refusal"]));
        return;
      case "response.function_call_arguments.delta":
        this.#item(event, "function_call").callDelta(delta);
        return;
      case "response.function_call_arguments.done":
        this.#item(event, "function_call").callDone(textOf(event["arguments"]));
        return;
      case "response.custom_tool_call_input.delta":
        this.#item(event, "custom_tool_call").callDelta(delta);
        return;
      case "response.custom_tool_call_input.done":
        this.#item(event, "custom_tool_call").callDone(textOf(event["input"]));
        return;
      default:
        this.#rarePart(type, event, delta);
    }
  }

  #rarePart(type: string, event: JsonObject, delta: string): void {
    switch (type) {
      case "response.output_item.added":
        if (isObject(event["item"])) this.#added(event, event["item"]);
        return;
      case "response.output_item.done":
        if (isObject(event["item"])) this.#done(event, event["item"]);
        return;
      case "response.content_part.added":
        this.#contentAdded(event);
        return;
      case "response.output_text.annotation.added":
        this.#contentOf(event, "output_text").cite(event["annotation"] ?? null);
        return;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_summary.delta":
        this.#item(event, "reasoning").reasoning("summary").append(delta, indexOf(event["summary_index"]));
        return;
      case "response.reasoning_summary_text.done":
        this.#item(event, "reasoning")
          .reasoning("summary")
          .complete(textOf(event["text"]), indexOf(event["summary_index"]));
        return;
      case "response.reasoning_text.delta":
        this.#item(event, "reasoning").reasoning("full").append(delta, indexOf(event["content_index"]));
        return;
      case "response.reasoning_text.done":
        this.#item(event, "reasoning")
          .reasoning("full")
          .complete(textOf(event["text"]), indexOf(event["content_index"]));
        return;
      // Progress of hosted tools, partial images, code that is being written: the finished item has it all.
      default:
    }
  }

  #added(event: JsonObject, added: JsonObject): void {
    const key = itemKey(event);
    if (this.#items.has(key)) return;
    this.#start({});
    this.#items.set(key, new OutputItem(this.#state, textOf(added["type"]), added));
    // A container's item is finished when its code has run: that may take long.
    if (textOf(added["container_id"]) !== "" || isObject(added["environment"])) this.#tellState(added);
  }

  #done(event: JsonObject, item: JsonObject): void {
    this.#item(event, textOf(item["type"]), item).finish(item);
  }

  #contentAdded(event: JsonObject): void {
    const part = isObject(event["part"]) ? event["part"] : {};
    if (part["type"] === "refusal") this.#contentOf(event, "refusal");
    else if (part["type"] === "output_text") {
      this.#contentOf(event, "output_text").completeCitations(part["annotations"]);
    }
  }

  #contentOf(event: JsonObject, kind: "output_text" | "refusal"): ReturnType<OutputItem["content"]> {
    return this.#item(event, "message").content(indexOf(event["content_index"]), kind);
  }

  #finish(response: JsonObject, type: string): void {
    this.#start(response);
    this.#completeOutput(response["output"]);
    const usage = decodeUsage(response, this.#state.fees, this.#options.target.compat.reasoning_outside_output);
    if (usage !== null) this.#emit({ type: "usage", usage, final: true });
    const status = typeof response["status"] === "string" ? response["status"] : type.slice("response.".length);
    if (isObject(response["error"]) || status === "failed" || status === "cancelled") {
      const error = isObject(response["error"]) ? response["error"] : { message: `the response is ${status}` };
      this.#fail(inBandFailure(error));
      return;
    }
    this.#ended = true;
    this.#emit({ type: "message-end", choice: 0, finish: finishOf(response, status, this.#state) });
    const { output: _output, ...rest } = response;
    this.#emit({ type: "response-end", native: { origin: "openai-responses", value: rest } });
  }

  /** The final list of items: it may be empty though items were streamed, or hold items that never were. */
  #completeOutput(output: JsonValue | undefined): void {
    const items = objectsOf(output);
    const seen = [...this.#items.values()];
    for (const [index, item] of items.entries()) {
      const type = textOf(item["type"]);
      const known = seen.find((other) => isSame(other, item)) ?? sameType(this.#items.get(String(index)), type);
      (known ?? this.#newItem(index, type, item)).finish(item);
    }
    for (const item of this.#items.values()) item.abandon();
  }

  #newItem(index: number, type: string, told: JsonObject): OutputItem {
    const item = new OutputItem(this.#state, type, told);
    this.#items.set(this.#items.has(String(index)) ? `final ${index}` : String(index), item);
    return item;
  }
}

function isSame(item: OutputItem, final: JsonObject): boolean {
  if (item.callId !== undefined && item.callId === final["call_id"]) return item.type === final["type"];
  return item.id !== undefined && item.id === final["id"];
}

function sameType(item: OutputItem | undefined, type: string): OutputItem | undefined {
  return item?.type === type ? item : undefined;
}

function itemKey(event: JsonObject): string {
  const index = event["output_index"];
  if (typeof index === "number") return String(index);
  const item = isObject(event["item"]) ? event["item"] : {};
  return `id ${textOf(event["item_id"]) || textOf(item["id"])}`;
}

/** Most sections that a reasoning item may claim; a larger index is a broken stream, not a longer thought. */
const MAX_SECTIONS = 10_000;

function indexOf(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < MAX_SECTIONS ? value : 0;
}

/** A JSON answer as events. An `{error}` in a 200 answer is an error event. Throws DecodeError when it is no response at all. */
export function decodeAnswer(body: JsonValue, options: DecoderOptions, emit: Emit): void {
  if (!isObject(body)) throw new DecodeError("the provider's answer is no JSON object");
  const hasOutput = Array.isArray(body["output"]);
  if (!hasOutput && isObject(body["error"])) {
    emit({ type: "error", error: inBandFailure(body["error"]) });
    return;
  }
  if (!hasOutput && typeof body["status"] !== "string") throw new DecodeError("the provider's answer is no response");
  new ResponsesDecoder(options).answer(body, emit);
}
