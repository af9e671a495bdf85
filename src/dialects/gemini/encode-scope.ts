import type { Loss } from "../../ir/loss.ts";
import type { GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { liftInstructions } from "../shared/leading-instructions.ts";

/** What the parts of one encoding share: where it goes and what was lost on the way. */
export class EncodeScope {
  readonly request: GenerateRequest;
  readonly target: TargetFacts;
  readonly losses: Loss[] = [];

  constructor(request: GenerateRequest, target: TargetFacts) {
    this.target = target;
    this.request = liftInstructions(request, this);
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** The client speaks this dialect too: fields that only it knows may be sent on. */
  get isSameDialect(): boolean {
    return this.request.origin === "gemini";
  }

  /** Unknown fields of a part, for a client of this dialect; those of others are reported for all targets alike. */
  extras(extras: JsonObject | undefined): JsonObject {
    return this.isSameDialect ? (extras ?? {}) : {};
  }

  /** Gemini 3 asks for thinking by level, wants signatures back on function calls and takes media inside function responses. */
  get isAdaptive(): boolean {
    return this.target.flags.thinking === "adaptive";
  }

  /** True when the target minted the seal: only then does it mean anything there. */
  isOwn(seal: Seal): boolean {
    return seal.origin === "gemini" && seal.realm === this.target.realm;
  }

  /**
   * Whether function calls without a signature need the dummy: models that think are asked by level or not known to be of the older
   * kind, whose signatures nobody checks (https://ai.google.dev/gemini-api/docs/thought-signatures).
   */
  get wantsSignatures(): boolean {
    return this.target.flags.thinking !== "budget" && this.target.capabilities.has("reasoning");
  }
}
