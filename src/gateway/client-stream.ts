import { GatewayError } from "../ir/error.ts";
import { LedgerUnavailable } from "../ledger/unavailable.ts";
import { failpoint } from "../lib/failpoint.ts";
import { errorText } from "../lib/log.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { InboundAnswer } from "../upstream/types.ts";
import { reportHealth } from "./attempt.ts";
import { ChunkSource } from "./chunk-source.ts";
import { annotate, checkpointCall, leaveCall, type Outcome, settleCall, voidCall } from "./closing.ts";
import { keepStreamed } from "./conversation.ts";
import { endDeparted } from "./departed.ts";
import { failureToError, isShutdown, shuttingDown, storageDown } from "./failure.ts";
import type { LiveCall } from "./live-call.ts";
import { type OpenedStream, timeoutFailure } from "./open.ts";
import type { LiveStreams } from "./live-streams.ts";

const encoder = new TextEncoder();
/** Content that has been handed to the client's pulling stream counts as delivered (design: Delivered). */
type Phase = "opening" | "streaming" | "closing" | "closed";

/**
 * The client's body of one streamed answer. Pull-driven: nothing is read from upstream before the client wants more, so a slow reader
 * holds back its own upstream and no memory grows. Settlement comes before the terminal frame; an abort settles what was delivered.
 */
export class ClientStream {
  readonly live: LiveCall;
  readonly body: ReadableStream<Uint8Array>;
  #opening: Promise<OpenedStream>;
  #opened: OpenedStream | null = null;
  #phase: Phase = "opening";
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #streams: LiveStreams;
  #lastDataAt: number;
  #lastSentAt: number;
  /** Since when the client has not asked for more; null while a pull is waiting. */
  #unreadSince: number | null;
  #delivered = false;
  #checkpointed = 0;
  #chunks: ChunkSource | null = null;
  readonly #ready = (): void => this.#step();

