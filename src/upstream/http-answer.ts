import type { UpstreamError } from "./error.ts";
import type { InboundAnswer } from "./types.ts";
import type { HeaderSource } from "../wire/header-fields.ts";

/** Bytes that wait for a reader before the socket is paused. */
const HIGH_WATER = 256 * 1024;

/** The connection as its answer sees it. */
export interface AnswerSource {
  pause(): void;
  resume(): void;
  /** The reader wants no more. */
  abandon(): void;
}

/** The body of one answer: chunks that came and were not read yet, and how it ends. */
export class HttpAnswer implements InboundAnswer {
  readonly status: number;
  readonly headers: HeaderSource;
  readonly #source: AnswerSource;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #paused = false;
  #ended = false;
  #error: UpstreamError | null = null;
  #waiting: PromiseWithResolvers<Uint8Array | null> | null = null;
  #ready: (() => void) | null = null;

  constructor(status: number, headers: HeaderSource, source: AnswerSource) {
    this.status = status;
    this.headers = headers;
    this.#source = source;
  }

  /** Everything that has come since the last read, as one chunk. */
  read(): Promise<Uint8Array | null> {
    this.#ready = null;
    if (this.#queue.length > 0) return Promise.resolve(this.#take());
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(null);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  poll(ready: () => void): Uint8Array | null | undefined {
    this.#ready = null;
    if (this.#queue.length > 0) return this.#take();
    if (this.#error !== null) throw this.#error;
    if (this.#ended) return null;
    this.#ready = ready;
    return undefined;
  }

  cancel(): void {
    if (!this.#ended && this.#error === null) this.#source.abandon();
  }

  deliver(chunks: Buffer[]): void {
    if (chunks.length === 0) return;
    for (const chunk of chunks) {
      this.#queue.push(chunk);
      this.#queued += chunk.length;
    }
    if (this.#waiting !== null) {
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting.resolve(this.#take());
    } else if (this.#ready !== null) {
      this.#wake();
    } else if (this.#queued > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve(null);
    this.#waiting = null;
    this.#wake();
  }

  fail(error: UpstreamError): void {
    if (this.#ended || this.#error !== null) return;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = null;
    this.#wake();
  }

  /** Not at once: whoever takes the last bytes is to find the connection free for another call. */
  #wake(): void {
    const ready = this.#ready;
    this.#ready = null;
    if (ready !== null) queueMicrotask(ready);
  }

  #take(): Buffer {
    const [first] = this.#queue;
    const chunk = this.#queue.length === 1 && first !== undefined ? first : Buffer.concat(this.#queue, this.#queued);
    this.#queue.length = 0;
    this.#queued = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#source.resume();
    }
    return chunk;
  }
}
