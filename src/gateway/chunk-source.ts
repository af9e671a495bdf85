import type { InboundAnswer } from "../upstream/types.ts";

type Found = { chunk: Uint8Array | null } | { error: unknown };

/** The body of an answer for whoever is told when there is more of it: promises for every chunk cost more than relaying one. */
export class ChunkSource {
  readonly #answer: InboundAnswer;
  /** For answers that can only be read: the read under way, what it found, and who waits for it. */
  #reading: Promise<Uint8Array | null> | null = null;
  #found: Found | null = null;
  #ready: (() => void) | null = null;

  constructor(answer: InboundAnswer) {
    this.#answer = answer;
  }

  /**
   * The next chunk if it is there, null at the clean end; undefined when there is none yet: then `ready` is called once there is, later than now. Throws
   * UpstreamError.
   */
  poll(ready: () => void): Uint8Array | null | undefined {
    if (this.#answer.poll !== undefined) return this.#answer.poll(ready);
    const found = this.#found;
    if (found !== null) {
      this.#found = null;
      this.#reading = null;
      if ("error" in found) throw found.error;
      return found.chunk;
    }
    this.#ready = ready;
    if (this.#reading === null) this.#begin();
    return undefined;
  }

  /** The same as a promise. What was found for a `poll` that did not come again is not lost. */
  read(): Promise<Uint8Array | null> {
    const reading = this.#reading ?? this.#answer.read();
    this.#reading = null;
    this.#found = null;
    this.#ready = null;
    return reading;
  }

  #begin(): void {
    const reading = this.#answer.read();
    this.#reading = reading;
    const tell = (found: Found): void => {
      if (this.#reading !== reading) return;
      this.#found = found;
      this.#ready?.();
    };
    reading.then(
      (chunk) => tell({ chunk }),
      (error: unknown) => tell({ error }),
    );
  }
}
