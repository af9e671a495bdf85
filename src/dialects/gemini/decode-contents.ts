import { createHash } from "node:crypto";
import { invalidRequest } from "../../ir/error.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Part, PartOf, Turn } from "../../ir/request.ts";
import type { SealBox, SealedPart } from "../../ir/seal.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { decodeMediaPart, decodeResult, extrasOf } from "./decode-parts.ts";
import { NOWHERE_ELSE } from "../shared/half-read.ts";
import { ProtoReader } from "./proto.ts";
import { readSignature } from "./signature.ts";

/** Fields of a wire part that hold its content; a part has exactly one. */
const NATIVE_FIELDS = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] as const;
const ROLES = ["user", "model", "function", "tool"];

interface OpenCall {
  part: PartOf<"tool-call">;
  /** The client gave the id itself. */
  named: boolean;
}

/**
 * Turns of a client's `contents`. Pairs every function response with its call, by id where there is one, else by name and order;
 * calls without an id get one that depends only on their place and content, so that it's the same in every later request.
 */
export class ContentsDecoder {
  readonly losses: Loss[];
  readonly #seals: SealBox;
  /** Calls that no response has answered yet. */
  #open: OpenCall[] = [];
  #lastRole: "user" | "assistant" = "user";
  /** Reasoning parts that an envelope on a later part has brought. */
  readonly #recovered = new WeakSet<Part>();

  constructor(seals: SealBox, losses: Loss[]) {
    this.#seals = seals;
    this.losses = losses;
  }

  /** Throws GatewayError 400 with the path of what is wrong. */
  turns(contents: JsonValue[], path: string): Turn[] {
    const turns: Turn[] = [];
    for (const [index, content] of contents.entries()) {
      const turn = this.#turn(new ProtoReader(content, `${path}[${index}]`), index);
      const last = turns.at(-1);
      // SDK chats keep each streamed chunk as a content of its own: what was one answer is one turn again.
      if (last?.role === "assistant" && turn.role === "assistant") this.#join(last, turn);
      else turns.push(turn);
    }
    for (const turn of turns) {
      if (turn.role === "assistant") turn.parts = settleThoughts(turn.parts, this.#recovered);
    }
    return turns;
  }

  #join(before: Turn, after: Turn): void {
    before.parts = joinChunks(before.parts, after.parts);
    this.#lose(after.path, after.extras);
  }

  /** Parts of one content: text and media only mean something in a system instruction. */
  parts(content: ProtoReader): Part[] {
    return this.#parts(content, 0, "user");
  }

  #turn(content: ProtoReader, index: number): Turn {
    const role = content.string("role") ?? "user";
    if (!ROLES.includes(role)) {
      throw invalidRequest(content.at("role"), `${content.at("role")} must be user or model`);
    }
    const turnRole = role === "model" ? "assistant" : "user";
    // A new answer: what the one before it left unanswered can only be meant by its id.
    if (turnRole === "assistant" && this.#lastRole === "user") this.#open = this.#open.filter((call) => call.named);
    this.#lastRole = turnRole;
    const parts = this.#parts(content, index, turnRole);
    return { role: turnRole, parts, path: content.path, ...extrasOf(content) };
  }

