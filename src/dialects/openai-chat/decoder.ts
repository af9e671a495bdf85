import type { AnswerDecoder, DecoderOptions, FrameRole } from "../dialect.ts";
import { DecodeError, type UpstreamFailure } from "../../ir/error.ts";
import type { Emit } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Frame } from "../../wire/frame.ts";
import { decodeSources } from "./annotation.ts";
import { AnswerState } from "./answer-state.ts";
import { ChoiceReader } from "./choice-reader.ts";
import { failureIn } from "./error.ts";
import { objectOf, textOf, wordOf } from "../shared/wire-values.ts";
import { ANSWER_FIELDS, type WireChoice, type WireChunk, type WireMessage } from "./schema.ts";
import { decodeUsage } from "./usage.ts";

/** Top-level fields of a chunk that have been read or are different in every chunk. */
const READ_FIELDS: ReadonlySet<string> = new Set([...ANSWER_FIELDS, "obfuscation", "p", "service_tier"]);

/** Most choices that an answer may claim; a larger index is a broken stream. */
const MAX_CHOICES = 1024;

/**
 * Decodes chat answers, streamed and whole, by the same readers. A stream has ended well when its choices have finished or its usage has
 * come after the content: neither a lone `[DONE]` nor the end of the bytes says so.
 */
export class ChatDecoder implements AnswerDecoder {
  readonly #state: AnswerState;
  readonly #choices = new Map<number, ChoiceReader>();
  readonly #rest: JsonObject = {};
  #started = false;
  #ended = false;
  #seenContent = false;
  /** Usage has come that can only be the last. */
  #usageEnded = false;
  /** Usage rides on every content chunk (Perplexity): only the finish tells the end. */
  #usageRides = false;
  #usage: JsonObject | null = null;
  #usageIsFinal = false;
  /** Content has come since. */
  #usageIsBehind = false;
  #serviceTier: string | undefined;
  /** Whose text was in the frame that came last. */
  #talking: ChoiceReader | null = null;

  constructor(options: DecoderOptions) {
    this.#state = new AnswerState(options.target);
  }

  push(frame: Frame, emit: Emit): FrameRole {
    const data = frame.data;
    if (this.#ended) return "tail";
    if (data === "") return "ignore";
    this.#state.emit = emit;
    this.#talking = null;
    if (data === "[DONE]") {
      this.#finish("the provider's stream ended without a finish reason");
      return "tail";
    }
    const chunk = parseChunk(data);
    const failure = failureIn(chunk, frame.event);
    if (failure !== null) {
      this.#readUsage(chunk, true);
      this.#fail(failure);
      return "tail";
    }
    return this.#chunk(chunk);
  }

  moreText(text: string, emit: Emit): boolean {
    const reader = this.#talking;
    if (reader === null || this.#ended) return false;
    const state = this.#state;
    state.emit = emit;
    if (text !== "") reader.text(text);
    return true;
  }

  end(emit: Emit): void {
    this.#state.emit = emit;
    if (!this.#ended) this.#finish("the provider's stream ended before its finish reason");
  }

  #chunk(chunk: WireChunk): FrameRole {
    const state = this.#state;
    state.hasContent = false;
    const choices = chunk.choices;
    let finished = false;
    if (Array.isArray(choices) && choices.length > 0) {
      if (!this.#started) this.#start(chunk);
      for (const [position, choice] of choices.entries()) {
        if (isObject(choice) && this.#choiceChunk(choice, position, chunk)) finished = true;
      }
    }
    if (this.#ended) return "tail";
    if (state.hasContent) this.#sawContent();
    if (isObject(chunk.usage) || chunk["x_groq"] !== undefined) this.#readUsage(chunk, finished);
    if (!finished && state.hasContent) return "content";
    this.#readRest(chunk);
    if (this.#isFinished || finished || this.#usageEnded) return "tail";
    return this.#seenContent ? "content" : "start";
  }

  /** Usage that came before this content is behind it. */
  #sawContent(): void {
    this.#seenContent = true;
    this.#usageIsBehind = this.#usage !== null;
    if (!this.#usageEnded) return;
    this.#usageEnded = false;
    this.#emitUsage(false);
  }

  /** True when the choice ended with this chunk. */
  #choiceChunk(choice: WireChoice, position: number, chunk: WireChunk): boolean {
    const index = typeof choice.index === "number" ? choice.index : position;
    const reader = this.#reader(index);
    const delta = choice.delta as WireMessage | null | undefined;
    const finish = choice.finish_reason;
    if (isObject(delta)) {
      const content = delta.content;
      if (typeof content === "string" && content !== "" && isPlain(delta) && !isObject(choice.logprobs)) {
        reader.text(content);
        this.#talking = reader;
      } else reader.message(delta, choice.logprobs);
    } else if (isObject(choice.message) && reader.isEmpty) {
      reader.message(choice.message as WireMessage, choice.logprobs);
    }
    if (typeof finish !== "string" || finish === "") return false;
    reader.end(finish, choice, decodeSources(chunk));
    if (reader.finish?.kind === "error") this.#fail(brokenOff(finish));
    return true;
  }

  #reader(index: number): ChoiceReader {
    let reader = this.#choices.get(index);
    if (reader === undefined) {
      if (!Number.isInteger(index) || index < 0 || index >= MAX_CHOICES)
        throw new DecodeError("a choice has no usable index");
      reader = new ChoiceReader(this.#state, index);
      this.#choices.set(index, reader);
    }
    return reader;
  }

  #start(chunk: WireChunk): void {
    this.#started = true;
    const created = typeof chunk.created === "number" && chunk.created > 0 ? Math.floor(chunk.created) : null;
    this.#state.id = textOf(chunk.id);
    this.#state.emit({
      type: "message-start",
      id: wordOf(chunk.id) ?? null,
      model: wordOf(chunk.model) ?? null,
      created,
    });
  }

  /** Groq reports usage twice, or only inside `x_groq`. */
  #readUsage(chunk: WireChunk, finished: boolean): void {
    const usage = chunk.usage ?? objectOf(chunk["x_groq"])["usage"];
    if (!isObject(usage)) return;
    if (this.#state.hasContent && !finished) this.#usageRides = true;
    this.#usage = usage;
    this.#usageIsBehind = false;
    this.#serviceTier = wordOf(chunk.service_tier) ?? this.#serviceTier;
    const isLast = finished || this.#isFinished || (!this.#state.hasContent && this.#seenContent && !this.#usageRides);
    if (isLast) this.#usageEnded = true;
    this.#emitUsage(isLast);
  }

  #emitUsage(final: boolean): void {
    if (this.#usage === null) return;
    this.#usageIsFinal = final;
    const usage = decodeUsage(this.#usage, {
      reasoningOutside: this.#state.target.compat.reasoning_outside_output,
      serviceTier: this.#serviceTier,
      fees: this.#state.fees,
    });
    this.#state.emit({ type: "usage", usage, final });
  }

  /** What else the answer says at its top level is kept for clients of this dialect. */
  #readRest(chunk: WireChunk): void {
    const tier = wordOf(chunk.service_tier);
    if (tier !== undefined) this.#serviceTier = tier;
    for (const name in chunk) if (!READ_FIELDS.has(name)) this.#rest[name] = chunk[name];
  }

