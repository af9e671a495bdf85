import type { Part, PartOf, Turn } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { encodeContentPart, type Speaker } from "./encode-content.ts";
import { callId, type Encoding, NOT_KNOWN } from "./encoding.ts";

/** Turns as input items: content parts that stand together are one message, everything else is an item of its own. */
export function encodeInput(turns: readonly Turn[], encoding: Encoding): JsonObject[] {
  return turns.flatMap((turn) => encodeTurn(turn, encoding));
}

/** A message of the model's: at the end of the input, the beginning of an answer. */
export const isAnswer = (item: JsonObject): boolean =>
  (item["type"] ?? "message") === "message" && item["role"] === "assistant";

/** Some models refuse a conversation that ends in a turn of their own (flag `prefill`); reasoning can't stand without what it led to. */
export function dropPrefill(items: JsonObject[], path: string, encoding: Encoding): void {
  const last = items.at(-1);
  if (encoding.target.flags.prefill || items.length < 2 || last === undefined || !isAnswer(last)) return;
  encoding.lose(path, "this model refuses a conversation that ends with an assistant message");
  items.pop();
  while (items.length > 1 && items.at(-1)?.["type"] === "reasoning") items.pop();
}

function encodeTurn(turn: Turn, encoding: Encoding): JsonObject[] {
  const items: JsonObject[] = [];
  const speaker: Speaker = turn.role === "assistant" ? "output" : "input";
  if (turn.name !== undefined) encoding.lose(`${turn.path}.name`, "messages have no names here");
  const message = new MessageBuilder(turn, speaker, encoding, items);
  for (const part of turn.parts) {
    const item = encodeItem(part, encoding);
    if (item === "content") message.add(part);
    else {
      message.close();
      if (item !== null) items.push(item);
    }
  }
  message.close();
  return items;
}

/** Gathers neighbouring content into one message; what the model said before and after a tool call stays apart, and so do phases. */
class MessageBuilder {
  readonly #turn: Turn;
  readonly #speaker: Speaker;
  readonly #encoding: Encoding;
  readonly #items: JsonObject[];
  #content: JsonObject[] = [];
  #phase: string | undefined;

  constructor(turn: Turn, speaker: Speaker, encoding: Encoding, items: JsonObject[]) {
    this.#turn = turn;
    this.#speaker = speaker;
    this.#encoding = encoding;
    this.#items = items;
  }

  add(part: Part): void {
    const phase = part.type === "text" ? part.phase : undefined;
    if (phase !== this.#phase) this.close();
    if (part.seal !== undefined) this.#encoding.unseal(part.seal, part.path);
    const content = encodeContentPart(part, this.#speaker, this.#encoding);
    if (content === null) return;
    this.#phase = phase;
    this.#content.push(content);
  }

  close(): void {
    if (this.#content.length === 0) return;
    this.#items.push({
      type: "message",
      role: this.#turn.role,
      content: this.#content,
      ...(this.#encoding.isOwn ? this.#turn.extras : {}),
      ...(this.#phase === undefined ? {} : { phase: this.#phase }),
    });
    this.#content = [];
  }
}

/** The item that a part is; "content" when it belongs into a message, null when it can't be sent. */
function encodeItem(part: Part, encoding: Encoding): JsonObject | "content" | null {
  switch (part.type) {
    case "reasoning":
      return encodeReasoning(part, encoding);
    case "tool-call":
      return encodeCall(part, encoding);
    case "tool-result":
      return encodeResult(part, encoding);
    case "native":
      return encodeNative(part, encoding);
    default:
      return "content";
  }
}

/** Reasoning without state that this provider minted is refused by it ("item not found"), so it is left out. */
function encodeReasoning(part: PartOf<"reasoning">, encoding: Encoding): JsonObject | null {
  if (part.seal === undefined) {
    encoding.lose(part.path, "reasoning without this provider's encrypted state is not accepted");
    return null;
  }
  const value = encoding.unseal(part.seal, part.path);
  if (value === null) return null;
  const id = part.seal.itemId ?? part.itemId;
  const text = part.text === "" ? [] : [part.text];
  return {
    type: "reasoning",
    ...(id === undefined ? {} : { id }),
    summary: part.form === "full" ? [] : text.map((entry) => ({ type: "summary_text", text: entry })),
    ...(part.form === "full" ? { content: text.map((entry) => ({ type: "reasoning_text", text: entry })) } : {}),
    encrypted_content: value,
  };
}

function encodeCall(part: PartOf<"tool-call">, encoding: Encoding): JsonObject | null {
  if (part.kind === "server") {
    encoding.lose(part.path, `a hosted tool of another provider is ${NOT_KNOWN}`);
    return null;
  }
  encoding.loseMark(part.cache, part.path);
  if (part.seal !== undefined) encoding.unseal(part.seal, part.path);
  const name = encoding.localNames.get(part.name) ?? part.name;
  const head = { call_id: callId(part.id), name, ...encoding.extras(part.extras, part.path) };
  const namespace = part.namespace === undefined ? {} : { namespace: part.namespace };
  if (part.kind === "custom") return { type: "custom_tool_call", ...head, input: part.arguments, ...namespace };
  return { type: "function_call", ...head, arguments: part.arguments === "" ? "{}" : part.arguments, ...namespace };
}

/** Output that is one text is sent as a string, as the API's own examples do. */
function encodeResult(part: PartOf<"tool-result">, encoding: Encoding): JsonObject | null {
  if (part.kind === "server") {
    encoding.lose(part.path, `the result of a hosted tool of another provider is ${NOT_KNOWN}`);
    return null;
  }
  encoding.loseMark(part.cache, part.path);
  if (part.isError) encoding.lose(`${part.path}.is_error`, "results have no error flag here; the text stays");
  const content = part.content
    .map((entry) => encodeContentPart(entry, "input", encoding))
    .filter((entry) => entry !== null);
  const [first] = content;
  const isPlain = content.length === 1 && first !== undefined && Object.keys(first).join() === "type,text";
  return {
    type: part.kind === "custom" ? "custom_tool_call_output" : "function_call_output",
    call_id: callId(part.toolId),
    output: content.length === 0 ? "" : isPlain ? (first["text"] ?? "") : content,
    ...encoding.extras(part.extras, part.path),
  };
}

function encodeNative(part: PartOf<"native">, encoding: Encoding): JsonObject | null {
  if (part.native.origin === "openai-responses" && isObject(part.native.value)) return part.native.value;
  encoding.lose(part.path, `a part of another dialect is ${NOT_KNOWN}`);
  return null;
}
