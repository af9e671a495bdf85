import type { Part, PartOf, Turn } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";
import { wrapCustomInput } from "../shared/custom-tool.ts";
import { encodeAnnotation } from "./annotation.ts";
import { bareText, textPart } from "./encode-media.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";

/** One assistant message, put together from the parts of one turn, or of several that stand together. */
export class AssistantMessage {
  readonly #encoding: Encoding;
  readonly #content: JsonObject[] = [];
  readonly #calls: JsonObject[] = [];
  readonly #details: JsonValue[] = [];
  readonly #annotations: JsonValue[] = [];
  #fields: JsonObject = {};
  #reasoning = "";
  #refusal = "";
  /** Mistral's thinking stands among the content. */
  #hasThinking = false;
  /** Where reasoning stood that can go only with something said. */
  readonly #thoughts: string[] = [];

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  add(turn: Turn): void {
    if (turn.name !== undefined) this.#fields["name"] = turn.name;
    this.#fields = { ...this.#fields, ...this.#encoding.extras(turn.extras, turn.path) };
    for (const part of turn.parts) this.#part(part);
  }

  #part(part: Part): void {
    switch (part.type) {
      case "text":
        return this.#text(part);
      case "refusal":
        this.#refusal += part.text;
        return;
      case "reasoning":
        return this.#think(part);
      case "tool-call":
        return this.#call(part);
      case "native":
        if (part.native.origin === "openai-chat" && isObject(part.native.value)) this.#content.push(part.native.value);
        else this.#encoding.lose(part.path, `a part of another dialect is ${NOT_KNOWN}`);
        return;
      default:
        this.#encoding.lose(part.path, `a ${part.type} of the model's can't be sent back here`);
    }
  }

  #text(part: PartOf<"text">): void {
    const sealed = part.seal === undefined ? null : this.#unsealed(part.seal, part.path);
    if (sealed !== null) this.#fields["extra_content"] = sealed;
    if (part.phase !== undefined) this.#encoding.lose(`${part.path}.phase`, `phases are ${NOT_KNOWN}`);
    for (const citation of part.citations ?? []) {
      const annotation = this.#encoding.isOwn ? encodeAnnotation(citation) : null;
      if (annotation === null)
        this.#encoding.lose(`${part.path}.citations`, "sources of earlier answers are not sent back here");
      else this.#annotations.push(annotation);
    }
    if (part.text === "") return;
    const write = this.#encoding.target.compat.string_content ? bareText : textPart;
    this.#content.push(write(part.text, part, this.#encoding));
  }

  /** The minter gets its own fields back; plain text goes into the field that this server has for it. */
  #think(part: PartOf<"reasoning">): void {
    if (part.seal !== undefined) {
      if (!this.#encoding.mayUnseal(part.seal, part.path)) return;
      if (part.seal.kind === "signature") {
        this.#hasThinking = true;
        const thinking = [{ type: "text", text: part.text }];
        this.#content.push({ type: "thinking", thinking, signature: part.seal.value });
        return;
      }
      const details = tryJson(part.seal.value);
      if (Array.isArray(details)) this.#details.push(...details);
      this.#thoughts.push(part.path);
      return;
    }
    if (part.text === "") return;
    if (this.#encoding.target.compat.reasoning_field === null) {
      this.#encoding.lose(part.path, "this provider takes no earlier reasoning");
      return;
    }
    this.#reasoning += part.text;
    this.#thoughts.push(part.path);
  }

  /** JSON that the target minted for one of its own fields. */
  #unsealed(seal: Seal, path: string): JsonObject | null {
    if (!this.#encoding.mayUnseal(seal, path)) return null;
    const value = tryJson(seal.value);
    return isObject(value) ? value : null;
  }

  #call(part: PartOf<"tool-call">): void {
    if (part.kind === "server") {
      this.#encoding.lose(part.path, `a hosted tool of another provider is ${NOT_KNOWN}`);
      return;
    }
    this.#encoding.loseMark(part.cache, part.path);
    const extra = part.seal === undefined ? null : this.#unsealed(part.seal, part.path);
    const id = this.#encoding.toolId(part.id);
    const rest = {
      ...(extra === null ? {} : { extra_content: extra }),
      ...this.#encoding.extras(part.extras, part.path),
    };
    if (part.kind === "custom" && this.#encoding.hasCustomTools) {
      this.#calls.push({ id, type: "custom", custom: { name: part.name, input: part.arguments }, ...rest });
      return;
    }
    const text = part.kind === "custom" ? wrapCustomInput(part.arguments) : part.arguments || "{}";
    this.#calls.push({ id, type: "function", function: { name: part.name, arguments: text }, ...rest });
  }

  /** The message; null when nothing in it could be sent. */
  encode(): JsonObject | null {
    const content = this.#encodeContent();
    const field = this.#encoding.target.compat.reasoning_field;
    const said = content !== null || this.#calls.length > 0 || this.#refusal !== "" || "audio" in this.#fields;
    if (!said) {
      for (const path of this.#thoughts) this.#encoding.lose(path, "a message of nothing but reasoning can't be sent");
      return null;
    }
    return {
      role: "assistant",
      ...this.#fields,
      content,
      ...(this.#refusal === "" ? {} : { refusal: this.#refusal }),
      ...(this.#annotations.length === 0 ? {} : { annotations: this.#annotations }),
      ...(this.#reasoning === "" || field === null ? {} : { [field]: this.#reasoning }),
      ...(this.#details.length === 0 ? {} : { reasoning_details: this.#details }),
      ...(this.#calls.length === 0 ? {} : { tool_calls: this.#calls }),
    };
  }

  /** One plain text is sent as a string, as every server knows it. */
  #encodeContent(): JsonValue {
    const parts = this.#content;
    const [first] = parts;
    if (first === undefined) return null;
    if (parts.length === 1 && isPlainText(first)) return first["text"] ?? "";
    if (!this.#encoding.target.compat.string_content || this.#hasThinking) return parts;
    return parts.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
  }
}

/** A content part that is nothing but text, so that it may stand as a string. */
export function isPlainText(part: JsonObject): boolean {
  return part["type"] === "text" && Object.keys(part).length === 2;
}
