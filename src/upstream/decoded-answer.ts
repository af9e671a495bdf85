import { decoderFor } from "../wire/decode-body.ts";
import { failureOf } from "./classify.ts";
import { UpstreamError } from "./error.ts";
import type { InboundAnswer } from "./types.ts";
import type { HeaderSource } from "../wire/header-fields.ts";

/** Decoded bytes of one answer, and decoded bytes for each byte received once there are enough to tell. */
const MAX_DECODED_BYTES = 32 * 1024 * 1024;
const MAX_RATIO = 100;
const RATIO_FROM_BYTES = 1024 * 1024;

/** Fields that speak of the body as it was sent. */
const OF_THE_CODING: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

/** A compressed answer, decoded while it is read. A bomb is a bad answer after at most the limit. */
export class DecodedAnswer implements InboundAnswer {
  readonly status: number;
  readonly headers: HeaderSource;
  readonly #source: InboundAnswer;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #received = 0;
  #decoded = 0;

  /** `encoding` is one that decoderFor knows. */
  constructor(source: InboundAnswer, encoding: string) {
    this.status = source.status;
    const { headers } = source;
    this.headers = { get: (name) => (OF_THE_CODING.has(name) ? null : headers.get(name)) };
    this.#source = source;
    const encoded = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const chunk = await source.read();
          if (chunk === null) return controller.close();
          this.#received += chunk.length;
          controller.enqueue(new Uint8Array(chunk));
        },
      },
      { highWaterMark: 0 },
    );
    const decoder = decoderFor(encoding);
    this.#reader = (decoder === null ? encoded : encoded.pipeThrough(decoder)).getReader();
  }

  async read(): Promise<Uint8Array | null> {
    let result: { done: boolean; value?: Uint8Array | undefined };
    try {
      result = await this.#reader.read();
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      this.#source.cancel();
      throw new UpstreamError(failureOf("bad_answer", "encoding", "the provider's compressed answer is broken"), error);
    }
    if (result.done || result.value === undefined) return null;
    this.#decoded += result.value.length;
    const ratio = this.#decoded / Math.max(1, this.#received);
    if (this.#decoded > MAX_DECODED_BYTES || (this.#decoded > RATIO_FROM_BYTES && ratio > MAX_RATIO)) {
      this.cancel();
      throw new UpstreamError(failureOf("bad_answer", "encoding", "the provider's compressed answer is too large"));
    }
    return result.value;
  }

  cancel(): void {
    this.#source.cancel();
  }
}
