import type { Problems } from "./problems.ts";
import type { RawCatalog } from "./schema.ts";
import type { RoutingSettings, RoutingWord } from "./types.ts";

type RawRouting = NonNullable<RawCatalog["routing"]>;

const word = (name: string, strategy: RoutingWord["strategy"], serviceTier: string | null = null): RoutingWord => ({
  name,
  strategy,
  serviceTier,
  models: [],
  tiers: null,
});

/** The words that every catalog has, unless it gives the name to a model or an alias of its own. */
const BUILT_IN_WORDS: readonly RoutingWord[] = [
  word("fast", "fast"),
  word("speed", "fast"),
  word("fast-flex", "fast", "flex"),
  word("balanced", "balanced"),
  word("balanced-flex", "balanced", "flex"),
  word("quality", "quality"),
  word("cost", "cost"),
  word("auto", "auto"),
];

/**
 * Times, retries, breaker and routing words. `taken` are the names of models and aliases: a built-in word gives way to them.
 * Defaults: reliability constants of the product (breaker opens at 5 in a row or half of 10 calls in 30 s).
 */
export function buildRouting(
  raw: RawRouting | undefined,
  taken: ReadonlySet<string>,
  problems: Problems,
): RoutingSettings {
  const backoffMinMs = raw?.backoff_min_ms ?? 100;
  const backoffMaxMs = raw?.backoff_max_ms ?? Math.max(2000, backoffMinMs);
  if (backoffMaxMs < backoffMinMs) {
    problems.add(["routing", "backoff_max_ms"], `must not be less than backoff_min_ms (${backoffMinMs})`);
  }
  const breaker = raw?.breaker;
  const openMs = breaker?.open_ms ?? 30_000;
  return {
    retries: raw?.retries ?? 2,
    backoffMinMs,
    backoffMaxMs,
    deadlineMs: raw?.deadline_ms ?? 120_000,
    connectTimeoutMs: raw?.connect_timeout_ms ?? raw?.first_token_timeout_ms ?? 60_000,
    firstTokenTimeoutMs: raw?.first_token_timeout_ms ?? 60_000,
    idleTimeoutMs: raw?.idle_timeout_ms ?? 60_000,
    totalTimeoutMs: raw?.total_timeout_ms ?? 900_000,
    commitAfterMs: raw?.commit_after_ms ?? 15_000,
    keepAliveMs: raw?.keep_alive_ms ?? 5_000,
    breaker: {
      enabled: breaker?.enabled ?? true,
      consecutiveFailures: breaker?.consecutive_failures ?? 5,
      failureRate: breaker?.failure_rate ?? 0.5,
      minimumCalls: breaker?.minimum_calls ?? 10,
      windowMs: breaker?.window_ms ?? 30_000,
      openMs,
      maxOpenMs: Math.max(breaker?.max_open_ms ?? 300_000, openMs),
    },
    words: buildWords(raw, taken),
    defaultModel: raw?.default_model ?? "balanced",
  };
}

function buildWords(raw: RawRouting | undefined, taken: ReadonlySet<string>): Map<string, RoutingWord> {
  const words = new Map<string, RoutingWord>();
  for (const item of BUILT_IN_WORDS) if (!taken.has(item.name)) words.set(item.name, item);
  for (const [name, item] of Object.entries(raw?.words ?? {})) {
    const { simple = [], medium = [], complex = [] } = item.tiers ?? {};
    words.set(name, {
      name,
      strategy: item.strategy,
      serviceTier: item.service_tier ?? null,
      models: item.models ?? [],
      tiers:
        item.tiers === undefined
          ? null
          : new Map([
              ["simple", simple],
              ["medium", medium],
              ["complex", complex],
            ]),
    });
  }
  return words;
}
