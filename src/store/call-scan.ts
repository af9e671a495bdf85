import type { Database, SQLQueryBindings } from "bun:sqlite";

/** Rows that are looked at in one go: calls under way must not wait for a report. */
const WINDOW = 10_000;

/**
 * Goes over the rows of calls, oldest first, in short queries with the event loop free between them. `sql` selects from `calls` with
 * `seq > ?1 AND seq <= ?2`, and further parameters from ?3 on. What comes in while it runs is left out.
 */
export async function* scanCalls<Row>(
  db: Database,
  sql: string,
  values: readonly SQLQueryBindings[],
): AsyncGenerator<Row> {
  const ends = db.query("SELECT min(seq) AS first, max(seq) AS last FROM calls").get() as {
    first: bigint | null;
    last: bigint | null;
  };
  const last = Number(ends.last ?? 0n);
  for (let after = Number(ends.first ?? 1n) - 1; after < last; after += WINDOW) {
    yield* db.query(sql).all(after, Math.min(after + WINDOW, last), ...values) as Row[];
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
