import type { Dialect } from "../dialect.ts";
import type { Answer } from "../../ir/answer.ts";
import type { Finish } from "../../ir/finish.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { replay } from "../shared/replay.ts";
import { annotationObject } from "../shared/annotation.ts";
import { choiceNatives, logprobsField, nativeFields } from "./answer-fields.ts";
import { ChoiceWriter } from "./choice-writer.ts";
import { answerId } from "./encoder.ts";
import { textOf } from "../shared/wire-values.ts";
import { lostFacts } from "../shared/lost-facts.ts";
import { encodeUsage } from "./usage.ts";

/** The message that a client gathers out of deltas. */
class Message {
  readonly fields: JsonObject = { role: "assistant", content: null, refusal: null };
  readonly #content: JsonValue[] = [];
  readonly #refusal: JsonValue[] = [];

  add(delta: JsonObject, logprobs: JsonObject | undefined): void {
    for (const [name, value] of Object.entries(delta)) this.#field(name, value);
    if (Array.isArray(logprobs?.["content"])) this.#content.push(...logprobs["content"]);
    if (Array.isArray(logprobs?.["refusal"])) this.#refusal.push(...logprobs["refusal"]);
  }

  #field(name: string, value: JsonValue | undefined): void {
    const known = this.fields[name];
    if (name === "role" || (name === "content" && value === "")) return;
    if (name === "tool_calls") this.#calls(value);
    else if (name === "audio" && isObject(known) && isObject(value)) this.fields[name] = joinedAudio(known, value);
    else if (typeof value === "string") this.fields[name] = textOf(known) + value;
    else if (Array.isArray(value)) this.fields[name] = [...(Array.isArray(known) ? known : []), ...value];
    else if (isObject(value)) this.fields[name] = joined(isObject(known) ? known : {}, value);
  }

  /** Pieces of calls carry their index, which the message leaves out. */
  #calls(value: JsonValue | undefined): void {
    const calls: JsonValue[] = Array.isArray(this.fields["tool_calls"]) ? [...this.fields["tool_calls"]] : [];
    for (const piece of Array.isArray(value) ? value : []) {
      if (!isObject(piece) || typeof piece["index"] !== "number") continue;
      const { index, ...call } = piece;
      const known = calls[index as number];
      calls[index as number] = isObject(known) ? joined(known, call) : call;
    }
    this.fields["tool_calls"] = calls;
  }

  /** Null is for messages that say something elsewhere; one that says nothing at all has an empty text, as OpenAI's have. */
  settleContent(): JsonObject {
    const saysElsewhere = ["tool_calls", "function_call", "audio"].some((name) => name in this.fields);
    if (this.fields["content"] !== null || this.fields["refusal"] !== null || saysElsewhere) return this.fields;
    return { ...this.fields, content: "" };
  }

  get logprobs(): JsonObject | null {
    if (this.#content.length === 0 && this.#refusal.length === 0) return null;
    return {
      content: this.#content.length === 0 ? null : this.#content,
      refusal: this.#refusal.length === 0 ? null : this.#refusal,
    };
  }
}

/** Pieces of base64 are put together as the bytes that they stand for: each may have padding of its own. */
function joinedAudio(known: JsonObject, piece: JsonObject): JsonObject {
  const { data, ...rest } = piece;
  const bytes = [known["data"], data].map((part) => Buffer.from(textOf(part), "base64"));
  return { ...joined(known, rest), data: Buffer.concat(bytes).toString("base64") };
}

/** Texts are joined, objects field by field; anything else is what came last. Ids and types come once. */
function joined(known: JsonObject, piece: JsonObject): JsonObject {
  const result: JsonObject = { ...known };
  for (const [name, value] of Object.entries(piece)) {
    const before = result[name];
    if (typeof before === "string" && typeof value === "string") result[name] = before + value;
    else if (isObject(before) && isObject(value)) result[name] = joined(before, value);
    else result[name] = value;
  }
  return result;
}

/** A whole answer as JSON: what its stream would make a client gather. */
export const encodeAnswer: Dialect["encodeAnswer"] = (answer, context, annotation, losses) => {
  const messages = new Map<number, Message>();
  const writers = new Map<number, ChoiceWriter>();
  const messageOf = (index: number): Message => {
    const message = messages.get(index) ?? new Message();
    messages.set(index, message);
    return message;
  };
  const writerOf = (index: number): ChoiceWriter => {
    const sink = (choice: number, delta: JsonObject, logprobs?: JsonObject): void =>
      messageOf(choice).add(delta, logprobs);
    const writer = writers.get(index) ?? new ChoiceWriter(context, index, sink, losses);
    writers.set(index, writer);
    return writer;
  };
  for (const event of replay(answer)) {
    if (event.type === "message-end" || event.type === "response-end") {
      losses.push(...lostFacts(event, context.target.dialect, "openai-chat"));
    }
    if (event.type === "message-end") writerOf(event.choice).end(event.finish, event.logprobs);
    else if ("part" in event) writerOf(event.choice).push(event);
  }
  if (writers.size === 0) writerOf(0).end(emptyFinish(answer), undefined);
  const choices = [...writers].map(([index, writer]) => choiceOf(index, writer, messageOf(index)));
  const tier = answer.usage?.variant.serviceTier;
  return {
    id: answerId(answer.id, context.requestId),
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices,
    usage: encodeUsage(answer.usage ?? annotation.usage),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...nativeFields(answer.native),
    ...annotationObject(annotation),
  };
};

/** An answer without any choice: the prompt was blocked. */
function emptyFinish(answer: Answer): Finish {
  return { kind: (answer.promptFeedback?.blockReason ?? null) === null ? "stop" : "filter", raw: null };
}

function choiceOf(index: number, writer: ChoiceWriter, message: Message): JsonObject {
  return {
    index,
    message: message.settleContent(),
    logprobs: message.logprobs ?? logprobsField(writer.logprobs),
    finish_reason: writer.finishReason,
    ...choiceNatives(writer.finish),
  };
}
