import type { Database } from "bun:sqlite";
import type { DayCost } from "../accounting/drift.ts";
import { DecimalSum } from "../lib/decimal-sum.ts";
import type { CallPlaces } from "./call-places.ts";
import { scanCalls } from "./call-scan.ts";
import { recordField } from "./record-field.ts";
import { DAY_MS } from "../lib/clock.ts";

/** A customer's own key is billed to the customer. */
const COSTS = `SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch') AS day, ${recordField("model")} AS model,
    ${recordField("provider_cost_usd")} AS cost
  FROM calls WHERE seq > ?1 AND seq <= ?2 AND at >= ?3 AND at < ?4 AND ${recordField("provider")} = ?5
    AND ${recordField("credential")} IS NOT 'byok' AND ${recordField("provider_cost_usd")} <> '0'`;

interface RawCost {
  day: string;
  model: string | null;
  cost: string;
}

/** What calls cost at the providers. */
export class CostQueries {
  readonly #db: Database;
  readonly #places: CallPlaces;
  constructor(db: Database, places: CallPlaces) {
    this.#db = db;
    this.#places = places;
  }

  /** Costs of one provider by UTC day and model, from `firstDay` to `lastDay` (`2026-11-21`), both included. */
  async providerCosts(provider: string, firstDay: string, lastDay: string): Promise<DayCost[]> {
    const sums = new Map<string, { day: string; model: string; sum: DecimalSum }>();
    const [from, to] = [Date.parse(firstDay), Date.parse(lastDay) + DAY_MS];
    const ranges = this.#places.ranges({ accountId: null, provider, from, to });
    for await (const row of scanCalls<RawCost>(this.#db, COSTS, [from, to, provider], ranges)) {
      const model = row.model ?? "";
      const key = `${row.day}\n${model}`;
      let entry = sums.get(key);
      if (entry === undefined) sums.set(key, (entry = { day: row.day, model, sum: new DecimalSum() }));
      entry.sum.add(row.cost);
    }
    return [...sums.values()].map(({ day, model, sum }) => ({ day, model, costUsd: sum.total }));
  }
}
