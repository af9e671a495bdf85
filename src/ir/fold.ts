import type { Answer, AnswerChoice, AnswerPart } from "./answer.ts";
import type { IrEvent } from "./events.ts";

/** Accumulates events into the answer they stand for. Feed with `push`, read `answer` at any time. */
export class AnswerFold {
  readonly answer: Answer = {
    id: null,
    model: null,
    created: null,
    choices: [],
    usage: null,
    promptFeedback: null,
    losses: [],
    native: null,
    ended: false,
    error: null,
  };
  #parts = new Map<string, AnswerPart>();

  push(event: IrEvent): void {
    const answer = this.answer;
    switch (event.type) {
      case "message-start":
        answer.id = event.id ?? answer.id;
        answer.model = event.model ?? answer.model;
        answer.created = event.created ?? answer.created;
        return;
      case "usage":
        answer.usage = event.usage;
        return;
      case "prompt-feedback":
        answer.promptFeedback = { blockReason: event.blockReason, native: event.native };
        return;
      case "message-end": {
        const choice = this.#choice(event.choice);
        choice.finish = event.finish;
        if (event.logprobs !== undefined) choice.logprobs = event.logprobs;
        if (event.native !== undefined) choice.native = event.native;
        return;
      }
      case "answer-loss":
        answer.losses.push(event.loss);
        return;
      case "provider-state":
        return;
      case "response-end":
        answer.ended = true;
        if (event.native) answer.native = event.native;
        return;
      case "error":
        answer.error = event.error;
        return;
      default:
        this.#pushPart(event);
    }
  }

  #pushPart(event: Extract<IrEvent, { part: number }>): void {
    const started = startPart(event);
    if (started !== null) {
      this.#choice(event.choice).parts.push(started);
      this.#parts.set(`${event.choice}.${event.part}`, started);
      return;
    }
    const part = this.#parts.get(`${event.choice}.${event.part}`);
    if (part !== undefined) extendPart(part, event);
  }

  #choice(index: number): AnswerChoice {
    let choice = this.answer.choices.find((item) => item.index === index);
    if (choice === undefined) {
      choice = { index, parts: [], finish: null };
      this.answer.choices.push(choice);
      this.answer.choices.sort((a, b) => a.index - b.index);
    }
    return choice;
  }
}

type PartEvent = Extract<IrEvent, { part: number }>;

function startPart(event: PartEvent): AnswerPart | null {
  const base = { seals: [], ...("itemId" in event && event.itemId !== undefined ? { itemId: event.itemId } : {}) };
  switch (event.type) {
    case "text-start":
      return {
        ...base,
        type: "text",
        text: "",
        citations: [],
        logprobs: [],
        ...(event.phase === undefined ? {} : { phase: event.phase }),
      };
    case "reasoning-start":
      return { ...base, type: "reasoning", form: event.form, text: "", sections: [] };
    case "refusal-start":
      return { ...base, type: "refusal", text: "", logprobs: [] };
    case "tool-start":
      return {
        ...base,
        type: "tool-call",
        kind: event.kind,
        id: event.id,
        name: event.name,
        arguments: "",
        ...(event.namespace === undefined ? {} : { namespace: event.namespace }),
      };
    case "media-start":
      return {
        ...base,
        type: "media",
        mediaType: event.mediaType,
        base64: "",
        ...(event.transcript === undefined ? {} : { transcript: event.transcript }),
        ...(event.native === undefined ? {} : { native: event.native }),
      };
    case "server-tool-result":
      return {
        ...base,
        type: "server-tool-result",
        toolId: event.toolId,
        name: event.name,
        isError: event.isError,
        native: event.native,
      };
    case "native-part":
      return { ...base, type: "native", native: event.native };
    default:
      return null;
  }
}

function extendPart(part: AnswerPart, event: PartEvent): void {
  switch (event.type) {
    case "text-delta":
    case "refusal-delta":
      if (part.type !== "text" && part.type !== "refusal") return;
      part.text += event.text;
      if (event.logprobs !== undefined) part.logprobs.push(event.logprobs);
      return;
    case "reasoning-delta": {
      if (part.type !== "reasoning") return;
      part.text += event.text;
      const section = event.section ?? 0;
      while (part.sections.length <= section) part.sections.push("");
      part.sections[section] += event.text;
      return;
    }
    case "arguments-delta":
      if (part.type === "tool-call") part.arguments += event.text;
      return;
    case "media-delta":
      if (part.type !== "media") return;
      part.base64 += event.base64;
      if (event.transcript !== undefined) part.transcript = (part.transcript ?? "") + event.transcript;
      return;
    case "citation":
      if (part.type === "text") part.citations.push(event.citation);
      return;
    case "part-seal":
      part.seals.push(event.seal);
      return;
    default:
  }
}

/** Folds a complete list of events. */
export function foldEvents(events: Iterable<IrEvent>): Answer {
  const fold = new AnswerFold();
  for (const event of events) fold.push(event);
  return fold.answer;
}
