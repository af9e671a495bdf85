import type { Seal } from "../../ir/seal.ts";
import { RequestReading } from "../shared/request-reading.ts";

/** Whom a bare `encrypted_content` is taken to be from: what other realms minted left this gateway in an envelope. */
const HOME_REALM = "openai";

/** Reading a request of this dialect. */
export class ResponsesReading extends RequestReading {
  ownSeal(value: string, itemId: string | undefined): Seal {
    return {
      origin: "openai-responses",
      kind: "encrypted",
      provider: HOME_REALM,
      realm: HOME_REALM,
      model: this.model,
      value,
      ...(itemId === undefined ? {} : { itemId }),
    };
  }
}
