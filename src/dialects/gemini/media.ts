import { invalidRequest } from "../../ir/error.ts";
import type { MediaSource } from "../../ir/request.ts";
import { standardBase64 } from "./base64.ts";
import type { ProtoReader } from "./proto.ts";
import { words } from "../../lib/words.ts";

export type MediaKind = "image" | "audio" | "video" | "document";

/** The kind that a MIME type stands for; what is no image, sound or film is a document. */
export function mediaKind(mediaType: string): MediaKind {
  const family = mediaType.slice(0, mediaType.indexOf("/"));
  return family === "image" || family === "audio" || family === "video" ? family : "document";
}

/** URIs of files that only the account at the provider can read: File API (`…/v1beta/files/x`, `files/x`) and Cloud Storage. */
const PROVIDER_FILE =
  /^(?:gs:\/\/|files\/|https:\/\/[a-z0-9.-]*generativelanguage\.googleapis\.com\/(?:[a-z0-9]+\/)?files\/)/;

/** Is it the URI of a file that the provider keeps? */
export const isProviderFile = (uri: string): boolean => PROVIDER_FILE.test(uri);

/** `inlineData` of a client's part. */
export function readBlob(blob: ProtoReader): { source: MediaSource; mediaType: string; filename: string | undefined } {
  const mediaType = blob.string("mimeType");
  if (mediaType === undefined || !mediaType.includes("/")) {
    throw invalidRequest(blob.at("mimeType"), `${blob.at("mimeType")} must be a media type such as image/png`);
  }
  const data = blob.string("data");
  if (data === undefined) throw invalidRequest(blob.at("data"), `${blob.at("data")} is required`);
  const base64 = standardBase64(data, blob.at("data"));
  return { source: { kind: "inline", mediaType, base64 }, mediaType, filename: blob.string("displayName") };
}

/** `fileData` of a client's part. */
export function readFile(file: ProtoReader): { source: MediaSource; mediaType: string; filename: string | undefined } {
  const uri = file.string("fileUri");
  if (uri === undefined || uri === "") throw invalidRequest(file.at("fileUri"), `${file.at("fileUri")} must be a URI`);
  const given = file.string("mimeType");
  const mediaType = given ?? fileMediaType(uri);
  const typed = given === undefined ? {} : { mediaType: given };
  const source: MediaSource = isProviderFile(uri)
    ? { kind: "file", id: uri, origin: "gemini", realm: "google", ...typed }
    : { kind: "url", url: uri, ...typed };
  return { source, mediaType, filename: file.string("displayName") };
}

/** Media type of a file that the client gave none for. YouTube pages stand for their video. */
export function fileMediaType(uri: string): string {
  if (/^https:\/\/(?:www\.youtube\.com|youtu\.be)\//.test(uri)) return "video/mp4";
  return guessMediaType(uri) ?? "application/octet-stream";
}

const BY_EXTENSION: Readonly<Record<string, string>> = words({
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  mp3: "audio/mp3",
  wav: "audio/wav",
  flac: "audio/flac",
  ogg: "audio/ogg",
  m4a: "audio/m4a",
  mp4: "video/mp4",
  mov: "video/mov",
  webm: "video/webm",
  mpeg: "video/mpeg",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/md",
  csv: "text/csv",
  html: "text/html",
});

/** Media type by the extension of a URL's path; undefined when it tells nothing. */
export function guessMediaType(url: string): string | undefined {
  const path = url.replace(/[?#].*$/s, "");
  return BY_EXTENSION[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
}
