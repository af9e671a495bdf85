import type {
  AnswerDecoder,
  Annotation,
  Dialect,
  HeldFrame,
  RelayContext,
  StreamEncoder,
} from "../dialects/dialect.ts";
import { DecodeError, type GatewayError, type UpstreamFailure } from "../ir/error.ts";
import { isContent, type IrEvent } from "../ir/events.ts";
import type { Loss } from "../ir/loss.ts";
import { FrameTemplate } from "./frame-template.ts";
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

abstract class PipeBase {
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

/** Same dialect on both sides: bytes travel verbatim, the decoder only watches. */
export class RelayPipe extends PipeBase implements AnswerPipe {
  #reader: FrameReader;
  #decoder: AnswerDecoder;
  #dialect: Dialect;
  #context: RelayContext;
  #held: HeldFrame[] = [];
  /** What no decoder reads but follows the held frames: comments, and the bracket that closes an array. */
  #after: Uint8Array[] = [];
  #id: string | null = null;
  #model: string | null = null;
  #framesSent = 0;
  #sequence = -1;
  #requestId: string;
  readonly #template = new FrameTemplate();
  /** Events of the frame at hand, and the text if one of them is a piece of text and nothing else. */
  #events = 0;
  #text: string | null = null;
  readonly #emit = (event: IrEvent): void => {
    if (event.type === "message-start") {
      this.#id = event.id;
      this.#model = event.model;
    }
    this.#events += 1;
    this.#text = event.type === "text-delta" && event.logprobs === undefined ? event.text : null;
    this.watch(event);
  };

  constructor(
    parts: { reader: FrameReader; decoder: AnswerDecoder; dialect: Dialect; context: RelayContext; requestId: string },
    observer: Observer,
  ) {
    super(observer);
    this.#reader = parts.reader;
    this.#decoder = parts.decoder;
    this.#dialect = parts.dialect;
    this.#context = parts.context;
    this.#requestId = parts.requestId;
  }

  push(chunk: Uint8Array): Uint8Array | null {
    const length = this.#pass(chunk);
    if (length === chunk.length) return chunk;
    const rest = length === 0 ? chunk : chunk.subarray(length);
    const out = this.#relay(() => this.#reader.push(rest), rest);
    if (length === 0) return out;
    const passed = chunk.subarray(0, length);
    return out === null ? passed : concat([passed, out]);
  }

  /** Lets frames of text through that are like the ones before; gives how many bytes they are. */
  #pass(chunk: Uint8Array): number {
    if (this.#reader.isBetweenFrames !== true || this.#held.length > 0) return 0;
    const known = this.#template.match(chunk);
    if (known === null || this.#decoder.moreText?.(known.text, this.#emit) !== true) return 0;
    this.progress += known.frames;
    this.#framesSent += known.frames;
    return known.length;
  }

  end(): Uint8Array | null {
    const out = this.#relay(() => this.#reader.end(), null);
    if (this.failure === null && !this.hasEnded) this.#decoder.end(this.#emit);
    return out;
  }

  #relay(read: () => RawFrame[], chunk: Uint8Array | null): Uint8Array | null {
    const out: Uint8Array[] = [];
    let length = 0;
    for (const item of this.guard(read) ?? []) {
      this.#events = 0;
      const role = item.isComment ? "ignore" : this.guard(() => this.#decoder.push(item.frame, this.#emit));
      if (!item.isComment) this.#template.learn(item.raw, this.#events === 1 && role === "content" ? this.#text : null);
      // A frame that carries the failure is replaced by an error frame of ours.
      if (this.failure !== null || role === null) break;
      if (role !== "ignore") this.progress += 1;
      if (role === "tail") {
        this.hasTail = true;
        this.#held.push({ frame: item.frame, raw: item.raw });
        continue;
      }
      if (item.isComment && this.#held.length > 0) {
        this.#after.push(item.raw);
        continue;
      }
      if (role === "content" && this.#held.length > 0) this.#release(out);
      if (role !== "ignore" && item.frame.data.includes('"sequence_number"')) this.#readSequence(item.frame.data);
      out.push(item.raw);
      length += item.raw.length;
      this.#framesSent += 1;
    }
    if (out.length === 0) return null;
    // The usual chunk is whole frames of content: it goes on as it came, without a copy.
    return chunk !== null && length === chunk.length && out[0]?.buffer === chunk.buffer ? chunk : concat(out);
  }

  /** Another choice still talks: what looked like the tail goes out as it came. */
  #release(out: Uint8Array[]): void {
    for (const held of this.#held) {
      out.push(held.raw);
      this.#framesSent += 1;
    }
    out.push(...this.#after);
    this.#held = [];
    this.#after = [];
    this.hasTail = false;
  }

  #readSequence(data: string): void {
    const match = /"sequence_number":\s*([0-9]{1,15})/.exec(data);
    if (match?.[1] !== undefined) this.#sequence = Number(match[1]);
  }

  finish(annotation: Annotation): Uint8Array {
    return concat([...this.#dialect.annotateTail(this.#held, this.#context, annotation), ...this.#after]);
  }

  get losses(): readonly Loss[] {
    return this.answerLosses;
  }

  fail(error: GatewayError): Uint8Array {
    const state = {
      route: this.#context.route,
      id: this.#id,
      model: this.#model,
      created: Math.floor(Date.now() / 1000),
      framesSent: this.#framesSent,
      sequence: this.#sequence,
    };
    return encoder.encode(this.#dialect.renderStreamError(error, this.#requestId, state));
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

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}
