import type { PartOf } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Encoding } from "./encoding.ts";
import { BETAS, IMAGE_TYPES } from "./wire-names.ts";

type Media = PartOf<"media">;

/** A media part as an image or document block; null when Anthropic has no place for it, which is reported. */
export function encodeMedia(part: Media, encoding: Encoding): JsonObject | null {
  const block = part.kind === "image" ? encodeImage(part, encoding) : encodeDocumentLike(part, encoding);
  if (block === null) return null;
  if (part.detail !== undefined && part.detail !== "auto") {
    encoding.lose(`${part.path}.detail`, "Anthropic has no image detail setting");
  }
  return block;
}

function encodeImage(part: Media, encoding: Encoding): JsonObject | null {
  const { source, path } = part;
  if (source.kind === "inline" && !IMAGE_TYPES.has(source.mediaType)) {
    encoding.lose(path, `images of type ${source.mediaType} are not accepted by Anthropic`);
    return null;
  }
  const wire = encodeSource(part, encoding);
  return wire === null ? null : { type: "image", source: wire, ...encoding.extras(part.extras, path) };
}

function encodeDocumentLike(part: Media, encoding: Encoding): JsonObject | null {
  if (part.kind !== "document") {
    encoding.lose(part.path, `${part.kind} input is not known to Anthropic`);
    return null;
  }
  const own = encoding.origin === "anthropic-messages" ? (part.extras ?? {}) : {};
  if (isObject(own.search_result)) return own.search_result;
  const { source: ownSource, ...extras } = own;
  const source = isObject(ownSource) ? ownSource : documentSource(part, encoding);
  if (source === null) return null;
  const title = part.title ?? part.filename;
  return {
    type: "document",
    source,
    ...(title === undefined ? {} : { title }),
    ...(part.context === undefined ? {} : { context: part.context }),
    ...(part.citations === undefined ? {} : { citations: { enabled: part.citations } }),
    ...(encoding.origin === "anthropic-messages" ? extras : encoding.extras(part.extras, part.path)),
  };
}

/** Documents go as PDF bytes or as text; other formats have to be read by somebody else first (Anthropic PDF support). */
function documentSource(part: Media, encoding: Encoding): JsonObject | null {
  const { source, text } = part;
  if (text !== undefined) return textSource(text);
  if (source.kind !== "inline" || source.mediaType === "application/pdf") return encodeSource(part, encoding);
  if (/^text\/|^application\/(json|xml|yaml)$/.test(source.mediaType)) {
    return textSource(Buffer.from(source.base64, "base64").toString("utf8"));
  }
  encoding.lose(part.path, `documents of type ${source.mediaType} are not accepted by Anthropic`);
  return null;
}

const textSource = (data: string): JsonObject => ({ type: "text", media_type: "text/plain", data });

function encodeSource(part: Media, encoding: Encoding): JsonObject | null {
  const { source, path } = part;
  if (source.kind === "inline") return { type: "base64", media_type: source.mediaType, data: source.base64 };
  if (source.kind === "url") {
    if (/^https?:\/\//i.test(source.url)) return { type: "url", url: source.url };
    encoding.lose(path, "only http and https URLs are accepted by Anthropic");
    return null;
  }
  const isOwn =
    source.origin === "anthropic-messages" && (source.realm ?? encoding.target.realm) === encoding.target.realm;
  if (!isOwn) {
    encoding.lose(path, "the file is held by another provider");
    return null;
  }
  encoding.betas.add(BETAS.files);
  return { type: "file", file_id: source.id };
}
