import { invalidRequest } from "../../ir/error.ts";
import type { Part } from "../../ir/request.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { cacheOf } from "./cache-control.ts";
import { decodeCitations } from "./citations.ts";
import { decodeDocument, decodeImage, decodeSearchResult, nativePart } from "./decode-media.ts";
import { isAbsent, readArray, readBoolean, readName, readObject, readString, restOf } from "./fields.ts";
import type { MessagesReading } from "./request-context.ts";
import { splitEnvelope } from "../shared/envelope.ts";

/** Content of a message or tool result: a string, or blocks. Seals in envelopes come out on the parts they belong to. */
export function decodeContent(value: JsonValue | undefined, path: string, reading: MessagesReading): Part[] {
  if (isAbsent(value)) return [];
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value, path }];
  if (!Array.isArray(value)) throw invalidRequest(path, `${path}: expected a string or an array of content blocks`);
  const list = new PartList();
  for (const [index, item] of readArray(value, path).entries()) {
    const at = `${path}[${index}]`;
    const block = readObject(item, at);
    readName(block.type, `${at}.type`);
    if (block.type === "redacted_thinking") decodeRedacted(block, at, reading, list);
    else list.add(decodeBlock(block, at, reading));
  }
  return list.finish(reading);
}

/** Parts in the making: a seal may belong to the part before its carrier or to the one after it. */
class PartList {
  #parts: Part[] = [];
  #next: { seal: Seal; path: string } | null = null;

  add(part: Part): void {
    this.#parts.push(this.#next === null ? part : { ...part, seal: this.#next.seal });
    this.#next = null;
  }

  sealPrevious(seal: Seal, path: string, reading: MessagesReading): void {
    const last = this.#parts.at(-1);
    if (last === undefined) reading.lose(path, "reasoning state dropped: the part it belongs to is gone");
    else last.seal = seal;
  }

  sealNext(seal: Seal, path: string): void {
    this.#next = { seal, path };
  }

  finish(reading: MessagesReading): Part[] {
    if (this.#next !== null) reading.lose(this.#next.path, "reasoning state dropped: the part it belongs to is gone");
    return this.#parts;
  }
}

function decodeBlock(block: JsonObject, path: string, reading: MessagesReading): Part {
  switch (block.type) {
    case "text":
      return decodeText(block, path);
    case "image":
      return decodeImage(block, path);
    case "document":
      return decodeDocument(block, path);
    case "search_result":
      return decodeSearchResult(block, path);
    case "thinking":
      return decodeThinking(block, path, reading);
    case "tool_use":
      return decodeToolUse(block, path, reading);
    case "tool_result":
      return decodeToolResult(block, path, reading);
    default:
      return nativePart(block, path);
  }
}

/** A text block; also what `system` is made of. */
export function decodeText(block: JsonObject, path: string): Part {
  const text = readString(block.text, `${path}.text`);
  const citations = decodeCitations(block.citations, text);
  const extras = restOf(block, ["type", "text", "citations", "cache_control"]);
  return {
    type: "text",
    text,
    path,
    ...(citations.length > 0 ? { citations } : {}),
    ...cacheOf(block, path),
    ...(extras ? { extras } : {}),
  };
}

function decodeThinking(block: JsonObject, path: string, reading: MessagesReading): Part {
  const text = readString(block.thinking ?? "", `${path}.thinking`);
  const signature = readString(block.signature ?? "", `${path}.signature`);
  const sealed = reading.open(signature, `${path}.signature`);
  const seal = sealed === null ? ownSignature(signature, reading) : sealed[0]?.seal;
  const form = seal?.kind === "redacted" ? "redacted" : "summary";
  return { type: "reasoning", form, text, path, ...(seal ? { seal } : {}) };
}

function ownSignature(signature: string, reading: MessagesReading): Seal | undefined {
  return signature === "" ? undefined : reading.ownSeal("signature", signature);
}

/** Redacted thinking: Anthropic's own, or the carrier of seals that belong elsewhere. */
function decodeRedacted(block: JsonObject, path: string, reading: MessagesReading, list: PartList): void {
  const data = readString(block.data, `${path}.data`);
  const sealed = reading.open(data, `${path}.data`);
  if (sealed === null) {
    list.add({ type: "reasoning", form: "redacted", text: "", path, seal: reading.ownSeal("redacted", data) });
    return;
  }
  for (const item of sealed) place(item, path, reading, list);
}

function place(item: SealedPart, path: string, reading: MessagesReading, list: PartList): void {
  if (item.attach === "previous") list.sealPrevious(item.seal, path, reading);
  else if (item.attach === "next") list.sealNext(item.seal, path);
  else if (item.attach === "carrier") list.add({ type: "text", text: item.text ?? "", path, seal: item.seal });
  else list.add({ type: "reasoning", form: "redacted", text: item.text ?? "", path, seal: item.seal });
}

function decodeToolUse(block: JsonObject, path: string, reading: MessagesReading): Part {
  const { id, envelope } = splitEnvelope(readName(block.id, `${path}.id`));
  const name = readName(block.name, `${path}.name`);
  reading.toolNames.set(id, name);
  const seal = envelope === null ? undefined : reading.open(envelope, `${path}.id`)?.[0]?.seal;
  const extras = restOf(block, ["type", "id", "name", "input", "cache_control"]);
  return {
    type: "tool-call",
    kind: "function",
    id,
    name,
    arguments: isAbsent(block.input) ? "{}" : JSON.stringify(readObject(block.input, `${path}.input`)),
    path,
    ...(seal ? { seal } : {}),
    ...cacheOf(block, path),
    ...(extras ? { extras } : {}),
  };
}

function decodeToolResult(block: JsonObject, path: string, reading: MessagesReading): Part {
  const { id } = splitEnvelope(readName(block.tool_use_id, `${path}.tool_use_id`));
  const extras = restOf(block, ["type", "tool_use_id", "content", "is_error", "cache_control"]);
  return {
    type: "tool-result",
    kind: "function",
    toolId: id,
    name: reading.toolNames.get(id) ?? null,
    content: decodeContent(block.content, `${path}.content`, reading),
    isError: isAbsent(block.is_error) ? false : readBoolean(block.is_error, `${path}.is_error`),
    path,
    ...cacheOf(block, path),
    ...(extras ? { extras } : {}),
  };
}
