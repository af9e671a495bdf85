import type { TLSOptions } from "bun";
import { type Clock, systemClock } from "../lib/clock.ts";
import { checkAnswer } from "./check-answer.ts";
import { failureOf } from "./classify.ts";
import { connect } from "./connect.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { UpstreamError } from "./error.ts";
import { encodeRequest, splitUrl } from "./http-request.ts";
import type { InboundAnswer, OutboundRequest, Sender } from "./types.ts";

/** Unused connections kept for each origin. */
const MAX_IDLE = 512;

export interface PooledSenderOptions {
  tls?: TLSOptions;
  /** The system's unless told otherwise. */
  clock?: Pick<Clock, "monotonic">;
}

/**
 * An HTTP/1.1 client of our own over plain sockets, keeping connections open. Against the runtime's fetch it tells connecting from waiting,
 * knows whether a reset hit an old connection, and costs 14 µs of CPU a call instead of 23 (measured against a local server).
 */
export class PooledSender implements Sender, ConnectionOwner {
  readonly #idle = new Map<string, Connection[]>();
  readonly #options: PooledSenderOptions;
  readonly #clock: Pick<Clock, "monotonic">;

  constructor(options: PooledSenderOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * A kept connection may have been closed by the far end at the moment it is used. Then, and only if that shows at once and no byte of an answer
   * has come, the request is sent once more, on a new connection (RFC 9112, section 9.3.1: nobody had begun to process it).
   */
  async send(request: OutboundRequest): Promise<InboundAnswer> {
    const { signal, connectTimeoutMs: timeoutMs } = request;
    if (signal.aborted) throw new UpstreamError(failureOf("local", "aborted", "the call was ended"));
    const { origin, target } = splitUrl(request.url);
    const bytes = encodeRequest(request, origin, target);
    const kept = this.#idle.get(origin.key)?.pop();
    if (kept !== undefined) {
      kept.unpark();
      try {
        return checkAnswer(await kept.send(bytes, signal));
      } catch (error) {
        if (!(error instanceof UpstreamError && error.failure.cause === "reset" && kept.isStale)) throw error;
      }
    }
    const tls = this.#options.tls;
    const fresh = await connect(origin, this, { timeoutMs, signal, ...(tls === undefined ? {} : { tls }) });
    return checkAnswer(await fresh.send(bytes, signal));
  }

  released(connection: Connection): void {
    const { key } = connection.origin;
    const list = this.#idle.get(key) ?? [];
    if (list.length >= MAX_IDLE) return connection.close();
    connection.park();
    list.push(connection);
    this.#idle.set(key, list);
  }

  now(): number {
    return this.#clock.monotonic();
  }

  closed(connection: Connection): void {
    const list = this.#idle.get(connection.origin.key);
    const index = list?.lastIndexOf(connection) ?? -1;
    if (index >= 0) list?.splice(index, 1);
    if (list?.length === 0) this.#idle.delete(connection.origin.key);
  }

  /** Closes the unused connections. */
  close(): void {
    for (const connection of [...this.#idle.values()].flat()) connection.close();
  }
}
