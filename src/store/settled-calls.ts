import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { decodeEnd } from "../audit/record.ts";
import type { RatedCall } from "../ledger/rerate.ts";
import { scanCalls } from "./call-scan.ts";
import { recordField } from "./record-field.ts";
import { DATABASE_FILE } from "./files.ts";

const CALLS = `SELECT at, charged, record, ${recordField("model")} AS model, ${recordField("provider")} AS provider,
    ${recordField("credential")} AS credential, ${recordField("provider_cost_usd")} AS cost
  FROM calls WHERE seq > ?1 AND seq <= ?2 AND at >= ?3 AND at < ?4 AND state <> 'voided'`;

interface RawCall {
  at: bigint;
  charged: bigint;
  record: string;
  model: string | null;
  provider: string | null;
  credential: string | null;
  cost: string;
}

/**
 * The settled calls of a data folder from `since` to before `until` (ms), oldest first; read-only, also while a server runs. Throws Error when
 * there is no database.
 */
export async function* settledCalls(dataDir: string, since: number, until: number): AsyncGenerator<RatedCall> {
  const path = join(dataDir, DATABASE_FILE);
  if (!existsSync(path)) throw new Error(`no database in ${dataDir}`);
  const db = new Database(path, { readonly: true, safeIntegers: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    for await (const row of scanCalls<RawCall>(db, CALLS, [since, until])) {
      const { detail } = decodeEnd(row.record);
      yield {
        model: row.model,
        provider: row.provider,
        at: Number(row.at),
        ownKey: row.credential === "byok",
        charged: row.charged,
        providerCostUsd: row.cost,
        priceVersion: detail.priceVersion,
        usage: detail.usage,
        basis: detail.basis,
      };
    }
  } finally {
    db.close();
  }
}
