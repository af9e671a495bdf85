import type { Citation, IrEvent } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { OutputScope } from "./item-writer.ts";

/** One message item; text and refusal parts that follow each other are its content. */
export class MessageWriter {
  readonly #scope: OutputScope;
  readonly itemId: string | undefined;
  readonly phase: string | undefined;
  readonly id: string;
  readonly index: number;
  readonly #content: JsonObject[] = [];
  #open = 0;
  #sealed = false;
  #done = false;

  constructor(scope: OutputScope, itemId: string | undefined, phase: string | undefined) {
    this.#scope = scope;
    this.itemId = itemId;
    this.phase = phase;
    this.id = scope.itemId("msg", itemId);
    this.index = scope.add(this.#item("in_progress"));
  }

  #item(status: string): JsonObject {
    return {
      id: this.id,
      type: "message",
      status,
      role: "assistant",
      content: [...this.#content],
      ...(this.phase === undefined ? {} : { phase: this.phase }),
    };
  }

  /** Whether a part of this item id and phase may still be added. */
  takes(itemId: string | undefined, phase: string | undefined): boolean {
    return !this.#sealed && this.itemId === itemId && this.phase === phase;
  }

  begin(part: JsonObject): number {
    this.#content.push(part);
    this.#open += 1;
    const contentIndex = this.#content.length - 1;
    this.#scope.send("response.content_part.added", { ...this.address(contentIndex), part });
    return contentIndex;
  }

  end(contentIndex: number, part: JsonObject): void {
    this.#content[contentIndex] = part;
    this.#open -= 1;
    this.#scope.items[this.index] = this.#item("in_progress");
    this.#scope.send("response.content_part.done", { ...this.address(contentIndex), part });
    if (this.#sealed) this.seal("completed");
  }

  address(contentIndex: number): JsonObject {
    return { item_id: this.id, output_index: this.index, content_index: contentIndex };
  }

  /** Nothing more is added; the item is done as soon as its parts are. */
  seal(status: "completed" | "incomplete"): void {
    this.#sealed = true;
    if (this.#open > 0 || this.#done) return;
    this.#done = true;
    this.#scope.finish(this.index, this.#item(status));
  }
}

/**
 * One content part of a message: output text or a refusal. The message begins with the first character, so that nothing is no message;
 * only a message that has an id, because the provider made it one, may be empty.
 */
export class ContentWriter {
  readonly #scope: OutputScope;
  readonly #openMessage: () => MessageWriter;
  readonly #isRefusal: boolean;
  #message: MessageWriter | null = null;
  #contentIndex = 0;
  #text = "";
  readonly #logprobs: JsonValue[] = [];
  readonly #annotations: JsonValue[] = [];

  constructor(scope: OutputScope, isRefusal: boolean, openMessage: () => MessageWriter) {
    this.#scope = scope;
    this.#isRefusal = isRefusal;
    this.#openMessage = openMessage;
  }

  #begin(): MessageWriter {
    if (this.#message === null) {
      this.#message = this.#openMessage();
      this.#contentIndex = this.#message.begin(this.#part());
    }
    return this.#message;
  }

  #part(): JsonObject {
    if (this.#isRefusal) return { type: "refusal", refusal: this.#text };
    return {
      type: "output_text",
      annotations: [...this.#annotations],
      logprobs: [...this.#logprobs],
      text: this.#text,
    };
  }

  push(event: IrEvent): void {
    if (event.type === "citation") this.#cite(event.citation);
    if (event.type !== "text-delta" && event.type !== "refusal-delta") return;
    const logprobs = this.#logprobsOf(event.logprobs);
    if (event.text === "" && logprobs.length === 0) return;
    const address = this.#begin().address(this.#contentIndex);
    this.#text += event.text;
    this.#logprobs.push(...logprobs);
    if (this.#isRefusal) this.#scope.send("response.refusal.delta", { ...address, delta: event.text });
    else this.#scope.send("response.output_text.delta", { ...address, delta: event.text, logprobs });
  }

  /** Both of OpenAI's dialects list `{token, logprob, bytes, top_logprobs}`; chat puts the list into `content`. */
  #logprobsOf(value: JsonValue | undefined): JsonValue[] {
    if (value === undefined || value === null) return [];
    const list = isObject(value) ? value["content"] : value;
    if (Array.isArray(list) && list.every((entry) => isObject(entry) && typeof entry["token"] === "string"))
      return list;
    this.#scope.lose("output.content.logprobs", "log probabilities of this provider have another form");
    return [];
  }

  #cite(citation: Citation): void {
    const annotation = encodeCitation(citation, this.#text.length);
    if (annotation === null) {
      this.#scope.lose("output.content.annotations", "a citation without URL or file can't be told here");
      return;
    }
    const address = this.#begin().address(this.#contentIndex);
    this.#annotations.push(annotation);
    this.#scope.send("response.output_text.annotation.added", {
      ...address,
      annotation_index: this.#annotations.length - 1,
      annotation,
    });
  }

  end(mayBeEmpty: boolean): void {
    const message = mayBeEmpty ? this.#begin() : this.#message;
    if (message === null) return;
    const address = message.address(this.#contentIndex);
    if (this.#isRefusal) this.#scope.send("response.refusal.done", { ...address, refusal: this.#text });
    else this.#scope.send("response.output_text.done", { ...address, text: this.#text, logprobs: [...this.#logprobs] });
    message.end(this.#contentIndex, this.#part());
  }
}

/** A citation as annotation. The range is required; where the provider told none, it is the place that the text had reached. */
export function encodeCitation(citation: Citation, reached: number): JsonValue | null {
  if (citation.native?.origin === "openai-responses") return citation.native.value;
  if (citation.url !== undefined) {
    return {
      type: "url_citation",
      url: citation.url,
      title: citation.title ?? "",
      start_index: citation.start ?? reached,
      end_index: citation.end ?? reached,
    };
  }
  if (citation.fileId === undefined) return null;
  return {
    type: "file_citation",
    file_id: citation.fileId,
    filename: citation.title ?? "",
    index: citation.start ?? reached,
  };
}
