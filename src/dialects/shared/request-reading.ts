import type { Loss } from "../../ir/loss.ts";
import type { SealBox, SealedPart } from "../../ir/seal.ts";

/** What decoding one request needs to know and to remember; each dialect adds what its own seals look like. */
export class RequestReading {
  readonly losses: Loss[] = [];
  /** Name of the tool by call id, for the results that follow (Gemini wants it). */
  readonly toolNames = new Map<string, string>();
  /** The model asked for; "" when the request names none. */
  protected readonly model: string;
  readonly #box: SealBox;

  constructor(box: SealBox, model: string | null) {
    this.#box = box;
    this.model = model ?? "";
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
}
