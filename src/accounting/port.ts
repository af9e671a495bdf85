import type { JsonObject } from "../lib/json.ts";
import type { Rational } from "../lib/rational.ts";
import type { DayCost } from "./drift.ts";
import type { MarginBooks } from "./margin.ts";

/** Storage port of the operator's books. Writes resolve when durable. Reports read in short steps: calls under way don't wait for them. */
export interface AccountingStore {
  /** What our records say that a provider cost, by UTC day and model, from `firstDay` to `lastDay` (`2026-11-21`), both included. */
  providerCosts(provider: string, firstDay: string, lastDay: string): Promise<DayCost[]>;
  /** Replaces the provider's last reconciliation. */
  keepReconciliation(provider: string, at: number, view: JsonObject): Promise<void>;
  /** The last one of each provider, as it was answered. */
  reconciliations(): { provider: string; at: number; view: JsonObject }[];
  /** What a month (`2026-11`) brought and cost; `fx` is for calls that have no rate of their own. Null when its calls have been pruned. */
  margin(month: string, fx: Rational): Promise<MarginBooks | null>;
}
