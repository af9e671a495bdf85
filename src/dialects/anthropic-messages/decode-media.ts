import { invalidRequest } from "../../ir/error.ts";
import type { MediaSource, Part, PartOf } from "../../ir/request.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { cacheOf } from "./cache-control.ts";
import { isServerBlock } from "./server-block.ts";
import {
  isAbsent,
  readArray,
  readBoolean,
  readName,
  readObject,
  readString,
  readStringOrNull,
  restOf,
} from "./fields.ts";

const BASE64 = /^[A-Za-z0-9+/_\s-]+={0,2}\s*$/;

function readBase64(value: JsonValue | undefined, path: string): string {
  const data = readString(value, path);
  if (!BASE64.test(data)) throw invalidRequest(path, `${path}: expected base64 data`);
  return data;
}

/** Sources that images and documents share: base64, url, file. Null for other types. */
function decodeSource(source: JsonObject, path: string): MediaSource | null {
  switch (source.type) {
    case "base64":
      return {
        kind: "inline",
        mediaType: readName(source.media_type, `${path}.media_type`),
        base64: readBase64(source.data, `${path}.data`),
      };
    case "url":
      return { kind: "url", url: readName(source.url, `${path}.url`) };
    case "file":
      return {
        kind: "file",
        id: readName(source.file_id, `${path}.file_id`),
        origin: "anthropic-messages",
        realm: null,
      };
    default:
      return null;
  }
}

function unknownSource(source: JsonObject, path: string): never {
  throw invalidRequest(`${path}.type`, `${path}.type: unknown source type ${JSON.stringify(source.type ?? null)}`);
}

/** An image block. Throws 400 on a source that is no image. */
export function decodeImage(block: JsonObject, path: string): PartOf<"media"> {
  const sourcePath = `${path}.source`;
  const source = readObject(block.source, sourcePath);
  const media = decodeSource(source, sourcePath) ?? unknownSource(source, sourcePath);
  if (media.kind === "inline" && !media.mediaType.startsWith("image/")) {
    const field = `${sourcePath}.media_type`;
    throw invalidRequest(field, `${field}: ${media.mediaType} is not an image type`);
  }
  const extras = restOf(block, ["type", "source", "cache_control"]);
  return {
    type: "media",
    kind: "image",
    source: media,
    path,
    ...cacheOf(block, path),
    ...(extras ? { extras } : {}),
  };
}

const textSource = (text: string): MediaSource => ({
  kind: "inline",
  mediaType: "text/plain",
  base64: Buffer.from(text).toString("base64"),
});

/** Text of `[{type: "text", text}]`, or null when there are other blocks in it. */
function joinedText(blocks: JsonValue[], path: string): string | null {
  const texts: string[] = [];
  for (const [index, item] of blocks.entries()) {
    const block = readObject(item, `${path}[${index}]`);
    if (block.type !== "text") return null;
    texts.push(readString(block.text, `${path}[${index}].text`));
  }
  return texts.join("\n");
}

/**
 * A document block. Text sources keep their text, and custom content its blocks for Anthropic itself, whose citations count them.
 * Content with images in it has no common form: a native part.
 */
export function decodeDocument(block: JsonObject, path: string): Part {
  const sourcePath = `${path}.source`;
  const source = readObject(block.source, sourcePath);
  const extras = restOf(block, ["type", "source", "cache_control", "title", "context", "citations"]) ?? {};
  const base = { type: "media" as const, kind: "document" as const, path, ...documentFacts(block, path) };
  if (source.type === "text") {
    const text = readString(source.data, `${sourcePath}.data`);
    return { ...base, source: textSource(text), text, ...withExtras(extras) };
  }
  if (source.type === "content") {
    const content = source.content;
    const text =
      typeof content === "string"
        ? content
        : joinedText(readArray(content, `${sourcePath}.content`), `${sourcePath}.content`);
    if (text === null) return nativePart(block, path);
    return { ...base, source: textSource(text), text, ...withExtras({ ...extras, source }) };
  }
  const media = decodeSource(source, sourcePath) ?? unknownSource(source, sourcePath);
  return { ...base, source: media, ...withExtras(extras) };
}

function documentFacts(block: JsonObject, path: string): Partial<PartOf<"media">> {
  const title = readStringOrNull(block.title, `${path}.title`);
  const context = readStringOrNull(block.context, `${path}.context`);
  const citations = isObject(block.citations) ? block.citations.enabled : undefined;
  return {
    ...(title === null ? {} : { title }),
    ...(context === null ? {} : { context }),
    ...(isAbsent(citations) ? {} : { citations: readBoolean(citations, `${path}.citations.enabled`) }),
    ...cacheOf(block, path),
  };
}

/**
 * A search result of the client's own: a text document with title and source for everybody, the block itself for Anthropic, whose
 * citations count its blocks.
 */
export function decodeSearchResult(block: JsonObject, path: string): Part {
  const contentPath = `${path}.content`;
  const text = joinedText(readArray(block.content, contentPath), contentPath);
  if (text === null) return nativePart(block, path);
  readString(block.source, `${path}.source`);
  const { cache_control: _cache, ...search_result } = block;
  return {
    type: "media",
    kind: "document",
    path,
    source: textSource(text),
    text,
    ...documentFacts(block, path),
    extras: { search_result },
  };
}

/** A block that only Anthropic understands, verbatim; its cache mark beside it. */
export function nativePart(block: JsonObject, path: string): Part {
  const { cache_control: _cache, ...value } = block;
  const native = {
    origin: "anthropic-messages" as const,
    value,
    ...(isKnown(block) ? {} : { unknown: true as const }),
  };
  return { type: "native", path, native, ...cacheOf(block, path) };
}

/** Blocks that the API documents and that have no common form. */
const isKnown = (block: JsonObject): boolean =>
  isServerBlock(block) || ["container_upload", "tool_reference", "compaction"].includes(String(block.type));

const withExtras = (extras: JsonObject): { extras?: JsonObject } => (Object.keys(extras).length > 0 ? { extras } : {});
