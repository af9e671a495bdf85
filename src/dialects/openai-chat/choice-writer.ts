import type { AnswerContext } from "../dialect.ts";
import type { IrEvent, IrEventOf } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { Lanes } from "../shared/lanes.ts";
import { encodeAnnotation } from "./annotation.ts";
import { CallWriter } from "./call-writer.ts";
import { finishWord } from "./finish.ts";
import { SEAL_FORMAT } from "./message-seals.ts";

type PartEvent = Extract<IrEvent, { part: number }>;

/** What is known of a part that is not a tool call. */
interface PartState {
  kind: "text" | "reasoning" | "refusal" | "media" | "none";
  text: string;
  seals: Seal[];
  /** Where its text begins in the content of the message. */
  start: number;
  /** Section of the reasoning that is being written. */
  section: number;
  media: { type: string; base64: string } | null;
}

/** Audio without a container. */
const RAW_SAMPLES = /^audio\/(l16|pcm)\b/i;

/** Where a delta goes: a chunk of a stream, or the message of a JSON answer. */
export type DeltaSink = (choice: number, delta: JsonObject, logprobs?: JsonObject) => void;

/** Turns the events of one choice into deltas of its message; streams and whole answers are made of the same ones. */
export class ChoiceWriter {
  readonly #context: AnswerContext;
  readonly #choice: number;
  readonly #sink: DeltaSink;
  readonly #losses: Loss[];
  readonly #lanes = new Lanes(fieldOf);
  readonly #parts = new Map<number, PartState>();
  readonly #calls = new Map<number, CallWriter>();
  #pendingReasoning: SealedPart[] = [];
  #last: CallWriter | null = null;
  #lastPart = -1;
  #hasRole = false;
  #contentLength = 0;
  #hasReasoning = false;
  #details = 0;
  #hasRefusal = false;
  /** Media type of the message's audio. */
  #audio: string | null = null;
  finish: Finish | null = null;
  /** Log probabilities that came with the end. */
  logprobs: JsonValue | undefined;

  constructor(context: AnswerContext, choice: number, sink: DeltaSink, losses: Loss[]) {
    this.#context = context;
    this.#choice = choice;
    this.#sink = sink;
    this.#losses = losses;
  }

  push(event: PartEvent): void {
    this.#lanes.push(event, this.#write);
  }

