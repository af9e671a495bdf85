import { TOKEN_CLASSES } from "../ir/usage.ts";
import { NANO_PER_UNIT, type Nano } from "../lib/money.ts";
import { type Rational, rational } from "../lib/rational.ts";
import { exactText } from "./decimal.ts";
import type { PriceFacts } from "./price.ts";
import type { PriceLine } from "./types.ts";

/**
 * The lines of a receipt. Those in USD add up to what the customer pays in USD; the fx line turns that into the ledger currency (where it is
 * another one); rounding is what lifts it to the next nano-unit. All exact: decimals, or a fraction `n/d` where a decimal would not end.
 */
export function priceLines(facts: PriceFacts, customer: Rational, charge: Nano): PriceLine[] {
  const { pin, cost, factors } = facts;
  const lines = tokenLines(facts);
  addFees(lines, facts);
  addImages(lines, facts);
  if (pin.row.perCall.num !== 0n) lines.push(line("call", "per call", 1, exactText(pin.row.perCall), null, "USD"));
  const markup = exactText(minus(customer, cost));
  lines.push(line("markup", factors.markupText, 1, markup, markup, "USD"));
  const converted = { num: customer.num * pin.fx.num, den: customer.den * pin.fx.den };
  if (pin.currency !== "USD") {
    const name = `1 USD = ${factors.fxText} ${pin.currency}`;
    lines.push(line("fx", name, 1, factors.fxText, exactText(converted), pin.currency));
  }
  const rounding = exactText(minus({ num: charge, den: NANO_PER_UNIT }, converted));
  lines.push(line("rounding", "up to the next nano-unit", 1, rounding, rounding, pin.currency));
  return lines;
}

function minus(a: Rational, b: Rational): Rational {
  if (a.den === b.den) return { num: a.num - b.num, den: a.den };
  return { num: a.num * b.den - b.num * a.den, den: a.den * b.den };
}

function tokenLines({ usage, weights }: PriceFacts): PriceLine[] {
  const lines: PriceLine[] = [];
  TOKEN_CLASSES.forEach((name, index) => {
    const tokens = usage.tokens[name];
    if (tokens === undefined || tokens <= 0) return;
    const num = BigInt(tokens) * (weights.byClass[index] ?? 0n);
    const amount = exactText({ num, den: weights.denominator });
    lines.push(line("tokens", name, tokens, weights.unitText[index] ?? "0", amount, "USD"));
  });
  return lines;
}

function addFees(lines: PriceLine[], { usage, pin }: PriceFacts): void {
  for (const [name, count] of Object.entries(usage.fees)) {
    const fee = pin.row.toolFees.get(name);
    if (fee === undefined || count <= 0) continue;
    const unit = rational(fee.usd.num, fee.usd.den * BigInt(fee.per));
    lines.push(line("fee", name, count, exactText(unit), times(unit, count), "USD"));
  }
}

function addImages(lines: PriceLine[], { images, pin }: PriceFacts): void {
  for (const [size, count] of Object.entries(images)) {
    const price = pin.row.perImage.get(size) ?? pin.row.perImage.get("default");
    if (price === undefined || count <= 0) continue;
    lines.push(line("image", size, count, exactText(price), times(price, count), "USD"));
  }
}

const times = (unit: Rational, count: number): string => exactText({ num: unit.num * BigInt(count), den: unit.den });

function line(
  kind: PriceLine["kind"],
  name: string,
  quantity: number,
  unitUsd: string,
  amount: string | null,
  currency: string,
): PriceLine {
  return { kind, name, quantity, unitUsd, amount: amount ?? unitUsd, currency };
}
