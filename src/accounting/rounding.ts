import type { Nano } from "../lib/money.ts";
import type { Rational } from "../lib/rational.ts";

/** Nano-units, exact → whole units of `10^-places` (cents for 2, nano-units for 9) in nano-units, half up. */
export function roundHalfUp(exact: Rational, places: number): Nano {
  const unit = 10n ** BigInt(9 - places);
  const doubled = 2n * exact.num + exact.den * unit;
  const per = 2n * exact.den * unit;
  const quotient = doubled / per;
  const floor = doubled < 0n && doubled % per !== 0n ? quotient - 1n : quotient;
  return floor * unit;
}
