import type { Citation, IrEvent } from "../../ir/events.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import { wrapCustomInput } from "../shared/custom-tool.ts";
import { encodeCitation } from "./citations.ts";
import { cleanToolId } from "./tool-ids.ts";
import { HOME_REALM } from "./wire-names.ts";

export type PartEvent = Extract<IrEvent, { part: number }>;

/** Where the blocks of one message go: hands out block indexes, takes wire events and losses. */
export interface BlockSink {
  readonly context: AnswerContext;
  /** Starts a block and gives its index. */
  open(block: JsonObject): number;
  delta(index: number, delta: JsonObject): void;
  close(index: number): void;
  lose(part: number, reason: string): void;
}

/** Turns the events of one part into blocks. `push` gets everything between the start and the end of the part. */
export interface PartWriter {
  push(event: PartEvent): void;
  end(): void;
}

/** The writer for a part by its first event; null when nothing of it can be shown, which is reported. */
export function startPart(event: PartEvent, sink: BlockSink): PartWriter | null {
  switch (event.type) {
    case "text-start":
    case "refusal-start":
      return new TextWriter(event.part, sink);
    case "reasoning-start":
      return new ReasoningWriter(event.form, sink);
    case "tool-start":
      return startTool(event, sink);
    case "server-tool-result":
    case "native-part":
      return writeNative(event, sink);
    case "media-start":
      sink.lose(event.part, `${event.mediaType} output has no place in an Anthropic message`);
      return null;
    default:
      // A delta whose start never came: decoders don't send it.
      return null;
  }
}

/** True for Anthropic's own seals, which their client sends back as they are; a client's other seals travel in envelopes. */
const isHome = (seal: Seal): boolean => seal.origin === "anthropic-messages" && seal.realm === HOME_REALM;

const envelope = (seals: SealedPart[], sink: BlockSink): string => sink.context.seals.wrap({ seals });

/** A block that carries seals for another part: clients echo redacted thinking as it is. */
function writeCarrier(seals: SealedPart[], sink: BlockSink): void {
  sink.close(sink.open({ type: "redacted_thinking", data: envelope(seals, sink) }));
}

class TextWriter implements PartWriter {
  readonly #part: number;
  readonly #sink: BlockSink;
  #index: number | null = null;
  #hasLostLogprobs = false;
  #text = "";
  #seals: Seal[] = [];
  #citations: Citation[] = [];

  constructor(part: number, sink: BlockSink) {
    this.#part = part;
    this.#sink = sink;
  }

  push(event: PartEvent): void {
    if (event.type === "part-seal") this.#seals.push(event.seal);
    else if (event.type === "citation") this.#citations.push(event.citation);
    else if (event.type === "text-delta" || event.type === "refusal-delta") {
      if (event.logprobs !== undefined) this.#loseLogprobs();
      this.#add(event.text);
    }
  }

  #loseLogprobs(): void {
    if (!this.#hasLostLogprobs) this.#sink.lose(this.#part, "log probabilities have no place in an Anthropic message");
    this.#hasLostLogprobs = true;
  }

