import { invalidRequest } from "../../ir/error.ts";
import type { Part, PartOf, Turn } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import {
  isAbsent,
  optionalArray,
  optionalString,
  optionalWord,
  readName,
  readObject,
  readString,
  unknownFields,
  type Wire,
} from "../shared/fields.ts";
import { splitEnvelope } from "../shared/envelope.ts";
import { decodeAnnotation } from "./annotation.ts";
import { decodeContent, decodeOptionalContent } from "./content.ts";
import { extraContentSeal, MessageSeals } from "./message-seals.ts";
import type { ChatReading } from "./reading.ts";
import { objectsOf } from "../shared/wire-values.ts";

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;
const SAID: ReadonlySet<string> = new Set(["role", "content", "name"]);
const RESULT: ReadonlySet<string> = new Set([...SAID, "tool_call_id"]);
const ANSWER: ReadonlySet<string> = new Set([
  ...SAID,
  "refusal",
  "tool_calls",
  "function_call",
  "annotations",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
  "thinking",
  "extra_content",
]);
/** Fields that are read of a message, by who says it. */
const MESSAGE_FIELDS: Readonly<Record<(typeof ROLES)[number], ReadonlySet<string>>> = {
  system: SAID,
  developer: SAID,
  user: SAID,
  assistant: ANSWER,
  tool: RESULT,
  function: RESULT,
};

const CALL_FIELDS: ReadonlySet<string> = new Set(["id", "type", "function", "custom", "index", "extra_content"]);

/** `messages` as turns, one each. Throws 400 naming the field, also for results without a call and calls without a result. */
export function decodeMessages(value: Wire, reading: ChatReading): Turn[] {
  if (!Array.isArray(value)) throw invalidRequest("messages", "messages: expected an array of messages");
  if (value.length === 0) throw invalidRequest("messages", "messages: at least one message is required");
  const reader = new MessageReader(reading);
  for (const [index, entry] of value.entries()) {
    const path = `messages[${index}]`;
    reader.read(readObject(entry, path), path);
  }
  return reader.finish();
}

interface OpenCall {
  id: string;
  name: string;
  path: string;
  kind: "function" | "custom";
  /** Made by `function_call`, which has no id: answered by name. */
  isLegacy: boolean;
}

class MessageReader {
  readonly #reading: ChatReading;
  readonly #turns: Turn[] = [];
  /** Calls that wait for their result. */
  #open: OpenCall[] = [];

  constructor(reading: ChatReading) {
    this.#reading = reading;
  }

  read(message: JsonObject, path: string): void {
    const role = optionalWord(message["role"], `${path}.role`, ROLES);
    if (role === undefined) throw invalidRequest(`${path}.role`, `${path}.role: is required`);
    if (role === "tool") return this.#toolResult(message, path);
    if (role === "function") return this.#functionResult(message, path);
    this.#requireResults();
    const name = optionalString(message["name"], `${path}.name`);
    const extras = unknownFields(message, MESSAGE_FIELDS[role]);
    const parts =
      role === "assistant" ? this.#assistant(message, path) : decodeContent(message["content"], `${path}.content`);
    const turn: Turn = { role, parts, path };
    if (name !== undefined && name !== "") turn.name = name;
    if (extras !== undefined) turn.extras = extras;
    this.#turns.push(turn);
  }

