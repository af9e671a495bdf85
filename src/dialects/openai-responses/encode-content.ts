import type { MediaSource, Part, PartOf } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { defaultFilename } from "../shared/data-url.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";
import { words } from "../../lib/words.ts";

/** Whose content it is: assistants speak in `output_text`, everybody else in `input_…` parts. */
export type Speaker = "input" | "output";

/** A part as content of a message or tool output; null, with the loss reported, when it has no place there. */
export function encodeContentPart(part: Part, speaker: Speaker, encoding: Encoding): JsonObject | null {
  switch (part.type) {
    case "text":
      return encodeText(part, speaker, encoding);
    case "refusal":
      return speaker === "output" ? { type: "refusal", refusal: part.text } : { type: "input_text", text: part.text };
    case "media":
      if (speaker === "output") return loseMedia(part, encoding);
      return encodeMedia(part, encoding);
    case "native":
      encoding.lose(part.path, `content of another dialect is ${NOT_KNOWN}`);
      return null;
    default:
      encoding.lose(part.path, `a ${part.type} part can't stand inside content`);
      return null;
  }
}

function loseMedia(part: PartOf<"media">, encoding: Encoding): null {
  encoding.lose(part.path, `OpenAI Responses takes no ${part.kind} from the assistant`);
  return null;
}

function encodeText(part: PartOf<"text">, speaker: Speaker, encoding: Encoding): JsonObject {
  const annotations = (part.citations ?? []).flatMap((citation) => {
    if (citation.native?.origin === "openai-responses") return [citation.native.value];
    encoding.lose(`${part.path}.citations`, "citations of another provider are not sent back");
    return [];
  });
  return {
    type: speaker === "output" ? "output_text" : "input_text",
    text: part.text,
    ...(annotations.length === 0 ? {} : { annotations }),
    ...encoding.extras(part.extras, part.path),
    ...breakpointOf(part, encoding),
  };
}

/** Explicit cache breakpoints exist for gpt-5.6 and later only, so those of other dialects are not sent: caching is automatic here. */
function breakpointOf(part: Part, encoding: Encoding): JsonObject {
  if (part.cache === undefined) return {};
  if (!encoding.isOwn) {
    encoding.loseMark(part.cache, part.path);
    return {};
  }
  return { prompt_cache_breakpoint: { mode: "explicit", ttl: part.cache.ttl === "1h" ? "12h" : "30m" } };
}

function encodeMedia(part: PartOf<"media">, encoding: Encoding): JsonObject | null {
  const rest = { ...encoding.extras(part.extras, part.path), ...breakpointOf(part, encoding) };
  switch (part.kind) {
    case "image":
      return encodeImage(part, rest, encoding);
    case "audio":
      if (part.cache !== undefined && encoding.isOwn) {
        encoding.lose(`${part.path}.cache_control`, "audio can't carry a cache breakpoint");
      }
      return encodeAudio(part, encoding);
    case "document":
      return encodeFile(part, rest, encoding);
    default:
      encoding.lose(part.path, "OpenAI Responses takes no video");
      return null;
  }
}

const DETAILS: ReadonlySet<string> = new Set(["low", "high", "auto", "original"]);

function encodeImage(part: PartOf<"media">, rest: JsonObject, encoding: Encoding): JsonObject | null {
  const source = sourceOf(part, encoding);
  if (source === null) return null;
  const detail = part.detail ?? "auto";
  const known = DETAILS.has(detail);
  if (!known) encoding.lose(`${part.path}.detail`, `the detail ${detail} is ${NOT_KNOWN}`);
  return {
    type: "input_image",
    ...(source.kind === "file" ? { file_id: source.id } : { image_url: urlOf(source) }),
    detail: known ? detail : "auto",
    ...rest,
  };
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = words({
  "audio/mpeg": "mp3",
  "audio/mp3": "mp3",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
});

function encodeAudio(part: PartOf<"media">, encoding: Encoding): JsonObject | null {
  const format = part.source.kind === "inline" ? AUDIO_FORMATS[part.source.mediaType] : undefined;
  if (part.source.kind !== "inline" || format === undefined) {
    encoding.lose(part.path, "OpenAI Responses takes audio as inline mp3 or wav only");
    return null;
  }
  return { type: "input_audio", input_audio: { data: part.source.base64, format } };
}

/** Documents that come as text (Anthropic's plain text sources) are text here. */
function encodeFile(part: PartOf<"media">, rest: JsonObject, encoding: Encoding): JsonObject | null {
  if (part.citations === true) encoding.lose(`${part.path}.citations`, "documents can't be cited from here");
  const heading = [part.title, part.context].filter((text) => text !== undefined && text !== "").join("\n");
  if (part.text !== undefined) {
    return { type: "input_text", text: heading === "" ? part.text : `${heading}\n\n${part.text}` };
  }
  if (part.context !== undefined) encoding.lose(`${part.path}.context`, "documents have no context field here");
  const source = sourceOf(part, encoding);
  if (source === null) return null;
  const filename = part.filename ?? part.title;
  if (source.kind !== "inline") {
    const named = encoding.isOwn && filename !== undefined ? { filename } : {};
    if (filename !== undefined && !encoding.isOwn) {
      encoding.lose(`${part.path}.filename`, "a file that isn't sent as data keeps its own name");
    }
    const where = source.kind === "file" ? { file_id: source.id } : { file_url: source.url };
    return { type: "input_file", ...where, ...named, ...rest };
  }
  return {
    type: "input_file",
    filename: filename ?? defaultFilename(source.mediaType),
    file_data: urlOf(source),
    ...(part.detail === undefined ? {} : { detail: part.detail }),
    ...rest,
  };
}

/** The source, unless it is a file that another provider holds. */
function sourceOf(part: PartOf<"media">, encoding: Encoding): MediaSource | null {
  const source = part.source;
  if (source.kind !== "file") return source;
  const isOpenAi = source.origin === "openai-responses" || source.origin === "openai-chat";
  if (isOpenAi && (source.realm === null || source.realm === encoding.target.realm)) return source;
  encoding.lose(part.path, "the file is held by another provider");
  return null;
}

function urlOf(source: Exclude<MediaSource, { kind: "file" }>): string {
  return source.kind === "url" ? source.url : `data:${source.mediaType};base64,${source.base64}`;
}
