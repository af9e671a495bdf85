import type { Answer, AnswerChoice, AnswerPart } from "../../ir/answer.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Annotation, AnswerContext } from "../dialect.ts";
import { parseArguments } from "./encode-part.ts";
import { INVALID_JSON_KEY } from "./wire-names.ts";
import { MessageWriter } from "./write-message.ts";

/** A whole answer as a JSON message: the wire events of the stream, folded as a client folds them, so that both are one mapping. */
export function encodeAnswer(
  answer: Answer,
  context: AnswerContext,
  annotation: Annotation,
  losses: Loss[],
): JsonObject {
  const writer = new MessageWriter(context);
  const wire: JsonObject[] = [];
  for (const event of eventsOf(answer)) wire.push(...writer.push(event));
  wire.push(...writer.finish(annotation));
  losses.push(...writer.losses);
  return foldWire(wire);
}

function* eventsOf(answer: Answer): Generator<IrEvent> {
  yield { type: "message-start", id: answer.id, model: answer.model, created: answer.created };
  if (answer.promptFeedback !== null) yield { type: "prompt-feedback", ...answer.promptFeedback };
  for (const choice of answer.choices) yield* choiceEvents(choice);
  yield { type: "response-end", ...(answer.native === null ? {} : { native: answer.native }) };
}

function* choiceEvents(choice: AnswerChoice): Generator<IrEvent> {
  for (const [index, part] of choice.parts.entries()) {
    const at = { choice: choice.index, part: index };
    yield* contentEvents(part, at);
    for (const seal of part.seals) yield { type: "part-seal", ...at, seal };
    if (part.type === "text") for (const citation of part.citations) yield { type: "citation", ...at, citation };
    yield { type: "part-end", ...at };
  }
  if (choice.finish !== null) yield { type: "message-end", choice: choice.index, finish: choice.finish };
}

function* contentEvents(part: AnswerPart, at: { choice: number; part: number }): Generator<IrEvent> {
  switch (part.type) {
    case "text":
      yield { type: "text-start", ...at };
      yield {
        type: "text-delta",
        ...at,
        text: part.text,
        ...(part.logprobs.length > 0 ? { logprobs: part.logprobs } : {}),
      };
      return;
    case "refusal":
      yield { type: "refusal-start", ...at };
      yield { type: "refusal-delta", ...at, text: part.text };
      return;
    case "reasoning":
      yield { type: "reasoning-start", ...at, form: part.form };
      for (const [section, text] of part.sections.entries()) yield { type: "reasoning-delta", ...at, text, section };
      return;
    case "tool-call": {
      const { kind, id, name, namespace } = part;
      yield { type: "tool-start", ...at, kind, id, name, ...(namespace === undefined ? {} : { namespace }) };
      yield { type: "arguments-delta", ...at, text: part.arguments };
      return;
    }
    case "media":
      yield { type: "media-start", ...at, mediaType: part.mediaType };
      return;
    case "server-tool-result": {
      const { toolId, name, isError, native } = part;
      yield { type: "server-tool-result", ...at, toolId, name, isError, native };
      return;
    }
    case "native":
      yield { type: "native-part", ...at, native: part.native };
  }
}

/** Folds the wire events of one message into its JSON form, as Anthropic's SDK does with a stream. */
function foldWire(events: JsonObject[]): JsonObject {
  let message: JsonObject = {};
  const blocks: JsonObject[] = [];
  const inputs = new Map<JsonObject, string>();
  for (const event of events) {
    if (event.type === "message_start" && isObject(event.message)) message = { ...event.message };
    else if (event.type === "content_block_start" && isObject(event.content_block))
      blocks.push({ ...event.content_block });
    else if (event.type === "content_block_delta" && isObject(event.delta)) {
      const block = blocks[Number(event.index)];
      if (block !== undefined) applyDelta(block, event.delta, inputs);
    } else if (event.type === "message_delta") {
      const { type: _type, delta, ...fields } = event;
      Object.assign(message, { content: blocks }, isObject(delta) ? delta : {}, fields);
    }
  }
  for (const [block, json] of inputs) block.input = parseArguments(json) ?? { [INVALID_JSON_KEY]: json };
  return message;
}

function applyDelta(block: JsonObject, delta: JsonObject, inputs: Map<JsonObject, string>): void {
  switch (delta.type) {
    case "text_delta":
      block.text = String(block.text) + String(delta.text);
      return;
    case "thinking_delta":
      block.thinking = String(block.thinking) + String(delta.thinking);
      return;
    case "signature_delta":
      block.signature = delta.signature;
      return;
    case "citations_delta":
      block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation ?? null];
      return;
    case "input_json_delta":
      inputs.set(block, (inputs.get(block) ?? "") + String(delta.partial_json));
      return;
    default:
  }
}
