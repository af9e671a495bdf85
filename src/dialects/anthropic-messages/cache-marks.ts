import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { Encoding } from "./encoding.ts";
import { MAX_CACHE_MARKS } from "./wire-names.ts";

/**
 * Keeps the last four cache marks of an encoded body, in the order in which the API lays it out: tools, system, messages. A later
 * mark covers everything before it, so the earliest are the ones that can go.
 */
export function limitCacheMarks(body: JsonObject, encoding: Encoding): void {
  const marked: JsonObject[] = [];
  collect(body.tools, marked);
  collect(body.system, marked);
  if (Array.isArray(body.messages)) {
    for (const message of body.messages) if (isObject(message)) collect(message.content, marked);
  }
  const free = MAX_CACHE_MARKS - (body.cache_control === undefined ? 0 : 1);
  const surplus = marked.slice(0, Math.max(0, marked.length - free));
  for (const block of surplus) delete block.cache_control;
  if (surplus.length > 0) {
    encoding.lose(
      "cache_control",
      `Anthropic takes ${MAX_CACHE_MARKS} cache marks; the first ${surplus.length} were left out`,
    );
  }
}

/** Blocks with a mark, those inside tool results before the mark of the result itself. */
function collect(value: JsonValue | undefined, marked: JsonObject[]): void {
  if (!Array.isArray(value)) return;
  for (const block of value) {
    if (!isObject(block)) continue;
    if (block.type === "tool_result") collect(block.content, marked);
    if (block.cache_control !== undefined) marked.push(block);
  }
}
