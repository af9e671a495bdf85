import { invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { CacheMark, MediaSource, Part } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { checkBase64, dataUrlSource, urlSource } from "../shared/data-url.ts";
import {
  extrasOf,
  optionalArray,
  optionalObject,
  optionalString,
  readArray,
  readName,
  readObject,
  readString,
  type Wire,
} from "../shared/fields.ts";
import { decodeAnnotation } from "./output-parts.ts";

const TEXT_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "text",
  "annotations",
  "logprobs",
  "prompt_cache_breakpoint",
]);
const IMAGE_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "image_url",
  "file_id",
  "detail",
  "prompt_cache_breakpoint",
]);
const FILE_FIELDS: ReadonlySet<string> = new Set([
  "type",
  "file_data",
  "file_url",
  "file_id",
  "filename",
  "detail",
  "prompt_cache_breakpoint",
]);
const DEFAULT_FILE_TYPE = "application/pdf";

/** Content of a message or of a tool's output: a string, or a list of parts. */
export function decodeContent(value: Wire, path: string): Part[] {
  if (typeof value === "string") return [{ type: "text", text: value, path }];
  if (!Array.isArray(value)) throw invalidRequest(path, `${path}: expected a string or an array of content parts`);
  return readArray(value, path).map((item, index) =>
    decodePart(readObject(item, `${path}[${index}]`), `${path}[${index}]`),
  );
}

function decodePart(part: JsonObject, path: string): Part {
  const cache = decodeBreakpoint(part["prompt_cache_breakpoint"], `${path}.prompt_cache_breakpoint`);
  const mark = cache === undefined ? {} : { cache };
  switch (part["type"]) {
    case "input_text":
    case "output_text":
    case "text":
    case "summary_text":
      return { ...decodeText(part, path), ...mark };
    case "refusal":
      return { type: "refusal", text: readString(part["refusal"], `${path}.refusal`), path };
    case "input_image":
    case "computer_screenshot":
      return { ...decodeImage(part, path), ...mark };
    case "input_file":
      return { ...decodeFile(part, path), ...mark };
    case "input_audio":
      return decodeAudio(part, path);
    default:
      readName(part["type"], `${path}.type`);
      throw unsupportedFeature(
        `${path}.type`,
        `${path}.type: content of type ${JSON.stringify(part["type"])} is not known`,
      );
  }
}

function decodeText(part: JsonObject, path: string): Part {
  const annotations = optionalArray(part["annotations"], `${path}.annotations`) ?? [];
  return {
    type: "text",
    text: readString(part["text"], `${path}.text`),
    path,
    ...(annotations.length === 0 ? {} : { citations: annotations.map(decodeAnnotation) }),
    ...extrasOf(part, TEXT_FIELDS),
  };
}

function decodeImage(part: JsonObject, path: string): Part {
  const url = optionalString(part["image_url"], `${path}.image_url`);
  const fileId = optionalString(part["file_id"], `${path}.file_id`);
  const detail = optionalString(part["detail"], `${path}.detail`);
  if ((url === undefined) === (fileId === undefined)) {
    throw invalidRequest(`${path}.image_url`, `${path}: exactly one of image_url and file_id is required`);
  }
  const source = url === undefined ? fileSource(fileId ?? "") : urlSource(url, `${path}.image_url`, "image/");
  return {
    type: "media",
    kind: "image",
    source,
    path,
    ...(detail === undefined || detail === "auto" ? {} : { detail }),
    ...extrasOf(part, IMAGE_FIELDS),
  };
}

/** A file comes as data (a data URL, or base64 alone), as a URL or as an id of the provider's. */
function decodeFile(part: JsonObject, path: string): Part {
  const data = optionalString(part["file_data"], `${path}.file_data`);
  const url = optionalString(part["file_url"], `${path}.file_url`);
  const fileId = optionalString(part["file_id"], `${path}.file_id`);
  const filename = optionalString(part["filename"], `${path}.filename`);
  const detail = optionalString(part["detail"], `${path}.detail`);
  if ([data, url, fileId].filter((value) => value !== undefined).length !== 1) {
    throw invalidRequest(path, `${path}: exactly one of file_data, file_url and file_id is required`);
  }
  let source: MediaSource;
  if (data !== undefined) source = dataSource(data, `${path}.file_data`);
  else if (url !== undefined) source = urlSource(url, `${path}.file_url`, "");
  else source = fileSource(fileId ?? "");
  return {
    type: "media",
    kind: kindOf(source),
    source,
    path,
    ...(filename === undefined ? {} : { filename }),
    ...(detail === undefined || detail === "auto" ? {} : { detail }),
    ...extrasOf(part, FILE_FIELDS),
  };
}

function kindOf(source: MediaSource): "image" | "audio" | "video" | "document" {
  const mediaType = source.mediaType ?? "";
  if (mediaType.startsWith("image/")) return "image";
  if (mediaType.startsWith("audio/")) return "audio";
  return mediaType.startsWith("video/") ? "video" : "document";
}

function decodeAudio(part: JsonObject, path: string): Part {
  const audio = readObject(part["input_audio"], `${path}.input_audio`);
  const format = readName(audio["format"], `${path}.input_audio.format`);
  const base64 = readString(audio["data"], `${path}.input_audio.data`);
  checkBase64(base64, `${path}.input_audio.data`);
  const mediaType = format === "mp3" ? "audio/mpeg" : `audio/${format}`;
  return { type: "media", kind: "audio", source: { kind: "inline", mediaType, base64 }, path };
}

function fileSource(id: string): MediaSource {
  return { kind: "file", id, origin: "openai-responses", realm: null };
}

function dataSource(data: string, path: string): MediaSource {
  if (data.startsWith("data:")) return dataUrlSource(data, path, "");
  checkBase64(data, path);
  return { kind: "inline", mediaType: DEFAULT_FILE_TYPE, base64: data };
}

/** `prompt_cache_breakpoint: {mode: "explicit", ttl}`; lifetimes are 30m and 12h, of which the second has no class of its own. */
function decodeBreakpoint(value: Wire, path: string): CacheMark | undefined {
  const mark = optionalObject(value, path);
  if (mark === undefined) return undefined;
  return { ttl: mark["ttl"] === "12h" ? "1h" : "30m" };
}
