import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { inlineBytes, type InputMedia, isInline, noMedia } from "../shared/input-media.ts";

/** Words without which an input holds nothing but text; looking for them is cheaper than parsing. */
const MEDIA_WORDS = ["_image", "_file", "_audio", "image_", "_id", "_reference", "screenshot"];
const STATE_FIELDS = ["previous_response_id", "conversation", "prompt"];

/** Finds media and references in `input`; it is parsed only when there may be some. */
export function findMedia(doc: ScannedObject): InputMedia {
  const isStored = STATE_FIELDS.some((name) => (doc.value(name) ?? null) !== null);
  const media: InputMedia = { ...noMedia(), uncountable: isStored };
  if (!MEDIA_WORDS.some((word) => doc.includes(word))) return media;
  const input = doc.value("input") as JsonValue | undefined;
  if (!Array.isArray(input)) return media;
  for (const [index, item] of input.entries()) {
    const path = `input[${index}]`;
    if (!isObject(item)) continue;
    const isReference = item["type"] === "item_reference" || (item["type"] === undefined && item["role"] === undefined);
    if (isReference && typeof item["id"] === "string") {
      media.uncountable = true;
      media.references.push({ field: `${path}.id`, kind: "response", id: item["id"] });
    }
    for (const name of ["content", "output"]) countParts(item[name], `${path}.${name}`, media);
    if (item["type"] === "image_generation_call") countGenerated(item, path, media);
    containerOf(item, path, media);
  }
  return media;
}

/** An earlier image: whole, or by its id alone (OpenAI image generation, multi-turn editing). */
function countGenerated(item: JsonObject, path: string, media: InputMedia): void {
  if (typeof item["result"] === "string") countImage(item["result"], media);
  else if (typeof item["id"] === "string") {
    media.images += 1;
    media.references.push({ field: `${path}.id`, kind: "response", id: item["id"] });
  }
}

/** A container that earlier code ran in: `container: auto` goes on in it (OpenAI code interpreter, containers). */
function containerOf(item: JsonObject, path: string, media: InputMedia): void {
  const places: [string, JsonValue | undefined][] = [
    [path, item],
    [`${path}.environment`, item["environment"]],
  ];
  for (const [at, value] of places) {
    const id = isObject(value) ? value["container_id"] : undefined;
    if (typeof id !== "string") continue;
    media.references.push({ field: `${at}.container_id`, kind: "container", id, inHistory: true });
  }
}

function countParts(value: JsonValue | undefined, path: string, media: InputMedia): void {
  if (isObject(value)) countPart(value, path, media);
  if (!Array.isArray(value)) return;
  for (const [index, part] of value.entries()) if (isObject(part)) countPart(part, `${path}[${index}]`, media);
}

function countPart(part: { [key: string]: JsonValue | undefined }, path: string, media: InputMedia): void {
  if (typeof part["file_id"] === "string") {
    media.references.push({ field: `${path}.file_id`, kind: "file", id: part["file_id"] });
  }
  switch (part["type"]) {
    case "input_image":
    case "computer_screenshot":
      countImage(part["image_url"], media);
      return;
    case "input_audio": {
      const audio = isObject(part["input_audio"]) ? part["input_audio"]["data"] : undefined;
      media.audioBytes += inlineBytes(audio, media);
      return;
    }
    case "input_file":
      if (isInline(part["file_data"])) media.documentBytes += inlineBytes(part["file_data"], media);
      else media.uncountable = true;
      return;
    default:
  }
}

/** An image costs by the table, wherever it comes from. */
function countImage(data: JsonValue | undefined, media: InputMedia): void {
  media.images += 1;
  inlineBytes(data, media);
}
