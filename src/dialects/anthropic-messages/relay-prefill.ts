import { isObject, type JsonValue } from "../../lib/json.ts";
import { skipSpace, skipValue } from "../../wire/json-grammar.ts";
import { DEFAULT_MAX_DEPTH, type ScannedObject } from "../../wire/scan.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { RelayEdits } from "./relay-thinking.ts";
import { isServerBlock } from "./server-block.ts";

/**
 * Leaves out a trailing assistant message where the model's flag says that it is refused; every other byte of `messages` stays. A paused
 * server tool turn goes on from such a message, and a fallback credit token allows one (Anthropic refusals and fallback).
 */
export function relayPrefill(doc: ScannedObject, target: TargetFacts, edits: RelayEdits): void {
  if (target.flags.prefill || doc.fields.has("fallback_credit_token")) return;
  const messages = doc.value("messages");
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : null;
  if (!isObject(last) || last.role !== "assistant" || !Array.isArray(messages) || messages.length < 2) return;
  const content: JsonValue[] = Array.isArray(last.content) ? last.content : [];
  if (content.some((block) => isObject(block) && isServerBlock(block))) return;
  edits.set.messages = withoutLastElement(doc, "messages");
  edits.losses.push({
    field: `messages[${messages.length - 1}]`,
    reason: "this model refuses a conversation that ends with an assistant message",
    side: "request",
  });
}

/** Source text of an array field, up to the end of its last element but one, closed. */
function withoutLastElement(doc: ScannedObject, name: string): string {
  const field = doc.fields.get(name);
  if (field === undefined) return "[]";
  const bytes = Buffer.from(doc.bytes.buffer, doc.bytes.byteOffset, doc.bytes.byteLength);
  const source = { bytes, text: null, maxDepth: DEFAULT_MAX_DEPTH };
  const ends: number[] = [];
  let pos = skipSpace(bytes, field.valueStart + 1);
  while (bytes[pos] !== 0x5d) {
    const end = skipValue(source, pos, 1);
    ends.push(end);
    pos = skipSpace(bytes, end);
    if (bytes[pos] === 0x2c) pos = skipSpace(bytes, pos + 1);
  }
  return `${bytes.toString("utf8", field.valueStart, ends.at(-2) ?? field.valueStart + 1)}]`;
}
