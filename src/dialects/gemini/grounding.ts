import type { Citation } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { countOf, textOf } from "./proto.ts";

/**
 * `groundingMetadata` as citations: one for each source that supports a segment of the text; sources without a segment once, without a
 * place (https://ai.google.dev/gemini-api/docs/google-search). Segment indexes are UTF-8 bytes; `text` is the part they point into.
 */
export function groundingCitations(metadata: JsonValue | undefined, text: string): Citation[] {
  if (!isObject(metadata)) return [];
  const chunks = objectsOf(metadata.groundingChunks);
  const supports = objectsOf(metadata.groundingSupports);
  const places = new Places(text);
  const used = new Set<JsonObject>();
  const citations: Citation[] = [];
  for (const support of supports) {
    const segment = support.segment;
    const indices = support.groundingChunkIndices;
    if (!isObject(segment) || !Array.isArray(indices)) continue;
    const place = places.segment(segment);
    for (const index of indices) {
      const chunk = typeof index === "number" ? chunks[index] : undefined;
      if (chunk === undefined) continue;
      used.add(chunk);
      citations.push({ ...sourceOf(chunk), ...place });
    }
  }
  for (const chunk of chunks) if (!used.has(chunk)) citations.push(sourceOf(chunk));
  return citations;
}

/** `citationMetadata`: recited passages and where they come from. */
export function recitations(metadata: JsonValue | undefined, text: string): Citation[] {
  if (!isObject(metadata)) return [];
  const places = new Places(text);
  const sources = objectsOf(metadata.citationSources ?? metadata.citations);
  return sources.map((source) => {
    const url = textOf(source.uri);
    const title = textOf(source.title);
    return {
      kind: url === undefined ? "native" : "url",
      ...(url === undefined ? {} : { url }),
      ...(title === undefined ? {} : { title }),
      ...places.segment(source),
      native: { origin: "gemini", value: source },
    };
  });
}

/** A grounding chunk is one of `web`, `image`, `retrievedContext` and `maps`. */
function sourceOf(chunk: JsonObject): Citation {
  const native = { origin: "gemini" as const, value: chunk };
  const [source] = Object.values(chunk).filter(isObject);
  const url = source === undefined ? undefined : textOf(source.uri ?? source.sourceUri);
  const title = source === undefined ? undefined : textOf(source.title);
  const named = title === undefined ? {} : { title };
  if (url !== undefined) return { kind: "url", url, ...named, native };
  return { kind: title === undefined ? "native" : "document", ...named, native };
}

interface Place {
  start?: number;
  end?: number;
  quotedText?: string;
}

/** Turns byte offsets into UTF-16 ones. The quoted text decides where the two disagree, since offsets may count from another part. */
class Places {
  readonly #text: string;
  readonly #bytes: Buffer;

  constructor(text: string) {
    this.#text = text;
    this.#bytes = Buffer.from(text, "utf8");
  }

  segment(segment: JsonObject): Place {
    const quoted = textOf(segment.text);
    const startByte = countOf(segment.startIndex) ?? 0;
    const endByte = countOf(segment.endIndex);
    if (endByte !== undefined && startByte < endByte && endByte <= this.#bytes.length) {
      const cut = this.#bytes.toString("utf8", startByte, endByte);
      if (quoted === undefined || quoted === cut) {
        const start = this.#bytes.toString("utf8", 0, startByte).length;
        return { start, end: start + cut.length, ...(quoted === undefined ? {} : { quotedText: quoted }) };
      }
    }
    if (quoted === undefined || quoted === "") return {};
    const start = this.#text.indexOf(quoted);
    return start < 0 ? { quotedText: quoted } : { start, end: start + quoted.length, quotedText: quoted };
  }
}

/** Fee-bearing searches that the answer's grounding tells of: one for each query; maps once. */
export function groundingFees(metadata: JsonValue | undefined): Record<string, number> {
  if (!isObject(metadata)) return {};
  const queries = metadata.webSearchQueries;
  const chunks = objectsOf(metadata.groundingChunks);
  const searches = Array.isArray(queries) ? queries.length : 0;
  const isWeb = chunks.some((chunk) => chunk.web !== undefined);
  const isMaps = chunks.some((chunk) => chunk.maps !== undefined);
  return {
    ...(searches > 0 ? { web_search: searches } : {}),
    ...(searches === 0 && isWeb && metadata.searchEntryPoint !== undefined ? { web_search: 1 } : {}),
    ...(isMaps ? { google_maps: 1 } : {}),
  };
}
