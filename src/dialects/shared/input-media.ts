import type { InputBound, ProviderReference } from "../dialect.ts";
import type { JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";

/** What stands in a conversation beside text, as far as the hold has to know. */
export interface InputMedia {
  images: number;
  audioBytes: number;
  documentBytes: number;
  videoBytes: number;
  /** Characters of inline data, which are no text. */
  inlineCharacters: number;
  /** Something whose size can't be known from here: a file, an earlier item, a stored conversation. */
  uncountable: boolean;
  references: ProviderReference[];
}

/** Of a conversation that holds nothing but text. */
export function noMedia(): InputMedia {
  return {
    images: 0,
    audioBytes: 0,
    documentBytes: 0,
    videoBytes: 0,
    inlineCharacters: 0,
    uncountable: false,
    references: [],
  };
}

/** Data, not an address. */
export function isInline(data: JsonValue | undefined): data is string {
  return typeof data === "string" && !/^https?:/i.test(data);
}

/** Bytes of base64 data, tokens of which go by another table than text. */
export function inlineBytes(data: JsonValue | undefined, media: InputMedia): number {
  if (!isInline(data)) return 0;
  media.inlineCharacters += data.length;
  return Math.ceil((data.length * 3) / 4);
}

/** Upper bound of the input: every byte of the body that isn't inline data may become text. */
export function boundInput(doc: ScannedObject, media: InputMedia): InputBound {
  const { images, audioBytes, videoBytes, documentBytes, uncountable } = media;
  const textBytes = Math.max(0, doc.bytes.length - media.inlineCharacters);
  return { textBytes, images, audioBytes, videoBytes, documentBytes, uncountable };
}
