import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { objectOf, objectsOf, textOf, wordOf } from "../shared/wire-values.ts";
import { feeOfItem, kindOfItem } from "./item-kinds.ts";
import { type AnswerState, StreamedPart } from "./output-parts.ts";

const DEFAULT_IMAGE_FORMAT = "png";

/** One output item on its way: what has been told of it in deltas, and the parts of the answer that it stands for. */
export class OutputItem {
  readonly #state: AnswerState;
  /** As `output_item.added` told it; a message or call that nobody announced is empty. */
  readonly #added: JsonObject;
  readonly type: string;
  /** Content parts of a message by `content_index`, in order of appearance. */
  readonly #contents = new Map<number, StreamedPart>();
  #summary: StreamedPart | null = null;
  #thought: StreamedPart | null = null;
  #call: StreamedPart | null = null;
  #waiting = "";
  #done = false;

  constructor(state: AnswerState, type: string, added: JsonObject) {
    this.#state = state;
    this.type = type;
    this.#added = added;
    if (type === "function_call" || type === "custom_tool_call") this.#startCall(added);
  }

  get id(): string | undefined {
    return wordOf(this.#added["id"]);
  }
  get callId(): string | undefined {
    return wordOf(this.#added["call_id"]);
  }
  get isDone(): boolean {
    return this.#done;
  }

  /** The content part at `index` of a message, begun when it isn't there. */
  content(index: number, kind: "output_text" | "refusal"): StreamedPart {
    let part = this.#contents.get(index);
    if (part === undefined) {
      part = this.#startContent(kind);
      this.#contents.set(index, part);
    }
    return part;
  }

  #startContent(kind: "output_text" | "refusal"): StreamedPart {
    const itemId = this.id === undefined ? {} : { itemId: this.id };
    if (kind === "refusal") {
      this.#state.hasRefusal = true;
      return new StreamedPart(this.#state, "refusal-delta", { type: "refusal-start", ...itemId });
    }
    this.#state.hasText = true;
    const phase = wordOf(this.#added["phase"]);
    return new StreamedPart(this.#state, "text-delta", {
      type: "text-start",
      ...itemId,
      ...(phase === undefined ? {} : { phase }),
    });
  }

  /** The reasoning of this item: its summary, or the thoughts themselves (`reasoning_text`, of open models). */
  reasoning(form: "summary" | "full"): StreamedPart {
    const itemId = this.id === undefined ? {} : { itemId: this.id };
    const start = (): StreamedPart =>
      new StreamedPart(this.#state, "reasoning-delta", { type: "reasoning-start", form, ...itemId });
    if (form === "summary") return (this.#summary ??= start());
    return (this.#thought ??= start());
  }

  /** A piece of a call's arguments. It waits while the call has no name yet: nobody can act on a nameless call. */
  callDelta(text: string): void {
    if (this.#call === null) this.#waiting += text;
    else this.#call.append(text);
  }

  /** A call's arguments as a whole. */
  callDone(text: string): void {
    if (this.#call === null) this.#waiting = text;
    else this.#call.complete(text);
  }

  #startCall(item: JsonObject): void {
    if (this.#call === null && wordOf(item["name"]) !== undefined && wordOf(item["call_id"]) !== undefined) {
      this.#startNamedCall(item);
    }
  }

  #startNamedCall(item: JsonObject): StreamedPart {
    const itemId = wordOf(item["id"]) ?? this.id;
    const namespace = wordOf(item["namespace"]);
    this.#state.hasClientTool = true;
    this.#call = new StreamedPart(this.#state, "arguments-delta", {
      type: "tool-start",
      kind: this.type === "custom_tool_call" ? "custom" : "function",
      id: wordOf(item["call_id"]) ?? itemId ?? "",
      name: textOf(item["name"]),
      ...(itemId === undefined ? {} : { itemId }),
      ...(namespace === undefined ? {} : { namespace }),
    });
    return this.#call;
  }

  /** The finished item: whatever the deltas left out is emitted, and its parts end. A second call does nothing. */
  finish(item: JsonObject): void {
    if (this.#done) return;
    this.#done = true;
    const fee = feeOfItem(item);
    if (fee !== null) this.#state.countFee(fee, item["container_id"]);
    const kind = kindOfItem(item);
    switch (kind.kind) {
      case "message":
        this.#finishMessage(item);
        break;
      case "reasoning":
        this.#finishReasoning(item);
        break;
      case "function":
      case "custom":
        this.#finishCall(item);
        break;
      case "image":
        this.#emitImage(item);
        break;
      case "hosted":
        this.#emitHosted(item, kind.name);
        break;
      default:
        if (kind.kind === "client") this.#state.hasClientTool = true;
        this.#emitNative(item);
    }
    this.end();
  }

  /** Content parts are matched by order: some servers count `content_index` over the whole answer. */
  #finishMessage(item: JsonObject): void {
    const parts = objectsOf(item["content"]);
    const begun = [...this.#contents.values()];
    for (const [index, content] of parts.entries()) {
      const isRefusal = content["type"] === "refusal";
      const part = begun[index] ?? this.#startContent(isRefusal ? "refusal" : "output_text");
      if (isRefusal) part.complete(textOf(content["refusal"]));
      else part.complete(textOf(content["text"]), 0, logprobsOf(content["logprobs"]));
      part.completeCitations(content["annotations"]);
      part.end();
    }
  }

  #finishReasoning(item: JsonObject): void {
    for (const [index, text] of textsOf(item["summary"]).entries()) this.reasoning("summary").complete(text, index);
    for (const [index, text] of textsOf(item["content"]).entries()) this.reasoning("full").complete(text, index);
    const sealed = wordOf(item["encrypted_content"]);
    if (sealed === undefined) return;
    const part = this.#summary ?? this.#thought ?? this.reasoning("summary");
    part.seal(sealed, wordOf(item["id"]));
  }

  #finishCall(item: JsonObject): void {
    const call = this.#call ?? this.#startNamedCall({ ...this.#added, ...item });
    call.append(this.#waiting);
    this.#waiting = "";
    const whole = this.type === "custom_tool_call" ? item["input"] : item["arguments"];
    if (typeof whole === "string") call.complete(whole);
    else if (isObject(whole)) call.complete(JSON.stringify(whole));
  }

  #emitImage(item: JsonObject): void {
    const { result, ...rest } = item;
    const part = this.#state.nextPart();
    const id = wordOf(item["id"]);
    const mediaType = `image/${wordOf(item["output_format"]) ?? DEFAULT_IMAGE_FORMAT}`;
    const start = { type: "media-start" as const, choice: 0, part, mediaType, native: rest };
    this.#state.emit(id === undefined ? start : { ...start, itemId: id });
    this.#state.emit({ type: "media-delta", choice: 0, part, base64: String(result) });
    this.#state.emit({ type: "part-end", choice: 0, part });
  }

  #emitHosted(item: JsonObject, name: string): void {
    const part = this.#state.nextPart();
    const isError = item["status"] === "failed" || (item["error"] !== undefined && item["error"] !== null);
    const native = { origin: "openai-responses" as const, value: item };
    this.#state.emit({
      type: "server-tool-result",
      choice: 0,
      part,
      toolId: wordOf(item["id"]) ?? null,
      name,
      isError,
      native,
    });
    this.#state.emit({ type: "part-end", choice: 0, part });
  }

  #emitNative(item: JsonObject): void {
    const part = this.#state.nextPart();
    this.#state.emit({ type: "native-part", choice: 0, part, native: { origin: "openai-responses", value: item } });
    this.#state.emit({ type: "part-end", choice: 0, part });
  }

  /** The answer is over: an item that nobody finished counts as what was told of it. */
  abandon(): void {
    if (this.#done) return;
    if (this.type === "message" || this.type === "reasoning") {
      this.#done = true;
      this.end();
    } else this.finish(this.#added);
  }

  end(): void {
    for (const part of this.#contents.values()) part.end();
    this.#summary?.end();
    this.#thought?.end();
    this.#call?.end();
  }
}

/** Logprobs of text, undefined when the list is empty or missing. */
export function logprobsOf(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}

function textsOf(list: JsonValue | undefined): string[] {
  return Array.isArray(list) ? list.map((entry) => textOf(objectOf(entry)["text"])) : [];
}
