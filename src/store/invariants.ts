import { positionOf } from "../audit/record.ts";

/**
 * One rule of the books, as a query that gives a row per violation: subject, found, expected. Tables named `seen_…` are what `verify-view.ts`
 * and `verify-walk.ts` have taken down; of `calls` only those are read that something was found about.
 */
export interface Invariant {
  name: string;
  sql: string;
}

const HELD = `SELECT p.value ->> 0 AS book, sum(CAST(p.value ->> 1 AS INTEGER)) AS held
  FROM seen_holds h, json_each(h.body, '$.parts') p GROUP BY 1`;

// CROSS JOIN keeps the order in SQLite: a few rows, and a look-up of the call of each.
const KEY = `c.record ->> ${positionOf("key_id")}`;
const REFUNDED = "FROM seen_credits r CROSS JOIN calls c ON c.hold_id = r.hold_id";

const SPENT = `SELECT subject, month, sum(amount) AS total FROM (
    SELECT 'account:' || account_id AS subject, month, charged AS amount FROM seen_spent WHERE ended
    UNION ALL SELECT 'key:' || key_id, month, charged FROM seen_spent WHERE ended AND key_id IS NOT NULL
    UNION ALL SELECT 'account:' || c.account_id, c.month, -r.amount ${REFUNDED}
    UNION ALL SELECT 'key:' || (${KEY}), c.month, -r.amount ${REFUNDED} WHERE ${KEY} IS NOT NULL)
  GROUP BY subject, month`;

/** Calls that may not agree with their entries. */
const SUSPECTED = "seen_suspects u CROSS JOIN calls s ON s.hold_id = u.hold_id";
const PRUNED_HOLD = "coalesce((SELECT CAST(value AS INTEGER) FROM seen_settings WHERE name = 'audit_pruned_hold'), 0)";
const PRUNED_MONTH = "coalesce((SELECT value FROM seen_settings WHERE name = 'audit_pruned_month'), '')";

const entriesOfHolds = (kind: string): string =>
  `(SELECT reference, sum(amount) AS total FROM seen_entries WHERE kind = '${kind}' GROUP BY reference)`;

/** The books' own rules. Balances are sums of entries, so a replay of the entries gives the same balances. */
export const BOOK_INVARIANTS: readonly Invariant[] = [
  {
    name: "posted balances equal the sum of entries",
    sql: `SELECT coalesce(max(name), id) AS subject, sum(posted) AS found, sum(total) AS expected
          FROM (SELECT id, name, posted, NULL AS total FROM seen_books UNION ALL SELECT book, NULL, NULL, total FROM seen_moved)
          GROUP BY id HAVING coalesce(sum(posted), 0) <> coalesce(sum(total), 0)`,
  },
  {
    name: "all balances add up to zero",
    sql: "SELECT 'all' AS subject, sum(posted) AS found, 0 AS expected FROM seen_books HAVING coalesce(sum(posted), 0) <> 0",
  },
  {
    name: "what is available is not negative",
    sql: `SELECT b.name AS subject, b.posted AS found, coalesce(h.held, 0) AS expected
          FROM seen_books b LEFT JOIN (${HELD}) h ON h.book = b.id
          WHERE b.posted < coalesce(h.held, 0) AND (b.name LIKE 'wallet:%' OR b.name LIKE 'grant:%')`,
  },
  {
    name: "credits are booked",
    sql: `SELECT 'credit ' || c.id AS subject, e.total AS found, abs(c.amount) AS expected FROM seen_credits c
          LEFT JOIN (SELECT reference, sum(amount) AS total FROM seen_entries
                     WHERE kind IN ('topup', 'grant', 'adjust', 'subscription', 'payment') GROUP BY reference) e ON e.reference = c.id
          WHERE c.hold_id IS NULL AND e.total IS NOT abs(c.amount)`,
  },
];

