import type { MediaSource, Part, PartOf } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { defaultFilename } from "../shared/data-url.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";

type Media = PartOf<"media">;
const DETAILS: ReadonlySet<string> = new Set(["auto", "low", "high", "original"]);

/** A part as content of a user message; null when it can't be sent. */
export function encodeContentPart(part: Part, encoding: Encoding): JsonObject | null {
  switch (part.type) {
    case "text":
      return textPart(part.text, part, encoding);
    case "refusal":
      return { type: "text", text: part.text };
    case "media":
      return encodeMedia(part, encoding);
    case "native":
      if (part.native.origin === "openai-chat" && isObject(part.native.value)) return part.native.value;
      encoding.lose(part.path, `a part of another dialect is ${NOT_KNOWN}`);
      return null;
    default:
      encoding.lose(part.path, `a ${part.type} can't stand here`);
      return null;
  }
}

/** A text part with its cache mark and fields of its own, where the provider takes them; else they are losses. */
export function textPart(text: string, part: Part, encoding: Encoding): JsonObject {
  return { type: "text", text, ...marksOf(part, encoding) };
}

/** A text that becomes part of a string, in which its cache mark and fields of its own have no place. */
export function bareText(text: string, part: Part, encoding: Encoding): JsonObject {
  const reason = "this provider takes this content as a string only";
  if (part.cache !== undefined) encoding.lose(`${part.path}.cache_control`, reason);
  for (const name of Object.keys(part.extras ?? {})) encoding.lose(`${part.path}.${name}`, reason);
  return { type: "text", text };
}

function marksOf(part: Part, encoding: Encoding): JsonObject {
  return { ...encoding.cacheMark(part.cache, part.extras, part.path), ...encoding.extras(part.extras, part.path) };
}

function encodeMedia(part: Media, encoding: Encoding): JsonObject | null {
  for (const name of ["title", "context", "citations"] as const) {
    if (part[name] !== undefined && part[name] !== false) encoding.lose(`${part.path}.${name}`, NOT_KNOWN);
  }
  if (part.text !== undefined) return textPart(part.text, part, encoding);
  switch (part.kind) {
    case "image":
      return encodeImage(part, encoding);
    case "audio":
      return encodeAudio(part, encoding);
    case "video":
      return encodeVideo(part, encoding);
    default:
      return encodeDocument(part, encoding);
  }
}

function encodeImage(part: Media, encoding: Encoding): JsonObject | null {
  const url = urlOf(part.source);
  if (url === null) {
    encoding.lose(part.path, "an image by file id can't be sent here");
    return null;
  }
  const isKnown = part.detail === undefined || DETAILS.has(part.detail);
  if (!isKnown) encoding.lose(`${part.path}.detail`, `the resolution ${part.detail} is ${NOT_KNOWN}`);
  const detail = isKnown && part.detail !== undefined ? { detail: part.detail } : {};
  return { type: "image_url", image_url: { url, ...detail }, ...marksOf(part, encoding) };
}

/** `audio/mpeg` → `mp3`: the API takes file endings. */
function encodeAudio(part: Media, encoding: Encoding): JsonObject | null {
  if (part.source.kind !== "inline") {
    encoding.lose(part.path, "audio can be sent as data only");
    return null;
  }
  const subtype = part.source.mediaType.split(";")[0]?.split("/")[1] ?? "wav";
  const format = subtype === "mpeg" ? "mp3" : subtype.replace(/^x-/, "").replace(/^wave$/, "wav");
  return { type: "input_audio", input_audio: { data: part.source.base64, format }, ...marksOf(part, encoding) };
}

/** An extension of OpenRouter and others: sent where the client knew it, or where the model is said to take videos. */
function encodeVideo(part: Media, encoding: Encoding): JsonObject | null {
  const url = urlOf(part.source);
  if (url === null || !(encoding.isOwn || encoding.target.capabilities.has("video"))) {
    encoding.lose(part.path, "this model takes no videos");
    return null;
  }
  return { type: "video_url", video_url: { url }, ...marksOf(part, encoding) };
}

function encodeDocument(part: Media, encoding: Encoding): JsonObject | null {
  const { source, filename } = part;
  if (part.detail !== undefined) encoding.lose(`${part.path}.detail`, `the detail of a document is ${NOT_KNOWN}`);
  const name = filename === undefined ? {} : { filename };
  if (source.kind === "file") {
    const isOpenAi = source.origin === "openai-chat" || source.origin === "openai-responses";
    if (isOpenAi && (source.realm === null || source.realm === encoding.target.realm)) {
      return { type: "file", file: { file_id: source.id, ...name }, ...marksOf(part, encoding) };
    }
    encoding.lose(part.path, "the file is held by another provider");
    return null;
  }
  if (source.kind === "url") {
    if (encoding.isOwn) return { type: "file", file: { ...name, file_data: source.url }, ...marksOf(part, encoding) };
    encoding.lose(part.path, "a document by URL can't be sent here");
    return null;
  }
  // Plain text needs no file: every model reads it.
  if (source.mediaType.startsWith("text/") && !encoding.isOwn) {
    return textPart(Buffer.from(source.base64, "base64").toString("utf8"), part, encoding);
  }
  const data = `data:${source.mediaType};base64,${source.base64}`;
  const file = { filename: filename ?? defaultFilename(source.mediaType), file_data: data };
  return { type: "file", file, ...marksOf(part, encoding) };
}

function urlOf(source: MediaSource): string | null {
  if (source.kind === "file") return null;
  return source.kind === "url" ? source.url : `data:${source.mediaType};base64,${source.base64}`;
}
