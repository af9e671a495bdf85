import { invalidRequest } from "../../ir/error.ts";
import type { MediaSource } from "../../ir/request.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Media that a client of OpenAI's dialects sends in a field: data URLs, base64 alone, web addresses. Each throws 400 with the path of the field. */

/** A web address or a data URL, whose media type begins with `mediaPrefix`. */
export function urlSource(url: string, path: string, mediaPrefix: string): MediaSource {
  if (/^data:/i.test(url)) return dataUrlSource(url, path, mediaPrefix);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalidRequest(path, `${path}: expected an http(s) URL or a base64 data URL`);
  }
  return { kind: "url", url };
}

/** `data:<type>;base64,<data>` (RFC 2397), base64 only, of the media type that its place allows. */
export function dataUrlSource(url: string, path: string, mediaPrefix: string): MediaSource {
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

/** Refuses what is no base64, and nothing at all. */
export function checkBase64(text: string, path: string): void {
  if (text === "" || text.length % 4 === 1 || !BASE64.test(text)) {
    throw invalidRequest(path, `${path}: the data is not valid base64`);
  }
}

/** A name for data that came without one, which OpenAI wants; its ending tells the kind. */
export function defaultFilename(mediaType: string): string {
  const ending = mediaType === "text/plain" ? "txt" : (mediaType.split("/")[1] ?? "");
  return `file.${ending.replace(/[^a-z0-9]/g, "") || "bin"}`;
}
