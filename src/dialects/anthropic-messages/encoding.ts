import type { DialectId } from "../../ir/dialect-id.ts";
import type { Loss } from "../../ir/loss.ts";
import type { CacheMark, GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { ToolIds } from "./tool-ids.ts";

/** State of encoding one request: where it goes, what was lost on the way, which betas it turned out to need. */
export class Encoding {
  readonly losses: Loss[] = [];
  readonly betas = new Set<string>();
  readonly toolIds = new ToolIds();
  readonly target: TargetFacts;
  readonly origin: DialectId;

  constructor(request: GenerateRequest, target: TargetFacts) {
    this.target = target;
    this.origin = request.origin;
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** A mark as `cache_control`. The API knows 5m and 1h; 30m goes as 5m. */
  cacheControl(mark: CacheMark, path: string): JsonObject {
    if (mark.ttl === "30m")
      this.lose(path === "" ? "cache_control" : `${path}.cache_control`, "Anthropic caches for 5m or 1h; sent as 5m");
    return mark.ttl === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" };
  }

  /** Unknown fields of a wire value: sent back to this dialect only, each one a loss otherwise. */
  extras(extras: JsonObject | undefined, path: string): JsonObject {
    if (extras === undefined) return {};
    if (this.origin === "anthropic-messages") return extras;
    for (const name of Object.keys(extras)) this.lose(`${path}.${name}`, "not known to Anthropic Messages");
    return {};
  }

  /** The value of a seal that this target minted; else null, and the loss is reported. */
  unseal(seal: Seal, path: string): string | null {
    if (seal.origin === "anthropic-messages" && seal.realm === this.target.realm) return seal.value;
    this.lose(path, `reasoning state of ${seal.realm || "another provider"} means nothing to ${this.target.realm}`);
    return null;
  }
}
