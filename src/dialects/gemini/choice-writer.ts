import type { AnswerContext } from "../dialect.ts";
import type { IrEvent, ToolKind } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { isObject } from "../../lib/json.ts";
import { functionCallPart, nativePart, recallOf, serverCallPart, signatureOf } from "./answer-parts.ts";
import { encodeGrounding, type PlacedCitation } from "./encode-grounding.ts";
import { reasonOf } from "./finish.ts";
import { logprobsResult } from "./logprobs.ts";

export type PartEvent = Extract<IrEvent, { part: number }>;

interface OpenPart {
  part: number;
  kind: "text" | "thought" | "call" | "media" | "result";
  /** Wire parts that wait for their turn. */
  ready: JsonObject[];
  isDone: boolean;
  text: string;
  /** Section of the thoughts that is being written. */
  section: number;
  seals: Seal[];
  tool: { kind: ToolKind; id: string; name: string };
  mediaType: string;
  /** A part that came over this wire, as it was. */
  native: JsonObject | null;
}

/**
 * One choice of an answer as wire parts, in order. This wire has no part indexes, so parts that interleave are put one behind the other:
 * the earliest open one flows, later ones wait. Text flows as it comes; calls and media go out whole.
 */
export class ChoiceWriter {
  readonly index: number;
  readonly #context: AnswerContext;
  readonly #losses: Loss[];
  readonly #queue: OpenPart[] = [];
  readonly #recall: SealedPart[] = [];
  readonly #citations: PlacedCitation[] = [];
  readonly #logprobs: JsonValue[] = [];
  #textBytes = 0;
  #isMalformed = false;
  #end: { finish: Finish; native?: JsonValue } | null = null;

  constructor(index: number, context: AnswerContext, losses: Loss[]) {
    this.index = index;
    this.#context = context;
    this.#losses = losses;
  }

