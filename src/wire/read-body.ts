import { decodeBody, isKnownEncoding, needsDecoding } from "./decode-body.ts";

/** Why a request's body could not be read; the HTTP layer chooses the status. */
export type BodyErrorKind = "too-large" | "timeout" | "unsupported-encoding" | "bad-encoding" | "aborted";

export class BodyError extends Error {
  readonly kind: BodyErrorKind;
  constructor(kind: BodyErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BodyError";
    this.kind = kind;
  }
}

export interface ReadBodyOptions {
  /** Bytes after decoding; 32 MiB. */
  maxBytes?: number;
  /** ms for the whole body; 60,000. */
  timeoutMs?: number;
}

const DEFAULT_MAX_BODY_BYTES = 32 * 1024 * 1024;
const DEFAULT_BODY_TIMEOUT_MS = 60_000;

/**
 * Reads and decodes the body of a request. Understands `Content-Encoding` gzip, deflate, br and zstd, one at a time; the limit counts
 * decoded bytes while they are decoded, so a bomb costs no more than the limit. Rejects with BodyError only.
 */
export async function readBody(request: Request, options: ReadBodyOptions = {}): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BODY_BYTES;
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (!isKnownEncoding(encoding)) {
    throw new BodyError("unsupported-encoding", "the content encoding must be gzip, deflate, br, zstd or identity");
  }
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  // With a length there is no need to look at `body`, which makes a stream of it.
  const reading = Number.isNaN(declared) ? readCounted(request.body, maxBytes) : request.bytes();
  const encoded = await withTimeout(reading, options.timeoutMs ?? DEFAULT_BODY_TIMEOUT_MS);
  if (encoded.length > maxBytes) throw tooLarge(maxBytes);
  return needsDecoding(encoding) ? decode(encoded, encoding, maxBytes) : encoded;
}

const tooLarge = (maxBytes: number): BodyError =>
  new BodyError("too-large", `the body is larger than ${maxBytes} bytes`);

/** A chunked body has no length to check beforehand: it is counted as it comes, and dropped at the limit. */
async function readCounted(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function decode(encoded: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  const result = await decodeBody(encoded, encoding, maxBytes);
  if (result.ok) return result.bytes;
  if (result.reason === "too-large") throw tooLarge(maxBytes);
  throw new BodyError("bad-encoding", `the body is not valid ${encoding} data`, result.cause);
}

function withTimeout(reading: Promise<Uint8Array>, ms: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BodyError("timeout", `the body did not arrive within ${ms} ms`)), ms);
    reading.then(
      (bytes) => {
        clearTimeout(timer);
        resolve(bytes);
      },
      (error: unknown) => {
        clearTimeout(timer);
        const broken = "the connection broke before the body was complete";
        reject(error instanceof BodyError ? error : new BodyError("aborted", broken, error));
      },
    );
  });
}
