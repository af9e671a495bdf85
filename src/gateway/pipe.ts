import type { AnswerDecoder, Annotation, StreamEncoder } from "../dialects/dialect.ts";
import { DecodeError, type GatewayError, type UpstreamFailure } from "../ir/error.ts";
import { isContent, type IrEvent } from "../ir/events.ts";
import type { Loss } from "../ir/loss.ts";
import { FrameLimitError, type RawFrame } from "../wire/sse.ts";

/** Cuts upstream bytes into frames: SSE or the elements of a JSON array. */
export interface FrameReader {
  push(chunk: Uint8Array): RawFrame[];
  end(): RawFrame[];
  /** The next byte begins a frame; readers that can't tell leave it out. */
  readonly isBetweenFrames?: boolean;
}

export type Observer = (event: IrEvent) => void;

/**
 * The way of one streamed answer from upstream bytes to client bytes. `push` gives what may be sent now; frames of the tail are kept
 * until `finish`, because no terminal frame goes out before its settlement is durable.
 */
export interface AnswerPipe {
  push(chunk: Uint8Array): Uint8Array | null;
  /** The upstream's bytes have ended. */
  end(): Uint8Array | null;
  finish(annotation: Annotation): Uint8Array;
  fail(error: GatewayError): Uint8Array;
  /** Content has been seen: the commit point. */
  readonly hasContent: boolean;
  /** The finish has been seen: all content is through. */
  readonly hasTail: boolean;
  /** Terminal signal seen. */
  readonly hasEnded: boolean;
  readonly failure: UpstreamFailure | null;
  /** What of the answer the client can't be given, up to now. */
  readonly losses: readonly Loss[];
  /** Frames so far that said something: comments and pings are no sign that the provider is at work. */
  readonly progress: number;
}

const encoder = new TextEncoder();

export abstract class PipeBase {
  hasContent = false;
  hasTail = false;
  hasEnded = false;
  failure: UpstreamFailure | null = null;
  progress = 0;
  protected readonly answerLosses: Loss[] = [];
  readonly #observer: Observer;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Bytes that can't be read are the provider's failure, like any other of its. */
  protected guard<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof FrameLimitError)) throw error;
      this.failure ??= { cause: "bad_answer", status: null, code: null, message: error.message };
      return null;
    }
  }

  protected watch(event: IrEvent): void {
    if (isContent(event)) this.hasContent = true;
    else if (event.type === "message-end") this.hasTail = true;
    else if (event.type === "response-end") this.hasEnded = true;
    else if (event.type === "error") this.failure ??= event.error;
    else if (event.type === "answer-loss") this.answerLosses.push(event.loss);
    this.#observer(event);
  }
}

/** Different dialects: events go through the client dialect's encoder. */
export class TranslatePipe extends PipeBase implements AnswerPipe {
  #reader: FrameReader;
  #decoder: AnswerDecoder;
  #encoder: StreamEncoder;
  #text = "";
  readonly #emit = (event: IrEvent): void => {
    this.watch(event);
    if (this.failure === null) this.#text += this.#encoder.push(event);
  };

  constructor(parts: { reader: FrameReader; decoder: AnswerDecoder; encoder: StreamEncoder }, observer: Observer) {
    super(observer);
    this.#reader = parts.reader;
    this.#decoder = parts.decoder;
    this.#encoder = parts.encoder;
  }

  push(chunk: Uint8Array): Uint8Array | null {
    return this.#translate(() => this.#reader.push(chunk));
  }

  end(): Uint8Array | null {
    const out = this.#translate(() => this.#reader.end());
    if (this.failure === null && !this.hasEnded) this.#decoder.end(this.#emit);
    const rest = this.#take();
    return rest === null ? out : out === null ? rest : concat([out, rest]);
  }

  /** Feeds events of a JSON answer, for upstreams that do not stream though asked to. */
  feed(events: readonly IrEvent[]): Uint8Array | null {
    for (const event of events) this.#emit(event);
    return this.#take();
  }

  #translate(read: () => RawFrame[]): Uint8Array | null {
    for (const item of this.guard(read) ?? []) {
      if (this.failure !== null) break;
      if (item.isComment) continue;
      const role = this.guard(() => this.#decoder.push(item.frame, this.#emit));
      if (role !== null && role !== "ignore") this.progress += 1;
      if (role === "tail") this.hasTail = true;
    }
    return this.#take();
  }

  #take(): Uint8Array | null {
    if (this.#text === "") return null;
    const bytes = encoder.encode(this.#text);
    this.#text = "";
    return bytes;
  }

  finish(annotation: Annotation): Uint8Array {
    // What the provider told may have been absurd: the client is shown what it pays for.
    const settled = this.#encoder.push({ type: "usage", usage: annotation.usage, final: true });
    return encoder.encode(settled + this.#encoder.finish(annotation));
  }

  fail(error: GatewayError): Uint8Array {
    return encoder.encode(this.#encoder.fail(error));
  }

  get losses(): readonly Loss[] {
    return [...this.answerLosses, ...this.#encoder.losses];
  }
}

/** Chunks as one. Neighbours in the same memory are not copied. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  let length = 0;
  let adjoin = first !== undefined;
  for (const chunk of chunks) {
    adjoin &&= chunk.buffer === first?.buffer && chunk.byteOffset === first.byteOffset + length;
    length += chunk.length;
  }
  if (adjoin && first !== undefined) return new Uint8Array(first.buffer, first.byteOffset, length);
  const out = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}
