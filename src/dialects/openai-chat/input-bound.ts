import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { inlineBytes, type InputMedia, isInline, noMedia } from "../shared/input-media.ts";
import { objectOf, objectsOf } from "../shared/wire-values.ts";

/** What stands in `messages` beside text. */
export interface MessageMedia extends InputMedia {
  /** Lifetimes of cache marks, by their path. */
  cacheTtls: { field: string; ttl: string }[];
}

/** Words without which messages hold nothing but text; looking for them is cheaper than parsing. */
const MEDIA_WORDS = ["image_url", "input_audio", '"file"', "video_url", "file_id", '"audio"', '"ttl"'];

/** Finds media, files and cache marks in `messages`; they are parsed only when there may be some. */
export function findMedia(doc: ScannedObject): MessageMedia {
  const media: MessageMedia = { ...noMedia(), cacheTtls: [] };
  if (!MEDIA_WORDS.some((word) => doc.includes(word))) return media;
  const messages = doc.value("messages") as JsonValue | undefined;
  if (!Array.isArray(messages)) return media;
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) continue;
    spokenBefore(objectOf(message["audio"])["id"], `messages[${index}].audio.id`, media);
    const content = message["content"];
    if (!Array.isArray(content)) continue;
    for (const [position, part] of content.entries()) {
      if (isObject(part)) countPart(part, `messages[${index}].content[${position}]`, media);
    }
  }
  return media;
}

/** An earlier spoken answer, by the id that the provider keeps it under. */
function spokenBefore(id: JsonValue | undefined, field: string, media: MessageMedia): void {
  if (typeof id !== "string") return;
  media.uncountable = true;
  media.references.push({ field, kind: "audio", id });
}

function countPart(part: JsonObject, path: string, media: MessageMedia): void {
  for (const name of ["cache_control", "prompt_cache_breakpoint"]) {
    const ttl = objectOf(part[name])["ttl"];
    if (typeof ttl === "string") media.cacheTtls.push({ field: `${path}.${name}.ttl`, ttl });
  }
  switch (part["type"]) {
    case "image_url":
      media.images += 1;
      inlineBytes(urlIn(part["image_url"]), media);
      return;
    case "input_audio":
      media.audioBytes += inlineBytes(objectOf(part["input_audio"])["data"], media);
      return;
    case "video_url": {
      const url = urlIn(part["video_url"]);
      if (isInline(url)) media.videoBytes += inlineBytes(url, media);
      else media.uncountable = true;
      return;
    }
    case "file":
      // Mistral has the id beside the type, OpenAI inside of `file`.
      if (typeof part["file_id"] === "string") countFile(part, path, media);
      else countFile(objectOf(part["file"]), `${path}.file`, media);
      return;
    default:
  }
}

function countFile(file: JsonObject, path: string, media: MessageMedia): void {
  const { file_data: data, file_id: id } = file;
  if (typeof id === "string") media.references.push({ field: `${path}.file_id`, kind: "file", id });
  if (isInline(data)) media.documentBytes += inlineBytes(data, media);
  else media.uncountable = true;
}

const urlIn = (value: JsonValue | undefined): JsonValue | undefined => (isObject(value) ? value["url"] : value);

/** Tools whose use is told in a list of their own, with entries that are no functions. */
export function hostedTools(tools: readonly JsonValue[]): { field: string; name: string }[] {
  return objectsOf([...tools]).flatMap((tool, index) => {
    const type = tool["type"];
    if (type === "function" || type === "custom" || typeof type !== "string") return [];
    return [{ field: `tools[${index}]`, name: type }];
  });
}
