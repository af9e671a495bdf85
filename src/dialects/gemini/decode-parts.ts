import { type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Part, PartOf } from "../../ir/request.ts";
import { mediaKind, readBlob, readFile } from "./media.ts";
import { ProtoReader } from "./proto.ts";

const RESOLUTIONS = [
  "MEDIA_RESOLUTION_UNSPECIFIED",
  "MEDIA_RESOLUTION_LOW",
  "MEDIA_RESOLUTION_MEDIUM",
  "MEDIA_RESOLUTION_HIGH",
  "MEDIA_RESOLUTION_ULTRA_HIGH",
];

/** An `inlineData` or `fileData` part; null when it is neither. Throws GatewayError 400. */
export function decodeMediaPart(reader: ProtoReader): PartOf<"media"> | null {
  const blob = reader.object("inlineData");
  const file = blob === undefined ? reader.object("fileData") : undefined;
  if (blob === undefined && file === undefined) return null;
  const read = blob === undefined ? readFile(file ?? reader) : readBlob(blob);
  const detail = resolutionOf(reader);
  return {
    type: "media",
    kind: mediaKind(read.mediaType),
    source: read.source,
    path: reader.path,
    ...(read.filename === undefined ? {} : { filename: read.filename }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** `mediaResolution` as `low`, `medium`, `high` or `ultra_high`. */
function resolutionOf(reader: ProtoReader): string | undefined {
  const value = reader.value("mediaResolution");
  if (value === undefined) return undefined;
  const holder = typeof value === "object" ? new ProtoReader(value, reader.at("mediaResolution")) : null;
  const name =
    holder === null ? reader.enumName("mediaResolution", RESOLUTIONS) : holder.enumName("level", RESOLUTIONS);
  return name === undefined || name === "MEDIA_RESOLUTION_UNSPECIFIED"
    ? undefined
    : name.slice("MEDIA_RESOLUTION_".length).toLowerCase();
}

/**
 * What a function gave back. `output` and `error` are the documented keys of `response`; without them the whole object is the output
 * (https://ai.google.dev/api/caching#FunctionResponse). Media stand beside it in `parts`.
 */
export function decodeResult(response: ProtoReader): { content: Part[]; isError: boolean } {
  const body = response.object("response")?.raw ?? {};
  const keys = Object.keys(body).filter((key) => body[key] !== undefined);
  const isError = keys.length === 1 && keys[0] === "error";
  const isOutput = keys.length === 1 && keys[0] === "output";
  const value: JsonValue = isError ? (body.error ?? null) : isOutput ? (body.output ?? null) : body;
  const path = response.at("response");
  const media = (response.list("parts") ?? []).flatMap((item, index): Part[] => {
    const reader = new ProtoReader(item, `${response.at("parts")}[${index}]`);
    const part = decodeMediaPart(reader);
    return [part === null ? nativePart(reader) : { ...part, ...extrasOf(reader) }];
  });
  const isEmpty = keys.length === 0 && media.length > 0;
  const text: Part[] = isEmpty
    ? []
    : [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value), path }];
  return { content: [...text, ...media], isError };
}

/** Fields that nobody has read. */
export function extrasOf(reader: ProtoReader): { extras?: JsonObject } {
  const rest = reader.rest();
  return Object.keys(rest).length === 0 ? {} : { extras: rest };
}

function nativePart(reader: ProtoReader): Part {
  const value: JsonObject = reader.raw;
  return { type: "native", native: { origin: "gemini", value }, path: reader.path };
}
