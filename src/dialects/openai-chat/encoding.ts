import { createHash } from "node:crypto";
import type { CacheMark, GenerateRequest } from "../../ir/request.ts";
import type { Seal } from "../../ir/seal.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { OpenAiEncoding, shortCallId } from "../shared/openai-encoding.ts";

export const NOT_KNOWN = "not known to OpenAI Chat Completions";
/** The API refuses longer tool call ids ("string too long", maximum 40). */
const MAX_TOOL_ID = 40;
const SHORT_TOOL_ID = /^[a-zA-Z0-9]{9}$/;

/** State of encoding one request: where it goes and what was lost on the way. */
export class Encoding extends OpenAiEncoding {
  constructor(request: GenerateRequest, target: TargetFacts) {
    super(request, target, "openai-chat", NOT_KNOWN);
  }

  /**
   * A cache mark in the spelling that it came in: 30 minutes are OpenAI's, the others those of servers that pass marks on to Anthropic. OpenAI
   * refuses marks in the wrong spelling, so those of other dialects are not sent: caching is automatic here.
   */
  cacheMark(mark: CacheMark | undefined, extras: JsonObject | undefined, path: string): JsonObject {
    if (mark === undefined || extras?.["prompt_cache_breakpoint"] !== undefined) return {};
    if (!this.isOwn) {
      this.loseMark(mark, path);
      return {};
    }
    if (mark.ttl === "30m") return { prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } };
    return { cache_control: mark.ttl === "1h" ? { type: "ephemeral", ttl: "1h" } : { type: "ephemeral" } };
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
    return shortCallId(id, MAX_TOOL_ID, MAX_TOOL_ID - 5);
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