/** The rules that bind holds, settlements and audit rows to the books. */
export const CALL_INVARIANTS: readonly Invariant[] = [
  {
    name: "a hold is the sum of its parts",
    sql: `SELECT 'hold ' || h.id AS subject, h.amount AS found, coalesce(sum(CAST(p.value ->> 1 AS INTEGER)), 0) AS expected
          FROM seen_holds h LEFT JOIN json_each(h.body, '$.parts') p GROUP BY h.id
          HAVING h.amount <> coalesce(sum(CAST(p.value ->> 1 AS INTEGER)), 0)`,
  },
  {
    name: "a hold has one end",
    sql: `SELECT c.request_id AS subject, 'open' AS found, c.state AS expected FROM seen_holds h
          CROSS JOIN calls c ON c.hold_id = h.id AND c.seq <= (SELECT seq FROM seen_end)`,
  },
  {
    name: "charged + released = held + extended",
    sql: `SELECT request_id AS subject, charged + released AS found, held + extended AS expected FROM calls
          WHERE seq IN (SELECT seq FROM seen_odd) AND charged + released <> held + extended ORDER BY seq`,
  },
  {
    name: "entries of a call add up to its charge",
    sql: `SELECT s.request_id AS subject, coalesce(e.total, 0) AS found, s.charged AS expected FROM ${SUSPECTED}
          LEFT JOIN ${entriesOfHolds("charge")} e ON e.reference = s.hold_id WHERE coalesce(e.total, 0) <> s.charged`,
  },
  {
    name: "entries of a call add up to what was absorbed",
    sql: `SELECT s.request_id AS subject, coalesce(e.total, 0) AS found, s.absorbed AS expected FROM ${SUSPECTED}
          LEFT JOIN ${entriesOfHolds("absorbed")} e ON e.reference = s.hold_id WHERE coalesce(e.total, 0) <> s.absorbed`,
  },
  {
    name: "refunds do not exceed the charge",
    sql: `SELECT s.request_id AS subject, e.total AS found, s.charged AS expected
          FROM ${entriesOfHolds("refund")} e CROSS JOIN calls s ON s.hold_id = e.reference WHERE e.total > s.charged`,
  },
  {
    name: "refunds are booked",
    sql: `SELECT 'hold ' || r.hold_id AS subject, e.total AS found, sum(r.amount) AS expected FROM seen_credits r
          LEFT JOIN ${entriesOfHolds("refund")} e ON e.reference = r.hold_id
          WHERE r.hold_id IS NOT NULL GROUP BY r.hold_id HAVING e.total IS NOT sum(r.amount)`,
  },
  {
    name: "charges have a call with its audit record",
    sql: `SELECT 'entry ' || e.id AS subject, e.reference AS found, 'an ended hold' AS expected FROM seen_entries e
          WHERE e.kind IN ('charge', 'absorbed', 'refund') AND e.reference > ${PRUNED_HOLD}
            AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.hold_id = e.reference)`,
  },
  {
    name: "monthly spend is the sum of charges less refunds",
    sql: `SELECT subject || ' ' || period AS subject, sum(value) AS found, sum(total) AS expected
          FROM (SELECT subject, period, value, NULL AS total FROM seen_counters
                UNION ALL SELECT subject, month, NULL, total FROM (${SPENT}))
          WHERE period > ${PRUNED_MONTH}
          GROUP BY subject, period HAVING coalesce(sum(value), 0) <> coalesce(sum(total), 0)`,
  },
  {
    name: "records tell what was charged, and to whom",
    sql: `SELECT 'call ' || seq AS subject, record AS found, charged AS expected FROM calls
          WHERE seq IN (SELECT seq FROM seen_odd) AND (charged <> CAST(record ->> ${positionOf("charged")} AS INTEGER)
             OR request_id <> record ->> ${positionOf("request_id")} OR account_id <> record ->> ${positionOf("account_id")}
             OR at <> record ->> ${positionOf("time")}) ORDER BY seq`,
  },
];

