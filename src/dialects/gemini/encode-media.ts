import type { PartOf } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { EncodeScope } from "./encode-scope.ts";
import { guessMediaType } from "./media.ts";
import { words } from "../../lib/words.ts";

const RESOLUTIONS: Readonly<Record<string, string>> = words({
  low: "MEDIA_RESOLUTION_LOW",
  medium: "MEDIA_RESOLUTION_MEDIUM",
  high: "MEDIA_RESOLUTION_HIGH",
  ultra_high: "MEDIA_RESOLUTION_ULTRA_HIGH",
});

/** A media part on the wire; null (and a loss) when the provider can't get at it. */
export function encodeMedia(part: PartOf<"media">, scope: EncodeScope): JsonObject | null {
  loseAttributes(part, scope);
  if (part.text !== undefined) return { text: part.text };
  const { source } = part;
  const extra = { ...resolution(part, scope), ...scope.extras(part.extras) };
  if (source.kind === "inline") return { inlineData: { mimeType: source.mediaType, data: source.base64 }, ...extra };
  if (source.kind === "file" && source.origin !== "gemini") {
    scope.lose(part.path, "a file id of another provider means nothing to Gemini");
    return null;
  }
  // Public https URLs are fetched by Google: https://ai.google.dev/gemini-api/docs/file-input-methods
  const fileUri = source.kind === "file" ? source.id : source.url;
  const mimeType = source.mediaType ?? guessMediaType(fileUri);
  return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri }, ...extra };
}

function loseAttributes(part: PartOf<"media">, scope: EncodeScope): void {
  for (const name of ["filename", "title", "context"] as const) {
    if (part[name] !== undefined) scope.lose(`${part.path}.${name}`, `Gemini has no ${name} for media`);
  }
  if (part.citations === true) scope.lose(`${part.path}.citations`, "Gemini can't be asked to cite a document");
}

/** `mediaResolution` of a single part exists for Gemini 3 only (https://ai.google.dev/gemini-api/docs/media-resolution). */
function resolution(part: PartOf<"media">, scope: EncodeScope): JsonObject {
  if (part.detail === undefined || part.detail === "auto") return {};
  const level = RESOLUTIONS[part.detail];
  if (level !== undefined && (scope.isAdaptive || scope.isSameDialect)) return { mediaResolution: { level } };
  scope.lose(`${part.path}.detail`, `the model has no media resolution "${part.detail}" for a single part`);
  return {};
}
