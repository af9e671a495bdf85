import { TOKEN_CLASSES, type Usage } from "../ir/usage.ts";
import { type Nano, NANO_PER_UNIT } from "../lib/money.ts";
import { add, divide, multiply, parseDecimal, type Rational, rational, subtract, ZERO } from "../lib/rational.ts";
import { exactText } from "./decimal.ts";
import type { LineBasis, PriceLine } from "./types.ts";

/**
 * The lines of a receipt, from what was used and the unit prices that were kept. Those in USD add up to what the customer pays in USD; the fx line
 * turns that into the ledger currency (where it is another one); rounding is what lifts it to the next nano-unit. All exact: decimals, or a
 * fraction `n/d` where a decimal would not end.
 */
export function linesOf(basis: LineBasis, usage: Usage): PriceLine[] {
  const { markupPercent, fx, currency, charge } = basis;
  const used = usedLines(basis, usage);
  const cost = used.reduce((sum, { amount }) => add(sum, amount), ZERO);
  const markup = divide(multiply(cost, readExact(markupPercent)), rational(100n));
  const converted = multiply(add(cost, markup), readExact(fx));
  const rounding = subtract(rational(BigInt(charge), NANO_PER_UNIT), converted);
  const lines = used.map(({ line }) => line);
  lines.push(single("markup", `${markupPercent} %`, markup, "USD"));
  if (currency !== "USD") {
    lines.push({ ...single("fx", `1 USD = ${fx} ${currency}`, converted, currency), unitUsd: fx });
  }
  lines.push(single("rounding", "up to the next nano-unit", rounding, currency));
  return lines;
}

/** What was owed at the end, in the ledger currency. */
interface Owed {
  /** What the other lines add up to. */
  priced: Nano;
  charged: Nano;
  absorbed: Nano;
  currency: string;
}

/** The lines that lead from the price to what was charged, so that all of them add up to it. None where the account paid the whole price. */
export function closingLines({ priced, charged, absorbed, currency }: Owed): PriceLine[] {
  const lines: PriceLine[] = [];
  const push = (kind: PriceLine["kind"], name: string, amount: Nano): void => {
    if (amount !== 0n) lines.push(single(kind, name, rational(amount, NANO_PER_UNIT), currency));
  };
  const owed = charged + absorbed;
  // Of all calls, only those on an own key owe another amount than their price.
  if (owed !== priced) {
    push("own_key", "paid by the account at the provider", -priced);
    push("own_key", "fee for a call on an own key", owed);
  }
  push("absorbed", "borne by the operator", -absorbed);
  return lines;
}

interface UsedLine {
  line: PriceLine;
  /** USD. */
  amount: Rational;
}

/** One line per class, fee and size of image that was used. */
function usedLines({ units, fees, images, perCall }: LineBasis, usage: Usage): UsedLine[] {
  const lines: UsedLine[] = [];
  const push = (kind: PriceLine["kind"], name: string, quantity: number, unit: string): void => {
    const amount = multiply(readExact(unit), rational(BigInt(quantity)));
    lines.push({
      line: { kind, name, quantity, unitUsd: unit, amount: exactText(amount), currency: "USD" },
      amount,
    });
  };
  for (const name of TOKEN_CLASSES) {
    const unit = units[name];
    if (unit !== undefined) push("tokens", name, usage.tokens[name] ?? 0, unit);
  }
  for (const [name, unit] of Object.entries(fees ?? {})) push("fee", name, usage.fees[name] ?? 0, unit);
  for (const [size, [count, unit]] of Object.entries(images ?? {})) push("image", size, count, unit);
  if (perCall !== undefined) push("call", "per call", 1, perCall);
  return lines;
}

function single(kind: PriceLine["kind"], name: string, value: Rational, currency: string): PriceLine {
  const amount = exactText(value);
  return { kind, name, quantity: 1, unitUsd: amount, amount, currency };
}

/** What exactText wrote: a decimal or a fraction. */
export function readExact(text: string): Rational {
  const [num = "", den] = text.split("/");
  return den === undefined ? parseDecimal(text) : divide(parseDecimal(num), parseDecimal(den));
}
