import type { Socket } from "bun";
import type { Abortable } from "../lib/abort.ts";
import { failureOf, toUpstreamError } from "./classify.ts";
import { UpstreamError } from "./error.ts";
import { HttpAnswer } from "./http-answer.ts";
import { type BodyReader, bodyReader } from "./http-body.ts";
import { HttpSyntaxError, MAX_HEAD_BYTES, parseHead } from "./http-head.ts";
import type { Origin } from "./http-request.ts";

/** Seconds that an unused connection is kept: below the 60 s after which common servers and balancers close theirs. */
const IDLE_SECONDS = 30;
/** ms in which a connection that had been closed before is found out, which takes one way there and back. */
const STALE_WITHIN_MS = 1_000;
/** An answer is announced by a few; without end they would take the place of one. */
const MAX_INTERIM_ANSWERS = 100;
const NO_BYTES = Buffer.alloc(0);

/** Who keeps connections. */
export interface ConnectionOwner {
  /** The exchange is over and the connection can be used again. */
  released(connection: Connection): void;
  closed(connection: Connection): void;
  /** ms on a steady clock. */
  now(): number;
}

/** One exchange on the connection. */
interface Exchange {
  /** The answer's head, or the failure before it. */
  head: PromiseWithResolvers<HttpAnswer>;
  answer: HttpAnswer | null;
  body: BodyReader | null;
  keepAlive: boolean;
  /** Interim answers up to now. */
  interims: number;
  /** The caller's: ends the exchange. */
  signal: Abortable;
}

/** A TCP or TLS connection that carries one HTTP/1.1 exchange after another. */
export class Connection {
  readonly origin: Origin;
  readonly #owner: ConnectionOwner;
  #socket: Socket<Connection> | null = null;
  #exchange: Exchange | null = null;
  /** What the socket did not take yet of the request. */
  #unsent: Buffer = NO_BYTES;
  /** Bytes of a head that is not complete. */
  #input: Buffer = NO_BYTES;
  readonly #onAbort = (): void => this.#fail(new UpstreamError(failureOf("local", "aborted", "the call was ended")));
  #exchanges = 0;
  #answered = false;
  #sentAt = 0;

  constructor(origin: Origin, owner: ConnectionOwner) {
    this.origin = origin;
    this.#owner = owner;
  }

  /**
   * True when this exchange failed in a way that says nothing of the server: an old connection that turned out to be closed as soon as it was used.
   * A server that breaks off later may have begun the work.
   */
  get isStale(): boolean {
    return this.#exchanges > 1 && !this.#answered && this.#owner.now() - this.#sentAt < STALE_WITHIN_MS;
  }

  attach(socket: Socket<Connection>): void {
    this.#socket = socket;
  }

  /** Sends a request's bytes; resolves when the answer's head is there. Rejects with UpstreamError. */
  send(request: Buffer, signal: Abortable): Promise<HttpAnswer> {
    const head = Promise.withResolvers<HttpAnswer>();
    this.#exchange = { head, answer: null, body: null, keepAlive: false, interims: 0, signal };
    this.#exchanges += 1;
    this.#answered = false;
    this.#sentAt = this.#owner.now();
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#onAbort();
    else {
      this.#unsent = request;
      this.#flush();
    }
    return head.promise;
  }

  /** Marks the connection as unused: it no longer keeps the process alive, and times out. */
  park(): void {
    this.#socket?.timeout(IDLE_SECONDS);
    this.#socket?.unref();
  }
  unpark(): void {
    this.#socket?.timeout(0);
    this.#socket?.ref();
  }

  close(): void {
    this.#socket?.terminate();
  }

  // What the answer asks for.
  pause(): void {
    this.#socket?.pause();
  }
  resume(): void {
    this.#socket?.resume();
  }
  abandon(): void {
    this.#fail(new UpstreamError(failureOf("local", "cancelled", "the answer was cancelled")));
  }

  // What the socket tells.
  onData(chunk: Buffer): void {
    const exchange = this.#exchange;
    // Bytes that nobody asked for: whatever follows on this connection could be taken for another call's answer.
    if (exchange === null) return this.close();
    this.#answered = true;
    try {
      if (exchange.body !== null) this.#readBody(exchange, chunk);
      else this.#readHead(exchange, this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]));
    } catch (error) {
      if (!(error instanceof HttpSyntaxError)) throw error;
      this.#fail(new UpstreamError(failureOf("bad_answer"), error));
    }
  }

  onDrain(): void {
    if (this.#unsent.length > 0) this.#flush();
  }

  onTimeout(): void {
    if (this.#exchange === null) this.close();
  }

  onClose(error: unknown): void {
    this.#socket = null;
    const exchange = this.#exchange;
    if (exchange !== null) {
      if (exchange.body?.close() === true && !isError(error)) this.#finish(exchange, false);
      else this.#fail(closeError(error, exchange));
    }
    this.#owner.closed(this);
  }

  #flush(): void {
    const written = this.#socket?.write(this.#unsent) ?? -1;
    if (written > 0) this.#unsent = written === this.#unsent.length ? NO_BYTES : this.#unsent.subarray(written);
  }

  #readHead(exchange: Exchange, bytes: Buffer): void {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw new HttpSyntaxError("the head of the answer is too large");
      this.#input = bytes;
      return;
    }
    this.#input = NO_BYTES;
    const head = parseHead(bytes.toString("latin1", 0, end));
    const rest = bytes.subarray(end + 4);
    if (head.status < 200) {
      // Interim answers (100, 102, 103) are skipped; nobody asked for another protocol (101).
      if (head.status === 101) throw new HttpSyntaxError("unexpected change of protocol");
      exchange.interims += 1;
      if (exchange.interims > MAX_INTERIM_ANSWERS) throw new HttpSyntaxError("too many interim answers");
      return this.#readHead(exchange, rest);
    }
    exchange.keepAlive = head.keepAlive;
    exchange.body = bodyReader(head.framing);
    exchange.answer = new HttpAnswer(head.status, head.headers, this);
    exchange.head.resolve(exchange.answer);
    this.#readBody(exchange, rest);
  }

  #readBody(exchange: Exchange, bytes: Buffer): void {
    const { body, answer } = exchange;
    if (body === null || answer === null) return;
    const chunks: Buffer[] = [];
    const read = body.push(bytes, chunks);
    answer.deliver(chunks);
    if (!body.done) return;
    const isClean = read === bytes.length && this.#unsent.length === 0;
    this.#finish(exchange, exchange.keepAlive && isClean);
  }

  #finish(exchange: Exchange, reusable: boolean): void {
    this.#exchange = null;
    exchange.signal.removeEventListener("abort", this.#onAbort);
    exchange.answer?.end();
    if (reusable && this.#socket !== null) this.#owner.released(this);
    else this.close();
  }

  #fail(error: UpstreamError): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange === null) return;
    exchange.signal.removeEventListener("abort", this.#onAbort);
    if (exchange.answer === null) exchange.head.reject(error);
    else exchange.answer.fail(error);
    this.close();
  }
}

const isError = (error: unknown): boolean => error !== undefined && error !== null;

/** The far end closed too early: an orderly close cuts the answer short, anything else is a reset. */
function closeError(error: unknown, exchange: Exchange): UpstreamError {
  if (isError(error)) return toUpstreamError(error, "reset");
  return new UpstreamError(failureOf(exchange.answer === null ? "reset" : "truncated"));
}
