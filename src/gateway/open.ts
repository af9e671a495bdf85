import { DIALECTS } from "../dialects/index.ts";
import type { AnswerContext } from "../dialects/dialect.ts";
import { DecodeError, type UpstreamFailure } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import { totalOutput } from "../ir/usage.ts";
import { type Abortable, Aborter } from "../lib/abort.ts";
import { parseJson } from "../lib/json.ts";
import { startTimeLimit } from "../lib/time-limit.ts";
import { buildOutbound } from "../providers/outbound.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { InboundAnswer } from "../upstream/types.ts";
import { JsonArrayReader } from "../wire/json-array.ts";
import { SseReader } from "../wire/sse.ts";
import { isStored } from "./conversation.ts";
import type { Target } from "../routing/types.ts";
import type { LiveCall } from "./live-call.ts";
import type { Meter } from "./meter.ts";
import { type AnswerPipe, concat, type FrameReader, type Observer, TranslatePipe } from "./pipe.ts";
import type { Prepared } from "./prepare.ts";
import { RelayPipe } from "./relay-pipe.ts";
import { FoundIds } from "./provider-ids.ts";
import { failpoint } from "../lib/failpoint.ts";

const decoder = new TextDecoder();

/** An answer whose first content (or whole body) is in hand: the point up to which failover is free. */
export type Opened = OpenedStream | OpenedJson;
export interface OpenedStream {
  kind: "stream";
  meter: Meter;
  pipe: AnswerPipe;
  source: InboundAnswer;
  /** Client bytes up to and with the first content. */
  first: Uint8Array | null;
  /** The upstream's body is already over. */
  ended: boolean;
}
export interface OpenedJson {
  kind: "json";
  prepared: Prepared;
  meter: Meter;
  bytes: Uint8Array;
  events: IrEvent[];
}

/**
 * One attempt at one target, up to the first content event. Rejects with UpstreamError; nothing has been sent to the client then.
 * `signal` ends the attempt at once.
 */
export function openAnswer(live: LiveCall, prepared: Prepared, signal: Abortable): Promise<Opened> {
  return sendAndRead(live, prepared, signal, (answer) => readOpening(live, prepared, answer));
}

/** Sends a prepared request and hands a 2xx answer to `read`, all within the first-token time. Rejects with UpstreamError. */
export async function sendAndRead<T>(
  live: LiveCall,
  prepared: Prepared,
  signal: Abortable,
  read: (answer: InboundAnswer) => Promise<T>,
): Promise<T> {
  const { target } = prepared;
  const { routing } = live.catalog;
  const limit = timeLimit(live, target);
  // It stays under the call's signal when this is over: a stream that was opened lives on.
  const attempt = Aborter.under(signal);
  const late = (): void => attempt.abort(new UpstreamError(timeoutFailure("no first token in time")));
  const liftLimit = startTimeLimit(limit, late);
  try {
    const answer = await live.deps.senderFor(target.provider).send({
      ...buildOutbound(target, prepared, live.call.route.headers),
      signal: attempt.signal,
      connectTimeoutMs: routing.connectTimeoutMs,
    });
    failpoint("headers");
    if (answer.status < 200 || answer.status > 299) throw await statusFailure(answer, prepared);
    return await read(answer);
  } catch (error) {
    throw asUpstreamError(error, attempt.signal);
  } finally {
    liftLimit();
  }
}

/**
 * ms that one attempt gets. A stream has to show its first token in time. Without one nothing comes before everything has, so only the time
 * of the whole call bounds it; while another provider could still be asked, half of it is kept for that one.
 */
function timeLimit(live: LiveCall, target: Target): number {
  const { firstTokenTimeoutMs, totalTimeoutMs } = live.catalog.routing;
  if (live.read.stream) return target.model.firstTokenTimeoutMs ?? firstTokenTimeoutMs;
  const left = Math.max(1, totalTimeoutMs - live.elapsed());
  return live.attempts === 1 && (live.plan?.targets.length ?? 0) > 1 ? left / 2 : left;
}

async function readOpening(live: LiveCall, prepared: Prepared, answer: InboundAnswer): Promise<Opened> {
  const meter = live.meterFor(prepared.target);
  live.foundIds = new FoundIds(prepared.target.dialect);
  const type = answer.headers.get("content-type") ?? "";
  const isEvents = /text\/event-stream/i.test(type);
  if (live.read.stream && (isEvents || !/json/i.test(type))) {
    return openStream(live, prepared, answer, meter, new SseReader());
  }
  if (live.read.stream && prepared.mode === "relay" && !live.call.route.sse) {
    return openStream(live, prepared, answer, meter, new JsonArrayReader());
  }
  const bytes = await readAll(answer, live.deps.settings.maxAnswerBytes);
  const events = decodeBody(live, prepared, bytes, meter);
  if (!live.read.stream) return { kind: "json", prepared, meter, bytes, events };
  // Asked for a stream, got JSON (some compatible servers do): the client still gets its frames.
  const decoder = DIALECTS[prepared.target.dialect].createDecoder({ target: prepared.target.facts });
  const encoder = live.call.dialect.createEncoder(answerContext(live, prepared));
  const pipe = new TranslatePipe({ reader: new SseReader(), decoder, encoder }, () => undefined);
  const first = pipe.feed(events);
  return { kind: "stream", meter, pipe, source: answer, first, ended: true };
}

