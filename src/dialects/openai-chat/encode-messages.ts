import type { GenerateRequest, Part, PartOf, Turn } from "../../ir/request.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { AssistantMessage, isPlainText } from "./assistant-message.ts";
import { bareText, encodeContentPart } from "./encode-media.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";

/** Instructions and turns as `messages`. */
export function encodeMessages(request: GenerateRequest, encoding: Encoding): JsonObject[] {
  const writer = new MessageWriter(encoding);
  if (request.system.length > 0) writer.instructions(request.system);
  for (const turn of request.turns) writer.turn(turn);
  const messages = writer.finish();
  dropPrefill(messages, request, encoding);
  return messages;
}

/** Some models refuse a conversation that ends in a turn of their own (flag `prefill`). */
function dropPrefill(messages: JsonObject[], request: GenerateRequest, encoding: Encoding): void {
  const last = messages.at(-1);
  if (encoding.target.flags.prefill || messages.length < 2 || last?.["role"] !== "assistant") return;
  encoding.lose(request.turns.at(-1)?.path ?? "messages", "this model refuses an assistant message at the end");
  messages.pop();
}

class MessageWriter {
  readonly #encoding: Encoding;
  readonly #messages: JsonObject[] = [];
  /** What a tool message can't hold follows in a user message, once all results are given. */
  #attachments: JsonObject[] = [];
  #assistant: AssistantMessage | null = null;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** Leading instructions are one message: many servers take a single one, at the start, as a string. */
  instructions(parts: readonly Part[]): void {
    const content = this.#contentOf(parts);
    if (content.length === 0) return;
    const texts = content.every(isPlainText) ? content.map((part) => part["text"]) : null;
    const role = this.#encoding.target.compat.system_role;
    this.#messages.push({ role, content: texts === null ? content : texts.join("\n\n") });
  }

  turn(turn: Turn): void {
    if (turn.role === "assistant") {
      this.#flushAttachments();
      // Clients of other dialects spread one message over several turns.
      if (this.#encoding.isOwn) this.#flushAssistant();
      this.#assistant ??= new AssistantMessage(this.#encoding);
      this.#assistant.add(turn);
      return;
    }
    this.#flushAssistant();
    if (turn.role === "user") return this.#user(turn);
    this.#flushAttachments();
    this.#say(this.#encoding.target.compat.system_role, turn.parts, turn);
  }

  /** Results come first, since they answer the message before. */
  #user(turn: Turn): void {
    const said: Part[] = [];
    for (const part of turn.parts) {
      if (part.type === "tool-result") this.#result(part, turn);
      else said.push(part);
    }
    if (said.length === 0) return;
    this.#flushAttachments();
    this.#say("user", said, turn);
  }

  #say(role: string, parts: readonly Part[], turn: Turn): void {
    const content = this.#contentOf(parts);
    if (content.length === 0) return;
    const extras = this.#encoding.extras(turn.extras, turn.path);
    const name = turn.name === undefined ? {} : { name: turn.name };
    this.#messages.push({ role, ...name, content: compact(content), ...extras });
  }

  #contentOf(parts: readonly Part[]): JsonObject[] {
    return parts.flatMap((part): JsonObject[] => {
      if (part.seal !== undefined) this.#encoding.mayUnseal(part.seal, part.path);
      const encoded = encodeContentPart(part, this.#encoding);
      return encoded === null ? [] : [encoded];
    });
  }

  #result(part: PartOf<"tool-result">, turn: Turn): void {
    if (part.kind === "server") {
      this.#encoding.lose(part.path, `the result of a hosted tool of another provider is ${NOT_KNOWN}`);
      return;
    }
    if (part.isError) this.#encoding.lose(`${part.path}.is_error`, "results have no error flag here; the text stays");
    const id = this.#encoding.toolId(part.toolId);
    const all = this.#resultContent(part);
    const texts = all.filter((item) => item["type"] === "text");
    const media = all.filter((item) => item["type"] !== "text");
    if (media.length > 0) {
      this.#attachments.push({ type: "text", text: `Attachments of tool call ${id}:` }, ...media);
    }
    const content =
      texts.length === 0 ? (media.length > 0 ? "(see the attachments that follow)" : "") : this.#resultText(texts);
    const marks = this.#encoding.cacheMark(part.cache, undefined, part.path);
    this.#messages.push({
      role: "tool",
      tool_call_id: id,
      content,
      ...this.#encoding.extras(turn.extras, turn.path),
      ...marks,
    });
  }

  #resultContent(part: PartOf<"tool-result">): JsonObject[] {
    const encoding = this.#encoding;
    if (!encoding.target.compat.string_content) return this.#contentOf(part.content);
    return part.content.flatMap((item) => {
      if (item.type !== "text") return this.#contentOf([item]);
      return item.text === "" ? [] : [bareText(item.text, item, encoding)];
    });
  }

  #resultText(texts: JsonObject[]): JsonValue {
    if (!this.#encoding.target.compat.string_content) return compact(texts);
    return texts.map((part) => String(part["text"])).join("\n");
  }

  #flushAttachments(): void {
    if (this.#attachments.length === 0) return;
    this.#messages.push({ role: "user", content: this.#attachments });
    this.#attachments = [];
  }

  #flushAssistant(): void {
    const message = this.#assistant?.encode() ?? null;
    this.#assistant = null;
    if (message !== null) this.#messages.push(message);
  }

  finish(): JsonObject[] {
    this.#flushAssistant();
    this.#flushAttachments();
    return this.#messages;
  }
}

/** One plain text as a string, else the list. */
function compact(content: JsonObject[]): JsonValue {
  const [first] = content;
  return content.length === 1 && first !== undefined && isPlainText(first) ? (first["text"] ?? "") : content;
}
