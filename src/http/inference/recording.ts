/** Bytes of an answer as they come, for any number of readers, each from the start. Held in memory only. */
export class Recording {
  readonly status: number;
  readonly headers: Headers;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #error: unknown = null;
  #wake = Promise.withResolvers<void>();

  constructor(answer: Response) {
    this.status = answer.status;
    this.headers = new Headers(answer.headers);
  }

  get size(): number {
    return this.#size;
  }

  /** Reads the answer to its end, whoever may be listening. Never rejects: a failure is passed on to the readers. */
  async fill(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<void> {
    try {
      if (body !== null) {
        for await (const chunk of body) {
          this.#chunks.push(chunk);
          this.#size += chunk.length;
          if (this.#size > maxBytes) throw new Error("the answer is too large to be kept for a repeat");
          this.#notify();
        }
      }
    } catch (error) {
      this.#error = error;
    }
    this.#ended = true;
    this.#notify();
  }

  /** True once the answer is complete and can be given again. */
  get complete(): boolean {
    return this.#ended && this.#error === null;
  }

  /** A response of its own over the recorded bytes. */
  replay(extraHeaders: Record<string, string>): Response {
    const headers = new Headers(this.headers);
    for (const [name, value] of Object.entries(extraHeaders)) headers.set(name, value);
    let next = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (next >= this.#chunks.length && !this.#ended) await this.#wake.promise;
          const chunk = this.#chunks[next];
          next += 1;
          if (chunk !== undefined) controller.enqueue(chunk);
          else if (this.#error !== null) controller.error(this.#error);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status: this.status, headers });
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
