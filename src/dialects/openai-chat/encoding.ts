import { createHash } from "node:crypto";
import type { DialectId } from "../../ir/dialect-id.ts";
import type { Loss } from "../../ir/loss.ts";
import type { CacheMark, GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { strictViolation } from "../shared/strict-schema.ts";

export const NOT_KNOWN = "not known to OpenAI Chat Completions";
/** The API refuses longer tool call ids ("string too long", maximum 40). */
const MAX_TOOL_ID = 40;
const SHORT_TOOL_ID = /^[a-zA-Z0-9]{9}$/;

/** State of encoding one request: where it goes and what was lost on the way. */
export class Encoding {
  readonly losses: Loss[] = [];
  readonly target: TargetFacts;
  readonly origin: DialectId;

  constructor(request: GenerateRequest, target: TargetFacts) {
    this.target = target;
    this.origin = request.origin;
  }

  /** The client speaks this dialect too: fields that only it knows may be sent on. */
  get isOwn(): boolean {
    return this.origin === "openai-chat";
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** Unknown fields of a wire value go back to this dialect only; elsewhere each one is a loss. */
  extras(extras: JsonObject | undefined, path: string): JsonObject {
    if (extras === undefined) return {};
    if (this.isOwn) return extras;
    for (const name of Object.keys(extras)) this.lose(`${path}.${name}`, NOT_KNOWN);
    return {};
  }

  /**
   * A cache mark in the spelling that it came in: 30 minutes are OpenAI's, the others those of servers that pass marks on to Anthropic. OpenAI
   * refuses marks in the wrong spelling, so those of other dialects are not sent: caching is automatic here.
   */
  cacheMark(mark: CacheMark | undefined, extras: JsonObject | undefined, path: string): JsonObject {
    if (mark === undefined || extras?.["prompt_cache_breakpoint"] !== undefined) return {};
    if (!this.isOwn) {
      this.lose(
        path === "" ? "cache_control" : `${path}.cache_control`,
        "prompts are cached automatically here, without marks",
      );
      return {};
    }
    if (mark.ttl === "30m") return { prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } };
    return { cache_control: mark.ttl === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" } };
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

  /** True when the target minted the seal, or when a relay would have passed it on unseen. Else the loss is reported. */
  mayUnseal(seal: Seal, path: string): boolean {
    if (seal.origin === "openai-chat" && (seal.realm === this.target.realm || seal.realm === "")) return true;
    this.lose(path, `reasoning state of ${seal.realm || "another provider"} means nothing to ${this.target.realm}`);
    return false;
  }

  /** A tool call id that the API takes: as it is, or a digest when it is too long. The same id always gives the same one. */
  toolId(id: string): string {
    if (this.target.compat.short_tool_ids) return SHORT_TOOL_ID.test(id) ? id : shortDigest(id);
    if (id.length <= MAX_TOOL_ID) return id;
    return `call_${createHash("sha256")
      .update(id)
      .digest("hex")
      .slice(0, MAX_TOOL_ID - 5)}`;
  }

  /** Custom tools exist at OpenAI; other servers are given them as functions (compat flag `custom_tools`). */
  get hasCustomTools(): boolean {
    return this.target.compat.custom_tools ?? this.isOwn;
  }
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Nine letters and digits (Mistral: "Tool call id must be a-z, A-Z, 0-9, with a length of 9"). */
function shortDigest(id: string): string {
  const digest = createHash("sha256").update(id).digest();
  return Array.from(digest.subarray(0, 9), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
