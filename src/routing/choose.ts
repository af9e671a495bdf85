import type { RoutingSettings } from "../catalog/types.ts";
import { GatewayError } from "../ir/error.ts";
import type { Health, Target } from "./types.ts";

/**
 * Orders the ways that are left: the best first, then those at other organisations (an outage takes all of one down), then the rest.
 * When a customer's own key goes first, no other payer follows.
 */
export function arrange(targets: readonly Target[]): Target[] {
  const [first, ...others] = targets;
  if (first === undefined || others.length === 0) return [...targets];
  const payers = first.credential.kind === "byok" ? others.filter((item) => item.credential.kind === "byok") : others;
  const elsewhere = (item: Target): boolean => item.provider.realm !== first.provider.realm;
  return [first, ...payers.filter(elsewhere), ...payers.filter((item) => !elsewhere(item))];
}

/**
 * The targets that may be tried now, at most one more than the retries allowed. When every breaker is open the best one still gets a
 * try now and then, so that the last channel is never given up. Throws GatewayError 429 (all cooling) or 503 otherwise.
 */
export function chooseHealthy(
  targets: readonly Target[],
  health: Health,
  settings: RoutingSettings,
  now: number,
): Target[] {
  const most = settings.retries + 1;
  const available = targets.filter((target) => health.available(target, now));
  if (available.length > 0) return available.slice(0, most);
  const last = targets.find((target) => health.trickle?.(target, now) ?? true);
  if (last !== undefined) return [last];
  throw noneAvailable(targets, health, now);
}

function noneAvailable(targets: readonly Target[], health: Health, now: number): GatewayError {
  const retryAt = health.retryAt(targets, now) ?? now + 1000;
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAt - now) / 1000));
  const asked = new Set(targets.map((item) => `${item.provider.name}\0${item.credential.id}\0${item.model.id}`));
  const rows = health.snapshot(now).filter((row) => asked.has(`${row.provider}\0${row.credential}\0${row.model}`));
  // A credential cools for all its models, also for those that have no row of their own yet.
  const cooling = rows.every((row) => row.state === "cooling");
  return new GatewayError({
    status: cooling ? 429 : 503,
    code: cooling ? "rate_limited" : "provider_error",
    message: cooling
      ? "Every provider of this model limits its requests right now; retry later."
      : "Every provider of this model has failed lately; retry later.",
    retryAfterSeconds,
    details: { cause: { kind: cooling ? "cooling" : "breaker_open" } },
  });
}
