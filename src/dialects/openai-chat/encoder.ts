import type { Annotation, AnswerContext, StreamEncoder } from "../dialect.ts";
import type { GatewayError } from "../../ir/error.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Usage } from "../../ir/usage.ts";
import type { JsonObject } from "../../lib/json.ts";
import { annotationObject } from "../shared/annotation.ts";
import { lostFacts } from "../shared/lost-facts.ts";
import { choiceNatives, logprobsField, nativeFields } from "./answer-fields.ts";
import { ChoiceWriter } from "./choice-writer.ts";
import { type ChunkHead, errorFrames } from "./error.ts";
import { encodeUsage } from "./usage.ts";

export const KEEP_ALIVE = ": keep-alive\n\n";
const DONE = "data: [DONE]\n\n";
const ID_PREFIX = "chatcmpl-";

/** Id of the answer: the upstream's when it is one of this dialect, else made from the request's. */
export function answerId(upstreamId: string | null, requestId: string): string {
  if (upstreamId?.startsWith(ID_PREFIX) === true) return upstreamId;
  return ID_PREFIX + requestId.replace(/^req[_-]/, "");
}

/**
 * Writes an answer as a chat stream (API reference, "The chat completion chunk object"): one id throughout, the role once per choice, each finish in
 * a chunk of its own, usage where the client asked for it, `[DONE]` at the end.
 */
export class ChatEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #context: AnswerContext;
  readonly #choices = new Map<number, ChoiceWriter>();
  #upstreamId: string | null = null;
  /** JSON text of what each chunk begins with; made with the first one. */
  #head: string | null = null;
  #text = "";
  #usage: Usage | null = null;
  #blocked = false;
  #native: JsonObject = {};

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: IrEvent): string {
    switch (event.type) {
      case "message-start":
        this.#upstreamId ??= event.id;
        return "";
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end":
        this.#choice(event.choice).end(event.finish, event.logprobs);
        this.losses.push(...lostFacts(event, this.#context.target.dialect, "openai-chat"));
        break;
      case "prompt-feedback":
        this.#blocked = event.blockReason !== null;
        return "";
      case "response-end":
        this.#native = nativeFields(event.native);
        this.losses.push(...lostFacts(event, this.#context.target.dialect, "openai-chat"));
        return "";
      case "answer-loss":
      case "provider-state":
      case "error":
        return "";
      default:
        this.#choice(event.choice).push(event);
    }
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #choice(index: number): ChoiceWriter {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = new ChoiceWriter(this.#context, index, this.#write, this.losses);
      this.#choices.set(index, choice);
    }
    return choice;
  }

  readonly #write = (index: number, delta: JsonObject, logprobs?: JsonObject): void => {
    const probabilities = logprobs === undefined ? "" : `,"logprobs":${JSON.stringify(logprobs)}`;
    const choice = `{"index":${index},"delta":${JSON.stringify(delta)}${probabilities},"finish_reason":null}`;
    this.#text += `data: ${this.#start()}"choices":[${choice}]}\n\n`;
  };

  /** `{"id":…,"created":…,"model":…,"object":…,` */
  #start(): string {
    this.#head ??= `${JSON.stringify({ ...this.#chunkHead(), object: "chat.completion.chunk" }).slice(0, -1)},`;
    return this.#head;
  }

  #chunkHead(): ChunkHead {
    const { requestId, created, model } = this.#context;
    return { id: answerId(this.#upstreamId, requestId), created, model };
  }

  /** The finish chunks, then usage, cost and extension: on the last of them, or on a chunk without choices when the client asked for that. */
  finish(annotation: Annotation): string {
    if (this.#choices.size === 0) this.#choice(0).begin();
    this.#endUnfinished();
    const facts = {
      ...(this.#usage?.variant.serviceTier === undefined ? {} : { service_tier: this.#usage.variant.serviceTier }),
      ...this.#native,
      usage: encodeUsage(this.#usage ?? annotation.usage),
      ...annotationObject(annotation),
    };
    const choices = [...this.#choices].map(([index, choice]) => finishChoice(index, choice));
    const withUsage = this.#context.request.includeUsage;
    for (const [position, choice] of choices.entries()) {
      const isLast = position === choices.length - 1;
      this.#chunk({ choices: [choice], ...(isLast && !withUsage ? facts : {}) });
    }
    if (withUsage) this.#chunk({ choices: [], ...facts });
    const text = this.#text + DONE;
    this.#text = "";
    return text;
  }

  /** A prompt that was blocked has no choices; a choice whose end was never told has stopped. */
  #endUnfinished(): void {
    for (const choice of this.#choices.values()) {
      if (choice.finish !== null) continue;
      choice.end({ kind: this.#blocked ? "filter" : "stop", raw: null }, undefined);
    }
  }

  #chunk(fields: JsonObject): void {
    this.#text += `data: ${this.#start()}${JSON.stringify(fields).slice(1)}\n\n`;
  }

  fail(error: GatewayError): string {
    const text = this.#text + errorFrames(error, this.#chunkHead(), this.#context.requestId);
    this.#text = "";
    return text;
  }

  keepAlive(): string {
    return KEEP_ALIVE;
  }
}

function finishChoice(index: number, choice: ChoiceWriter): JsonObject {
  const logprobs = logprobsField(choice.logprobs);
  return {
    index,
    delta: {},
    ...(logprobs === null ? {} : { logprobs }),
    finish_reason: choice.finishReason,
    ...choiceNatives(choice.finish),
  };
}
