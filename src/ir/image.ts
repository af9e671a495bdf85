import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { DialectId } from "./dialect-id.ts";
import type { Loss } from "./loss.ts";
import type { Usage } from "./usage.ts";

/** A request for images from a prompt, in the form that every dialect decodes to and encodes from. Absent = the client did not say. */
export interface ImageRequest {
  origin: DialectId;
  /** As the client wrote it. */
  model: string | null;
  prompt: string;
  /** How many images. */
  n: number;
  /** `1024x1024`, `auto` … */
  size?: string;
  quality?: string;
  style?: string;
  background?: string;
  moderation?: string;
  /** Format of the image data: `png`, `jpeg`, `webp`. */
  format?: string;
  /** Compression of the image data in percent. */
  compression?: number;
  /** Whether the client wants the data itself or a URL to fetch it from. Null = it did not say. */
  delivery: "base64" | "url" | null;
  user?: string;
  /** Unknown top-level fields, sent on only to the same dialect. */
  extras: { origin: DialectId; fields: JsonObject };
  /** Fields that no decoder reads: lost wherever the request is written anew. */
  losses?: Loss[];
}

export interface AnswerImage {
  source: { kind: "base64"; base64: string; mediaType: string | null } | { kind: "url"; url: string };
  /** The prompt as the provider rewrote it. */
  revisedPrompt?: string;
}

export interface ImageAnswer {
  /** Unix seconds. */
  created: number | null;
  images: AnswerImage[];
  /** Null when the provider tells none; then the count of images is the bill. */
  usage: Usage | null;
  /** What the provider says of all images: size, quality, background, output_format. */
  native: JsonObject | null;
  /** Images that the provider's filter held back, with its reasons. */
  filtered: JsonValue[];
  losses: Loss[];
}
