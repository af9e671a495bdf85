import type { Loss } from "../../ir/loss.ts";
import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";
import { HOME_REALM } from "./wire-names.ts";

export interface SplitToolId {
  id: string;
  envelope: string | null;
}

/** `toolu_1tgs1_…` → id and envelope: sealed tool calls carry their seal behind the id, the one field that every client echoes. */
export function splitToolId(text: string): SplitToolId {
  const at = text.lastIndexOf(ENVELOPE_PREFIX);
  return at <= 0 ? { id: text, envelope: null } : { id: text.slice(0, at), envelope: text.slice(at) };
}

/** What decoding a request needs to know and to remember. */
export class RequestReading {
  readonly losses: Loss[] = [];
  /** Tool name by id, for the results that follow (Gemini wants it). */
  readonly toolNames = new Map<string, string>();
  readonly #box: SealBox;
  readonly #model: string;

  constructor(box: SealBox, model: string | null) {
    this.#box = box;
    this.#model = model ?? "";
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** The seals in an envelope; null when the text is none. A forged one is reported and gives nothing. */
  open(text: string, path: string): SealedPart[] | null {
    const opened = this.#box.open(text);
    if (opened.kind === "plain") return null;
    if (opened.kind === "opened") return opened.payload.seals;
    this.lose(path, `reasoning state dropped: ${opened.reason}`);
    return [];
  }

  /** A bare value is Anthropic's own: what other realms minted left here in an envelope. */
  ownSeal(kind: "signature" | "redacted", value: string): Seal {
    const home = HOME_REALM;
    return { origin: "anthropic-messages", kind, provider: home, realm: home, model: this.#model, value };
  }
}
