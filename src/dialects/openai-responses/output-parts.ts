import type { TargetFacts } from "../../ir/target.ts";
import type { Citation, Emit, IrEvent } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

/** Gives out part indexes and tells what kinds of content an answer has had. One per answer. */
export class AnswerState {
  readonly target: TargetFacts;
  readonly emit: Emit;
  hasText = false;
  hasRefusal = false;
  /** A call that the client has to answer. */
  hasClientTool = false;
  readonly fees: Record<string, number> = {};
  readonly #containers = new Set<string>();
  #nextPart = 0;

  constructor(target: TargetFacts, emit: Emit) {
    this.target = target;
    this.emit = emit;
  }

  nextPart(): number {
    this.#nextPart += 1;
    return this.#nextPart - 1;
  }

  /** Counts one use of a hosted tool. Code interpreter is billed per container, not per call (OpenAI pricing, built-in tools). */
  countFee(name: string, container: JsonValue | undefined): void {
    if (name === "code_interpreter" && typeof container === "string") {
      if (this.#containers.has(container)) return;
      this.#containers.add(container);
    }
    this.fees[name] = (this.fees[name] ?? 0) + 1;
  }
}

type StartEvent = Extract<IrEvent, { type: "text-start" | "reasoning-start" | "refusal-start" | "tool-start" }>;
type WithoutAddress<T> = T extends unknown ? Omit<T, "choice" | "part"> : never;
type DeltaType = "text-delta" | "reasoning-delta" | "refusal-delta" | "arguments-delta";

/** One part whose text comes in deltas and again, whole, in `.done` events and finished items. */
export class StreamedPart {
  readonly #state: AnswerState;
  readonly #delta: DeltaType;
  readonly #part: number;
  readonly #seen = new Map<number, string>();
  #citations = 0;
  #ended = false;

  constructor(state: AnswerState, delta: DeltaType, start: WithoutAddress<StartEvent>) {
    this.#state = state;
    this.#delta = delta;
    this.#part = state.nextPart();
    state.emit({ ...start, choice: 0, part: this.#part });
  }

  /** `section` tells the parts of a reasoning summary apart; 0 elsewhere. */
  append(text: string, section = 0, logprobs?: JsonValue): void {
    if (this.#ended || (text === "" && logprobs === undefined)) return;
    this.#seen.set(section, (this.#seen.get(section) ?? "") + text);
    const address = { choice: 0, part: this.#part };
    if (this.#delta === "reasoning-delta") this.#state.emit({ type: this.#delta, ...address, text, section });
    else if (this.#delta === "arguments-delta") this.#state.emit({ type: this.#delta, ...address, text });
    else {
      this.#state.emit({ type: this.#delta, ...address, text, ...(logprobs === undefined ? {} : { logprobs }) });
    }
  }

  /** The whole text of a section, as a `.done` event or finished item tells it: only what no delta has brought is emitted. */
  complete(text: string, section = 0, logprobs?: JsonValue): void {
    const seen = this.#seen.get(section) ?? "";
    if (seen === "") this.append(text, section, logprobs);
    else if (text.length > seen.length && text.startsWith(seen)) this.append(text.slice(seen.length), section);
  }

  cite(annotation: JsonValue): void {
    if (this.#ended) return;
    this.#citations += 1;
    this.#state.emit({ type: "citation", choice: 0, part: this.#part, citation: decodeAnnotation(annotation) });
  }

  /** The whole list of annotations: those that had no event of their own are emitted. */
  completeCitations(annotations: JsonValue | undefined): void {
    if (!Array.isArray(annotations)) return;
    for (const annotation of annotations.slice(this.#citations)) this.cite(annotation);
  }

  /** Opaque state of a reasoning item. */
  seal(value: string, itemId: string | undefined): void {
    const { provider, realm, upstreamModel } = this.#state.target;
    this.#state.emit({
      type: "part-seal",
      choice: 0,
      part: this.#part,
      seal: {
        origin: "openai-responses",
        kind: "encrypted",
        provider,
        realm,
        model: upstreamModel,
        value,
        ...(itemId === undefined ? {} : { itemId }),
      },
    });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state.emit({ type: "part-end", choice: 0, part: this.#part });
  }
}

/** An annotation of output text. Indexes are taken as they come. */
export function decodeAnnotation(annotation: JsonValue): Citation {
  const native = { origin: "openai-responses" as const, value: annotation };
  if (!isObject(annotation)) return { kind: "native", native };
  const citation: Citation = { kind: annotation["type"] === "url_citation" ? "url" : citationKind(annotation), native };
  if (typeof annotation["url"] === "string") citation.url = annotation["url"];
  const title = annotation["title"] ?? annotation["filename"];
  if (typeof title === "string") citation.title = title;
  if (typeof annotation["start_index"] === "number") citation.start = annotation["start_index"];
  if (typeof annotation["end_index"] === "number") citation.end = annotation["end_index"];
  if (typeof annotation["file_id"] === "string") citation.fileId = annotation["file_id"];
  return citation;
}

function citationKind(annotation: JsonObject): Citation["kind"] {
  return typeof annotation["file_id"] === "string" ? "file" : "native";
}
