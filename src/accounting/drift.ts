import { add, compare, multiply, type Rational, rational, subtract, ZERO } from "../lib/rational.ts";

/** What one model cost on one UTC day, USD, exact. */
export interface DayCost {
  day: string;
  model: string;
  costUsd: Rational;
}

/** One model and day on both sides; null = this side has no row. */
export interface DriftRow {
  day: string;
  model: string;
  ours: Rational | null;
  theirs: Rational | null;
  /** Ours less theirs: above 0, the provider takes less than the receipts say. */
  drift: Rational;
  /** More than the threshold. */
  over: boolean;
}

/** Both sides of all days, USD, exact. */
export interface Reconciliation {
  rows: DriftRow[];
  ours: Rational;
  theirs: Rational;
  /** Ours less theirs. */
  drift: Rational;
  /** Some row, or the sum, has drifted beyond the threshold. */
  alarm: boolean;
}

/** What is still no drift. A row is over when it exceeds both. */
export interface DriftLimits {
  /** Largest drift in percent of what the provider says. */
  thresholdPercent: Rational;
  /** A drift of at most so many USD is never over. */
  leastUsd: Rational;
}

/** Holds both sides against each other, by day and model; rows of one side only have drifted by their whole cost. */
export function reconcile(ours: readonly DayCost[], theirs: readonly DayCost[], limits: DriftLimits): Reconciliation {
  const [mine, other] = [summed(ours), summed(theirs)];
  const rows = [...new Set([...mine.keys(), ...other.keys()])].toSorted().map((key): DriftRow => {
    const [day = "", model = ""] = key.split("\n");
    const sides = { ours: mine.get(key) ?? null, theirs: other.get(key) ?? null };
    return { day, model, ...sides, ...driftOf(sides.ours ?? ZERO, sides.theirs ?? ZERO, limits) };
  });
  const total = { ours: sumOf(mine), theirs: sumOf(other) };
  const { drift, over } = driftOf(total.ours, total.theirs, limits);
  return { rows, ...total, drift, alarm: over || rows.some((row) => row.over) };
}

function summed(costs: readonly DayCost[]): Map<string, Rational> {
  const sums = new Map<string, Rational>();
  for (const { day, model, costUsd } of costs) {
    const key = `${day}\n${model}`;
    sums.set(key, add(sums.get(key) ?? ZERO, costUsd));
  }
  return sums;
}

const sumOf = (sums: ReadonlyMap<string, Rational>): Rational => [...sums.values()].reduce(add, ZERO);

const HUNDRED = rational(100n);
const magnitude = (a: Rational): Rational => (a.num < 0n ? { num: -a.num, den: a.den } : a);

function driftOf(ours: Rational, theirs: Rational, limits: DriftLimits): { drift: Rational; over: boolean } {
  const drift = subtract(ours, theirs);
  const size = magnitude(drift);
  const allowed = multiply(magnitude(theirs), limits.thresholdPercent);
  const over = compare(size, limits.leastUsd) > 0 && compare(multiply(size, HUNDRED), allowed) > 0;
  return { drift, over };
}
