import type { GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { OpenAiEncoding, shortCallId } from "../shared/openai-encoding.ts";

export const NOT_KNOWN = "not known to OpenAI Responses";
/** The API refuses longer call ids ("string_above_max_length", maximum 64). */
const MAX_CALL_ID = 64;
const DIGEST_LENGTH = 40;

/** State of encoding one request: where it goes and what was lost on the way. */
export class Encoding extends OpenAiEncoding {
  /** What tools are called within their namespaces, by their names. */
  readonly localNames: ReadonlyMap<string, string>;

  constructor(request: GenerateRequest, target: TargetFacts) {
    const local = request.tools.map(({ name, localName }): [string, string] => [name, localName ?? name]);
    super(request, target, "openai-responses", NOT_KNOWN);
    this.localNames = new Map(local);
  }

  /** The value of a seal that the target's organisation minted in this dialect; else null, and the loss is reported. */
  unseal(seal: Seal, path: string): string | null {
    const isMinter = seal.origin === "openai-responses" && seal.realm === this.target.realm;
    if (isMinter && seal.kind === "encrypted") return seal.value;
    this.lose(path, `reasoning state of ${seal.realm || "another provider"} means nothing to ${this.target.realm}`);
    return null;
  }
}

/** An id that the API takes. */
export const callId = (id: string): string => shortCallId(id, MAX_CALL_ID, DIGEST_LENGTH);
