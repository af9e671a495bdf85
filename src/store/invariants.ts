import { positionOf } from "../audit/record.ts";

/** One rule of the books, as a query that gives a row per violation: subject, found, expected. */
export interface Invariant {
  name: string;
  sql: string;
}

const HELD = `SELECT p.value ->> 0 AS book, sum(CAST(p.value ->> 1 AS INTEGER)) AS held
  FROM holds h, json_each(h.body, '$.parts') p GROUP BY 1`;

const MOVED = `SELECT book, sum(amount) AS total FROM (
  SELECT credit AS book, amount FROM entries UNION ALL SELECT debit, -amount FROM entries) GROUP BY book`;

const SPENT = `SELECT subject, month, sum(amount) AS total FROM (
    SELECT 'account:' || account_id AS subject, month, charged AS amount FROM settlements
    UNION ALL SELECT 'key:' || key_id, month, charged FROM settlements WHERE key_id IS NOT NULL
    UNION ALL SELECT 'account:' || s.account_id, s.month, -c.amount FROM credits c JOIN settlements s ON s.hold_id = c.hold_id
    UNION ALL SELECT 'key:' || s.key_id, s.month, -c.amount FROM credits c JOIN settlements s ON s.hold_id = c.hold_id
      WHERE s.key_id IS NOT NULL)
  GROUP BY subject, month`;

const entriesOfHolds = (kind: string): string =>
  `(SELECT reference, sum(amount) AS total FROM entries WHERE kind = '${kind}' GROUP BY reference)`;

/** The books' own rules. Balances are sums of entries, so a replay of the entries gives the same balances. */
export const BOOK_INVARIANTS: readonly Invariant[] = [
  {
    name: "posted balances equal the sum of entries",
    sql: `SELECT coalesce(b.name, m.book) AS subject, b.posted AS found, m.total AS expected
          FROM books b FULL OUTER JOIN (${MOVED}) m ON m.book = b.id
          WHERE coalesce(b.posted, 0) <> coalesce(m.total, 0)`,
  },
  {
    name: "all balances add up to zero",
    sql: "SELECT 'all' AS subject, sum(posted) AS found, 0 AS expected FROM books HAVING coalesce(sum(posted), 0) <> 0",
  },
  {
    name: "what is available is not negative",
    sql: `SELECT b.name AS subject, b.posted AS found, coalesce(h.held, 0) AS expected
          FROM books b LEFT JOIN (${HELD}) h ON h.book = b.id
          WHERE b.posted < coalesce(h.held, 0) AND (b.name LIKE 'wallet:%' OR b.name LIKE 'grant:%')`,
  },
  {
    name: "credits are booked",
    sql: `SELECT 'credit ' || c.id AS subject, e.total AS found, abs(c.amount) AS expected FROM credits c
          LEFT JOIN (SELECT reference, sum(amount) AS total FROM entries
                     WHERE kind IN ('topup', 'grant', 'adjust', 'subscription') GROUP BY reference) e ON e.reference = c.id
          WHERE c.hold_id IS NULL AND e.total IS NOT abs(c.amount)`,
  },
];

/** The rules that bind holds, settlements and audit rows to the books. */
export const CALL_INVARIANTS: readonly Invariant[] = [
  {
    name: "a hold is the sum of its parts",
    sql: `SELECT 'hold ' || h.id AS subject, h.amount AS found, coalesce(sum(CAST(p.value ->> 1 AS INTEGER)), 0) AS expected
          FROM holds h LEFT JOIN json_each(h.body, '$.parts') p GROUP BY h.id
          HAVING h.amount <> coalesce(sum(CAST(p.value ->> 1 AS INTEGER)), 0)`,
  },
  {
    name: "a hold has one end",
    sql: `SELECT s.request_id AS subject, 'open' AS found, s.state AS expected FROM holds h JOIN settlements s ON s.hold_id = h.id`,
  },
  {
    name: "charged + released = held + extended",
    sql: `SELECT request_id AS subject, charged + released AS found, held + extended AS expected FROM settlements
          WHERE charged + released <> held + extended`,
  },
  {
    name: "entries of a call add up to its charge",
    sql: `SELECT s.request_id AS subject, coalesce(e.total, 0) AS found, s.charged AS expected FROM settlements s
          LEFT JOIN ${entriesOfHolds("charge")} e ON e.reference = s.hold_id WHERE coalesce(e.total, 0) <> s.charged`,
  },
  {
    name: "entries of a call add up to what was absorbed",
    sql: `SELECT s.request_id AS subject, coalesce(e.total, 0) AS found, s.absorbed AS expected FROM settlements s
          LEFT JOIN ${entriesOfHolds("absorbed")} e ON e.reference = s.hold_id WHERE coalesce(e.total, 0) <> s.absorbed`,
  },
  {
    name: "refunds do not exceed the charge",
    sql: `SELECT s.request_id AS subject, e.total AS found, s.charged AS expected FROM settlements s
          JOIN ${entriesOfHolds("refund")} e ON e.reference = s.hold_id WHERE e.total > s.charged`,
  },
  {
    name: "charges have a settled call",
    sql: `SELECT 'entry ' || e.id AS subject, e.reference AS found, 'a settlement' AS expected FROM entries e
          WHERE e.kind IN ('charge', 'absorbed', 'refund') AND e.reference NOT IN (SELECT hold_id FROM settlements)`,
  },
  {
    name: "monthly spend is the sum of charges less refunds",
    sql: `SELECT coalesce(c.subject || ' ' || c.period, t.subject || ' ' || t.month) AS subject, c.value AS found, t.total AS expected
          FROM (SELECT * FROM counters WHERE subject NOT LIKE 'messages:%') c
          FULL OUTER JOIN (${SPENT}) t ON t.subject = c.subject AND t.month = c.period
          WHERE coalesce(c.value, 0) <> coalesce(t.total, 0)`,
  },
  {
    name: "one audit row per call",
    sql: `SELECT s.request_id AS subject, 'none' AS found, 'one' AS expected FROM settlements s
          WHERE s.hold_id > coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'audit_pruned_hold'), 0)
            AND s.hold_id NOT IN (SELECT hold_id FROM audit WHERE hold_id IS NOT NULL)`,
  },
  {
    name: "audit rows tell what was charged",
    sql: `SELECT 'audit row ' || a.seq AS subject, a.body ->> ${positionOf("charged")} AS found, s.charged AS expected
          FROM audit a LEFT JOIN settlements s ON s.hold_id = a.hold_id
          WHERE a.hold_id IS NOT NULL
            AND (s.charged IS NULL OR s.charged <> CAST(a.body ->> ${positionOf("charged")} AS INTEGER)
                 OR s.request_id <> a.body ->> ${positionOf("request_id")})`,
  },
];