  /** `opened` when the first content is already in hand; else the stream begins with keep-alives until `opening` resolves. */
  constructor(live: LiveCall, opening: Promise<OpenedStream>, opened: OpenedStream | null, streams: LiveStreams) {
    const now = live.deps.clock.monotonic();
    this.live = live;
    this.#opening = opening;
    this.#opened = opened;
    this.#streams = streams;
    this.#lastDataAt = now;
    this.#lastSentAt = now;
    this.#unreadSince = now;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#clientLeft(),
      },
      { highWaterMark: 0 },
    );
    streams.add(this);
    live.onLeave = () => this.#clientLeft();
    if (live.call.request.signal.aborted) this.#clientLeft();
  }

  #pull(): Promise<void> | void {
    this.#unreadSince = null;
    if (this.#phase === "opening") return this.#begin().catch((error: unknown) => this.#guard(this.#fail(error)));
    this.#step();
  }

  async #begin(): Promise<void> {
    // Bun.serve sends the status with the first bytes: a stream that is committed without content says so at once.
    if (this.#opened === null) this.#keepAlive(this.live.deps.clock.monotonic());
    this.#opened ??= await this.#opening;
    if (this.#phase !== "opening") return;
    this.#phase = "streaming";
    const { first, pipe } = this.#opened;
    if (first === null) return this.#step();
    this.#opened.first = null;
    this.#send(first, this.live.deps.clock.monotonic());
    if (pipe.failure !== null) throw new UpstreamError(pipe.failure);
  }

  #step(): void {
    try {
      this.#readOn();
    } catch (error) {
      this.#guard(this.#fail(error));
    }
  }

  /** Nobody waits for the end of a stream: what goes wrong in it ends the connection. */
  #guard(ending: Promise<void>): void {
    ending.catch((error: unknown) => {
      this.live.deps.log.error("ending a stream failed", {
        request_id: this.live.call.requestId,
        error: errorText(error),
      });
      this.#phase = "closed";
      this.#streams.remove(this);
      this.#controller?.error(error);
    });
  }

  /** Reads until there is something to send, nothing more has come yet, or the answer is over. */
  #readOn(): void {
    const opened = this.#opened;
    if (opened === null) return;
    const { pipe } = opened;
    const chunks = (this.#chunks ??= new ChunkSource(opened.source));
    while (this.#phase === "streaming") {
      if (opened.ended || pipe.hasEnded) return this.#guard(this.#finish(opened));
      const chunk = chunks.poll(this.#ready);
      if (chunk === undefined) return;
      const now = this.live.deps.clock.monotonic();
      const before = pipe.progress;
      if (chunk === null) {
        opened.ended = true;
        failpoint("last-upstream-byte");
      }
      const bytes = chunk === null ? pipe.end() : pipe.push(chunk);
      if (pipe.progress > before) this.#lastDataAt = now;
      if (bytes !== null) this.#send(bytes, now);
      if (pipe.failure !== null) throw new UpstreamError(pipe.failure);
      if (bytes !== null) return;
    }
  }

  #send(bytes: Uint8Array, now: number): void {
    this.#delivered = this.#delivered || (this.#opened?.pipe.hasContent ?? false);
    this.#lastSentAt = now;
    this.#unreadSince = now;
    this.#controller?.enqueue(bytes);
  }

  async #finish(opened: OpenedStream): Promise<void> {
    this.#phase = "closing";
    this.#lastSentAt = this.live.deps.clock.monotonic();
    // The connection is worth keeping only if its body is at its end.
    if (!opened.ended) opened.source.cancel();
    this.live.answerLosses = opened.pipe.losses;
    let tail: Uint8Array;
    try {
      const closed = await settleCall(this.live, { state: "completed" });
      tail = opened.pipe.finish(annotate(this.live, closed));
      await keepStreamed(this.live, tail);
    } catch (error) {
      return this.#breakOff(error);
    }
    this.#close(tail);
    failpoint("after-terminal-frame");
  }

  /** Ends a stream that can't go on: settles what was delivered, then the dialect's own error frame. */
  async #fail(error: unknown): Promise<void> {
    // The reads of a stream that is being closed fail as they should: whoever closes it has the say.
    if (this.#phase === "closing" || this.#phase === "closed") return;
    const { live } = this;
    this.#phase = "closing";
    live.abort.abort(error);
    const failure = error instanceof UpstreamError ? error.failure : null;
    if (failure === null)
      live.deps.log.error("stream failed", { request_id: live.call.requestId, error: errorText(error) });
    if (failure !== null && live.target !== null && this.#opened !== null) {
      reportHealth(live.deps.health, live.target, failure, live.deps.clock.now());
    }
    const shown = toClientError(error, this.#delivered);
    const state = isShutdown(shown) ? "shutdown" : failure?.cause === "timeout" ? "timeout" : "upstream_error";
    live.answerLosses = this.#opened?.pipe.losses ?? [];
    try {
      await this.#settle({ state, absorb: this.#absorbs(), status: shown.status, errorCode: shown.code });
    } catch (settleError) {
      return this.#breakOff(settleError);
    }
    this.#close(this.#errorFrame(shown));
  }

  #absorbs(): boolean {
    return !this.#delivered || this.live.catalog.billing.onUpstreamFailure === "free";
  }

  #errorFrame(error: GatewayError): Uint8Array {
    if (this.#opened !== null) return this.#opened.pipe.fail(error);
    const { dialect, route, requestId, receivedAt } = this.live.call;
    const state = { route, id: null, model: null, created: Math.floor(receivedAt / 1000), framesSent: 0, sequence: -1 };
    return encoder.encode(dialect.renderStreamError(error, requestId, state));
  }

  /** A call that never reached an answer is voided; one that did is settled by what was delivered. */
  async #settle(outcome: Exclude<Outcome, { state: "completed" }>): Promise<void> {
    if (this.live.meter === null || !this.#delivered) {
      await voidCall(this.live, outcome.state, {
        status: outcome.status,
        errorCode: outcome.errorCode,
        streamState: outcome.state,
      });
      return;
    }
    await settleCall(this.live, outcome);
  }

  /** The settlement itself could not be made durable: an error frame stands in place of the terminal one. */
  #breakOff(error: unknown): void {
    if (this.#phase === "closed") return;
    this.live.deps.log.error("stream broken off", { request_id: this.live.call.requestId, error: errorText(error) });
    this.#close(this.#errorFrame(toClientError(error, this.#delivered)));
  }

  /** The last bytes. A client that has left meanwhile changes nothing any more. */
  #close(last: Uint8Array): void {
    this.#phase = "closed";
    this.#streams.remove(this);
    try {
      this.#controller?.enqueue(last);
      this.#controller?.close();
    } catch (error) {
      this.live.deps.log.debug("client was gone at the end", { error: errorText(error) });
    }
  }

  #clientLeft(): void {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    this.#phase = "closing";
    void this.#departed().catch((error: unknown) => {
      this.live.deps.log.error("settling a departed client failed", {
        request_id: this.live.call.requestId,
        error: errorText(error),
      });
    });
  }

  async #departed(): Promise<void> {
    const { live } = this;
    leaveCall(live, { content: this.#delivered, all: this.#opened?.pipe.hasTail ?? false });
    try {
      const delivered = this.#delivered;
      // A chunk that the departure has overtaken is not lost.
      const read = (source: InboundAnswer) => this.#chunks?.read() ?? source.read();
      await endDeparted(live, { opening: this.#opening, opened: this.#opened, delivered, read });
    } finally {
      this.#phase = "closed";
      this.#streams.remove(this);
    }
  }

  /** Called by LiveStreams every tick: keep-alive, time limits, slow readers, checkpoint. */
  tick(now: number): void {
    if (this.#phase !== "opening" && this.#phase !== "streaming") return;
    const { routing } = this.live.catalog;
    const { settings } = this.live.deps;
    if (this.#unreadSince !== null && now - this.#unreadSince > settings.slowReaderMs) return this.#cutSlowReader();
    if (now - this.live.startedAt > routing.totalTimeoutMs) return this.#timeOut("the call took too long");
    if (this.#phase === "streaming" && this.#unreadSince === null && now - this.#lastDataAt > routing.idleTimeoutMs) {
      return this.#timeOut("the provider stopped sending");
    }
    if (this.#unreadSince === null && now - this.#lastSentAt >= routing.keepAliveMs) {
      this.#keepAlive(now);
    }
    this.#checkpoint();
  }

  #keepAlive(now: number): void {
    this.#lastSentAt = now;
    this.#controller?.enqueue(encoder.encode(this.live.call.dialect.keepAliveText));
  }

  #checkpoint(): void {
    const { hold } = this.live;
    if (hold === null || this.#opened === null || !this.#delivered || this.#lastDataAt === this.#checkpointed) return;
    this.#checkpointed = this.#lastDataAt;
    checkpointCall(this.live);
  }

  #timeOut(message: string): void {
    const error = new UpstreamError(timeoutFailure(message));
    this.live.abort.abort(error);
    this.#guard(this.#fail(error));
  }

  #cutSlowReader(): void {
    this.#clientLeft();
    this.#controller?.error(new Error("the client stopped reading"));
  }

  /** Process shutdown: the grace period is over. */
  shutDown(): void {
    this.#guard(this.#fail(shuttingDown()));
  }
}

function toClientError(error: unknown, moneySpent: boolean): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof LedgerUnavailable) return storageDown(error);
  if (error instanceof UpstreamError) return failureToError(error.failure, { moneySpent });
  return new GatewayError({
    status: 500,
    code: "internal_error",
    message: "The gateway failed on this call.",
    cause: error,
  });
}
