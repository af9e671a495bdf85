import { createHash } from "node:crypto";
import type { GenerateRequest, OutputFormat, ReasoningRequest, Sampling } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";
import {
  isAbsent,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  readName,
  readString,
} from "./fields.ts";

/** Settings that mean the same in both of OpenAI's dialects. */

/** Words of `reasoning_effort` and `reasoning.effort`. */
export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/** Caps and seeds of clients are any whole number that a double holds. */
export const MAX_WHOLE = Number.MAX_SAFE_INTEGER;

/** Anthropic's and Gemini's words for the list price are `default` here. */
const TIERS: Readonly<Record<string, string>> = words({ standard: "default", standard_only: "default" });

/** `service_tier` in OpenAI's word. */
export const openAiTier = (tier: string): string => TIERS[tier] ?? tier;

type Identity = Pick<GenerateRequest, "user" | "metadata" | "promptCacheKey">;

/** Who asks, and what belongs together: `user`, `safety_identifier`, `metadata`, `prompt_cache_key`. */
export function decodeIdentity(body: JsonObject): Identity {
  // safety_identifier is the successor of user (API reference).
  const user = optionalString(body["user"], "user") ?? optionalString(body["safety_identifier"], "safety_identifier");
  const metadata = optionalObject(body["metadata"], "metadata");
  const promptCacheKey = optionalString(body["prompt_cache_key"], "prompt_cache_key");
  return {
    ...(user === undefined ? {} : { user }),
    ...(metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(promptCacheKey === undefined ? {} : { promptCacheKey }),
  };
}

/** A `safety_identifier` beside `user`, which has taken its place; it stays with providers of these dialects. */
export function secondIdentifier(body: JsonObject): JsonObject {
  if (isAbsent(body["user"]) || isAbsent(body["safety_identifier"])) return {};
  return { safety_identifier: readString(body["safety_identifier"], "safety_identifier") };
}

/** `temperature` and `top_p`. */
export function decodeTemperature(body: JsonObject): Sampling {
  const temperature = optionalNumber(body["temperature"], "temperature", 0, 2);
  const topP = optionalNumber(body["top_p"], "top_p", 0, 1);
  return { ...(temperature === undefined ? {} : { temperature }), ...(topP === undefined ? {} : { topP }) };
}

/** The schema that an answer is to hold to, with the fields that stand beside it at `at`. */
export function schemaOutput(fields: JsonObject, at: string, schema: JsonObject): OutputFormat {
  const description = optionalString(fields["description"], `${at}.description`);
  return {
    kind: "schema",
    name: readName(fields["name"], `${at}.name`),
    schema,
    strict: optionalBoolean(fields["strict"], `${at}.strict`) ?? null,
    ...(description === undefined ? {} : { description }),
  };
}

/** Names of schemas are `[A-Za-z0-9_-]{1,64}` here; others are made so, with a digest to keep them apart. */
export function schemaName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 48)}_${digest}`;
}

/** The effort nearest to a budget in tokens, which OpenAI doesn't have. The steps are those that Google and Anthropic suggest for theirs. */
export function effortOfBudget(budget: number): NonNullable<ReasoningRequest["effort"]> {
  if (budget === 0) return "none";
  return budget <= 1024 ? "minimal" : budget <= 4096 ? "low" : budget <= 16384 ? "medium" : "high";
}
