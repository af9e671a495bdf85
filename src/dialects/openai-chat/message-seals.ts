import type { Part, PartOf } from "../../ir/request.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { optionalArray, type Wire } from "../shared/fields.ts";
import type { ChatReading } from "./reading.ts";
import { textOf, wordOf } from "../shared/wire-values.ts";

/** `format` of the entries of `reasoning_details` that hold our envelopes. */
export const SEAL_FORMAT = "tollgate-seal-v1";

type ReasoningPart = PartOf<"reasoning">;

const FORMS: Readonly<Record<Seal["kind"], ReasoningPart["form"]>> = {
  signature: "full",
  redacted: "redacted",
  encrypted: "summary",
  "thought-signature": "summary",
};

/**
 * Reasoning of one assistant message, gathered from all the places where clients echo it: `reasoning_details`, `reasoning_content`, thinking parts,
 * and the envelopes behind tool call ids. A seal that comes back in two places counts once.
 */
export class MessageSeals {
  readonly #reading: ChatReading;
  readonly #reasoning: ReasoningPart[] = [];
  readonly #seen = new Set<string>();
  /** Seal of the text of the message. */
  #ofText: SealedPart | null = null;

  constructor(reading: ChatReading) {
    this.#reading = reading;
  }

  /** Reads `reasoning_details` and the plain text beside them. */
  read(message: JsonObject, path: string): void {
    const at = `${path}.reasoning_details`;
    const kept: JsonValue[] = [];
    let text = "";
    for (const [index, entry] of (optionalArray(message["reasoning_details"], at) ?? []).entries()) {
      if (!isObject(entry)) continue;
      const seals = this.#reading.open(textOf(entry["data"]), `${at}[${index}].data`);
      if (seals !== null) for (const seal of seals) this.#apply(seal, path);
      else {
        kept.push(entry);
        text += wordOf(entry["text"]) ?? textOf(entry["summary"]);
      }
    }
    const told = wordOf(message["reasoning_content"]) ?? wordOf(message["reasoning"]) ?? wordOf(message["thinking"]);
    this.#plain(told ?? text, kept, path);
  }

  /** Text that no envelope brought, and entries that are some provider's own. */
  #plain(text: string, kept: readonly JsonValue[], path: string): void {
    const isOpaque = kept.some((entry) => isObject(entry) && (wordOf(entry["signature"]) ?? wordOf(entry["data"])));
    if (isOpaque) {
      const seal = this.#reading.relayedSeal("encrypted", JSON.stringify(kept));
      this.#reasoning.push({ type: "reasoning", form: text === "" ? "redacted" : "full", text, path, seal });
      return;
    }
    const [first] = this.#reasoning;
    if (first === undefined) {
      if (text !== "") this.#reasoning.push({ type: "reasoning", form: "full", text, path });
    } else if (this.#reasoning.every((part) => part.text === "")) first.text = text;
  }

  /** Envelope behind a tool call's id: the reasoning before the call, and the call's own seal, which is given back. */
  ofCall(envelope: string, path: string): Seal | undefined {
    let own: Seal | undefined;
    for (const entry of this.#reading.open(envelope, path) ?? []) {
      if (entry.attach === "carrier") own = entry.seal;
      else this.#apply(entry, path);
    }
    return own;
  }

  #apply(entry: SealedPart, path: string): void {
    const { seal } = entry;
    const key = `${entry.attach} ${seal.origin} ${seal.realm} ${seal.value}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (entry.attach === "self") {
      this.#reasoning.push({ type: "reasoning", form: FORMS[seal.kind], text: entry.text ?? "", path, seal });
      return;
    }
    if (this.#ofText !== null) this.#reading.lose(path, "reasoning state dropped: its text can't be told from another");
    this.#ofText = entry;
  }

  /** The reasoning parts, then the message's own, whose last text gets the seal that belongs to it. */
  join(parts: Part[], path: string): Part[] {
    const entry = this.#ofText;
    if (entry !== null) {
      const last = parts.findLast((part) => part.type === "text");
      if (last === undefined || entry.text === "") {
        parts.push({ type: "text", text: "", path: `${path}.content`, seal: entry.seal });
      } else last.seal = entry.seal;
    }
    return [...this.#reasoning, ...parts];
  }
}

/** `extra_content` of a message or tool call (Gemini's compatible endpoint): state that goes back as it came. */
export function extraContentSeal(value: Wire, reading: ChatReading): Seal | undefined {
  return isObject(value) ? reading.relayedSeal("thought-signature", JSON.stringify(value)) : undefined;
}
