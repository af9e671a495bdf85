import type { Loss } from "../../ir/loss.ts";
import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";

/** What decoding one request needs to know and to remember. */
export class RequestReading {
  readonly losses: Loss[] = [];
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

  /** State that reached the client in a relayed answer: who minted it isn't told, so only providers of this dialect may see it. */
  relayedSeal(kind: Seal["kind"], value: string): Seal {
    return { origin: "openai-chat", kind, provider: "", realm: "", model: this.#model, value };
  }
}
