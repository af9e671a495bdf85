import { DecodeError } from "../../ir/error.ts";
import type { Emit, NativeValue } from "../../ir/events.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { textOf } from "../shared/wire-values.ts";
import { decodeCitation } from "./citations.ts";

/**
 * One content block of an answer on its way to events. The block as it starts may be empty (streams) or whole (JSON answers, server
 * tool results): both go the same way. Citations and seals are told at the block's end, where the events want them.
 */
export interface BlockDecoder {
  /** One `content_block_delta.delta`. */
  delta(delta: JsonObject, emit: Emit): void;
  /** The block is complete. */
  end(emit: Emit): void;
}

export interface BlockContext {
  part: number;
  target: TargetFacts;
  /** Model as the answer names it; the minter of seals. */
  model: string;
}

/** Starts the decoder for a block by its type; types without a common meaning become native parts. */
export function startBlock(block: JsonObject, context: BlockContext, emit: Emit): BlockDecoder {
  switch (block.type) {
    case "text":
      return new TextBlock(block, context, emit);
    case "thinking":
      return new ThinkingBlock(block, context, emit);
    case "redacted_thinking":
      return new RedactedBlock(block, context, emit);
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return new ToolBlock(block, context, emit);
    default:
      return new NativeBlock(block, context);
  }
}

class TextBlock implements BlockDecoder {
  #context: BlockContext;
  #text = "";
  #citations: JsonObject[];

  constructor(block: JsonObject, context: BlockContext, emit: Emit) {
    this.#context = context;
    this.#citations = Array.isArray(block.citations) ? block.citations.filter(isObject) : [];
    emit({ type: "text-start", choice: 0, part: context.part });
    this.#add(textOf(block.text), emit);
  }

  delta(delta: JsonObject, emit: Emit): void {
    if (delta.type === "text_delta") this.#add(textOf(delta.text), emit);
    else if (delta.type === "citations_delta" && isObject(delta.citation)) this.#citations.push(delta.citation);
  }