  get #isFinished(): boolean {
    for (const reader of this.#choices.values()) if (reader.finish === null) return false;
    return this.#choices.size > 0;
  }

  /** The stream is over. Whether well is told by its finish reasons or its usage. */
  #finish(message: string): void {
    if (!this.#isFinished && !this.#usageEnded) {
      this.#fail({ cause: "truncated", status: null, code: null, message });
      return;
    }
    for (const reader of this.#choices.values()) if (reader.finish === null) reader.end(null, {}, []);
    if (!this.#usageIsFinal && !this.#usageIsBehind) this.#emitUsage(true);
    this.#ended = true;
    this.#state.emit({ type: "response-end", native: { origin: "openai-chat", value: this.#rest } });
  }

  #fail(error: UpstreamFailure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state.emit({ type: "error", error });
  }

  /** A whole answer. */
  answer(answer: WireChunk, emit: Emit): void {
    this.#state.emit = emit;
    this.#start(answer);
    const choices = Array.isArray(answer.choices) ? answer.choices : [];
    for (const [position, item] of choices.entries()) {
      const choice: WireChoice = objectOf(item);
      const reader = this.#reader(typeof choice.index === "number" ? choice.index : position);
      reader.message(objectOf(choice.message), choice.logprobs);
      reader.end(wordOf(choice.finish_reason) ?? null, choice, decodeSources(answer));
      if (reader.finish?.kind === "error") this.#fail(brokenOff(textOf(choice.finish_reason)));
    }
    if (this.#ended) return;
    this.#readRest(answer);
    this.#readUsage(answer, true);
    this.#finish("the provider's answer has no choices");
  }
}

/** Only `role` and `content` say something: the delta of a text stream. */
function isPlain(delta: WireMessage): boolean {
  for (const name in delta) {
    if (name === "content" || name === "role") continue;
    const value = delta[name];
    if (value !== null && value !== "") return false;
  }
  return true;
}

function brokenOff(word: string): UpstreamFailure {
  const message = "the provider broke its answer off";
  return { cause: "status", status: 503, code: word, message };
}

function parseChunk(data: string): WireChunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DecodeError("a frame of the provider's stream is no JSON");
  }
  if (!isObject(value)) throw new DecodeError("a frame of the provider's stream is no JSON object");
  return value as WireChunk;
}

/** A JSON answer as events. An error inside a 200 is an error event. Throws DecodeError when it is no chat answer at all. */
export function decodeAnswer(body: JsonValue, options: DecoderOptions, emit: Emit): void {
  if (!isObject(body)) throw new DecodeError("the provider's answer is no JSON object");
  const failure = failureIn(body, null);
  if (failure !== null) {
    emit({ type: "error", error: failure });
    return;
  }
  if (!Array.isArray(body["choices"])) throw new DecodeError("the provider's answer has no choices");
  new ChatDecoder(options).answer(body, emit);
}
