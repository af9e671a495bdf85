import { createHash } from "node:crypto";
import type { Citation, Emit } from "../../ir/events.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { finishOf, finishReason } from "./finish.ts";
import { groundingCitations, groundingFees, recitations } from "./grounding.ts";
import { openaiLogprobs } from "./logprobs.ts";
import { PartialArguments } from "./partial-args.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { textOf } from "./proto.ts";
import { toolTypeName } from "./tool-names.ts";

interface OpenText {
  kind: "text" | "reasoning";
  part: number;
  text: string;
  isSealed: boolean;
}
interface OpenCall {
  kind: "call";
  part: number;
  args: PartialArguments;
  signature: string | undefined;
}

/** Fields of a candidate that are read here; all others are kept for a client of this dialect. */
const READ_FIELDS: ReadonlySet<string> = new Set(["content", "finishReason", "finish_reason", "index"]);

/**
 * One candidate of an answer, chunk by chunk. Text goes on in the same part until the kind changes or the part was signed; a function call
 * is one part however its arguments come. The end waits until the stream is over, since old models send a finishReason with every chunk.
 */
export class CandidateDecoder {
  readonly #choice: number;
  readonly #target: TargetFacts;
  readonly #native: JsonObject = {};
  readonly #recited: JsonValue[] = [];
  #next = 0;
  #open: OpenText | OpenCall | null = null;
  #reason: string | null = null;
  #calls = 0;
  #codeId: string | null = null;
  #logprobs: JsonValue[] = [];
  /** Content events so far. */
  contents = 0;

  constructor(choice: number, target: TargetFacts) {
    this.#choice = choice;
    this.#target = target;
  }

  get isFinished(): boolean {
    return this.#reason !== null;
  }

