import type { Seal } from "../../ir/seal.ts";
import { RequestReading } from "../shared/request-reading.ts";

/** Reading a request of this dialect. */
export class ChatReading extends RequestReading {
  /** State that reached the client in a relayed answer: who minted it isn't told, so only providers of this dialect may see it. */
  relayedSeal(kind: Seal["kind"], value: string): Seal {
    return { origin: "openai-chat", kind, provider: "", realm: "", model: this.model, value };
  }
}
