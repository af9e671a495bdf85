import type { Annotation, AnswerContext, Dialect, StreamEncoder } from "../dialect.ts";
import type { GatewayError } from "../../ir/error.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import { replayPart } from "../shared/replay.ts";
import { annotationObject } from "../shared/annotation.ts";
import { lostFacts } from "../shared/lost-facts.ts";
import { ChoiceWriter, type PartEvent } from "./choice-writer.ts";
import { encodeUsage } from "./encode-usage.ts";
import { KEEP_ALIVE, streamError } from "./render-error.ts";

/** What both forms of an answer have around their candidates. */
class AnswerShell {
  readonly losses: Loss[];
  readonly #context: AnswerContext;
  readonly #choices = new Map<number, ChoiceWriter>();
  #responseId: string;
  #feedback: JsonObject | null = null;
  #native: JsonObject = {};

  constructor(context: AnswerContext, losses: Loss[]) {
    this.#context = context;
    this.#responseId = context.requestId;
    this.losses = losses;
  }

  setId(id: string | null): void {
    if (id !== null && id !== "") this.#responseId = id;
  }

  choice(index: number): ChoiceWriter {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = new ChoiceWriter(index, this.#context, this.losses);
      this.#choices.set(index, choice);
    }
    return choice;
  }

  block(reason: string | null, native: JsonValue): void {
    const isOwn = this.#context.target.dialect === "gemini" && isObject(native);
    this.#feedback = isOwn ? native : { blockReason: reason === null ? "OTHER" : "SAFETY" };
  }

  setNative(native: JsonValue): void {
    if (this.#context.target.dialect === "gemini" && isObject(native)) this.#native = native;
  }

  get identity(): JsonObject {
    return { modelVersion: this.#context.model, responseId: this.#responseId };
  }

  /** The last chunk, or what of a JSON body it would be. A blocked prompt has no candidates. */
  closing(contents: (choice: number) => JsonObject[], annotation: Annotation): JsonObject {
    const choices = [...this.#choices.values()].toSorted((a, b) => a.index - b.index);
    const isBlocked = this.#feedback !== null;
    const candidates = choices
      .map((choice) => ({ content: { parts: contents(choice.index), role: "model" }, ...choice.closing() }))
      .filter((candidate) => !isBlocked || candidate.content.parts.some((part) => part.text !== ""));
    return {
      ...(candidates.length === 0 ? {} : { candidates }),
      ...this.#native,
      ...(this.#feedback === null ? {} : { promptFeedback: this.#feedback }),
      usageMetadata: encodeUsage(annotation.usage),
      ...this.identity,
      ...annotationObject(annotation),
    };
  }
}

/** A streamed answer as GenerateContentResponse chunks: SSE for `alt=sse`, else the elements of one JSON array. */
export class GeminiStreamEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #context: AnswerContext;
  readonly #shell: AnswerShell;
  #chunks = 0;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#shell = new AnswerShell(context, this.losses);
  }

  push(event: IrEvent): string {
    switch (event.type) {
      case "message-start":
        this.#shell.setId(event.id);
        return "";
      case "message-end":
        this.#shell.choice(event.choice).end(event);
        this.losses.push(...lostFacts(event, this.#context.target.dialect, "gemini"));
        return "";
      case "prompt-feedback":
        this.#shell.block(event.blockReason, event.native);
        return "";
      case "response-end":
        if (event.native?.origin === "gemini") this.#shell.setNative(event.native.value);
        this.losses.push(...lostFacts(event, this.#context.target.dialect, "gemini"));
        return "";
      case "usage":
      case "answer-loss":
      case "provider-state":
      case "error":
        return "";
      default:
        return this.#part(event);
    }
  }

  #part(event: PartEvent): string {
    const parts = this.#shell.choice(event.choice).push(event);
    if (parts.length === 0) return "";
    const candidate = { content: { parts, role: "model" }, index: event.choice };
    return this.#chunk({ candidates: [candidate], ...this.#shell.identity });
  }

  finish(annotation: Annotation): string {
    // SDK chats keep an answer only if every chunk with a candidate has at least one part.
    const last = this.#chunk(this.#shell.closing(() => [{ text: "" }], annotation));
    return this.#context.route.sse ? last : `${last}]`;
  }

  fail(error: GatewayError): string {
    return streamError(error, this.#context.requestId, this.#context.route, this.#chunks);
  }

  keepAlive(): string {
    return KEEP_ALIVE;
  }

  #chunk(chunk: JsonObject): string {
    const text = JSON.stringify(chunk);
    const lead = this.#chunks === 0 ? "[" : ",\n";
    this.#chunks += 1;
    return this.#context.route.sse ? formatSse(null, text) : lead + text;
  }
}

/** A JSON answer: the same parts as the stream's, each whole. */
export const encodeAnswer: Dialect["encodeAnswer"] = (answer, context, annotation, losses) => {
  const shell = new AnswerShell(context, losses);
  shell.setId(answer.id);
  if (answer.promptFeedback !== null) shell.block(answer.promptFeedback.blockReason, answer.promptFeedback.native);
  if (answer.native?.origin === "gemini") shell.setNative(answer.native.value);
  const contents = new Map<number, JsonObject[]>();
  for (const { index, parts, finish, logprobs, native } of answer.choices) {
    const writer = shell.choice(index);
    const events = parts.flatMap((part, at) => [...replayPart(part, { choice: index, part: at })]);
    const out = events.flatMap((event) => writer.push(event));
    contents.set(index, joinSignatures(out));
    if (finish === null) continue;
    const extra = { ...(logprobs === undefined ? {} : { logprobs }), ...(native === undefined ? {} : { native }) };
    const end = { type: "message-end" as const, choice: index, finish, ...extra };
    writer.end(end);
    losses.push(...lostFacts(end, context.target.dialect, "gemini"));
  }
  const end = { type: "response-end" as const, ...(answer.native === null ? {} : { native: answer.native }) };
  losses.push(...lostFacts(end, context.target.dialect, "gemini"));
  return shell.closing((choice) => contents.get(choice) ?? [], annotation);
};

/** In a JSON body the signature stands on the text that it seals, not on an empty part behind it. */
function joinSignatures(parts: JsonObject[]): JsonObject[] {
  const out: JsonObject[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    const isBare = part.text === "" && part.thoughtSignature !== undefined;
    if (
      isBare &&
      typeof last?.text === "string" &&
      last.thought === part.thought &&
      last.thoughtSignature === undefined
    ) {
      out[out.length - 1] = { ...last, thoughtSignature: part.thoughtSignature };
    } else out.push(part);
  }
  return out;
}
