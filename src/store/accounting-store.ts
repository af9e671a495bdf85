import type { Database } from "bun:sqlite";
import type { DayCost } from "../accounting/drift.ts";
import type { AccountingStore } from "../accounting/port.ts";
import { type JsonObject, parseJson } from "../lib/json.ts";
import type { MarginBooks } from "../accounting/margin.ts";
import type { Rational } from "../lib/rational.ts";
import type { CallPlaces } from "./call-places.ts";
import { CostQueries } from "./cost-queries.ts";
import { MarginQueries } from "./margin-queries.ts";
import type { Writer } from "./writer.ts";

/** The operator's books in SQLite. */
export class SqliteAccounting implements AccountingStore {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #costs: CostQueries;
  readonly #margin: MarginQueries;

  /** `timezone`: IANA zone of calendar months. */
  constructor(db: Database, writer: Writer, places: CallPlaces, timezone: () => string) {
    this.#db = db;
    this.#writer = writer;
    this.#costs = new CostQueries(db, places);
    this.#margin = new MarginQueries(db, places, timezone);
  }

  providerCosts(provider: string, firstDay: string, lastDay: string): Promise<DayCost[]> {
    return this.#costs.providerCosts(provider, firstDay, lastDay);
  }

  margin(month: string, fx: Rational): Promise<MarginBooks | null> {
    return this.#margin.books(month, fx);
  }

  async keepReconciliation(provider: string, at: number, view: JsonObject): Promise<void> {
    await this.#writer.enqueue(() => {
      this.#db.run(
        `INSERT INTO reconciliations (provider, at, view) VALUES (?1, ?2, ?3)
         ON CONFLICT (provider) DO UPDATE SET at = ?2, view = ?3`,
        [provider, at, JSON.stringify(view)],
      );
    });
  }

  reconciliations(): { provider: string; at: number; view: JsonObject }[] {
    const rows = this.#db.query("SELECT provider, at, view FROM reconciliations ORDER BY provider").all() as {
      provider: string;
      at: bigint;
      view: string;
    }[];
    return rows.map(({ provider, at, view }) => ({ provider, at: Number(at), view: parseJson(view) as JsonObject }));
  }
}
