/** HTTP content codings (RFC 9110, section 8.4.1; RFC 8878 for zstd) and what DecompressionStream calls them; null = nothing to decode. */
const FORMATS: ReadonlyMap<string, "gzip" | "deflate" | "brotli" | "zstd" | null> = new Map([
  ["", null],
  ["identity", null],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "brotli"],
  ["zstd", "zstd"],
] as const);

/** Whether a Content-Encoding (lower case, one coding, "" for none) can be decoded. */
export const isKnownEncoding = (encoding: string): boolean => FORMATS.has(encoding);

/** Whether there is something to decode. */
export const needsDecoding = (encoding: string): boolean => (FORMATS.get(encoding) ?? null) !== null;

/** A decoder for a coding of `isKnownEncoding`; null when there is nothing to decode (or the coding is unknown). */
export function decoderFor(encoding: string): DecompressionStream | null {
  const format = FORMATS.get(encoding) ?? null;
  return format === null ? null : new DecompressionStream(format as CompressionFormat);
}

export type DecodeResult =
  | { ok: true; bytes: Uint8Array }
  | { ok: false; reason: "too-large" | "malformed" | "unknown-encoding"; cause?: unknown };

/**
 * Decodes a whole body. Stops as soon as more than `maxBytes` have come out, so a decompression bomb costs no more memory than that.
 * Never rejects.
 */
export async function decodeBody(bytes: Uint8Array, encoding: string, maxBytes: number): Promise<DecodeResult> {
  if (!isKnownEncoding(encoding)) return { ok: false, reason: "unknown-encoding" };
  const decoder = decoderFor(encoding);
  if (decoder === null) return { ok: true, bytes };
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of new Blob([Buffer.from(bytes)]).stream().pipeThrough(decoder)) {
      length += chunk.length;
      if (length > maxBytes) return { ok: false, reason: "too-large" };
      chunks.push(chunk);
    }
  } catch (cause) {
    return { ok: false, reason: "malformed", cause };
  }
  return { ok: true, bytes: Buffer.concat(chunks) };
}
