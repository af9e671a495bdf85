import { invalidRequest } from "../../ir/error.ts";
import type { MediaSource, PartOf } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { checkBase64, dataUrlSource, urlSource } from "../shared/data-url.ts";
import { optionalString, readName, readObject, readString } from "../shared/fields.ts";

type MediaPart = PartOf<"media">;
const DEFAULT_FILE_TYPE = "application/pdf";

/** `image_url: {url, detail}`; some clients send the URL alone. */
export function decodeImagePart(part: JsonObject, path: string): MediaPart {
  const at = `${path}.image_url`;
  const isBare = typeof part["image_url"] === "string";
  const image: JsonObject = isBare ? { url: part["image_url"] } : readObject(part["image_url"], at);
  const field = isBare ? at : `${at}.url`;
  const detail = optionalString(image["detail"], `${at}.detail`);
  return {
    type: "media",
    kind: "image",
    source: urlSource(readString(image["url"], field), field, "image/"),
    path,
    ...(detail === undefined || detail === "auto" ? {} : { detail }),
  };
}

/** `input_audio: {data, format}`; the format is a file ending. */
export function decodeAudioPart(part: JsonObject, path: string): MediaPart {
  const at = `${path}.input_audio`;
  const audio = readObject(part["input_audio"], at);
  const format = readName(audio["format"], `${at}.format`);
  const base64 = readName(audio["data"], `${at}.data`);
  checkBase64(base64, `${at}.data`);
  const mediaType = format === "mp3" ? "audio/mpeg" : `audio/${format}`;
  return { type: "media", kind: "audio", source: { kind: "inline", mediaType, base64 }, path };
}

/** `file: {file_data, filename}` or `file: {file_id}`. The data is a data URL, base64 alone, or (OpenRouter) a URL. */
export function decodeFilePart(part: JsonObject, path: string): MediaPart {
  const at = `${path}.file`;
  const file = readObject(part["file"], at);
  const id = optionalString(file["file_id"], `${at}.file_id`);
  const data = optionalString(file["file_data"], `${at}.file_data`);
  const filename = optionalString(file["filename"], `${at}.filename`);
  if ((id === undefined) === (data === undefined)) {
    throw invalidRequest(at, `${at}: exactly one of file_data and file_id is required`);
  }
  const source: MediaSource =
    data === undefined
      ? { kind: "file", id: readName(id, `${at}.file_id`), origin: "openai-chat", realm: null }
      : fileSource(data, `${at}.file_data`);
  const kind = kindOf(source);
  return { type: "media", kind, source, path, ...(filename === undefined ? {} : { filename }) };
}

/** `video_url: {url}` (OpenRouter). */
export function decodeVideoPart(part: JsonObject, path: string): MediaPart {
  const at = `${path}.video_url`;
  const video = readObject(part["video_url"], at);
  const url = readString(video["url"], `${at}.url`);
  return { type: "media", kind: "video", source: urlSource(url, `${at}.url`, "video/"), path };
}

function kindOf(source: MediaSource): MediaPart["kind"] {
  const type = source.mediaType ?? "";
  if (type.startsWith("image/")) return "image";
  if (type.startsWith("audio/")) return "audio";
  return type.startsWith("video/") ? "video" : "document";
}

function fileSource(data: string, path: string): MediaSource {
  if (data.startsWith("data:")) return dataUrlSource(data, path, "");
  if (/^https?:/i.test(data)) return urlSource(data, path, "");
  checkBase64(data, path);
  return { kind: "inline", mediaType: DEFAULT_FILE_TYPE, base64: data };
}