async function openStream(
  live: LiveCall,
  prepared: Prepared,
  source: InboundAnswer,
  meter: Meter,
  reader: FrameReader,
): Promise<OpenedStream> {
  const pipe = createPipe(live, prepared, meter, reader);
  const out: Uint8Array[] = [];
  let ended = false;
  while (!pipe.hasContent && !pipe.hasEnded) {
    const chunk = await source.read();
    ended = chunk === null;
    const bytes = chunk === null ? pipe.end() : pipe.push(chunk);
    if (bytes !== null) out.push(bytes);
    if (pipe.failure !== null && !pipe.hasContent) {
      source.cancel();
      throw new UpstreamError(pipe.failure);
    }
    if (ended) break;
  }
  failpoint("first-chunk");
  if (!pipe.hasContent) refuseEmpty(meter);
  return { kind: "stream", meter, pipe, source, first: out.length === 0 ? null : concat(out), ended };
}

function createPipe(live: LiveCall, prepared: Prepared, meter: Meter, reader: FrameReader): AnswerPipe {
  const { dialect, route, requestId } = live.call;
  const { target } = prepared;
  const decoder = DIALECTS[target.dialect].createDecoder({ target: target.facts });
  const observe = observer(live, meter);
  if (prepared.mode === "relay") {
    const context = { route, includeUsage: live.read.includeUsage };
    return new RelayPipe({ reader, decoder, dialect, context, requestId }, observe);
  }
  return new TranslatePipe({ reader, decoder, encoder: dialect.createEncoder(answerContext(live, prepared)) }, observe);
}

/** Whoever wants to know what an answer says, whatever becomes of its bytes. */
function observer({ foundIds }: LiveCall, meter: Meter): Observer {
  return (event) => {
    meter.observe(event);
    foundIds?.observe(event);
  };
}

/** What the client side's encoders may know. */
export function answerContext(live: LiveCall, prepared: Prepared): AnswerContext {
  return {
    requestId: live.call.requestId,
    created: Math.floor(live.call.receivedAt / 1000),
    model: prepared.target.model.id,
    request: live.request,
    // What was put in the place of the id is not what the client wrote.
    body: live.previousResponse === null ? live.body : { ...live.body, previous_response_id: live.previousResponse },
    route: live.call.route,
    seals: live.seals,
    target: prepared.target.facts,
    inputTokens: () => live.deps.tokens.countInput(live, prepared.target),
    stored: isStored(live),
  };
}

function decodeBody(live: LiveCall, { target }: Prepared, bytes: Uint8Array, meter: Meter): IrEvent[] {
  const events: IrEvent[] = [];
  const observe = observer(live, meter);
  try {
    const body = parseJson(decoder.decode(bytes));
    DIALECTS[target.dialect].decodeAnswer(body, { target: target.facts }, (event) => {
      events.push(event);
      observe(event);
    });
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof SyntaxError)) throw error;
    throw new UpstreamError(badAnswer("the provider's answer is not what its API promises"), error);
  }
  const failed = events.find((event) => event.type === "error");
  if (failed?.type === "error") throw new UpstreamError(failed.error);
  const hasContent = events.some((event) => event.type.endsWith("-start") && event.type !== "message-start");
  if (!hasContent && !events.some((event) => event.type === "server-tool-result" || event.type === "native-part")) {
    refuseEmpty(meter);
  }
  return events;
}

/** An answer without content is one only if something explains it: a limit, a filter, or output tokens that stay hidden. */
function refuseEmpty(meter: Meter): void {
  const output = meter.reported === null ? 0 : totalOutput(meter.reported);
  if (meter.finish !== null && meter.finish.kind !== "stop") return;
  if (meter.finish !== null && output > 0) return;
  throw new UpstreamError({ cause: "empty", status: null, code: null, message: "the provider's answer was empty" });
}

/** The whole body of an answer. Rejects with UpstreamError when it has more than `limit` bytes. */
export async function readAll(answer: InboundAnswer, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = await answer.read();
    if (chunk === null) return concat(chunks);
    length += chunk.length;
    if (length > limit) {
      answer.cancel();
      throw new UpstreamError(badAnswer("the provider's answer is too large"));
    }
    chunks.push(chunk);
  }
}

/** The beginning of a body whose rest does not matter. */
async function readStart(answer: InboundAnswer, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < limit;) {
    const chunk = await answer.read();
    if (chunk === null) return concat(chunks);
    length += chunk.length;
    chunks.push(chunk);
  }
  answer.cancel();
  return concat(chunks);
}

const ERROR_BODY_LIMIT = 256 * 1024;

async function statusFailure(answer: InboundAnswer, prepared: Prepared): Promise<UpstreamError> {
  const bytes = await readStart(answer, ERROR_BODY_LIMIT);
  const text = new TextDecoder().decode(bytes);
  return new UpstreamError(DIALECTS[prepared.target.dialect].decodeError(answer.status, text, answer.headers));
}

function asUpstreamError(error: unknown, signal: Abortable): UpstreamError {
  if (signal.aborted && signal.reason instanceof UpstreamError) return signal.reason;
  if (error instanceof UpstreamError) return error;
  if (error instanceof DecodeError)
    return new UpstreamError(badAnswer("the provider's stream could not be read"), error);
  if (signal.aborted) return new UpstreamError(aborted(), error);
  throw error;
}

/** What an attempt comes to that took too long. */
export function timeoutFailure(message: string): UpstreamFailure {
  return { cause: "timeout", status: null, code: null, message };
}
function badAnswer(message: string): UpstreamFailure {
  return { cause: "bad_answer", status: null, code: null, message };
}
function aborted(): UpstreamFailure {
  return { cause: "local", status: null, code: "aborted", message: "the call was ended" };
}
