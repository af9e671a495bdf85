import type { Seal } from "../../ir/seal.ts";
import { RequestReading } from "../shared/request-reading.ts";
import { HOME_REALM } from "./wire-names.ts";

/** Reading a request of this dialect. */
export class MessagesReading extends RequestReading {
  /** A bare value is Anthropic's own: what other realms minted left here in an envelope. */
  ownSeal(kind: "signature" | "redacted", value: string): Seal {
    const home = HOME_REALM;
    return { origin: "anthropic-messages", kind, provider: home, realm: home, model: this.model, value };
  }
}
