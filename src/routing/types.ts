import type { Model, PriceRow, Provider } from "../catalog/types.ts";
import type { TargetFacts } from "../ir/target.ts";
import type { DialectId } from "../ir/dialect-id.ts";

/** Whose key pays the provider. */
export interface Credential {
  /** Stable name for breakers and tenancy: `operator`, or `byok:<id>`. Never the key itself. */
  id: string;
  kind: "operator" | "byok";
  /** The secret; never logged. Null for echo and keyless servers. */
  apiKey: string | null;
}

/** One way to serve a call. A plan is an ordered list of these. */
export interface Target {
  provider: Provider;
  credential: Credential;
  model: Model;
  dialect: DialectId;
  mode: "relay" | "translate";
  facts: TargetFacts;
  /** Null only for BYOK of an unpriced model and declared-free models. */
  price: PriceRow | null;
  /** Service tier that an alias or routing word asks for. */
  serviceTier: string | null;
}

/** Why this plan: shown in the audit and the extension block. */
export interface Plan {
  targets: Target[];
  /** `model`, `alias`, `word:auto`, … */
  reason: string;
  /** Difficulty tier that the classifier gave for `auto`. */
  tier: "simple" | "medium" | "complex" | null;
  /** The model that `auto` is compared with for saved_usd; null otherwise. */
  baseline: Model | null;
}

/** Breaker port: keyed by provider × credential × model. The clock is passed in, no I/O. */
export interface Health {
  /** False while open (a half-open probe slot counts as available once). */
  available(target: Target, now: number): boolean;
  /** Claims the probe slot when half-open; call right before an attempt. */
  begin(target: Target, now: number): void;
  succeed(target: Target, now: number, firstTokenMs: number): void;
  fail(target: Target, now: number, kind: "fail" | "slow"): void;
  /** The attempt told nothing about the provider (a local fault, the client's own 400): frees the probe slot, counts nothing. */
  release(target: Target, now: number): void;
  /** 429 or 529: cool the credential for ms. */
  cool(target: Target, now: number, ms: number): void;
  /** 401, 402, 403: open until the catalog or key changes. */
  disable(target: Target, now: number, reason: string): void;
  /** Whether a channel that is the last one left may be tried though it is open (1 probe/s). Absent = always. */
  trickle?(target: Target, now: number): boolean;
  /** When the earliest of these may be tried again, ms epoch; null = now. */
  retryAt(targets: readonly Target[], now: number): number | null;
  snapshot(now: number): HealthRow[];
  reset(): void;
}
export interface HealthRow {
  provider: string;
  credential: string;
  model: string;
  state: "closed" | "open" | "half-open" | "cooling" | "disabled";
  consecutiveFailures: number;
  calls: number;
  failures: number;
  averageFirstTokenMs: number | null;
  retryAt: number | null;
  reason: string | null;
}
