import { checkAnswer } from "./check-answer.ts";
import { toUpstreamError } from "./classify.ts";
import type { InboundAnswer, OutboundRequest, Sender } from "./types.ts";

/** Bun's additions to RequestInit: no own time-out (300 s of silence otherwise), no decoding behind our back. */
interface BunRequestInit extends RequestInit {
  timeout: false;
  decompress: false;
}

/** Sends through the runtime's fetch. */
export class FetchSender implements Sender {
  async send(request: OutboundRequest): Promise<InboundAnswer> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(request.signal.reason);
    if (request.signal.aborted) onAbort();
    request.signal.addEventListener("abort", onAbort, { once: true });
    const init: BunRequestInit = {
      method: request.method,
      headers: request.headers,
      body: request.body as BodyInit | null,
      signal: abort.signal,
      redirect: "manual",
      timeout: false,
      decompress: false,
    };
    try {
      const response = await fetch(request.url, init);
      return checkAnswer(new FetchAnswer(response, abort));
    } catch (error) {
      throw toUpstreamError(error, "reset");
    }
  }
}

class FetchAnswer implements InboundAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #abort: AbortController;

  constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.headers = response.headers;
    this.#reader = response.body?.getReader() ?? null;
    this.#abort = abort;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#reader === null) return null;
    try {
      const { done, value } = await this.#reader.read();
      return done ? null : value;
    } catch (error) {
      throw toUpstreamError(error, "reset");
    }
  }

  cancel(): void {
    this.#abort.abort();
  }
}
