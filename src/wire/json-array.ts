import { DEFAULT_MAX_FRAME_BYTES, FrameLimitError, type RawFrame } from "./sse.ts";

/**
 * Reads a JSON array that comes in pieces (Gemini's streamGenerateContent without `alt=sse`), and NDJSON: each element is one frame with
 * event null. The raw bytes of an element begin with the bracket, commas and white space before it; what closes the array is a comment.
 * Elements are cut, not checked: whoever parses a frame's data finds out. A lone object is one frame. Throws FrameLimitError, nothing else.
 */
export class JsonArrayReader {
  readonly #limit: number;
  #rest: Buffer = Buffer.alloc(0);
  #restLength = 0;
  #next = 0;
  /** Start of the element in the rest, -1 before it has begun. */
  #start = -1;
  #depth = 0;
  #inArray = false;
  #inString = false;
  #escaped = false;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#limit = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  push(chunk: Uint8Array): RawFrame[] {
    this.#append(chunk);
    const frames: RawFrame[] = [];
    let frameStart = 0;
    let pos = this.#next;
    const bytes = this.#rest.subarray(0, this.#restLength);
    while (pos < bytes.length) {
      const byte = bytes[pos] ?? 0;
      const end = this.#step(byte, pos);
      pos += 1;
      if (end < 0) continue;
      frames.push(elementFrame(bytes, frameStart, this.#start, end));
      this.#start = -1;
      frameStart = end;
      // A scalar element ends before the byte that shows it: that byte is read again as a separator.
      pos = end;
    }
    this.#keep(frameStart);
    if (this.#restLength > this.#limit) throw new FrameLimitError(this.#limit);
    return frames;
  }

  /** The bytes have ended: the closing bracket as a comment, and an element that nothing closed as the frame it would have been. */
  end(): RawFrame[] {
    const rest = this.#rest.subarray(0, this.#restLength);
    this.#restLength = 0;
    if (rest.length === 0) return [];
    if (this.#start < 0) return [{ frame: { event: null, data: "" }, raw: rest, isComment: true }];
    return [elementFrame(rest, 0, this.#start, rest.length)];
  }

  /** Takes one byte; gives the end of the element that it finishes, or -1. */
  #step(byte: number, pos: number): number {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === 0x5c) this.#escaped = true;
      else if (byte === 0x22) {
        this.#inString = false;
        if (this.#depth === 0) return pos + 1;
      }
      return -1;
    }
    if (this.#start < 0) {
      if (isSeparator(byte)) return -1;
      if (!this.#inArray && byte === 0x5b) {
        this.#inArray = true;
        return -1;
      }
      this.#start = pos;
    } else if (this.#depth === 0 && isSeparator(byte)) return pos;
    if (byte === 0x22) this.#inString = true;
    else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      this.#depth = Math.max(0, this.#depth - 1);
      if (this.#depth === 0) return pos + 1;
    }
    return -1;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#restLength + chunk.length;
    if (needed > this.#rest.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4096, needed * 2));
      this.#rest.copy(larger, 0, 0, this.#restLength);
      this.#rest = larger;
    }
    this.#rest.set(chunk, this.#restLength);
    this.#next = this.#restLength;
    this.#restLength = needed;
  }

  /** Drops what was handed out. The memory of handed-out frames is left to them. */
  #keep(frameStart: number): void {
    if (frameStart === 0) return;
    const left = this.#rest.subarray(frameStart, this.#restLength);
    this.#rest = Buffer.allocUnsafeSlow(Math.max(4096, left.length * 2));
    left.copy(this.#rest);
    this.#restLength = left.length;
    if (this.#start >= 0) this.#start -= frameStart;
  }
}

/** White space, the comma between elements, and the array's end. */
function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x2c || byte === 0x5d;
}

function elementFrame(bytes: Buffer, rawStart: number, start: number, end: number): RawFrame {
  return {
    frame: { event: null, data: bytes.toString("utf8", start, end) },
    raw: bytes.subarray(rawStart, end),
    isComment: false,
  };
}
