import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { objectsOf, textOf, wordOf } from "../shared/wire-values.ts";

/** Fields whose pieces are joined; of all others the last value counts. */
const JOINED = ["text", "summary", "data"] as const;

/**
 * `reasoning_details` of one stretch of reasoning (OpenRouter, "Preserving reasoning"): pieces of the same type and index are one entry.
 * The list goes back to its minter as it came, as long as it holds something that only the minter can read.
 */
export class ReasoningDetails {
  #entries: JsonObject[] = [];

  /** Adds a delta's list; gives the text in it, for servers that send no plain `reasoning` beside. */
  push(value: JsonValue | undefined): string {
    let text = "";
    for (const piece of objectsOf(value)) {
      text += wordOf(piece["text"]) ?? textOf(piece["summary"]);
      this.#add(piece);
    }
    return text;
  }

  #add(piece: JsonObject): void {
    const last = this.#entries.findLast((entry) => entry["type"] === piece["type"]);
    if (last === undefined || last["index"] !== piece["index"] || isOtherId(last, piece)) {
      this.#entries.push({ ...piece });
      return;
    }
    for (const [name, value] of Object.entries(piece)) {
      const isJoined = (JOINED as readonly string[]).includes(name);
      if (isJoined) last[name] = textOf(last[name]) + textOf(value);
      else if (value !== null && value !== undefined) last[name] = value;
    }
  }

  /** JSON of the entries since the last time; null when nothing in them is opaque. */
  take(): string | null {
    const entries = this.#entries;
    this.#entries = [];
    const isOpaque = entries.some((entry) => wordOf(entry["signature"]) ?? wordOf(entry["data"]));
    return isOpaque ? JSON.stringify(entries) : null;
  }

  /** Something opaque waits to be taken. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }
}

function isOtherId(last: JsonObject, piece: JsonObject): boolean {
  const id = wordOf(piece["id"]);
  return id !== undefined && wordOf(last["id"]) !== undefined && last["id"] !== id;
}
