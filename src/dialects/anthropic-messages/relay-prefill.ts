import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { dropPrefill } from "../shared/relay-prefill.ts";
import type { RelayEdits } from "./relay-thinking.ts";
import { isServerBlock } from "./server-block.ts";

/**
 * Leaves out a trailing assistant message where the model's flag says that it is refused; every other byte of `messages` stays. A paused
 * server tool turn goes on from such a message, and a fallback credit token allows one (Anthropic refusals and fallback).
 */
export function relayPrefill(doc: ScannedObject, target: TargetFacts, edits: RelayEdits): void {
  if (doc.fields.has("fallback_credit_token")) return;
  const messages = dropPrefill(doc, "messages", target, isPrefill, edits.losses);
  if (messages !== null) edits.set.messages = messages;
}

function isPrefill(message: JsonObject): boolean {
  const content: JsonValue[] = Array.isArray(message.content) ? message.content : [];
  return message.role === "assistant" && !content.some((block) => isObject(block) && isServerBlock(block));
}
