import { invalidRequest } from "../../ir/error.ts";
import type { Part, PartOf, Turn } from "../../ir/request.ts";
import type { SealedPart } from "../../ir/seal.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { decodeContent } from "./content.ts";
import {
  extrasOf,
  isAbsent,
  optionalArray,
  optionalString,
  optionalWord,
  readArray,
  readName,
  readObject,
  readString,
  unknownFields,
  type Wire,
} from "../shared/fields.ts";
import type { ResponsesReading } from "./reading.ts";
import { splitEnvelope } from "../shared/envelope.ts";

const ROLES = ["user", "assistant", "system", "developer"] as const;

const MESSAGE_FIELDS: ReadonlySet<string> = new Set(["type", "id", "role", "content", "phase", "status"]);
const CALLED = ["type", "id", "call_id", "name", "namespace", "status"];
const CALL_FIELDS: ReadonlySet<string> = new Set([...CALLED, "arguments"]);
const CUSTOM_CALL_FIELDS: ReadonlySet<string> = new Set([...CALLED, "input"]);
const RESULT_FIELDS: ReadonlySet<string> = new Set(["type", "id", "call_id", "output", "status"]);

/** `input` as turns, one per item. Throws 400 naming the item, also for results without a call and calls without a result. */
export function decodeInput(value: Wire, reading: ResponsesReading): Turn[] {
  if (typeof value === "string") {
    return [{ role: "user", path: "input", parts: [{ type: "text", text: value, path: "input" }] }];
  }
  if (!Array.isArray(value)) throw invalidRequest("input", "input: expected a string or an array of items");
  if (value.length === 0) throw invalidRequest("input", "input: at least one item is required");
  const reader = new InputReader(reading);
  for (const [index, item] of readArray(value, "input").entries()) {
    reader.read(readObject(item, `input[${index}]`), `input[${index}]`);
  }
  return reader.finish();
}

class InputReader {
  readonly #reading: ResponsesReading;
  readonly #turns: Turn[] = [];
  /** Calls that wait for their result, with the path of the call. */
  readonly #open = new Map<string, string>();
  /** Seals of envelopes that belong to the part which follows. */
  #next: SealedPart[] = [];

  constructor(reading: ResponsesReading) {
    this.#reading = reading;
  }

  read(item: JsonObject, path: string): void {
    switch (this.#typeOf(item, path)) {
      case "message":
        return this.#message(item, path);
      case "reasoning":
        return this.#reasoning(item, path);
      case "function_call":
        return this.#call(item, path, "function", "arguments");
      case "custom_tool_call":
        return this.#call(item, path, "custom", "input");
      case "function_call_output":
        return this.#result(item, path, "function");
      case "custom_tool_call_output":
        return this.#result(item, path, "custom");
      default:
        return this.#native(item, path);
    }
  }