  end(emit: Emit): void {
    const { part } = this.#context;
    for (const item of this.#citations) {
      emit({ type: "citation", choice: 0, part, citation: decodeCitation(item, this.#text) });
    }
    emit({ type: "part-end", choice: 0, part });
  }

  #add(text: string, emit: Emit): void {
    if (text === "") return;
    this.#text += text;
    emit({ type: "text-delta", choice: 0, part: this.#context.part, text });
  }
}

function sealOf(kind: "signature" | "redacted", value: string, context: BlockContext): Seal {
  const { provider, realm } = context.target;
  return { origin: "anthropic-messages", kind, provider, realm, model: context.model, value };
}

/** Thinking is told as a summary: what recent models return is one (Anthropic extended thinking, summarized thinking). */
class ThinkingBlock implements BlockDecoder {
  #context: BlockContext;
  #signature: string;

  constructor(block: JsonObject, context: BlockContext, emit: Emit) {
    this.#context = context;
    this.#signature = textOf(block.signature);
    emit({ type: "reasoning-start", choice: 0, part: context.part, form: "summary" });
    this.#add(textOf(block.thinking), emit);
  }

  delta(delta: JsonObject, emit: Emit): void {
    if (delta.type === "thinking_delta") this.#add(textOf(delta.thinking), emit);
    // A signature comes whole: a second one replaces the first, as in Anthropic's SDK.
    else if (delta.type === "signature_delta") this.#signature = textOf(delta.signature);
  }

  end(emit: Emit): void {
    const { part } = this.#context;
    if (this.#signature !== "") {
      emit({ type: "part-seal", choice: 0, part, seal: sealOf("signature", this.#signature, this.#context) });
    }
    emit({ type: "part-end", choice: 0, part });
  }

  #add(text: string, emit: Emit): void {
    if (text !== "") emit({ type: "reasoning-delta", choice: 0, part: this.#context.part, text });
  }
}

class RedactedBlock implements BlockDecoder {
  #context: BlockContext;
  #data: string;

  constructor(block: JsonObject, context: BlockContext, emit: Emit) {
    this.#context = context;
    this.#data = textOf(block.data);
    emit({ type: "reasoning-start", choice: 0, part: context.part, form: "redacted" });
  }

  delta(): void {
    // Redacted thinking has no deltas.
  }

  end(emit: Emit): void {
    const { part } = this.#context;
    if (this.#data !== "") {
      emit({ type: "part-seal", choice: 0, part, seal: sealOf("redacted", this.#data, this.#context) });
    }
    emit({ type: "part-end", choice: 0, part });
  }
}

/** A tool call of the client's (`tool_use`) or one that runs at the provider (`server_tool_use`, `mcp_tool_use`: namespace = server). */
class ToolBlock implements BlockDecoder {
  #context: BlockContext;
  /** Input that came with the start: whole in JSON answers, sometimes in streams; deltas replace it. */
  #initial: string;
  #hasDelta = false;

  constructor(block: JsonObject, context: BlockContext, emit: Emit) {
    this.#context = context;
    this.#initial = block.input === undefined || block.input === null ? "{}" : print(block.input);
    emit({
      type: "tool-start",
      choice: 0,
      part: context.part,
      kind: block.type === "tool_use" ? "function" : "server",
      id: textOf(block.id),
      name: textOf(block.name),
      ...(typeof block.server_name === "string" ? { namespace: block.server_name } : {}),
    });
    reportCaller(block, context.part, emit);
  }

  delta(delta: JsonObject, emit: Emit): void {
    const text = delta.type === "input_json_delta" ? textOf(delta.partial_json) : "";
    if (text === "") return;
    this.#hasDelta = true;
    emit({ type: "arguments-delta", choice: 0, part: this.#context.part, text });
  }

  end(emit: Emit): void {
    const { part } = this.#context;
    if (!this.#hasDelta) emit({ type: "arguments-delta", choice: 0, part, text: this.#initial });
    emit({ type: "part-end", choice: 0, part });
  }
}

/** JSON text of a value out of a frame. Throws DecodeError when it is nested deeper than the engine can walk. */
function print(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new DecodeError(`a block can't be printed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A client tool that was called from code which runs at the provider: nobody else knows such callers. */
function reportCaller(block: JsonObject, part: number, emit: Emit): void {
  const caller = isObject(block.caller) ? block.caller : {};
  if (block.type !== "tool_use" || caller.type === undefined || caller.type === "direct") return;
  const reason = "the call was made by code that runs at the provider; that caller can't be told in other dialects";
  emit({
    type: "answer-loss",
    loss: { field: `choices[0].parts[${part}].caller`, reason, side: "answer" },
  });
}

/** Results of server tools, and blocks that nobody else has: told at their end, since compaction comes in a delta. */
class NativeBlock implements BlockDecoder {
  #context: BlockContext;
  #block: JsonObject;

  constructor(block: JsonObject, context: BlockContext) {
    this.#context = context;
    this.#block = block;
  }

  delta(delta: JsonObject): void {
    if (delta.type !== "compaction_delta") return;
    // The delta carries the block's final values.
    const { type: _type, ...fields } = delta;
    this.#block = { ...this.#block, ...fields };
  }

  end(emit: Emit): void {
    const { part } = this.#context;
    // Whoever carries the value on has to be able to print it.
    print(this.#block);
    const native: NativeValue = { origin: "anthropic-messages", value: this.#block };
    const type = textOf(this.#block.type);
    if (type.endsWith("_tool_result")) {
      const content = isObject(this.#block.content) ? textOf(this.#block.content.type) : "";
      emit({
        type: "server-tool-result",
        choice: 0,
        part,
        toolId: typeof this.#block.tool_use_id === "string" ? this.#block.tool_use_id : null,
        name: type.slice(0, -"_tool_result".length),
        isError: this.#block.is_error === true || content.endsWith("_error"),
        native,
      });
    } else {
      emit({ type: "native-part", choice: 0, part, native });
    }
    emit({ type: "part-end", choice: 0, part });
  }
}