/** The rules that bind the summaries to the calls that have been summed up. */
export const SUMMARY_INVARIANTS: readonly Invariant[] = [
  {
    name: "usage by day is the sum of its calls",
    sql: `SELECT account_id AS subject, sum(found) AS found, sum(expected) AS expected
          FROM (SELECT account_id, calls, charged AS found, 0 AS expected FROM seen_days
                UNION ALL SELECT account_id, -calls, 0, charged FROM seen_spent WHERE summed)
          GROUP BY account_id HAVING sum(calls) <> 0 OR sum(found) <> sum(expected)`,
  },
  {
    name: "invoice lines are the sum of their calls",
    sql: `SELECT account_id || ' ' || month AS subject, sum(found) AS found, sum(expected) AS expected
          FROM (SELECT account_id, month, calls, amount AS found, 0 AS expected FROM seen_lines
                UNION ALL SELECT account_id, month, -charging, 0, charged FROM seen_spent
                          WHERE summed AND ended AND charging > 0)
          GROUP BY account_id, month HAVING sum(calls) <> 0 OR sum(found) <> sum(expected)`,
  },
  {
    name: "what paid adds up to the invoice lines",
    sql: `SELECT account_id || ' ' || month AS subject, sum(found) AS found, sum(expected) AS expected
          FROM (SELECT account_id, month, amount AS found, 0 AS expected FROM seen_payments
                UNION ALL SELECT account_id, month, 0, amount FROM seen_lines)
          GROUP BY account_id, month HAVING sum(found) <> sum(expected)`,
  },
];

const CHARGED = `SELECT account_id, month, sum(charged) AS total FROM seen_spent WHERE ended GROUP BY 1, 2`;
const TAKEN_BACK = `SELECT c.account_id, c.month, sum(r.amount) AS total ${REFUNDED} GROUP BY 1, 2`;
const NOTED_REFUNDS = `SELECT n.invoice, sum(n.amount) AS total FROM seen_credit_notes n
  JOIN seen_credits r ON r.id = n.credit_id WHERE r.hold_id IS NOT NULL GROUP BY 1`;

const withoutGaps = (table: string): string =>
  `SELECT '${table}' AS subject, max(number) AS found, count(*) AS expected FROM seen_${table} HAVING max(number) <> count(*)`;

/** The rules that bind issued invoices and credit notes to the books. */
export const INVOICE_INVARIANTS: readonly Invariant[] = [
  { name: "invoice numbers have no gaps", sql: withoutGaps("invoices") },
  { name: "numbers of credit notes have no gaps", sql: withoutGaps("credit_notes") },
  {
    name: "credit notes do not exceed their invoice",
    sql: `SELECT 'invoice ' || i.number AS subject, sum(n.amount) AS found, i.total AS expected FROM seen_invoices i
          JOIN seen_credit_notes n ON n.invoice = i.number GROUP BY i.number HAVING sum(n.amount) > i.total`,
  },
  {
    name: "credit notes are booked",
    sql: `SELECT 'credit note ' || n.number AS subject, n.amount AS found, r.amount AS expected FROM seen_credit_notes n
          LEFT JOIN seen_credits r ON r.id = n.credit_id WHERE r.amount IS NOT n.amount OR r.receivable IS NOT n.receivable`,
  },
  {
    name: "invoices less their refunds are charges less refunds",
    sql: `SELECT 'invoice ' || i.number AS subject, i.total - coalesce(n.total, 0) AS found,
            coalesce(c.total, 0) - coalesce(t.total, 0) AS expected
          FROM seen_invoices i LEFT JOIN (${CHARGED}) c ON c.account_id = i.account_id AND c.month = i.month
          LEFT JOIN (${TAKEN_BACK}) t ON t.account_id = i.account_id AND t.month = i.month
          LEFT JOIN (${NOTED_REFUNDS}) n ON n.invoice = i.number
          WHERE i.month > ${PRUNED_MONTH}
            AND i.total - coalesce(n.total, 0) <> coalesce(c.total, 0) - coalesce(t.total, 0)`,
  },
];
