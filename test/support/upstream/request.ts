import { type JsonObject, parseJson } from "../../../src/lib/json.ts";

/** How a connection looked when it closed. */
export interface Closing {
  /** False: the client went away before the reply was complete. */
  finished: boolean;
  bytesSent: number;
  /** Data steps (frames) that had been handed to the socket. */
  stepsSent: number;
  at: number;
}

/** One request as it arrived, and what became of its reply. */
export class RecordedRequest {
  readonly index: number;
  /** Number of the TCP connection it came over: equal numbers mean that a connection was used again. */
  readonly connection: number;
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHead: string;
  readonly body: Uint8Array;
  readonly at = performance.now();
  /** Settles when the connection has closed, whoever did it. */
  readonly closed: Promise<Closing>;
  /** Settles when the reply has been written to its end. */
  readonly finished: Promise<void>;
  bytesSent = 0;
  stepsSent = 0;
  /** The reply is complete. */
  isFinished = false;
  readonly #close = Promise.withResolvers<Closing>();
  readonly #finish = Promise.withResolvers<void>();

  constructor(index: number, connection: number, head: string, body: Uint8Array) {
    const [line = "", ...lines] = head.split("\r\n");
    const [method = "", target = ""] = line.split(" ");
    const [path = "", query = ""] = target.split("?");
    this.index = index;
    this.connection = connection;
    this.method = method;
    this.path = path;
    this.query = new URLSearchParams(query);
    this.rawHead = head;
    this.headers = Object.fromEntries(
      lines.map((text) => {
        const colon = text.indexOf(":");
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
      }),
    );
    this.body = body;
    this.closed = this.#close.promise;
    this.finished = this.#finish.promise;
  }

  text(): string {
    return new TextDecoder().decode(this.body);
  }
  /** The body as JSON, long numbers kept. */
  json(): JsonObject {
    return parseJson(this.text()) as JsonObject;
  }
  /** The model asked for, from body or Gemini path; null when there is none. */
  get model(): string | null {
    const inPath = /\/models\/([^:]+):/.exec(this.path)?.[1];
    if (inPath !== undefined) return decodeURIComponent(inPath);
    const found = /"model"\s*:\s*"([^"]*)"/.exec(this.text())?.[1];
    return found ?? null;
  }
  /** Whether a streamed answer is asked for. */
  get wantsStream(): boolean {
    return this.path.includes(":streamGenerateContent") || /"stream"\s*:\s*true/.test(this.text());
  }

  markFinished(): void {
    this.isFinished = true;
    this.#finish.resolve();
  }
  markClosed(): void {
    const { isFinished, bytesSent, stepsSent } = this;
    this.#close.resolve({ finished: isFinished, bytesSent, stepsSent, at: performance.now() });
  }
}
