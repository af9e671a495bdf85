import { invalidRequest } from "../../ir/error.ts";
import type { MediaSource, PartOf } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { optionalString, readName, readObject, readString } from "../shared/fields.ts";

type MediaPart = PartOf<"media">;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
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

function urlSource(url: string, path: string, mediaPrefix: string): MediaSource {
  if (/^data:/i.test(url)) return dataUrlSource(url, path, mediaPrefix);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalidRequest(path, `${path}: expected an http(s) URL or a base64 data URL`);
  }
  return { kind: "url", url };
}

/** `data:<type>;base64,<data>` (RFC 2397), base64 only, of the media type that its place allows. */
function dataUrlSource(url: string, path: string, mediaPrefix: string): MediaSource {
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0)).split(";");
  const mediaType = (head[0] ?? "").trim().toLowerCase();
  if (comma < 0 || mediaType === "" || head.at(-1)?.trim().toLowerCase() !== "base64") {
    throw invalidRequest(path, `${path}: a data URL must have the form data:<media type>;base64,<data>`);
  }
  if (!mediaType.startsWith(mediaPrefix)) {
    throw invalidRequest(path, `${path}: a data URL of type ${mediaPrefix}* is expected, not ${mediaType}`);
  }
  const base64 = url.slice(comma + 1);
  checkBase64(base64, path);
  return { kind: "inline", mediaType, base64 };
}

function checkBase64(text: string, path: string): void {
  if (text === "" || text.length % 4 === 1 || !BASE64.test(text)) {
    throw invalidRequest(path, `${path}: the data is not valid base64`);
  }
}