  get fees(): Record<string, number> {
    return groundingFees(this.#native.groundingMetadata);
  }

  /** `responseId` seeds the ids of calls that have none. True when this chunk gives a finishReason. */
  push(candidate: JsonObject, responseId: string, emit: Emit): boolean {
    const content = candidate.content;
    if (isObject(content)) for (const part of objectsOf(content.parts)) this.#part(part, responseId, emit);
    const reason = finishReason(candidate.finishReason);
    this.#reason = reason ?? this.#reason;
    for (const [name, value] of Object.entries(candidate)) {
      if (!READ_FIELDS.has(name) && value !== null && value !== undefined) this.#keep(name, value);
    }
    return reason !== null;
  }

  /** Closes the candidate. A whole JSON answer may lack the reason; a stream without one was cut and never gets here. */
  end(emit: Emit): void {
    if (this.#open?.kind !== "text" && this.#citations("").length > 0) {
      const field = `candidates[${this.#choice}].groundingMetadata`;
      emit({
        type: "answer-loss",
        loss: { field, reason: "the sources belong to no text at the end", side: "answer" },
      });
    }
    this.#close(emit, true);
    const hasCalls = this.#calls > 0;
    const finish =
      this.#reason === null
        ? { kind: hasCalls ? ("tool" as const) : ("stop" as const), raw: null }
        : finishOf(this.#reason, hasCalls, textOf(this.#native.finishMessage));
    if (this.#recited.length > 0) this.#native.citationMetadata = { citationSources: this.#recited };
    emit({
      type: "message-end",
      choice: this.#choice,
      finish,
      ...(this.#logprobs.length === 0 ? {} : { logprobs: this.#logprobs }),
      ...(Object.keys(this.#native).length === 0 ? {} : { native: this.#native }),
    });
  }

  #keep(name: string, value: JsonValue): void {
    if (name === "citationMetadata" && isObject(value)) {
      this.#recited.push(...objectsOf(value.citationSources ?? value.citations));
      return;
    }
    if (name === "logprobsResult" && isObject(value)) this.#logprobs.push(...openaiLogprobs(value));
    this.#native[name] = value;
  }

  #part(part: JsonObject, responseId: string, emit: Emit): void {
    const signature = textOf(part.thoughtSignature);
    const isThought = part.thought === true;
    const text = textOf(part.text);
    if (text !== undefined) return this.#text(text, isThought ? "reasoning" : "text", signature, emit);
    const call = part.functionCall;
    if (isObject(call)) return this.#call(call, signature, responseId, emit);
    if (this.#serverTool(part, signature, responseId, emit)) return;
    const blob = part.inlineData;
    if (isObject(blob) && !isThought) return this.#media(blob, signature, emit);
    const { thoughtSignature: _camel, thought_signature: _snake, ...rest } = part;
    if (Object.keys(rest).length > 0) this.#nativePart(rest, signature, emit);
    else if (signature !== undefined) this.#text("", "text", signature, emit);
  }

  #text(text: string, kind: "text" | "reasoning", signature: string | undefined, emit: Emit): void {
    let open = this.#open;
    if (open === null || open.kind !== kind || open.isSealed) {
      if (text === "" && signature === undefined) return;
      this.#close(emit, false);
      open = { kind, part: this.#next, text: "", isSealed: false };
      this.#next += 1;
      this.#open = open;
      const at = { choice: this.#choice, part: open.part };
      if (kind === "text") emit({ type: "text-start", ...at });
      else emit({ type: "reasoning-start", form: "summary", ...at });
    }
    if (text !== "") {
      this.contents += 1;
      open.text += text;
      if (kind === "text") emit({ type: "text-delta", text, choice: this.#choice, part: open.part });
      else emit({ type: "reasoning-delta", text, choice: this.#choice, part: open.part });
    }
    if (signature === undefined) return;
    open.isSealed = true;
    this.#seal(open.part, signature, emit);
  }

  #call(call: JsonObject, signature: string | undefined, responseId: string, emit: Emit): void {
    const name = textOf(call.name);
    const args = call.args;
    const goesOn = call.willContinue === true;
    let open = this.#open;
    if (name !== undefined || open?.kind !== "call") {
      // An empty call closes the one before it, which may have closed itself already.
      if (name === undefined) return;
      this.#close(emit, false);
      open = { kind: "call", part: this.#next, args: new PartialArguments(), signature: undefined };
      this.#next += 1;
      this.#open = open;
      const seed = [responseId, this.#choice, this.#calls, name, JSON.stringify(args ?? null)].join("\n");
      const id = textOf(call.id) || callId(seed);
      this.#calls += 1;
      this.contents += 1;
      emit({ type: "tool-start", kind: "function", id, name, choice: this.#choice, part: open.part });
    }
    open.signature = signature ?? open.signature;
    if (isObject(args)) open.args.assign(args);
    open.args.add(call.partialArgs);
    if (!goesOn) this.#close(emit, false);
  }

  /** Tools that run at the provider: code execution, and calls of hosted tools with their responses. */
  #serverTool(part: JsonObject, signature: string | undefined, responseId: string, emit: Emit): boolean {
    const code = part.executableCode;
    if (isObject(code)) {
      const seed = [responseId, this.#choice, this.#next, "code"].join("\n");
      this.#codeId = textOf(code.id) ?? callId(seed);
      const { id: _id, ...args } = code;
      this.#serverCall(this.#codeId, "code_execution", args, signature, emit);
      return true;
    }
    const result = part.codeExecutionResult;
    if (isObject(result)) {
      const isError = result.outcome !== "OUTCOME_OK" && result.outcome !== 1;
      const toolId = textOf(result.id) ?? this.#codeId;
      this.#serverResult({ toolId, name: "code_execution", isError }, { codeExecutionResult: result }, signature, emit);
      return true;
    }
    const call = part.toolCall;
    if (isObject(call)) {
      const seed = [responseId, this.#choice, this.#next, "tool"].join("\n");
      const args = isObject(call.args) ? call.args : {};
      this.#serverCall(textOf(call.id) ?? callId(seed), typeName(call), args, signature, emit);
      return true;
    }
    const response = part.toolResponse;
    if (!isObject(response)) return false;
    const facts = { toolId: textOf(response.id) ?? null, name: typeName(response), isError: false };
    this.#serverResult(facts, { toolResponse: response }, signature, emit);
    return true;
  }

  #serverCall(id: string, name: string, args: JsonObject, signature: string | undefined, emit: Emit): void {
    const at = this.#begin(emit);
    emit({ type: "tool-start", kind: "server", id, name, ...at });
    emit({ type: "arguments-delta", text: JSON.stringify(args), ...at });
    this.#finish(at.part, signature, emit);
  }

  #serverResult(
    facts: { toolId: string | null; name: string; isError: boolean },
    value: JsonObject,
    signature: string | undefined,
    emit: Emit,
  ): void {
    const at = this.#begin(emit);
    emit({ type: "server-tool-result", ...facts, native: { origin: "gemini", value }, ...at });
    this.#finish(at.part, signature, emit);
  }

  #media(blob: JsonObject, signature: string | undefined, emit: Emit): void {
    const at = this.#begin(emit);
    const mediaType = textOf(blob.mimeType) ?? "application/octet-stream";
    emit({ type: "media-start", mediaType, ...at });
    emit({ type: "media-delta", base64: textOf(blob.data) ?? "", ...at });
    this.#finish(at.part, signature, emit);
  }

  #nativePart(value: JsonObject, signature: string | undefined, emit: Emit): void {
    const at = this.#begin(emit);
    emit({ type: "native-part", native: { origin: "gemini", value }, ...at });
    this.#finish(at.part, signature, emit);
  }

  #begin(emit: Emit): { choice: number; part: number } {
    this.#close(emit, false);
    this.contents += 1;
    const part = this.#next;
    this.#next += 1;
    return { choice: this.#choice, part };
  }

  #finish(part: number, signature: string | undefined, emit: Emit): void {
    if (signature !== undefined) this.#seal(part, signature, emit);
    emit({ type: "part-end", choice: this.#choice, part });
  }

  #seal(part: number, value: string, emit: Emit): void {
    const { provider, realm, upstreamModel } = this.#target;
    const seal: Seal = { origin: "gemini", kind: "thought-signature", provider, realm, model: upstreamModel, value };
    this.contents += 1;
    emit({ type: "part-seal", seal, choice: this.#choice, part });
  }

  #close(emit: Emit, isLast: boolean): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    const at = { choice: this.#choice, part: open.part };
    if (open.kind === "call") {
      emit({ type: "arguments-delta", text: open.args.text(), ...at });
      this.#finish(open.part, open.signature, emit);
      return;
    }
    if (open.kind === "text") {
      if (isLast) for (const citation of this.#citations(open.text)) emit({ type: "citation", citation, ...at });
    }
    emit({ type: "part-end", ...at });
  }

  #citations(text: string): Citation[] {
    const recited = this.#recited.length === 0 ? null : { citationSources: this.#recited };
    return [...recitations(recited ?? undefined, text), ...groundingCitations(this.#native.groundingMetadata, text)];
  }
}

const typeName = (call: JsonObject): string => toolTypeName(textOf(call.toolType) ?? "hosted_tool");

/** Ids are asked for by every other dialect; made from the answer's own id, they are the same however the bytes were cut. */
const callId = (seed: string): string => `call_${createHash("sha256").update(seed).digest("hex").slice(0, 24)}`;
