import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";

/** Whom a bare `encrypted_content` is taken to be from: what other realms minted left this gateway in an envelope. */
const HOME_REALM = "openai";

/** `call_1tgs1_…` → id and envelope: a sealed call carries its seal behind its id, the one field that every client echoes. */
export function splitCallId(text: string): { id: string; envelope: string | null } {
  const at = text.lastIndexOf(ENVELOPE_PREFIX);
  return at <= 0 ? { id: text, envelope: null } : { id: text.slice(0, at), envelope: text.slice(at) };
}

/** What decoding a request needs to know and to remember. */
export class RequestReading {
  readonly losses: Loss[] = [];
  /** Name of the tool by call id, for the results that follow (Gemini wants it). */
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

  /** The seals in an envelope; null when the text is none. A forged or truncated one is reported and gives nothing. */
  open(text: string, path: string): SealedPart[] | null {
    const opened = this.#box.open(text);
    if (opened.kind === "plain") return null;
    if (opened.kind === "opened") return opened.payload.seals;
    this.lose(path, `reasoning state dropped: ${opened.reason}`);
    return [];
  }

  ownSeal(value: string, itemId: string | undefined): Seal {
    return {
      origin: "openai-responses",
      kind: "encrypted",
      provider: HOME_REALM,
      realm: HOME_REALM,
      model: this.#model,
      value,
      ...(itemId === undefined ? {} : { itemId }),
    };
  }
}
