import type { Database } from "bun:sqlite";
import type { AccountAmount, MarginBooks, MarginRow } from "../accounting/margin.ts";
import { positionOf, type StoredField } from "../audit/record.ts";
import { monthOf } from "../ledger/periods.ts";
import { DecimalSum } from "../lib/decimal-sum.ts";
import type { Nano } from "../lib/money.ts";
import { add, divide, multiply, parseDecimal, type Rational, rational, ZERO } from "../lib/rational.ts";
import type { CallPlaces } from "./call-places.ts";
import { scanCalls } from "./call-scan.ts";
import { DAY_MS } from "../lib/clock.ts";

const at = (name: StoredField): number => positionOf(name);

const CALLS = `SELECT account_id AS account, coalesce(record ->> ${at("model")}, '') AS model, charged, absorbed,
    record ->> ${at("provider_cost_usd")} AS cost, record ->> '$[${at("priced")}].fx' AS fx,
    record ->> ${at("credential")} AS credential
  FROM calls WHERE seq > ?1 AND seq <= ?2 AND month = ?3`;

const REFUNDS = `SELECT c.account_id AS account, coalesce(c.record ->> ${at("model")}, '') AS model, sum(r.amount) AS amount
  FROM credits r JOIN calls c ON c.hold_id = r.hold_id WHERE r.hold_id IS NOT NULL AND c.month = ? GROUP BY 1, 2`;

/** Top-ups that a payment provider has told of; those by hand cost no fee. */
const PAYMENTS = `SELECT account_id AS account, amount, created_at FROM credits
  WHERE kind = 'topup' AND idempotency_key LIKE 'payment %' AND created_at >= ? AND created_at < ?`;

/** Credit notes to whole invoices, and refunds that name no call. */
const GOODWILL = `SELECT account_id AS account, amount, created_at FROM credits
  WHERE kind = 'refund' AND hold_id IS NULL AND created_at >= ? AND created_at < ?`;

const COUNTED = "SELECT coalesce(sum(value), 0) AS total FROM counters WHERE subject LIKE 'account:%' AND period = ?";

interface RawCall {
  account: string;
  model: string;
  charged: Nano;
  absorbed: Nano;
  cost: string;
  fx: string | null;
  credential: string | null;
}

interface Group {
  row: Omit<MarginRow, "costUsd" | "cost">;
  /** USD by rate of exchange. */
  costs: Map<string, DecimalSum>;
}

/** What a month brought and cost, from the rows of the calls and the credits. */
export class MarginQueries {
  readonly #db: Database;
  readonly #timezone: () => string;
  readonly #places: CallPlaces;
  constructor(db: Database, places: CallPlaces, timezone: () => string) {
    this.#db = db;
    this.#places = places;
    this.#timezone = timezone;
  }

  /** The books of a month (`2026-11`); `fx` is for calls that have no rate of their own. Null when its calls have been pruned. */
  async books(month: string, fx: Rational): Promise<MarginBooks | null> {
    const pruned = this.#db.query("SELECT value FROM settings WHERE name = 'audit_pruned_month'").get();
    if (pruned !== null && month <= (pruned as { value: string }).value) return null;
    // The scan looks at the rows of this very moment, as these do.
    const counted = (this.#db.query(COUNTED).get(month) as { total: bigint }).total;
    const refunds = this.#db.query(REFUNDS).all(month) as { account: string; model: string; amount: Nano }[];
    const payments = this.#amounts(PAYMENTS, month);
    const goodwill = this.#amounts(GOODWILL, month);
    const ranges = this.#places.ofMonth(month);
    const groups = new Map<string, Group>();
    for await (const call of scanCalls<RawCall>(this.#db, CALLS, [month], ranges)) take(groups, call, fx);
    for (const { account, model, amount } of refunds) groupOf(groups, account, model).row.refunded += amount;
    return { rows: [...groups.values()].map((group) => finish(group, fx)), payments, goodwill, counted };
  }

  /** Credits that were made in a calendar month. */
  #amounts(sql: string, month: string): AccountAmount[] {
    const start = Date.parse(`${month}-01`);
    // Wide enough for any zone; the exact month is looked at below.
    const rows = this.#db.query(sql).all(start - 2 * DAY_MS, start + 33 * DAY_MS) as {
      account: string;
      amount: Nano;
      created_at: bigint;
    }[];
    return rows
      .filter((row) => monthOf(Number(row.created_at), this.#timezone()) === month)
      .map(({ account, amount }) => ({ accountId: account, amount }));
  }
}

function groupOf(groups: Map<string, Group>, accountId: string, model: string): Group {
  const key = `${accountId}\n${model}`;
  let group = groups.get(key);
  if (group === undefined) {
    const sums = { charged: 0n, refunded: 0n, absorbed: 0n, absorbedCost: ZERO };
    groups.set(key, (group = { row: { accountId, model, calls: 0, ...sums }, costs: new Map() }));
  }
  return group;
}

function take(groups: Map<string, Group>, call: RawCall, fx: Rational): void {
  const { charged, absorbed, cost } = call;
  const { row, costs } = groupOf(groups, call.account, call.model);
  row.calls += 1;
  row.charged += charged;
  row.absorbed += absorbed;
  // A customer's own key is billed to the customer.
  if (call.credential === "byok" || cost === "0") return;
  const rate = call.fx ?? "";
  let sum = costs.get(rate);
  if (sum === undefined) costs.set(rate, (sum = new DecimalSum()));
  sum.add(cost);
  const asked = charged + absorbed;
  if (charged > 0n && absorbed === 0n) return;
  const share = asked === 0n ? rational(1n) : rational(absorbed, asked);
  row.absorbedCost = add(row.absorbedCost, multiply(multiply(parseDecimal(cost), rateOf(rate, fx)), share));
}

function finish({ row, costs }: Group, fx: Rational): MarginRow {
  let [costUsd, cost] = [ZERO, ZERO];
  for (const [rate, sum] of costs) {
    costUsd = add(costUsd, sum.total);
    cost = add(cost, multiply(sum.total, rateOf(rate, fx)));
  }
  return { ...row, costUsd, cost };
}

/** Rates are exact texts, as receipts have them: decimals, or fractions where a decimal would not end. "" is the rate of today. */
function rateOf(text: string, fx: Rational): Rational {
  const [num = "", den] = text.split("/");
  if (num === "") return fx;
  return den === undefined ? parseDecimal(num) : divide(parseDecimal(num), parseDecimal(den));
}
