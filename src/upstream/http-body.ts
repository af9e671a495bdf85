import { type BodyFraming, HttpSyntaxError } from "./http-head.ts";

/** Takes the framing off a body. */
export interface BodyReader {
  /** True when the body is complete. */
  readonly done: boolean;
  /** Reads bytes; the body's own go to `out`. Gives how many bytes were read: fewer than there are when the body ended. Throws HttpSyntaxError. */
  push(bytes: Buffer, out: Buffer[]): number;
  /** The connection has ended: true when that is how this body ends. */
  close(): boolean;
}

/** A reader of an answer body that ends as its head said (RFC 9112, 6.3). */
export function bodyReader(framing: BodyFraming): BodyReader {
  if (framing.kind === "chunked") return new ChunkedReader();
  return framing.kind === "length" ? new LengthReader(framing.length) : new CloseReader();
}

class LengthReader implements BodyReader {
  #left: number;
  constructor(length: number) {
    this.#left = length;
  }
  get done(): boolean {
    return this.#left === 0;
  }
  push(bytes: Buffer, out: Buffer[]): number {
    const count = Math.min(this.#left, bytes.length);
    if (count > 0) out.push(count === bytes.length ? bytes : bytes.subarray(0, count));
    this.#left -= count;
    return count;
  }
  close(): boolean {
    return this.done;
  }
}

class CloseReader implements BodyReader {
  done = false;
  push(bytes: Buffer, out: Buffer[]): number {
    if (bytes.length > 0) out.push(bytes);
    return bytes.length;
  }
  close(): boolean {
    this.done = true;
    return true;
  }
}

const CR = 0x0d;
const LF = 0x0a;
/** Longest size line with its extensions, and longest trailer section, bytes. */
const MAX_LINE = 16 * 1024;
const SIZE_LINE = /^([0-9a-f]{1,12})[ \t]*(?:;[^\r\n]*)?$/i;

/** Most hexadecimal digits of a chunk's size. */
const MAX_SIZE_DIGITS = 12;

/** Value of a hexadecimal digit, -1 for any other byte. */
function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** RFC 9112, section 7.1. Extensions and trailers are skipped. */
class ChunkedReader implements BodyReader {
  done = false;
  #state: "size" | "data" | "data-end" | "trailer" = "size";
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** A line that a cut left unfinished. */
  #line = "";
  #trailerBytes = 0;

  /** The parts of the body are moved together in `bytes`, so that many small chunks become one. */
  push(bytes: Buffer, out: Buffer[]): number {
    let pos = 0;
    let start = -1;
    let length = 0;
    while (pos < bytes.length && !this.done) {
      if (this.#state === "data") {
        const end = Math.min(pos + this.#left, bytes.length);
        if (start < 0) start = pos;
        else bytes.copyWithin(start + length, pos, end);
        length += end - pos;
        this.#left -= end - pos;
        pos = end;
        if (this.#left === 0) this.#state = "data-end";
      } else {
        const next = this.#plainLine(bytes, pos);
        if (next > 0) {
          pos = next;
          continue;
        }
        const end = bytes.indexOf(LF, pos);
        const stop = end < 0 ? bytes.length : end + 1;
        this.#line += bytes.toString("latin1", pos, stop);
        pos = stop;
        if (this.#line.length > MAX_LINE) throw new HttpSyntaxError("line too long in a chunked body");
        if (end >= 0) this.#endLine();
      }
    }
    if (length > 0) out.push(bytes.subarray(start, start + length));
    return pos;
  }

  /** Reads the usual lines where they stand, whole and without extensions; gives the position behind one, 0 when it must be read as text. */
  #plainLine(bytes: Buffer, start: number): number {
    if (this.#line !== "" || this.#state === "trailer") return 0;
    let pos = start;
    let size = 0;
    if (this.#state === "size") {
      for (let digit = hexValue(bytes[pos]); digit >= 0; digit = hexValue(bytes[pos])) {
        size = size * 16 + digit;
        pos += 1;
      }
      if (pos === start || pos - start > MAX_SIZE_DIGITS) return 0;
    }
    if (bytes[pos] !== CR || bytes[pos + 1] !== LF) return 0;
    if (this.#state === "size") this.#startChunk(size);
    else this.#state = "size";
    return pos + 2;
  }

  close(): boolean {
    return this.done;
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = "";
    if (line.charCodeAt(line.length - 2) !== CR) throw new HttpSyntaxError("bare line feed in a chunked body");
    const text = line.slice(0, -2);
    if (this.#state === "data-end") {
      if (text !== "") throw new HttpSyntaxError("a chunk is longer than its size");
      this.#state = "size";
    } else if (this.#state === "size") this.#readSize(text);
    else if (text === "") this.done = true;
    else if ((this.#trailerBytes += line.length) > MAX_LINE) throw new HttpSyntaxError("trailers too long");
  }

  #readSize(text: string): void {
    const size = SIZE_LINE.exec(text)?.[1];
    if (size === undefined) throw new HttpSyntaxError("malformed chunk size");
    this.#startChunk(Number.parseInt(size, 16));
  }

  #startChunk(size: number): void {
    this.#left = size;
    this.#state = this.#left === 0 ? "trailer" : "data";
  }
}
