import type { Database, SQLQueryBindings } from "bun:sqlite";
import type { Range } from "./call-places.ts";

/** Rows that are looked at in one go: calls under way must not wait for a report. */
const WINDOW = 10_000;
const EVERYWHERE: Range = { first: 1, last: Number.MAX_SAFE_INTEGER };

/**
 * Goes over the rows of calls in the given stretches (all), in short queries with the event loop free between them. `sql` selects from `calls` with
 * `seq > ?1 AND seq <= ?2`, and further parameters from ?3 on. What comes in while it runs is left out.
 */
export async function* scanCalls<Row>(
  db: Database,
  sql: string,
  values: readonly SQLQueryBindings[],
  ranges: readonly Range[] = [EVERYWHERE],
): AsyncGenerator<Row> {
  const ends = db.query("SELECT min(seq) AS first, max(seq) AS last FROM calls").get() as {
    first: bigint | null;
    last: bigint | null;
  };
  for (const range of ranges) {
    const last = Math.min(range.last, Number(ends.last ?? 0n));
    for (let after = Math.max(range.first, Number(ends.first ?? 1n)) - 1; after < last; after += WINDOW) {
      yield* db.query(sql).all(after, Math.min(after + WINDOW, last), ...values) as Row[];
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}
