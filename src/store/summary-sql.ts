import { positionOf } from "../audit/record.ts";
import { recordField } from "./record-field.ts";

/** Tables of sums: what is emptied when all is summed up anew. */
export const TABLES = ["usage_days", "month_lines", "month_payments", "spans", "facets"] as const;

/** What is read of the calls of one step: their records are parsed once. */
export const SCRATCH = `CREATE TEMP TABLE summed (
  seq INTEGER PRIMARY KEY, at INTEGER, day TEXT, month TEXT, hold_id INTEGER, account_id TEXT, key_id TEXT, model TEXT, line TEXT,
  provider TEXT, status TEXT, stream_state TEXT, input INTEGER, output INTEGER, charged INTEGER, paid TEXT)`;

/** Parameters: the call before the first, the last. */
export const EXTRACT = `INSERT INTO temp.summed
  SELECT seq, at, NULL, month, hold_id, account_id, coalesce(${recordField("key_id")}, ''), coalesce(${recordField("model")}, ''),
    coalesce(${recordField("model")}, ${recordField("model_asked")}, ''), coalesce(${recordField("provider")}, ''),
    coalesce(${recordField("status")}, ''), coalesce(${recordField("stream_state")}, ''),
    coalesce(${recordField("input")}, 0), coalesce(${recordField("output")}, 0), charged,
    CASE WHEN charged > 0 THEN record -> ${positionOf("paid")} END
  FROM calls WHERE seq > ? AND seq <= ?`;

/** Parameter: 1 adds, -1 takes away. */
export const SUMS = [
  `INSERT INTO usage_days
     SELECT day, account_id, key_id, model, provider, status, stream_state,
       ?1 * count(*), ?1 * sum(input), ?1 * sum(output), ?1 * sum(charged)
     FROM temp.summed WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7
   ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, input = input + excluded.input,
     output = output + excluded.output, charged = charged + excluded.charged`,
  `INSERT INTO month_lines
     SELECT month, account_id, line, ?1 * count(*), ?1 * sum(input), ?1 * sum(output), ?1 * sum(charged)
     FROM temp.summed WHERE hold_id IS NOT NULL AND charged > 0 GROUP BY 1, 2, 3
   ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, input = input + excluded.input,
     output = output + excluded.output, amount = amount + excluded.amount`,
  `INSERT INTO month_payments
     SELECT c.month, c.account_id, substr(b.name, 1, instr(b.name, ':') - 1), ?1 * sum(CAST(p.value ->> 1 AS INTEGER))
     FROM temp.summed c, json_each(c.paid) p JOIN books b ON b.id = p.value ->> 0
     WHERE c.hold_id IS NOT NULL GROUP BY 1, 2, 3
   ON CONFLICT DO UPDATE SET amount = amount + excluded.amount`,
] as const;

/** Months as pruning counts them: a call without a hold belongs to none, and goes by its time. */
const MONTH = "coalesce(month, strftime('%Y-%m', at / 1000, 'unixepoch'))";

/** Columns of usage by day that calls are asked for by. */
const FACETS = ["account_id", "key_id", "model", "provider", "status", "stream_state"] as const;
export type Facet = (typeof FACETS)[number];

/** Notes where the calls of a step stand. */
export const PLACES = [
  `INSERT INTO spans
     SELECT period, min(seq), max(seq), min(at), max(at)
     FROM (SELECT day AS period, seq, at FROM temp.summed UNION ALL SELECT ${MONTH}, seq, at FROM temp.summed)
     WHERE true GROUP BY period
   ON CONFLICT DO UPDATE SET first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq),
     first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`,
  ...FACETS.map((name) => `INSERT OR IGNORE INTO facets SELECT DISTINCT day, '${name}', ${name} FROM temp.summed`),
];

const inSummed = (column: string): string => `${column} IN (SELECT ${column} FROM temp.summed)`;

/** Drops sums that came to nothing, among those that may just have changed. */
export const AFTER_SUBTRACTION = [
  `DELETE FROM usage_days WHERE calls = 0 AND ${inSummed("account_id")} AND ${inSummed("day")}`,
  `DELETE FROM month_lines WHERE calls = 0 AND ${inSummed("account_id")} AND ${inSummed("month")}`,
  `DELETE FROM month_payments WHERE amount = 0 AND ${inSummed("account_id")} AND ${inSummed("month")}`,
] as const;
