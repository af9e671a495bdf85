import { invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { CacheMark, Part } from "../../ir/request.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import {
  isAbsent,
  optionalObject,
  optionalString,
  readName,
  readObject,
  readString,
  unknownFields,
  type Wire,
} from "../shared/fields.ts";
import { decodeAudioPart, decodeFilePart, decodeImagePart, decodeVideoPart } from "./media.ts";
import { textOf } from "../shared/wire-values.ts";

const TEXT_FIELDS: ReadonlySet<string> = new Set(["type", "text", "cache_control", "prompt_cache_breakpoint"]);
/** Media stand in a field that is called like their type. */
const mediaFields = (type: string): ReadonlySet<string> =>
  new Set(["type", type, "cache_control", "prompt_cache_breakpoint"]);

/** Content of a message: a string or a list of parts. Throws 400 naming the part, also for types that this dialect does not have. */
export function decodeContent(value: Wire, path: string): Part[] {
  if (typeof value === "string") return [{ type: "text", text: value, path }];
  if (!Array.isArray(value)) throw invalidRequest(path, `${path}: expected a string or an array of content parts`);
  if (value.length === 0) throw invalidRequest(path, `${path}: must have at least one part`);
  return value.map((item, index) => {
    const at = `${path}[${index}]`;
    return decodePart(readObject(item, at), at);
  });
}

function decodePart(part: JsonObject, path: string): Part {
  const type = readName(part["type"], `${path}.type`);
  const common = { path, ...decodeCache(part, path) };
  switch (type) {
    case "text": {
      const extras = extrasOf(part, TEXT_FIELDS);
      return { type: "text", text: readString(part["text"], `${path}.text`), ...common, ...extras };
    }
    case "refusal":
      return { type: "refusal", text: readString(part["refusal"], `${path}.refusal`), path };
    case "thinking":
      return { type: "reasoning", form: "full", text: thinkingText(part["thinking"]), path };
    case "image_url":
      return { ...decodeImagePart(part, path), ...common, ...extrasOf(part, mediaFields(type)) };
    case "input_audio":
      return { ...decodeAudioPart(part, path), ...common, ...extrasOf(part, mediaFields(type)) };
    case "file":
      return { ...decodeFilePart(part, path), ...common, ...extrasOf(part, mediaFields(type)) };
    case "video_url":
      return { ...decodeVideoPart(part, path), ...common, ...extrasOf(part, mediaFields(type)) };
    default:
      throw unsupportedFeature(`${path}.type`, `${path}.type: content of type ${JSON.stringify(type)} is not known`);
  }
}

/** Mistral's thinking parts hold a list of texts, or one text. */
function thinkingText(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map((item) => (isObject(item) ? textOf(item["text"]) : "")).join("") : "";
}

/**
 * `cache_control` (OpenRouter and others, Anthropic's form) or OpenAI's `prompt_cache_breakpoint`. Its lifetime of 12 hours is longer than any of
 * ours: it is kept beside the mark for providers of this dialect.
 */
function decodeCache(part: JsonObject, path: string): { cache?: CacheMark; extras?: JsonObject } {
  const control = optionalObject(part["cache_control"], `${path}.cache_control`);
  if (control !== undefined) return { cache: { ttl: control["ttl"] === "1h" ? "1h" : "5m" } };
  const breakpoint = optionalObject(part["prompt_cache_breakpoint"], `${path}.prompt_cache_breakpoint`);
  if (breakpoint === undefined) return {};
  if (breakpoint["ttl"] !== "12h") return { cache: { ttl: "30m" } };
  return { cache: { ttl: "1h" }, extras: { prompt_cache_breakpoint: breakpoint } };
}

/** A top-level `cache_control`. */
export function decodeRequestCache(body: JsonObject): CacheMark | undefined {
  const control = optionalObject(body["cache_control"], "cache_control");
  if (control === undefined) return undefined;
  return { ttl: optionalString(control["ttl"], "cache_control.ttl") === "1h" ? "1h" : "5m" };
}

function extrasOf(part: JsonObject, known: ReadonlySet<string>): { extras?: JsonObject } {
  const kept = decodeCache(part, "").extras;
  const unknown = unknownFields(part, known);
  if (kept === undefined && unknown === undefined) return {};
  return { extras: { ...kept, ...unknown } };
}

/** Content that may be missing or null. */
export function decodeOptionalContent(value: Wire, path: string): Part[] {
  return isAbsent(value) ? [] : decodeContent(value, path);
}
