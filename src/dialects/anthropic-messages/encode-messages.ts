import type { Part, Turn } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { encodePart } from "./encode-part.ts";
import type { Encoding } from "./encoding.ts";
import { isServerBlock } from "./server-block.ts";

interface WireMessage {
  role: "user" | "assistant" | "system";
  content: JsonObject[];
  extras: JsonObject;
  path: string;
}

/** Stands before a conversation that has no user message first. */
const OPENING = "(The conversation begins.)";

/**
 * Turns as messages: user and assistant alternate, tool results come first in their message (the API wants them directly after the
 * calls), and a longer conversation only adds to what a shorter one encodes to.
 */
export function encodeMessages(turns: readonly Turn[], encoding: Encoding): JsonObject[] {
  const messages: WireMessage[] = [];
  for (const turn of turns) {
    const message = encodeTurn(turn, encoding);
    const last = messages.at(-1);
    if (message === null) continue;
    if (last !== undefined && last.role === message.role && message.role !== "system") {
      last.content.push(...message.content);
    } else messages.push(message);
  }
  if (messages.find((message) => message.role !== "system")?.role !== "user") {
    encoding.lose("messages", "Anthropic wants a user message first; a placeholder was put there");
    messages.unshift({ role: "user", content: [{ type: "text", text: OPENING }], extras: {}, path: "messages" });
  }
  dropPrefill(messages, encoding);
  return messages.map(toWire);
}

function encodeTurn(turn: Turn, encoding: Encoding): WireMessage | null {
  if (turn.role === "system" || turn.role === "developer") return encodeInstruction(turn, encoding);
  const content = encodeParts(turn.parts, encoding);
  const extras = encoding.extras(turn.extras, turn.path);
  if (turn.name !== undefined) encoding.lose(`${turn.path}.name`, "Anthropic messages have no name");
  return content.length === 0 ? null : { role: turn.role, content, extras, path: turn.path };
}

const encodeParts = (parts: readonly Part[], encoding: Encoding): JsonObject[] =>
  parts.map((part) => encodePart(part, encoding)).filter((block) => block !== null);

/**
 * Instructions in mid-conversation. Anthropic's own clients know whether their model takes a system message there; from other
 * dialects it becomes marked user text, which every model takes.
 */
function encodeInstruction(turn: Turn, encoding: Encoding): WireMessage | null {
  const content = encodeParts(turn.parts, encoding);
  if (encoding.origin === "anthropic-messages") {
    const extras = encoding.extras(turn.extras, turn.path);
    const empty = content.length === 0 && Object.keys(extras).length === 0;
    return empty ? null : { role: "system", content, extras, path: turn.path };
  }
  if (content.length === 0) return null;
  if (turn.name !== undefined) encoding.lose(`${turn.path}.name`, "Anthropic messages have no name");
  encoding.lose(turn.path, `a ${turn.role} message in mid-conversation is sent as marked user text`);
  const marked = content.map((block) =>
    typeof block.text === "string" ? { ...block, text: `<system>\n${block.text}\n</system>` } : block,
  );
  return { role: "user", content: marked, extras: {}, path: turn.path };
}

/**
 * A trailing assistant message is a prefill: refused by newer models, unless it goes on with a paused server tool turn. Where it is
 * taken it must not end in white space (Anthropic: "final assistant content cannot end with trailing whitespace").
 */
function dropPrefill(messages: WireMessage[], encoding: Encoding): void {
  const last = messages.at(-1);
  const block = last?.content.at(-1);
  if (last?.role !== "assistant" || block === undefined) return;
  if (block.type !== "text" || typeof block.text !== "string") return;
  if (!encoding.target.flags.prefill && !last.content.some(isServerBlock)) {
    encoding.lose(last.path, "this model refuses a conversation that ends with an assistant message");
    messages.pop();
    return;
  }
  const trimmed = block.text.trimEnd();
  if (trimmed === block.text) return;
  encoding.lose(last.path, "trailing white space of a final assistant message is refused by Anthropic");
  last.content[last.content.length - 1] = { ...block, text: trimmed };
}

function toWire(message: WireMessage): JsonObject {
  const results = message.content.filter((block) => block.type === "tool_result");
  const others = message.content.filter((block) => block.type !== "tool_result");
  const content = [...results, ...others];
  return { role: message.role, ...(content.length === 0 ? {} : { content }), ...message.extras };
}
