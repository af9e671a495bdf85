import type { Part, PartOf, Turn } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import { isObject, type JsonObject, tryJson } from "../../lib/json.ts";
import { wrapCustomInput } from "../shared/custom-tool.ts";
import { encodeMedia } from "./encode-media.ts";
import type { EncodeScope } from "./encode-scope.ts";
import { encodeResult } from "./encode-result.ts";
import { SKIP_SIGNATURE } from "./signature.ts";

/** Stands for a conversation in which nothing is said. */
const OPENING = "(The conversation begins.)";

interface Content {
  role: "user" | "model";
  parts: JsonObject[];
  /** Media of tool results that must stand behind all function responses of this content. */
  deferred: JsonObject[];
  hasCall: boolean;
  /** Fields that only clients of this dialect know. */
  fields: JsonObject;
}

/**
 * The turns as `contents`: neighbours of one role merged, so that user and model alternate and all function responses to one model turn
 * stand in one content. Depends on earlier turns only: a longer conversation begins with the same contents.
 */
export class ContentsEncoder {
  readonly #scope: EncodeScope;
  readonly #contents: Content[] = [];
  /** The newest function call of each id: results go by name on this wire, and stand in the order of their calls. */
  readonly #calls = new Map<string, { name: string; place: number }>();
  #callCount = 0;
  /** Places of the calls that function responses answer. */
  readonly #places = new WeakMap<JsonObject, number>();

  constructor(scope: EncodeScope) {
    this.#scope = scope;
  }