  get #isSameDialect(): boolean {
    return this.#context.target.dialect === "gemini";
  }

  /** Wire parts that may go out now. */
  push(event: PartEvent): JsonObject[] {
    if (!this.#start(event)) this.#extend(event);
    const out: JsonObject[] = [];
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      out.push(...head.ready.splice(0));
      if (!head.isDone) break;
      this.#queue.shift();
    }
    return out;
  }

  end(event: Extract<IrEvent, { type: "message-end" }>): void {
    if (event.finish.kind === "pause" && !this.#isSameDialect) {
      const reason = "the provider paused the turn, for which Gemini has no reason";
      this.#losses.push({ field: `choices[${this.index}].finishReason`, reason, side: "answer" });
    }
    this.#end = { finish: event.finish, ...(event.native === undefined ? {} : { native: event.native }) };
    if (Array.isArray(event.logprobs) && this.#logprobs.length === 0) this.#logprobs.push(...event.logprobs);
  }

  /** Everything of the candidate but its content: reason, grounding, logprobs, and what a provider of this dialect said beside it. */
  closing(): JsonObject {
    const field = `choices[${this.index}]`;
    const native = this.#isSameDialect && isObject(this.#end?.native) ? this.#end.native : {};
    const grounding = this.#isSameDialect
      ? undefined
      : encodeGrounding(this.#citations, `${field}.citations`, this.#losses);
    const hasLogprobs = this.#logprobs.length > 0 && native.logprobsResult === undefined;
    return {
      ...this.#reason(),
      index: this.index,
      ...native,
      ...(grounding === undefined ? {} : { groundingMetadata: grounding }),
      ...(hasLogprobs ? { logprobsResult: logprobsResult(this.#logprobs) } : {}),
    };
  }

  #reason(): JsonObject {
    const finish = this.#end?.finish;
    if (finish === undefined) return {};
    const message = finish.details?.message;
    const told = message === undefined ? {} : { finishMessage: message };
    if (this.#isMalformed && finish.kind !== "length" && finish.kind !== "context") {
      return { finishReason: "MALFORMED_FUNCTION_CALL", ...told };
    }
    return { finishReason: reasonOf(finish, this.#isSameDialect), ...told };
  }

  #start(event: PartEvent): boolean {
    const part: OpenPart = {
      part: event.part,
      kind: "text",
      ready: [],
      isDone: false,
      text: "",
      section: 0,
      seals: [],
      tool: { kind: "function", id: "", name: "" },
      mediaType: "",
      native: null,
    };
    switch (event.type) {
      case "text-start":
      case "refusal-start":
        break;
      case "reasoning-start":
        part.kind = "thought";
        break;
      case "tool-start":
        part.kind = "call";
        part.tool = { kind: event.kind, id: event.id, name: event.name };
        break;
      case "media-start":
        part.kind = "media";
        part.mediaType = event.mediaType;
        break;
      case "server-tool-result":
      case "native-part":
        part.kind = "result";
        part.native = nativePart(event.native);
        if (part.native === null) this.#lose(event.part, "content that only the provider's own dialect has");
        break;
      default:
        return false;
    }
    this.#queue.push(part);
    return true;
  }

  #extend(event: PartEvent): void {
    const open = this.#queue.find((item) => item.part === event.part && !item.isDone);
    if (open === undefined) return;
    switch (event.type) {
      case "text-delta":
      case "refusal-delta":
        if (Array.isArray(event.logprobs)) this.#logprobs.push(...event.logprobs);
        this.#text(open, event.text, {});
        return;
      case "reasoning-delta":
        this.#think(open, event.text, event.section ?? 0);
        return;
      case "arguments-delta":
        open.text += event.text;
        return;
      case "media-delta":
        open.text += event.base64;
        return;
      case "citation":
        this.#citations.push({ citation: event.citation, text: open.text, offset: this.#textBytes });
        return;
      case "part-seal":
        open.seals.push(event.seal);
        return;
      case "part-end":
        this.#finish(open);
        open.isDone = true;
        return;
      default:
    }
  }

  #text(open: OpenPart, text: string, marks: JsonObject): void {
    if (text === "") return;
    open.text += text;
    open.ready.push({ text, ...marks });
  }

  /** Sections are told apart by an empty line. */
  #think(open: OpenPart, text: string, section: number): void {
    const gap = open.text !== "" && section !== open.section && text !== "" ? "\n\n" : "";
    open.section = section;
    this.#text(open, gap + text, { thought: true });
  }

  #finish(open: OpenPart): void {
    if (open.kind === "text" || open.kind === "thought") {
      const marks = open.kind === "thought" ? { thought: true } : {};
      const signature = signatureOf(open.seals, [], this.#context);
      if (signature.thoughtSignature !== undefined) open.ready.push({ text: "", ...marks, ...signature });
      if (open.kind === "thought") this.#recall.push(...recallOf(open.seals, open.text));
      else this.#textBytes += Buffer.byteLength(open.text, "utf8");
    } else if (open.kind === "call") this.#call(open);
    else if (open.kind === "media") {
      const inlineData = { mimeType: open.mediaType, data: open.text };
      open.ready.push({ inlineData, ...signatureOf(open.seals, [], this.#context) });
    } else if (open.native !== null) open.ready.push({ ...open.native, ...signatureOf(open.seals, [], this.#context) });
  }

  #call(open: OpenPart): void {
    const call = { ...open.tool, arguments: open.text };
    if (call.kind === "server") {
      if (this.#isSameDialect)
        open.ready.push({ ...serverCallPart(call), ...signatureOf(open.seals, [], this.#context) });
      else this.#lose(open.part, `the provider's hosted tool ${call.name} has no form here`);
      return;
    }
    const part = functionCallPart(call);
    if (part === null) {
      this.#isMalformed = true;
      this.#lose(open.part, `the arguments of ${call.name} are not a JSON object`);
      return;
    }
    open.ready.push({ ...part, ...signatureOf(open.seals, this.#recall.splice(0), this.#context) });
  }

  #lose(part: number, reason: string): void {
    this.#losses.push({ field: `choices[${this.index}].parts[${part}]`, reason, side: "answer" });
  }
}
