import type { AnswerChoice } from "../../ir/answer.ts";
import type { Loss } from "../../ir/loss.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Dialect } from "../dialect.ts";
import { replay } from "../shared/replay.ts";
import { parseArguments } from "./encode-part.ts";
import { INVALID_JSON_KEY } from "./wire-names.ts";
import { MessageWriter } from "./write-message.ts";

/** A whole answer as a JSON message: the wire events of the stream, folded as a client folds them, so that both are one mapping. */
export const encodeAnswer: Dialect["encodeAnswer"] = (answer, context, annotation, losses) => {
  const writer = new MessageWriter(context);
  const wire: JsonObject[] = [];
  for (const event of replay(answer)) wire.push(...writer.push(event));
  wire.push(...writer.finish(annotation));
  losses.push(...writer.losses);
  for (const choice of answer.choices) if (choice.index === 0) loseBrokenInputs(choice, losses);
  return foldWire(wire);
};

/** Input of a tool is an object in a JSON body; a stream passes the model's text on as it comes. */
function loseBrokenInputs(choice: AnswerChoice, losses: Loss[]): void {
  for (const [index, part] of choice.parts.entries()) {
    if (part.type !== "tool-call" || part.kind === "custom" || parseArguments(part.arguments) !== null) continue;
    const field = `choices[${choice.index}].parts[${index}].arguments`;
    losses.push({ field, reason: "the model's arguments are not a JSON object; shown wrapped", side: "answer" });
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