  contents(turns: readonly Turn[]): JsonObject[] {
    for (const turn of turns) this.#turn(turn);
    const contents = this.#contents
      .map(({ role, parts, deferred, fields }) => ({ role, parts: [...this.#inOrder(parts), ...deferred], ...fields }))
      .filter(({ parts }) => parts.length > 0);
    if (contents.length > 0 || turns.length === 0) return contents;
    this.#scope.lose("messages", "Gemini wants a content with something in it; a placeholder was put there");
    return [{ role: "user", parts: [{ text: OPENING }] }];
  }

  /** Responses in the order of their calls, whatever order the client gave them in: models that know no ids go by it. */
  #inOrder(parts: JsonObject[]): JsonObject[] {
    const placeOf = (part: JsonObject): number => this.#places.get(part) ?? 0;
    const responses = parts.filter((part) => this.#places.has(part)).toSorted((a, b) => placeOf(a) - placeOf(b));
    const next = responses.values();
    return parts.map((part) => (this.#places.has(part) ? (next.next().value ?? part) : part));
  }

  #turn(turn: Turn): void {
    const isInstruction = turn.role === "system" || turn.role === "developer";
    if (isInstruction) {
      this.#scope.lose(turn.path, "Gemini takes instructions at the start only; sent as a user turn");
    }
    if (turn.name !== undefined) this.#scope.lose(`${turn.path}.name`, "Gemini has no names of participants");
    const content = this.#content(turn.role === "assistant" ? "model" : "user", turn);
    for (const part of turn.parts) this.#part(part, content);
  }

  #content(role: "user" | "model", { path, extras }: Turn): Content {
    const last = this.#contents.at(-1);
    const fields = this.#scope.extras(extras);
    if (last?.role === role) {
      for (const name of Object.keys(fields)) this.#scope.lose(`${path}.${name}`, "two contents were made one");
      return last;
    }
    const content: Content = { role, parts: [], deferred: [], hasCall: false, fields };
    this.#contents.push(content);
    return content;
  }

  #part(part: Part, content: Content): void {
    const scope = this.#scope;
    if (part.cache !== undefined)
      scope.lose(`${part.path}.cache_control`, "Gemini caches by itself and takes no cache marks");
    if (part.type === "tool-result") {
      const call = this.#calls.get(part.toolId);
      const result = encodeResult(part, call?.name, scope);
      const response = { ...result.response, ...scope.extras(part.extras) };
      if (call !== undefined) this.#places.set(response, call.place);
      content.parts.push(response);
      content.deferred.push(...result.beside);
      return;
    }
    if (content.deferred.length > 0) content.parts.push(...content.deferred.splice(0));
    const encoded = part.type === "tool-call" ? this.#call(part, content) : encodePart(part, scope);
    if (encoded !== null) content.parts.push(encoded);
  }

  #call(part: PartOf<"tool-call">, content: Content): JsonObject | null {
    const scope = this.#scope;
    if (part.kind === "server") {
      scope.lose(part.path, "a hosted tool's call of another provider");
      return null;
    }
    this.#calls.set(part.id, { name: part.name, place: this.#callCount++ });
    const call: JsonObject = {
      functionCall: { id: part.id, name: part.name, args: argumentsOf(part, scope) },
      ...scope.extras(part.extras),
    };
    const signature = ownSignature(part.seal, part.path, scope);
    const isFirst = !content.hasCall;
    content.hasCall = true;
    if (signature !== null) return { ...call, thoughtSignature: signature };
    // Of parallel calls only the first is signed, and only that one is checked.
    return isFirst && scope.wantsSignatures ? { ...call, thoughtSignature: SKIP_SIGNATURE } : call;
  }
}

/** Verbatim to its minter; dropped with a loss anywhere else. */
function ownSignature(seal: Seal | undefined, path: string, scope: EncodeScope): string | null {
  if (seal === undefined) return null;
  if (scope.isOwn(seal)) return seal.value;
  scope.lose(path, "the reasoning state was made by another provider and means nothing to this one");
  return null;
}

function argumentsOf(part: PartOf<"tool-call">, scope: EncodeScope): JsonObject {
  const text = part.kind === "custom" ? wrapCustomInput(part.arguments) : part.arguments;
  if (text.trim() === "") return {};
  const args = tryJson(text);
  if (isObject(args)) return args;
  scope.lose(`${part.path}.arguments`, "the arguments are not a JSON object; sent as text in the field `arguments`");
  return { arguments: text };
}

/** Parts other than tool calls and results; null when nothing of it can be sent. */
export function encodePart(part: Part, scope: EncodeScope): JsonObject | null {
  switch (part.type) {
    case "text": {
      if (part.citations !== undefined && part.citations.length > 0) {
        scope.lose(`${part.path}.citations`, "Gemini takes no citations back");
      }
      if (part.phase !== undefined) scope.lose(`${part.path}.phase`, "Gemini has no phases of an answer");
      const signature = ownSignature(part.seal, part.path, scope);
      const text = { text: part.text, ...scope.extras(part.extras) };
      if (signature !== null) return { ...text, thoughtSignature: signature };
      return part.text === "" ? null : text;
    }
    case "refusal":
      return part.text === "" ? null : { text: part.text };
    case "reasoning":
      return encodeThought(part, scope);
    case "media":
      return signed(encodeMedia(part, scope), part.seal, part.path, scope);
    case "native":
      return encodeNative(part, scope);
    default:
      return null;
  }
}

function encodeThought(part: PartOf<"reasoning">, scope: EncodeScope): JsonObject | null {
  if (part.seal !== undefined && scope.isOwn(part.seal)) {
    return { text: part.text, thought: true, thoughtSignature: part.seal.value };
  }
  if (part.seal === undefined && scope.isSameDialect) return { text: part.text, thought: true };
  scope.lose(part.path, "reasoning of another provider is not sent on");
  return null;
}

function signed(
  encoded: JsonObject | null,
  seal: Seal | undefined,
  path: string,
  scope: EncodeScope,
): JsonObject | null {
  const signature = ownSignature(seal, path, scope);
  return encoded === null || signature === null ? encoded : { ...encoded, thoughtSignature: signature };
}

function encodeNative(part: PartOf<"native">, scope: EncodeScope): JsonObject | null {
  if (part.native.origin === "gemini" && isObject(part.native.value)) return part.native.value;
  scope.lose(part.path, "a content type of another provider");
  return null;
}