  readonly #write = (event: PartEvent): void => {
    if (this.#last !== null && !(event.type === "part-seal" && event.part === this.#lastPart)) {
      this.#last.settle();
      this.#last = null;
    }
    switch (event.type) {
      case "text-delta":
        return this.#text(event);
      case "reasoning-delta":
        return this.#reasoning(event);
      case "arguments-delta":
        this.#calls.get(event.part)?.push(event.text);
        return;
      case "refusal-delta":
        this.#hasRefusal = true;
        this.#delta({ refusal: event.text }, probabilities("refusal", event.logprobs));
        return;
      case "tool-start":
        return this.#call(event);
      case "part-seal":
        return this.#seal(event);
      case "part-end":
        return this.#end(event.part);
      default:
        this.#rare(event);
    }
  };

  #rare(event: PartEvent): void {
    switch (event.type) {
      case "text-start":
        this.#parts.set(event.part, newPart("text", this.#contentLength));
        return;
      case "reasoning-start":
        this.#parts.set(event.part, newPart("reasoning", 0));
        return;
      case "refusal-start":
        this.#parts.set(event.part, newPart("refusal", 0));
        return;
      case "media-start":
        return this.#media(event);
      case "media-delta":
        return this.#mediaData(event);
      case "citation":
        return this.#cite(event);
      case "server-tool-result":
        this.#lose("message", `the result of the provider's own tool ${event.name} has no place in chat answers`);
        return;
      default:
        this.#lose("message", "a part of another dialect has no place in chat answers");
    }
  }

  #text(event: IrEventOf<"text-delta">): void {
    const part = this.#parts.get(event.part);
    if (part !== undefined) part.text += event.text;
    this.#contentLength += event.text.length;
    this.#delta({ content: event.text }, probabilities("content", event.logprobs));
  }

  /** Sections and parts of the reasoning are told apart by an empty line, since there is one field for all. */
  #reasoning(event: IrEventOf<"reasoning-delta">): void {
    const part = this.#parts.get(event.part);
    const section = event.section ?? 0;
    const isNew = part !== undefined && (part.text === "" || section > part.section);
    const gap = isNew && this.#hasReasoning ? "\n\n" : "";
    if (part !== undefined) {
      part.section = section;
      part.text += part.text === "" ? event.text : gap + event.text;
    }
    this.#hasReasoning = true;
    this.#delta({ reasoning_content: gap + event.text });
  }

  #call(event: IrEventOf<"tool-start">): void {
    if (event.kind === "server") {
      this.#lose("message", `a call of the provider's own tool ${event.name} has no place in chat answers`);
      return;
    }
    const scope = {
      context: this.#context,
      delta: (fields: JsonObject): void => this.#delta(fields),
      lose: (field: string, reason: string): void => this.#lose(`message.${field}`, reason),
      takeReasoning: (): SealedPart[] => this.#pendingReasoning.splice(0),
    };
    const call = new CallWriter(scope, event, this.#calls.size);
    this.#calls.set(event.part, call);
    this.#last = call;
    this.#lastPart = event.part;
  }

  #seal(event: IrEventOf<"part-seal">): void {
    const call = this.#calls.get(event.part);
    if (call === undefined) this.#parts.get(event.part)?.seals.push(event.seal);
    else call.seal(event.seal);
  }

  #end(index: number): void {
    this.#calls.get(index)?.end();
    const part = this.#parts.get(index);
    if (part === undefined) return;
    this.#parts.delete(index);
    if (part.seals.length > 0) this.#seals(part);
    if (part.kind === "media" && part.media !== null && !part.media.type.startsWith("audio/")) this.#image(part.media);
  }

  /** Seals of reasoning and text travel in `reasoning_details`; those of reasoning also with the next call, for clients that echo ids only. */
  #seals(part: PartState): void {
    const isReasoning = part.kind === "reasoning";
    const seals = part.seals.map((seal, index): SealedPart => {
      if (isReasoning) return { seal, attach: "self", ...(index === 0 ? { text: part.text } : {}) };
      return { seal, attach: "previous", ...(part.text === "" ? { text: "" } : {}) };
    });
    if (isReasoning) this.#pendingReasoning.push(...seals);
    else if (part.kind !== "text") {
      this.#lose("message", `reasoning state of a ${part.kind} part has no place in chat answers`);
      return;
    }
    const index = this.#details;
    this.#details += 1;
    const data = this.#context.seals.wrap({ seals });
    const id = `seal_${this.#choice}_${index}`;
    this.#delta({ reasoning_details: [{ type: "reasoning.encrypted", id, format: SEAL_FORMAT, index, data }] });
  }

  #cite(event: IrEventOf<"citation">): void {
    const part = this.#parts.get(event.part);
    const start = part?.start ?? 0;
    const annotation = encodeAnnotation(event.citation, { start, end: start + (part?.text.length ?? 0) });
    if (annotation === null) {
      this.#lose("message.annotations", `a ${event.citation.kind} citation has no form in chat answers`);
    } else this.#delta({ annotations: [annotation] });
  }

  #media(event: IrEventOf<"media-start">): void {
    const part = newPart("media", 0);
    part.media = { type: event.mediaType, base64: "" };
    this.#parts.set(event.part, part);
    if (!event.mediaType.startsWith("audio/")) return;
    if (this.#audio !== null) {
      // Raw samples go on where they were cut (Gemini sends each piece as a part); files can't be put together.
      if (this.#audio === event.mediaType && RAW_SAMPLES.test(event.mediaType)) return;
      this.#parts.delete(event.part);
      this.#lose("message.audio", "a message speaks once; a second audio has no place");
      return;
    }
    this.#audio = event.mediaType;
    const native = event.native;
    const told = typeof native === "object" && native !== null && !Array.isArray(native) ? native : {};
    const id = typeof told["id"] === "string" && told["id"] !== "" ? told["id"] : `audio_${this.#choice}_${event.part}`;
    const expires = typeof told["expires_at"] === "number" ? told["expires_at"] : this.#context.created;
    this.#delta({ audio: { id, expires_at: expires, data: "", transcript: event.transcript ?? "" } });
  }

  #mediaData(event: IrEventOf<"media-delta">): void {
    const part = this.#parts.get(event.part);
    if (part === undefined || part.media === null) return;
    if (!part.media.type.startsWith("audio/")) {
      part.media.base64 += event.base64;
      return;
    }
    const data = event.base64 === "" ? {} : { data: event.base64 };
    this.#delta({ audio: { ...data, ...(event.transcript === undefined ? {} : { transcript: event.transcript }) } });
  }

  /** Generated images as OpenRouter's clients know them (https://openrouter.ai/docs/features/multimodal/image-generation). */
  #image(media: { type: string; base64: string }): void {
    const url = `data:${media.type};base64,${media.base64}`;
    this.#delta({ images: [{ type: "image_url", image_url: { url } }] });
  }

  /** The choice has ended: what was held goes out now. */
  end(finish: Finish, logprobs: JsonValue | undefined): void {
    this.#lanes.flush(this.#write);
    this.#last = null;
    for (const call of this.#calls.values()) call.end();
    this.#calls.clear();
    for (const index of this.#parts.keys()) this.#end(index);
    if (finish.kind === "pause") this.#lose("finish_reason", "the provider paused the turn; it is shown as a stop");
    if (finish.kind === "malformed-tool") {
      this.#lose("finish_reason", "the model made a tool call that can't be read; it is shown as a stop");
    }
    this.finish = finish;
    this.logprobs = logprobs;
  }

  /** `finish_reason`. A refusal in words is a stop; one without any is what the filter gives. */
  get finishReason(): string {
    const { finish } = this;
    if (finish === null) return "stop";
    if (finish.kind === "refusal" && !this.#hasRefusal) return "content_filter";
    const isLegacy = Array.isArray(this.#context.body["functions"]) && !Array.isArray(this.#context.body["tools"]);
    return finish.kind === "tool" && isLegacy ? "function_call" : finishWord(finish);
  }

  /** The role goes out once, with the first delta of the choice, whatever it is. */
  begin(): void {
    if (this.#hasRole) return;
    this.#hasRole = true;
    this.#sink(this.#choice, { role: "assistant", content: "" });
  }

  #delta(delta: JsonObject, logprobs?: JsonObject): void {
    this.begin();
    this.#sink(this.#choice, delta, logprobs);
  }

  #lose(field: string, reason: string): void {
    this.#losses.push({ field: `choices[${this.#choice}].${field}`, reason, side: "answer" });
  }
}

/** One field each holds all that is thought, said and refused in a message. */
function fieldOf(event: PartEvent): string | null {
  switch (event.type) {
    case "text-start":
      return "content";
    case "reasoning-start":
      return "reasoning_content";
    case "refusal-start":
      return "refusal";
    default:
      return null;
  }
}

function newPart(kind: PartState["kind"], start: number): PartState {
  return { kind, text: "", seals: [], start, section: 0, media: null };
}

/** Log probabilities beside a delta; those of other forms than OpenAI's list are told with the finish. */
function probabilities(kind: "content" | "refusal", logprobs: JsonValue | undefined): JsonObject | undefined {
  if (!Array.isArray(logprobs)) return undefined;
  return kind === "content" ? { content: logprobs, refusal: null } : { content: null, refusal: logprobs };
}
