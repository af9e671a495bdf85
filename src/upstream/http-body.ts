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

/** RFC 9112, section 7.1. Extensions and trailers are skipped. */
class ChunkedReader implements BodyReader {
  done = false;
  #state: "size" | "data" | "data-end" | "trailer" = "size";
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** A line that a cut left unfinished. */
  #line = "";
  #trailerBytes = 0;

  push(bytes: Buffer, out: Buffer[]): number {
    let pos = 0;
    while (pos < bytes.length && !this.done) {
      if (this.#state === "data") {
        const end = Math.min(pos + this.#left, bytes.length);
        out.push(bytes.subarray(pos, end));
        this.#left -= end - pos;
        pos = end;
        if (this.#left === 0) this.#state = "data-end";
      } else {
        const end = bytes.indexOf(LF, pos);
        const stop = end < 0 ? bytes.length : end + 1;
        this.#line += bytes.toString("latin1", pos, stop);
        pos = stop;
        if (this.#line.length > MAX_LINE) throw new HttpSyntaxError("line too long in a chunked body");
        if (end >= 0) this.#endLine();
      }
    }
    return pos;
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
    } else if (this.#state === "size") this.#startChunk(text);
    else if (text === "") this.done = true;
    else if ((this.#trailerBytes += line.length) > MAX_LINE) throw new HttpSyntaxError("trailers too long");
  }

  #startChunk(text: string): void {
    const size = SIZE_LINE.exec(text)?.[1];
    if (size === undefined) throw new HttpSyntaxError("malformed chunk size");
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailer" : "data";
  }
}
