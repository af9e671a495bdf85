import type { AnswerContext } from "../dialect.ts";
import type { IrEvent, IrEventOf, NativeValue } from "../../ir/events.ts";
import type { Seal } from "../../ir/seal.ts";
import { isObject } from "../../lib/json.ts";
import type { OutputScope } from "./item-writer.ts";
import { ContentWriter, MessageWriter } from "./message-writer.ts";
import { CallWriter, ImageWriter, ReasoningWriter, sealText } from "./part-writers.ts";
import { namespaceOf } from "./namespaces.ts";

type PartEvent = Extract<IrEvent, { part: number }>;
interface PartWriter {
  push(event: PartEvent): void;
  end(): void;
}

/** Turns the parts of an answer into output items and their events. Parts may interleave: each item has its own index. */
export class OutputWriter {
  readonly #scope: OutputScope;
  readonly #context: AnswerContext;
  readonly #parts = new Map<number, PartWriter>();
  #message: MessageWriter | null = null;

  constructor(scope: OutputScope, context: AnswerContext) {
    this.#scope = scope;
    this.#context = context;
  }

  push(event: PartEvent): void {
    if (event.choice !== 0) {
      this.loseChoice(event.choice);
      return;
    }
    const writer = this.#parts.get(event.part);
    if (event.type === "part-end") {
      this.#parts.delete(event.part);
      writer?.end();
    } else if (writer !== undefined) writer.push(event);
    else this.#begin(event);
  }

  loseChoice(choice: number): void {
    this.#scope.lose(`choices[${choice}]`, "OpenAI Responses has one answer per call");
  }

  /** The answer is over: parts that nobody ended end now, and so does the last message. */
  finish(isComplete: boolean): void {
    for (const writer of this.#parts.values()) writer.end();
    this.#parts.clear();
    this.#message?.seal(isComplete ? "completed" : "incomplete");
    this.#message = null;
  }

  #begin(event: PartEvent): void {
    const writer = this.#writerFor(event);
    if (writer !== null) this.#parts.set(event.part, writer);
  }

  #writerFor(event: PartEvent): PartWriter | null {
    switch (event.type) {
      case "text-start":
        return this.#content(event, false);
      case "refusal-start":
        return this.#content(event, true);
      case "reasoning-start":
        return this.#reasoning(event);
      case "tool-start":
        return this.#call(event);
      case "media-start":
        return this.#media(event);
      case "server-tool-result":
        this.#native(event.native, `the result of the hosted tool ${event.name} of another provider`);
        return null;
      case "native-part":
        this.#native(event.native, "a part of another dialect");
        return null;
      default:
        return null;
    }
  }

  #content(event: IrEventOf<"text-start"> | IrEventOf<"refusal-start">, isRefusal: boolean): PartWriter {
    const phase = event.type === "text-start" ? event.phase : this.#message?.phase;
    const writer = new ContentWriter(this.#scope, isRefusal, () => this.#messageFor(event.itemId, phase));
    const seals: Seal[] = [];
    return {
      push: (inner) => (inner.type === "part-seal" ? void seals.push(inner.seal) : writer.push(inner)),
      end: () => {
        writer.end(event.itemId !== undefined);
        this.#sealPrevious(seals);
      },
    };
  }

  #messageFor(itemId: string | undefined, phase: string | undefined): MessageWriter {
    if (this.#message?.takes(itemId, phase) === true) return this.#message;
    this.#message?.seal("completed");
    this.#message = new MessageWriter(this.#scope, itemId, phase);
    return this.#message;
  }

  /** What begins an item of its own closes the message before it. */
  #closeMessage(): void {
    this.#message?.seal("completed");
    this.#message = null;
  }

  #reasoning(event: IrEventOf<"reasoning-start">): PartWriter {
    this.#closeMessage();
    const writer = new ReasoningWriter(this.#scope, event, this.#context.target.dialect === "openai-responses");
    return { push: (inner) => writer.push(inner), end: () => writer.end(this.#context.seals) };
  }

  #call(event: IrEventOf<"tool-start">): PartWriter | null {
    if (event.kind === "server") {
      this.#scope.lose("output", `the call of the hosted tool ${event.name} of another provider is not shown`);
      return { push: () => undefined, end: () => undefined };
    }
    this.#closeMessage();
    const box = this.#context.seals;
    const tool = this.#context.request.tools.find((entry) => entry.name === event.name);
    const options = {
      unwrap: event.kind === "function" && tool?.kind === "custom",
      waitForSeal: this.#context.target.dialect === "gemini",
      namespace: namespaceOf(tool),
      localName: tool?.localName,
    };
    const writer = new CallWriter(this.#scope, event, options, box);
    return { push: (inner) => writer.push(inner, box), end: () => this.#sealPrevious(writer.end(box)) };
  }

  #media(event: IrEventOf<"media-start">): PartWriter {
    if (!event.mediaType.startsWith("image/")) {
      this.#scope.lose("output", `answers of this dialect hold no ${event.mediaType}`);
      return { push: () => undefined, end: () => undefined };
    }
    this.#closeMessage();
    const writer = new ImageWriter(this.#scope, event);
    return { push: (inner) => writer.push(inner), end: () => writer.end() };
  }

  #native(native: NativeValue, what: string): void {
    if (native.origin !== "openai-responses" || !isObject(native.value)) {
      this.#scope.lose("output", `${what} is not known to OpenAI Responses`);
      return;
    }
    this.#closeMessage();
    const { id } = native.value;
    const item = { ...native.value, id: this.#scope.itemId("item", typeof id === "string" ? id : undefined) };
    this.#scope.whole("status" in item ? { ...item, status: "in_progress" } : item, item);
  }

  /** State of a part that has no field for it: a reasoning item behind the part, which the client sends back beside it. */
  #sealPrevious(seals: readonly Seal[]): void {
    const sealed = sealText(seals, "previous", this.#context.seals);
    if (sealed === null) return;
    this.#closeMessage();
    const id = this.#scope.itemId("rs", undefined);
    this.#scope.whole(
      { id, type: "reasoning", summary: [] },
      { id, type: "reasoning", summary: [], encrypted_content: sealed },
    );
  }
}