  /** Blocks without text are not shown: sent back they would be refused (Anthropic: text must not be empty). */
  #add(text: string): void {
    if (text === "") return;
    this.#index ??= this.#sink.open({ type: "text", text: "" });
    this.#text += text;
    this.#sink.delta(this.#index, { type: "text_delta", text });
  }

  end(): void {
    if (this.#index !== null) this.#close(this.#index);
    if (this.#seals.length === 0) return;
    const isShown = this.#index !== null;
    const seals = this.#seals.map((seal): SealedPart =>
      isShown ? { seal, attach: "previous" } : { seal, attach: "carrier", text: "" },
    );
    writeCarrier(seals, this.#sink);
  }

  #close(index: number): void {
    for (const citation of this.#citations) {
      const wire = encodeCitation(citation, this.#text);
      if (wire === null) this.#sink.lose(this.#part, "a citation without a URL has no place in an Anthropic message");
      else this.#sink.delta(index, { type: "citations_delta", citation: wire });
    }
    this.#sink.close(index);
  }
}

class ReasoningWriter implements PartWriter {
  readonly #isRedacted: boolean;
  readonly #sink: BlockSink;
  #index: number | null = null;
  #section = 0;
  #seals: Seal[] = [];

  constructor(form: "full" | "summary" | "redacted", sink: BlockSink) {
    this.#isRedacted = form === "redacted";
    this.#sink = sink;
  }

  push(event: PartEvent): void {
    if (event.type === "part-seal") this.#seals.push(event.seal);
    if (event.type !== "reasoning-delta" || event.text === "") return;
    const section = event.section ?? 0;
    const gap = this.#index !== null && section !== this.#section ? "\n\n" : "";
    this.#section = section;
    this.#index ??= this.#sink.open({ type: "thinking", thinking: "", signature: "" });
    this.#sink.delta(this.#index, { type: "thinking_delta", thinking: gap + event.text });
  }

  end(): void {
    const [seal] = this.#seals;
    const value = seal === undefined ? null : this.#sealText(seal);
    if (this.#index === null && value !== null && (this.#isRedacted || seal?.kind === "redacted")) {
      this.#sink.close(this.#sink.open({ type: "redacted_thinking", data: value }));
      return;
    }
    if (this.#index === null && value === null) return;
    this.#index ??= this.#sink.open({ type: "thinking", thinking: "", signature: "" });
    if (value !== null) this.#sink.delta(this.#index, { type: "signature_delta", signature: value });
    this.#sink.close(this.#index);
  }

  #sealText(first: Seal): string {
    if (isHome(first)) return first.value;
    return envelope(
      this.#seals.map((seal) => ({ seal, attach: "self" })),
      this.#sink,
    );
  }
}

type ToolStart = Extract<PartEvent, { type: "tool-start" }>;

/** Calls of the client's tools, and hosted calls of Anthropic's own. */
function startTool(start: ToolStart, sink: BlockSink): PartWriter | null {
  if (start.kind !== "server") return new ToolWriter(start, sink);
  if (sink.context.target.dialect !== "anthropic-messages") {
    sink.lose(start.part, `the hosted call ${start.name} of another provider is not shown as a tool call`);
    return null;
  }
  return new ToolWriter(start, sink);
}

/**
 * A tool call. Its seal has to be known when the block starts, since it travels behind the id: calls of Gemini, which seals them and
 * sends them whole, wait for their end. A seal that comes too late travels in a carrier block.
 */
class ToolWriter implements PartWriter {
  readonly #start: ToolStart;
  readonly #sink: BlockSink;
  readonly #waits: boolean;
  #index: number | null = null;
  #arguments = "";
  #seals: Seal[] = [];

  constructor(start: ToolStart, sink: BlockSink) {
    this.#start = start;
    this.#sink = sink;
    this.#waits = start.kind === "custom" || sink.context.target.dialect === "gemini";
    if (!this.#waits) this.#index = sink.open(this.#block(""));
  }

  #block(tail: string): JsonObject {
    const { kind, id, name, namespace } = this.#start;
    const block = { id: cleanToolId(id) + tail, name, input: {} };
    if (kind !== "server") return { type: "tool_use", ...block };
    if (namespace === undefined) return { type: "server_tool_use", ...block };
    return { type: "mcp_tool_use", ...block, server_name: namespace };
  }

  push(event: PartEvent): void {
    if (event.type === "part-seal") this.#seals.push(event.seal);
    if (event.type !== "arguments-delta" || event.text === "") return;
    if (this.#index === null) this.#arguments += event.text;
    else this.#sink.delta(this.#index, { type: "input_json_delta", partial_json: event.text });
  }

  end(): void {
    const carried = this.#index !== null;
    this.#index ??= this.#openWhole();
    this.#sink.close(this.#index);
    if (!carried || this.#seals.length === 0) return;
    writeCarrier(
      this.#seals.map((seal) => ({ seal, attach: "previous" })),
      this.#sink,
    );
  }

  #openWhole(): number {
    const seals = this.#seals.map((seal): SealedPart => ({ seal, attach: "carrier" }));
    const index = this.#sink.open(this.#block(seals.length > 0 ? envelope(seals, this.#sink) : ""));
    const custom = this.#start.kind === "custom";
    const json = custom ? wrapCustomInput(this.#arguments) : this.#arguments;
    if (json !== "") this.#sink.delta(index, { type: "input_json_delta", partial_json: json });
    return index;
  }
}

/** Blocks that only Anthropic has: given back to its clients, lost for answers of others. */
function writeNative(
  event: Extract<PartEvent, { type: "server-tool-result" | "native-part" }>,
  sink: BlockSink,
): PartWriter | null {
  const { native } = event;
  if (native.origin === "anthropic-messages" && isObject(native.value)) sink.close(sink.open(native.value));
  else sink.lose(event.part, `a part that only ${native.origin} knows`);
  return null;
}