  #assistant(message: JsonObject, path: string): Part[] {
    const seals = new MessageSeals(this.#reading);
    seals.read(message, path);
    const parts = this.#saidParts(message, path);
    const calls = optionalArray(message["tool_calls"], `${path}.tool_calls`) ?? [];
    const callParts = calls.map((entry, index) => {
      const at = `${path}.tool_calls[${index}]`;
      return this.#call(readObject(entry, at), at, seals);
    });
    if (isObject(message["function_call"])) callParts.push(this.#functionCall(message["function_call"], path));
    const joined = [...seals.join(parts, path), ...callParts];
    if (joined.length > 0 || isObject(message["audio"])) return joined;
    throw invalidRequest(`${path}.content`, `${path}.content: is required unless tool_calls are given`);
  }

  /** Content and refusal. An empty text says nothing beside calls, and is all there is otherwise. */
  #saidParts(message: JsonObject, path: string): Part[] {
    const content = message["content"];
    const hasCalls = Array.isArray(message["tool_calls"]) || isObject(message["function_call"]);
    const refusal = optionalString(message["refusal"], `${path}.refusal`);
    const hasOther = hasCalls || (refusal !== undefined && refusal !== "");
    const isEmpty = content === "" || (Array.isArray(content) && content.length === 0);
    const parts = isEmpty && hasOther ? [] : decodeOptionalContent(content, `${path}.content`);
    const extraSeal = extraContentSeal(message["extra_content"], this.#reading);
    const text = parts.findLast((part) => part.type === "text");
    if (extraSeal !== undefined && text !== undefined) text.seal = extraSeal;
    const annotations = objectsOf(message["annotations"]);
    if (annotations.length > 0 && text !== undefined) text.citations = annotations.map(decodeAnnotation);
    if (refusal !== undefined && refusal !== "")
      parts.push({ type: "refusal", text: refusal, path: `${path}.refusal` });
    return parts;
  }

  #call(call: JsonObject, path: string, seals: MessageSeals): Part {
    const { id, envelope } = splitEnvelope(readName(call["id"], `${path}.id`));
    const kind = call["type"] === "custom" ? "custom" : "function";
    if (kind === "function") optionalWord(call["type"], `${path}.type`, ["function", "custom"]);
    const at = `${path}.${kind}`;
    const body = readObject(call[kind], at);
    const name = readName(body["name"], `${at}.name`);
    const text = kind === "custom" ? readString(body["input"], `${at}.input`) : argumentsOf(body, at);
    this.#openCall({ id, name, path: `${path}.id`, kind, isLegacy: false });
    const extras = unknownFields(call, CALL_FIELDS);
    const ofEnvelope = envelope === null ? undefined : seals.ofCall(envelope, `${path}.id`);
    const seal = ofEnvelope ?? extraContentSeal(call["extra_content"], this.#reading);
    return {
      type: "tool-call",
      kind,
      id,
      name,
      arguments: text,
      path,
      ...(seal === undefined ? {} : { seal }),
      ...(extras === undefined ? {} : { extras }),
    };
  }

  #functionCall(call: JsonObject, messagePath: string): Part {
    const path = `${messagePath}.function_call`;
    const name = readName(call["name"], `${path}.name`);
    const id = `call_${messagePath.replace(/[^0-9]/g, "")}_${name}`.slice(0, 40);
    this.#openCall({ id, name, path: `${path}.name`, kind: "function", isLegacy: true });
    return { type: "tool-call", kind: "function", id, name, arguments: argumentsOf(call, path), path };
  }

  #openCall(call: OpenCall): void {
    if (this.#open.some((other) => other.id === call.id)) {
      throw invalidRequest(call.path, `${call.path}: ${call.id} is already the id of a call without a result`);
    }
    this.#open.push(call);
  }

  #toolResult(message: JsonObject, path: string): void {
    const field = `${path}.tool_call_id`;
    const { id } = splitEnvelope(readName(message["tool_call_id"], field));
    const call = this.#close((open) => open.id === id);
    if (call === undefined) {
      throw invalidRequest(field, `${field}: no tool call ${id} waits for a result in the message before`);
    }
    this.#result(call, message, path);
  }

  /** Legacy `{role: "function", name, content}`: the result of the oldest call of that function. */
  #functionResult(message: JsonObject, path: string): void {
    const field = `${path}.name`;
    const name = readName(message["name"], field);
    const call = this.#close((open) => open.isLegacy && open.name === name);
    if (call === undefined) throw invalidRequest(field, `${field}: no function_call of ${name} waits for a result`);
    this.#result(call, message, path);
  }

  #close(matches: (call: OpenCall) => boolean): OpenCall | undefined {
    const index = this.#open.findIndex(matches);
    return index < 0 ? undefined : this.#open.splice(index, 1)[0];
  }

  #result(call: OpenCall, message: JsonObject, path: string): void {
    const content = message["content"];
    const isEmpty = isAbsent(content) || content === "" || (Array.isArray(content) && content.length === 0);
    const extras = unknownFields(message, RESULT);
    const part: PartOf<"tool-result"> = {
      type: "tool-result",
      toolId: call.id,
      name: call.name,
      kind: call.kind,
      content: isEmpty ? [] : decodeContent(content, `${path}.content`),
      isError: false,
      path,
    };
    this.#turns.push({ role: "user", parts: [part], path, ...(extras === undefined ? {} : { extras }) });
  }

  /** All results must have come before anything else is said (API: "must be followed by tool messages responding to each tool_call_id"). */
  #requireResults(): void {
    const [call] = this.#open;
    if (call !== undefined) throw invalidRequest(call.path, `${call.path}: no result follows for tool call ${call.id}`);
  }

  finish(): Turn[] {
    this.#requireResults();
    return this.#turns;
  }
}

/** Arguments are JSON text; clients that send the object itself mean the same. */
function argumentsOf(body: JsonObject, path: string): string {
  const value = body["arguments"];
  if (isObject(value)) return JSON.stringify(value);
  return optionalString(value, `${path}.arguments`) ?? "";
}
