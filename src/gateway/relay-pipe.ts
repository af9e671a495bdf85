import type { AnswerDecoder, Annotation, Dialect, HeldFrame, RelayContext } from "../dialects/dialect.ts";
import type { GatewayError } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import type { Loss } from "../ir/loss.ts";
import type { RawFrame } from "../wire/sse.ts";
import { FrameTemplate, latin1 } from "./frame-template.ts";
import { type AnswerPipe, concat, type FrameReader, type Observer, PipeBase } from "./pipe.ts";

const encoder = new TextEncoder();

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
    const out: Uint8Array[] = [];
    // Frames that differ in more than their text are all read in full: then nothing is looked for.
    const bytes = this.#template.isOpen ? latin1(chunk) : null;
    for (let at = 0; at < chunk.length && this.failure === null;) {
      const known = bytes === null ? 0 : this.#pass(bytes, at);
      const end = known > 0 ? at + known : bytes === null ? chunk.length : this.#cut(bytes, at);
      const piece = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
      if (known > 0) out.push(piece);
      else this.#relay(() => this.#reader.push(piece), out);
      at = end;
    }
    return out.length === 0 ? null : concat(out);
  }

  /** Lets frames of text through that are like the ones before; gives how many bytes they are. */
  #pass(bytes: string, start: number): number {
    if (!this.#template.isProven || this.#held.length > 0 || this.#reader.isBetweenFrames !== true) return 0;
    const known = this.#template.match(bytes, start);
    if (known === null || this.#decoder.moreText?.(known.text, this.#emit) !== true) return 0;
    this.progress += known.frames;
    this.#framesSent += known.frames;
    return known.length;
  }

  /** How far to read on: one frame may be enough to know all that follow by their bytes. */
  #cut(bytes: string, start: number): number {
    const blank = this.#template.isOpen ? bytes.indexOf("\n\n", start) : -1;
    return blank < 0 ? bytes.length : blank + 2;
  }

  end(): Uint8Array | null {
    const out: Uint8Array[] = [];
    this.#relay(() => this.#reader.end(), out);
    if (this.failure === null && !this.hasEnded) this.#decoder.end(this.#emit);
    return out.length === 0 ? null : concat(out);
  }

  /** Reads frames in full; those that may be sent now go to `out`. */
  #relay(read: () => RawFrame[], out: Uint8Array[]): void {
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
      this.#framesSent += 1;
    }
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
