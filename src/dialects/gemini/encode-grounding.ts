import type { Citation } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import type { JsonObject } from "../../lib/json.ts";

/** A citation with the text that its offsets point into. */
export interface PlacedCitation {
  citation: Citation;
  text: string;
  /** UTF-8 bytes of the candidate's text before that part. */
  offset: number;
}

/** Citations of another dialect as `groundingMetadata`; undefined when there are none. What has neither URL nor title is a loss. */
export function encodeGrounding(
  placed: readonly PlacedCitation[],
  field: string,
  losses: Loss[],
): JsonObject | undefined {
  const chunks: JsonObject[] = [];
  const known = new Map<string, number>();
  const supports: JsonObject[] = [];
  for (const { citation, text, offset } of placed) {
    const { url, title } = citation;
    if (url === undefined && title === undefined) {
      losses.push({ field, reason: "a citation without URL or title", side: "answer" });
      continue;
    }
    const key = url ?? `title:${title}`;
    let index = known.get(key);
    if (index === undefined) {
      index = chunks.length;
      known.set(key, index);
      chunks.push(chunkOf(citation));
    }
    const segment = segmentOf(citation, text, offset);
    if (segment !== null) supports.push({ segment, groundingChunkIndices: [index] });
  }
  if (chunks.length === 0) return undefined;
  return { groundingChunks: chunks, ...(supports.length === 0 ? {} : { groundingSupports: supports }) };
}

function chunkOf({ url, title, quotedText }: Citation): JsonObject {
  if (url !== undefined) return { web: { uri: url, ...(title === undefined ? {} : { title }) } };
  return { retrievedContext: { title, ...(quotedText === undefined ? {} : { text: quotedText }) } };
}

function segmentOf({ start, end }: Citation, text: string, offset: number): JsonObject | null {
  if (start === undefined || end === undefined || start >= end || end > text.length) return null;
  const startIndex = offset + Buffer.byteLength(text.slice(0, start), "utf8");
  const cut = text.slice(start, end);
  return { startIndex, endIndex: startIndex + Buffer.byteLength(cut, "utf8"), text: cut };
}