  #parts(content: ProtoReader, turn: number, role: "user" | "assistant"): Part[] {
    const list = content.list("parts") ?? [];
    return list.flatMap((item, index) => {
      const reader = new ProtoReader(item, `${content.at("parts")}[${index}]`);
      const part = this.#part(reader, turn, index, role);
      const signature = reader.string("thoughtSignature");
      if (part === null) return [];
      if (part.type === "native") return [part];
      return this.#sealed(reader, { ...extrasOf(reader), ...part }, signature);
    });
  }

  #part(reader: ProtoReader, turn: number, index: number, role: "user" | "assistant"): Part | null {
    const { path } = reader;
    const text = reader.string("text");
    const thought = reader.boolean("thought") ?? false;
    if (text !== undefined)
      return thought ? { type: "reasoning", form: "summary", text, path } : { type: "text", text, path };
    const call = reader.object("functionCall");
    if (call !== undefined) return this.#call(call, path, `${turn}_${index}`);
    const response = reader.object("functionResponse");
    if (response !== undefined) return this.#result(response, path);
    if (thought) return native(reader);
    const media = decodeMediaPart(reader);
    if (media !== null) return media;
    for (const field of NATIVE_FIELDS) if (reader.value(field) !== undefined) return native(reader);
    if (reader.value("thoughtSignature") !== undefined) return { type: "text", text: "", path };
    if (Object.keys(reader.rest()).length > 0) return native(reader, true);
    if (role === "assistant") return null;
    throw invalidRequest(path, `${path} must have text, inlineData, fileData, functionCall or functionResponse`);
  }

  #call(call: ProtoReader, path: string, place: string): Part {
    const name = call.string("name");
    if (name === undefined || name === "") throw invalidRequest(call.at("name"), `${call.at("name")} is required`);
    const args = JSON.stringify(call.object("args")?.raw ?? {});
    const given = idIn(call);
    const content = path.slice(0, path.lastIndexOf(".") + 1);
    if (this.#open.some(({ part, named }) => named && part.id === given && part.path.startsWith(content))) {
      throw invalidRequest(call.at("id"), `${call.at("id")}: ${given} is already the id of a call without a response`);
    }
    this.#loseRest(call);
    const id = given ?? `call_${place}_${digest(`${name}\n${args}`)}`;
    const part: PartOf<"tool-call"> = { type: "tool-call", kind: "function", id, name, arguments: args, path };
    this.#open.push({ part, named: given !== undefined });
    return part;
  }

  #result(response: ProtoReader, path: string): Part {
    const name = response.string("name") ?? null;
    const call = this.#take(idIn(response), name);
    if (call === null) {
      throw invalidRequest(path, `${path}.functionResponse answers no function call that stands before it`);
    }
    const { content, isError } = decodeResult(response);
    this.#loseRest(response);
    return { type: "tool-result", toolId: call.id, name: name ?? call.name, kind: "function", content, isError, path };
  }

  /** Calls and responses are written anew for every target: what else stands in them can't be kept. */
  #loseRest(reader: ProtoReader): void {
    this.#lose(reader.path, reader.rest());
  }

  #lose(path: string, fields: JsonObject = {}): void {
    for (const name of Object.keys(fields)) {
      this.losses.push({ field: `${path}.${name}`, reason: NOWHERE_ELSE, side: "request" });
    }
  }

  /** The call that a response answers: the one with its id, else the first open one of its name that the client gave no id. */
  #take(id: string | undefined, name: string | null): PartOf<"tool-call"> | null {
    let index = id === undefined ? -1 : this.#open.findIndex((call) => call.part.id === id);
    if (index < 0) {
      index = this.#open.findIndex(
        (call) => (id === undefined || !call.named) && (name === null || call.part.name === name),
      );
    }
    return this.#open.splice(index, index < 0 ? 0 : 1)[0]?.part ?? null;
  }

  /** Attaches what came in `thoughtSignature`; an envelope may bring reasoning parts back that the client has dropped. */
  #sealed(reader: ProtoReader, part: Part, text: string | undefined): Part[] {
    if (text === undefined) return [part];
    const signature = readSignature(text, this.#seals);
    if (signature.kind === "seal") return [{ ...part, seal: signature.seal }];
    if (signature.kind === "envelope") return this.#opened(part, signature.seals);
    if (signature.kind === "forged") {
      this.losses.push({
        field: reader.at("thoughtSignature"),
        reason: `dropped: ${signature.reason}`,
        side: "request",
      });
    }
    return [part];
  }

  #opened(part: Part, sealed: SealedPart[]): Part[] {
    const before: Part[] = [];
    let carrier = part;
    for (const { seal, attach, text } of sealed) {
      if (attach === "previous") {
        before.push({ type: "reasoning", form: formOf(seal.kind), text: text ?? "", seal, path: part.path });
      } else if (part.type === "reasoning") {
        carrier = { ...part, form: formOf(seal.kind), text: text ?? part.text, seal };
      } else carrier = { ...carrier, seal };
    }
    for (const item of before) this.#recovered.add(item);
    return [...before, carrier];
  }
}

/** An empty id is an unset one (ProtoJSON). */
function idIn(reader: ProtoReader): string | undefined {
  const id = reader.string("id");
  return id === "" ? undefined : id;
}

function native(reader: ProtoReader, isUnknown = false): Part {
  const value = { origin: "gemini" as const, value: reader.raw };
  return { type: "native", native: isUnknown ? { ...value, unknown: true } : value, path: reader.path };
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

const formOf = (kind: SealedPart["seal"]["kind"]): "full" | "redacted" | "summary" =>
  kind === "redacted" ? "redacted" : kind === "signature" ? "full" : "summary";

/** Joins the parts of two chunks of one answer: text that was cut between them is one part again. */
function joinChunks(before: Part[], after: Part[]): Part[] {
  const last = before.at(-1);
  const [first, ...rest] = after;
  const isPlain = last?.seal === undefined && last?.extras === undefined && first?.extras === undefined;
  if (last?.type !== "text" || first?.type !== "text" || !isPlain) return [...before, ...after];
  return [...before.slice(0, -1), { ...first, text: last.text + first.text, path: last.path }, ...rest];
}

/**
 * Thought text comes in pieces, the signature on the last one: a run of unsigned thoughts belongs to the seal that closes it. Thoughts that
 * the client has dropped are put back where the answer began; those that it kept as well count once.
 */
function settleThoughts(parts: Part[], recovered: WeakSet<Part>): Part[] {
  const kept = joinThoughts(parts.filter((part) => !recovered.has(part)));
  const seen = new Set(kept.map((part) => (part.type === "reasoning" ? part.seal?.value : undefined)));
  const missing: PartOf<"reasoning">[] = [];
  for (const part of parts) {
    if (part.type !== "reasoning" || !recovered.has(part) || seen.has(part.seal?.value)) continue;
    seen.add(part.seal?.value);
    missing.push(part);
  }
  if (missing.length === 0) return kept;
  const isCovered = (part: Part): boolean =>
    part.type === "reasoning" && part.seal === undefined && missing.some((item) => item.text === part.text);
  return [...missing, ...kept.filter((part) => !isCovered(part))];
}

function joinThoughts(parts: Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.type === "reasoning" && last?.type === "reasoning" && last.seal === undefined) {
      out[out.length - 1] = { ...part, text: last.text + part.text, path: last.path };
    } else out.push(part);
  }
  return out;
}

/** The value of `systemInstruction`: a Content, or bare text, which some clients send. */
export function systemParts(decoder: ContentsDecoder, value: JsonValue | undefined, path: string): Part[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [{ type: "text", text: value, path }];
  return decoder.parts(new ProtoReader(value as JsonObject, path));
}