  /** A message may leave its type out, an item reference too. */
  #typeOf(item: JsonObject, path: string): string {
    if (!isAbsent(item["type"])) return readName(item["type"], `${path}.type`);
    if (!isAbsent(item["role"])) return "message";
    if (!isAbsent(item["id"])) return "item_reference";
    throw invalidRequest(`${path}.type`, `${path}.type: is required`);
  }

  #message(item: JsonObject, path: string): void {
    const role = optionalWord(item["role"], `${path}.role`, ROLES);
    if (role === undefined) throw invalidRequest(`${path}.role`, `${path}.role: is required`);
    const id = optionalString(item["id"], `${path}.id`);
    const phase = optionalString(item["phase"], `${path}.phase`);
    const parts = decodeContent(item["content"], `${path}.content`).map((part): Part => ({
      ...part,
      ...(id === undefined ? {} : { itemId: id }),
      ...(phase === undefined || part.type !== "text" ? {} : { phase }),
    }));
    this.#push(role, parts, path, unknownFields(item, MESSAGE_FIELDS));
  }

  #reasoning(item: JsonObject, path: string): void {
    const id = optionalString(item["id"], `${path}.id`);
    const summary = textsOf(item["summary"], `${path}.summary`);
    const content = textsOf(item["content"], `${path}.content`);
    const sealed = optionalString(item["encrypted_content"], `${path}.encrypted_content`);
    const form = content.length > 0 ? ("full" as const) : ("summary" as const);
    const texts = content.length > 0 ? content : summary;
    const part: PartOf<"reasoning"> = {
      type: "reasoning",
      form,
      text: texts.join("\n\n"),
      path,
      ...(id === undefined ? {} : { itemId: id }),
    };
    if (sealed === undefined) {
      if (part.text !== "") this.#push("assistant", [part], path);
      return;
    }
    const seals = this.#reading.open(sealed, `${path}.encrypted_content`);
    if (seals === null) this.#push("assistant", [{ ...part, seal: this.#reading.ownSeal(sealed, id) }], path);
    else this.#applyEnvelope(seals, part);
  }

  /** What an envelope on a reasoning item holds: this reasoning itself, or the seal of the part before or after it. */
  #applyEnvelope(seals: SealedPart[], part: PartOf<"reasoning">): void {
    const own: Part[] = [];
    for (const entry of seals) {
      if (entry.attach === "next") this.#next.push(entry);
      else if (entry.attach === "previous") this.#sealLast(entry);
      else own.push(unsealedReasoning(entry, part, own.length === 0));
    }
    if (own.length > 0) this.#push("assistant", own, part.path);
    else if (part.text !== "") this.#push("assistant", [part], part.path);
  }

  #sealLast(entry: SealedPart): void {
    const turn = this.#turns.at(-1);
    const last = turn?.parts.at(-1);
    if (turn === undefined || last === undefined || turn.role !== "assistant") {
      this.#reading.lose("input", "reasoning state dropped: the part that it belongs to is missing");
    } else last.seal = entry.seal;
  }

  #call(item: JsonObject, path: string, kind: "function" | "custom", field: "arguments" | "input"): void {
    const { id, envelope } = splitEnvelope(readName(item["call_id"], `${path}.call_id`));
    const name = this.#reading.toolName(item, readName(item["name"], `${path}.name`));
    const text = readString(item[field], `${path}.${field}`);
    if (this.#open.has(id)) {
      throw invalidRequest(`${path}.call_id`, `${path}.call_id: ${id} is already the id of a call without an output`);
    }
    this.#open.set(id, path);
    this.#reading.toolNames.set(id, name);
    const itemId = optionalString(item["id"], `${path}.id`);
    const namespace = optionalString(item["namespace"], `${path}.namespace`);
    const part: PartOf<"tool-call"> = {
      type: "tool-call",
      kind,
      id,
      name,
      arguments: text,
      path,
      ...(itemId === undefined ? {} : { itemId }),
      ...(namespace === undefined ? {} : { namespace }),
      ...extrasOf(item, kind === "custom" ? CUSTOM_CALL_FIELDS : CALL_FIELDS),
    };
    const before: Part[] = [];
    for (const entry of envelope === null ? [] : (this.#reading.open(envelope, `${path}.call_id`) ?? [])) {
      if (entry.attach === "carrier" || entry.attach === "next") part.seal = entry.seal;
      else before.push(unsealedReasoning(entry, { type: "reasoning", form: "summary", text: "", path }, true));
    }
    this.#push("assistant", [...before, part], path);
  }

  #result(item: JsonObject, path: string, kind: "function" | "custom"): void {
    const { id } = splitEnvelope(readName(item["call_id"], `${path}.call_id`));
    if (!this.#open.delete(id)) {
      throw invalidRequest(`${path}.call_id`, `${path}.call_id: no tool call found for the output of call ${id}`);
    }
    const part: Part = {
      type: "tool-result",
      toolId: id,
      name: this.#reading.toolNames.get(id) ?? null,
      kind,
      content: decodeContent(item["output"], `${path}.output`),
      isError: false,
      path,
      ...extrasOf(item, RESULT_FIELDS),
    };
    this.#push("user", [part], path);
  }

  /** Items of built-in tools, of compaction, references: only this dialect has a meaning for them. */
  #native(item: JsonObject, path: string): void {
    const role = /_(output|response)$/.test(String(item["type"])) ? "user" : "assistant";
    this.#push(role, [{ type: "native", native: { origin: "openai-responses", value: item }, path }], path);
  }

  #push(role: Turn["role"], parts: Part[], path: string, extras?: JsonObject): void {
    const [first] = parts;
    const [sealed] = this.#next;
    if (sealed !== undefined && first !== undefined && first.seal === undefined) {
      first.seal = sealed.seal;
      this.#next = [];
    }
    this.#turns.push({ role, parts, path, ...(extras === undefined ? {} : { extras }) });
  }

  finish(): Turn[] {
    for (const [id, path] of this.#open) {
      throw invalidRequest(`${path}.call_id`, `${path}.call_id: no tool output found for tool call ${id}`);
    }
    return this.#turns;
  }
}

/** A reasoning part out of an envelope. Its text is the envelope's, else the one that the client echoed. */
function unsealedReasoning(entry: SealedPart, echoed: PartOf<"reasoning">, takesText: boolean): PartOf<"reasoning"> {
  const { itemId: _itemId, ...rest } = echoed;
  const forms = {
    signature: "full",
    redacted: "redacted",
    encrypted: "summary",
    "thought-signature": "summary",
  } as const;
  return {
    ...rest,
    form: forms[entry.seal.kind],
    text: entry.text ?? (takesText ? echoed.text : ""),
    seal: entry.seal,
  };
}

function textsOf(value: Wire, path: string): string[] {
  return (optionalArray(value, path) ?? []).map((entry, index) => {
    const at = `${path}[${index}]`;
    return readString(isObject(entry) ? entry["text"] : undefined, `${at}.text`);
  });
}
