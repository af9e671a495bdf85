import { createHash } from "node:crypto";
import type { DialectId } from "../../ir/dialect-id.ts";
import type { Loss } from "../../ir/loss.ts";
import type { GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { strictViolation } from "../shared/strict-schema.ts";

/** The API refuses longer call ids ("string_above_max_length", maximum 64). */
const MAX_CALL_ID = 64;
const DIGEST_LENGTH = 40;

/** State of encoding one request: where it goes and what was lost on the way. */
export class Encoding {
  readonly losses: Loss[] = [];
  readonly target: TargetFacts;
  readonly origin: DialectId;

  constructor(request: GenerateRequest, target: TargetFacts) {
    this.target = target;
    this.origin = request.origin;
  }

  get isOwn(): boolean {
    return this.origin === "openai-responses";
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** Unknown fields of a wire value go back to this dialect only; elsewhere each one is a loss. */
  extras(extras: JsonObject | undefined, path: string): JsonObject {
    if (extras === undefined) return {};
    if (this.isOwn) return extras;
    for (const name of Object.keys(extras)) this.lose(`${path}.${name}`, "not known to OpenAI Responses");
    return {};
  }

  /**
   * `strict` as it can be asked for. Clients of this dialect wrote their schema for it; others may hold to a schema that is outside
   * OpenAI's strict subset, which the API would refuse: such a schema is sent as a guide only.
   */
  strict<T extends boolean | null>(strict: T, schema: JsonObject, path: string): T | false {
    if (strict !== true || this.isOwn) return strict;
    const violation = strictViolation(schema);
    if (violation === null) return strict;
    this.lose(`${path}.strict`, `the schema is outside the strict subset: ${violation}`);
    return false;
  }

  /** The value of a seal that the target's organisation minted in this dialect; else null, and the loss is reported. */
  unseal(seal: Seal, path: string): string | null {
    const isMinter = seal.origin === "openai-responses" && seal.realm === this.target.realm;
    if (isMinter && seal.kind === "encrypted") return seal.value;
    this.lose(path, `reasoning state of ${seal.realm || "another provider"} means nothing to ${this.target.realm}`);
    return null;
  }
}

/** An id that the API takes: as it is, or a digest of it when it is too long. The same id always gives the same one. */
export function callId(id: string): string {
  if (id.length <= MAX_CALL_ID) return id;
  return `call_${createHash("sha256").update(id).digest("hex").slice(0, DIGEST_LENGTH)}`;
}
