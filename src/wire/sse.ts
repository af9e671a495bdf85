import type { Frame } from "./frame.ts";

/** A frame with the bytes it came in. The `raw`s of all frames, joined, are the stream as it was received (but for its unfinished rest). */
export interface RawFrame {
  frame: Frame;
  /** The frame's bytes with its blank line: a view into the chunk when the frame lies within one. */
  raw: Uint8Array;
  /** True for bytes that dispatch no event: comments, blank lines, lone `id` or `retry` fields, array brackets. Then data is "". */
  isComment: boolean;
}

/** A frame that grew beyond the reader's limit. The stream can't be read any further. */
export class FrameLimitError extends Error {
  readonly limit: number;
  constructor(limit: number) {
    super(`a frame of the stream is larger than ${limit} bytes`);
    this.name = "FrameLimitError";
    this.limit = limit;
  }
}

/** Largest frame in bytes when the caller does not say. */
export const DEFAULT_MAX_FRAME_BYTES = 1024 * 1024;

/** `event: x\ndata: …\n\n`, without the event line when there is no event. Data has no newline (JSON never has). */
export function formatSse(event: string | null, data: string): string {
  return event === null ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BRACE = 0x7b;
const NO_BYTES = Buffer.alloc(0);

/**
 * Reads an event stream (WHATWG HTML, section 9.2.6) cut into chunks anywhere: lines end in LF, CR or CRLF, a byte order mark at the
 * start is skipped, ill-formed UTF-8 becomes U+FFFD. A CR at the end of a chunk is decided by the next byte, so that frames and their raw
 * bytes are the same under any cutting. Throws FrameLimitError, nothing else.
 */
export class SseReader {
  readonly #limit: number;
  /** Bytes of the unfinished frame. */
  #rest: Buffer = NO_BYTES;
  #restLength = 0;
  /** Where reading goes on within the rest: next byte, and start of the line it is in. */
  #next = 0;
  #lineStart = 0;
  #atStart = true;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#limit = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** The next byte begins a frame. */
  get isBetweenFrames(): boolean {
    return this.#restLength === 0 && !this.#atStart;
  }

  push(chunk: Uint8Array): RawFrame[] {
    if (chunk.length === 0) return [];
    if (this.#restLength === 0) return this.#read(asBuffer(chunk), false);
    this.#append(chunk);
    return this.#read(this.#rest.subarray(0, this.#restLength), false);
  }

  /**
   * The stream has ended. A last frame whose lines are complete but whose blank line is missing is given all the same, its raw bytes
   * closed by a newline; an unfinished line is discarded, as the standard says, since it may have been cut.
   */
  end(): RawFrame[] {
    if (this.#restLength === 0) return [];
    const rest = this.#rest.subarray(0, this.#restLength);
    const frames = this.#read(rest, true);
    const open = this.#rest.subarray(0, this.#restLength);
    const closed = open.subarray(0, this.#lineStart);
    this.#restLength = 0;
    if (closed.length > 0) frames.push(readFrame(Buffer.concat([closed, Buffer.of(LF)]), 0));
    return frames;
  }

  /** Cuts all finished frames out of `bytes`, whose first byte begins a frame, and keeps the rest. */
  #read(bytes: Buffer, ended: boolean): RawFrame[] {
    const frames: RawFrame[] = [];
    const length = bytes.length;
    let frameStart = 0;
    let lineStart = this.#lineStart;
    let pos = this.#next;
    while (pos < length) {
      const byte = bytes[pos];
      if (byte !== LF && byte !== CR) {
        pos += 1;
        continue;
      }
      if (byte === CR && pos + 1 === length && !ended) break;
      const lineEnd = pos;
      pos += byte === CR && bytes[pos + 1] === LF ? 2 : 1;
      const blank = lineEnd === lineStart || (this.#atStart && lineEnd === 3 && hasMark(bytes));
      lineStart = pos;
      if (!blank) continue;
      frames.push(this.#cut(bytes, frameStart, pos));
      frameStart = pos;
    }
    if (length - frameStart > this.#limit) throw new FrameLimitError(this.#limit);
    this.#keep(bytes, frameStart, lineStart, pos);
    return frames;
  }

  #cut(bytes: Buffer, start: number, end: number): RawFrame {
    if (end - start > this.#limit) throw new FrameLimitError(this.#limit);
    const raw = bytes.subarray(start, end);
    const skip = this.#atStart && hasMark(raw) ? 3 : 0;
    this.#atStart = false;
    return readFrame(raw, skip);
  }

  /** Remembers the unfinished frame. Bytes that were handed out as a frame are never written again. */
  #keep(bytes: Buffer, frameStart: number, lineStart: number, next: number): void {
    this.#lineStart = lineStart - frameStart;
    this.#next = next - frameStart;
    const left = bytes.length - frameStart;
    const isRest = frameStart === 0 && bytes.buffer === this.#rest.buffer && this.#restLength > 0;
    this.#restLength = left;
    if (isRest || left === 0) return;
    this.#rest = Buffer.allocUnsafeSlow(Math.max(1024, left * 2));
    bytes.copy(this.#rest, 0, frameStart);
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#restLength + chunk.length;
    if (needed > this.#rest.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#rest.copy(larger, 0, 0, this.#restLength);
      this.#rest = larger;
    }
    this.#rest.set(chunk, this.#restLength);
    this.#restLength = needed;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * Interprets the lines of one frame; `skip` bytes at its start are a byte order mark. Two forms that the standard ignores are read all the
 * same, because providers end broken streams with them: a line `error: {…}`, and bare JSON without any field (Vertex AI).
 */
function readFrame(raw: Buffer, skip: number): RawFrame {
  let event: string | null = null;
  let data: string | null = null;
  let error: string | null = null;
  let pos = skip;
  if (raw[skip] === BRACE)
    return { frame: { event: null, data: raw.toString("utf8", skip).trim() }, raw, isComment: false };
  while (pos < raw.length) {
    const end = lineEnd(raw, pos);
    const colon = fieldEnd(raw, pos, end);
    if (colon === pos + 4 && isField(raw, pos, "data")) {
      const text = fieldValue(raw, colon, end);
      data = data === null ? text : `${data}\n${text}`;
    } else if (colon === pos + 5) {
      if (isField(raw, pos, "event")) event = fieldValue(raw, colon, end);
      else if (isField(raw, pos, "error")) error = fieldValue(raw, colon, end);
    }
    pos = end + (raw[end] === CR && raw[end + 1] === LF ? 2 : 1);
  }
  if (data === null && error !== null) return { frame: { event: "error", data: error }, raw, isComment: false };
  // The standard dispatches nothing without data, and treats an empty event name as none.
  if (data === null) return { frame: { event: null, data: "" }, raw, isComment: true };
  return { frame: { event: event === "" ? null : event, data }, raw, isComment: false };
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let pos = start;
  while (pos < bytes.length && bytes[pos] !== LF && bytes[pos] !== CR) pos += 1;
  return pos;
}

/** End of the field name: the first colon, or the end of the line. Known names have at most five letters. */
function fieldEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + 6);
  let pos = start;
  while (pos < limit && bytes[pos] !== COLON) pos += 1;
  return pos;
}

function isField(bytes: Uint8Array, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if (bytes[start + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** The text behind the colon and one space. */
function fieldValue(bytes: Buffer, colon: number, end: number): string {
  const start = bytes[colon + 1] === SPACE ? colon + 2 : colon + 1;
  return start >= end ? "" : bytes.toString("utf8", start, end);
}
