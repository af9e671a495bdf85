import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import { envelopeRealm } from "../shared/envelope.ts";
import type { Capability } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { PriceField, ProviderReference } from "../dialect.ts";
import { HOME_REALM } from "./wire-names.ts";

/** One walk over all content blocks of a request, for its hints. Wrong types are passed over: the decoder names them. */
export class Survey {
  readonly needs = new Set<Capability>();
  readonly priceFields: PriceField[] = [];
  readonly references: ProviderReference[] = [];
  images = 0;
  /** Decoded bytes of inline documents. */
  documentBytes = 0;
  /** Bytes of base64 that aren't text. */
  mediaBytes = 0;
  /** A document behind a URL or id. */
  isUncountable = false;
  endsInToolResult = false;
  sealRealm: string | null = null;

  messages(messages: JsonValue[]): void {
    for (const [index, message] of messages.entries()) {
      if (!isObject(message)) continue;
      this.content(message.content, `messages[${index}].content`);
      const content = message.content;
      this.endsInToolResult =
        message.role === "user" &&
        Array.isArray(content) &&
        content.some((block) => isObject(block) && block.type === "tool_result");
    }
  }

  content(value: JsonValue | undefined, path: string): void {
    if (!Array.isArray(value)) return;
    for (const [index, block] of value.entries()) {
      if (isObject(block)) this.#block(block, `${path}[${index}]`);
    }
  }

  /** Five minutes is the ordinary price of a cache write; longer ones have to be covered. */
  cacheMark(value: JsonValue | undefined, path: string): void {
    if (!isObject(value) || value.ttl !== "1h") return;
    if (this.priceFields.some((item) => item.kind === "cache_ttl")) return;
    this.priceFields.push({ field: `${path}.ttl`, kind: "cache_ttl", value: "1h" });
  }

  #block(block: JsonObject, path: string): void {
    this.cacheMark(block.cache_control, `${path}.cache_control`);
    switch (block.type) {
      case "image":
        this.images += 1;
        this.needs.add("images");
        this.#source(block.source, path);
        return;
      case "document":
        this.#document(block, path);
        return;
      case "tool_result":
        this.content(block.content, `${path}.content`);
        return;
      case "container_upload":
        this.#reference(block.file_id, `${path}.file_id`);
        return;
      case "thinking":
        this.#seal(block.signature);
        return;
      case "redacted_thinking":
        this.#seal(block.data);
        return;
      case "tool_use":
        this.sealRealm = sealedRealm(block.id) ?? this.sealRealm;
        return;
      default:
    }
  }

  #document(block: JsonObject, path: string): void {
    const source = isObject(block.source) ? block.source : {};
    if (source.type === "content") {
      this.content(source.content, `${path}.source.content`);
      return;
    }
    if (source.type === "text") return;
    this.needs.add("documents");
    if (source.type !== "base64") this.isUncountable = true;
    else if (typeof source.data === "string") this.documentBytes += Math.floor((source.data.length * 3) / 4);
    this.#source(source, path);
  }

  #source(value: JsonValue | undefined, path: string): void {
    const source = isObject(value) ? value : {};
    if (source.type === "base64" && typeof source.data === "string") this.mediaBytes += source.data.length;
    if (source.type === "file") this.#reference(source.file_id, `${path}.source.file_id`);
  }

  #reference(id: JsonValue | undefined, field: string): void {
    if (typeof id === "string") this.references.push({ field, kind: "file", id });
  }

  /** The newest seal decides: a bare one is Anthropic's own. */
  #seal(value: JsonValue | undefined): void {
    if (typeof value === "string" && value !== "") this.sealRealm = sealedRealm(value) ?? HOME_REALM;
  }
}

/** Realm of the envelope in a text, or behind an id; null when there is none. */
function sealedRealm(text: JsonValue | undefined): string | null {
  const at = typeof text === "string" ? text.lastIndexOf(ENVELOPE_PREFIX) : -1;
  return typeof text === "string" && at >= 0 ? envelopeRealm(text.slice(at)) : null;
}
