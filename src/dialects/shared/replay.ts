import type { Answer, AnswerPart } from "../../ir/answer.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { JsonValue } from "../../lib/json.ts";

/** A folded answer as events again, so that JSON answers are written by the same code as streams. */
export function* replay(answer: Answer): Generator<IrEvent> {
  yield { type: "message-start", id: answer.id, model: answer.model, created: answer.created };
  if (answer.promptFeedback !== null) yield { type: "prompt-feedback", ...answer.promptFeedback };
  for (const choice of answer.choices) {
    for (const [part, value] of choice.parts.entries()) yield* replayPart(value, { choice: choice.index, part });
    const { index, finish, logprobs, native } = choice;
    if (finish === null) continue;
    yield {
      type: "message-end",
      choice: index,
      finish,
      ...(logprobs === undefined ? {} : { logprobs }),
      ...(native === undefined ? {} : { native }),
    };
  }
  if (answer.usage !== null) yield { type: "usage", usage: answer.usage, final: true };
  yield { type: "response-end", ...(answer.native === null ? {} : { native: answer.native }) };
}

type PartEvent = Extract<IrEvent, { part: number }>;
type Address = { choice: number; part: number };

/** One folded part as the events that it was folded from. */
export function* replayPart(part: AnswerPart, at: Address): Generator<PartEvent> {
  const itemId = part.itemId === undefined ? {} : { itemId: part.itemId };
  switch (part.type) {
    case "text":
      yield { type: "text-start", ...at, ...itemId, ...(part.phase === undefined ? {} : { phase: part.phase }) };
      yield { type: "text-delta", ...at, text: part.text, ...joined(part.logprobs) };
      for (const citation of part.citations) yield { type: "citation", ...at, citation };
      break;
    case "refusal":
      yield { type: "refusal-start", ...at, ...itemId };
      yield { type: "refusal-delta", ...at, text: part.text, ...joined(part.logprobs) };
      break;
    case "reasoning":
      yield { type: "reasoning-start", ...at, ...itemId, form: part.form };
      for (const [section, text] of part.sections.entries()) yield { type: "reasoning-delta", ...at, text, section };
      break;
    case "tool-call": {
      const { kind, id, name, namespace } = part;
      yield { type: "tool-start", ...at, ...itemId, kind, id, name, ...(namespace === undefined ? {} : { namespace }) };
      yield { type: "arguments-delta", ...at, text: part.arguments };
      break;
    }
    case "media": {
      const { mediaType, transcript, native } = part;
      const extra = {
        ...(transcript === undefined ? {} : { transcript }),
        ...(native === undefined ? {} : { native }),
      };
      yield { type: "media-start", ...at, ...itemId, mediaType, ...extra };
      yield { type: "media-delta", ...at, base64: part.base64 };
      break;
    }
    case "server-tool-result": {
      const { toolId, name, isError, native } = part;
      yield { type: "server-tool-result", ...at, toolId, name, isError, native };
      break;
    }
    default:
      yield { type: "native-part", ...at, native: part.native };
  }
  for (const seal of part.seals) yield { type: "part-seal", ...at, seal };
  yield { type: "part-end", ...at };
}

/** The log probabilities of all deltas as those of one. */
function joined(logprobs: JsonValue[]): { logprobs?: JsonValue } {
  return logprobs.length === 0 ? {} : { logprobs: logprobs.flat() };
}
