import { GatewayError } from "../ir/error.ts";
import { coversGlobs } from "./globs.ts";
import type { KeyRecord, Principal } from "./types.ts";

/** What a key lets its bearer do; a key may hand on no more than it has. */
export type KeyRights = Pick<KeyRecord, "kind" | "models" | "monthlyCap" | "limits" | "expiresAt">;

function denied(param: string, message: string): GatewayError {
  return new GatewayError({ status: 403, code: "forbidden", message, param });
}

/**
 * Throws GatewayError 403 unless these rights lie within the caller's own: kind, models, cap, limits, expiry. `target` is the key that is
 * changed or replaced, null for a new one. With a cap of its own a key may only act on itself, since the caps of several keys add up.
 */
export function requireRights(principal: Principal, rights: KeyRights, target: KeyRecord | null): void {
  const own = principal.key;
  const isOwn = own !== null && own.id === target?.id;
  if (rights.kind !== "user" && !isOwn) throw denied("kind", `Keys of kind ${rights.kind} are the operator's to make.`);
  if (own !== null && own.monthlyCap !== null && !isOwn) {
    throw denied("monthly_cap", "A key with a monthly cap can't make or change other keys: their caps would add up.");
  }
  if (own !== null) requireNarrower(own, rights);
  requireLowerLimits(principal, rights.limits);
}

function requireNarrower(own: KeyRecord, rights: KeyRights): void {
  if (!coversGlobs(own.models, rights.models)) {
    throw denied("models", "These models are not within the allowlist of the key that was used.");
  }
  if (own.monthlyCap !== null && (rights.monthlyCap === null || rights.monthlyCap > own.monthlyCap)) {
    throw denied("monthly_cap", "The cap is above that of the key that was used.");
  }
  if (own.expiresAt !== null && (rights.expiresAt === null || rights.expiresAt > own.expiresAt)) {
    throw denied("expires_at", "The key would outlive the key that was used.");
  }
}

/** Customers may only lower the limits in force. 0 means none, which is above everything; absent means the tier's. */
function requireLowerLimits(principal: Principal, limits: KeyRecord["limits"]): void {
  const own = principal.key?.limits ?? null;
  for (const [field, name] of [
    ["requests_per_minute", "requestsPerMinute"],
    ["messages_per_day", "messagesPerDay"],
  ] as const) {
    const wanted = limits?.[name];
    const most = principal.limits[name];
    const lifted = wanted === undefined ? own?.[name] !== undefined : most !== 0 && (wanted === 0 || wanted > most);
    if (lifted) throw denied(`limits.${field}`, "The limit is above the one in force for the key that was used.");
  }
}

/** What concerns the whole account, as who pays its providers, is not for a key with an allowlist or a cap. Throws GatewayError 403. */
export function requireWholeAccount({ key }: Principal): void {
  if (key === null || (key.models.length === 0 && key.monthlyCap === null)) return;
  throw new GatewayError({
    status: 403,
    code: "forbidden",
    message: "A key with an allowlist or a monthly cap can't change what concerns the whole account.",
  });
}
