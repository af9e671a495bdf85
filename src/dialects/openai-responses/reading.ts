import type { Tool } from "../../ir/request.ts";
import type { Seal, SealBox } from "../../ir/seal.ts";
import type { JsonObject } from "../../lib/json.ts";
import { RequestReading } from "../shared/request-reading.ts";
import { toolNamed } from "./namespaces.ts";

/** Whom a bare `encrypted_content` is taken to be from: what other realms minted left this gateway in an envelope. */
const HOME_REALM = "openai";

/** Reading a request of this dialect. */
export class ResponsesReading extends RequestReading {
  readonly #tools: readonly Tool[];

  constructor(box: SealBox, model: string | null, tools: readonly Tool[]) {
    super(box, model);
    this.#tools = tools;
  }

  /** The name under which a call's tool is known here. */
  toolName(item: JsonObject, name: string): string {
    return toolNamed(this.#tools, item)?.name ?? name;
  }

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
