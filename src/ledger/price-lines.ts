import { TOKEN_CLASSES, type Usage } from "../ir/usage.ts";
import { NANO_PER_UNIT, type Nano } from "../lib/money.ts";
import { multiply, ONE, type Rational, rational, subtract } from "../lib/rational.ts";
import { modifierOf, pricePerMillion, type PriceOptions } from "./price.ts";
import type { PriceLine, PricePin } from "./types.ts";

interface Priced {
  usage: Usage;
  pin: PricePin;
  tier: number;
  variants: readonly string[];
  options: PriceOptions;
  cost: Rational;
  customer: Rational;
  charge: Nano;
}

const MILLION = rational(1_000_000n);

/**
 * The lines of a receipt. Those in USD add up to what the customer pays in USD; FX turns that into the ledger currency; rounding is what lifts it to
 * the next nano-unit. Amounts are exact: decimals, or a fraction `n/d` where a decimal would not end.
 */
export function priceLines(priced: Priced): PriceLine[] {
  const { pin, cost, customer, charge } = priced;
  const converted = multiply(customer, pin.fx);
  const lines = [...tokenLines(priced), ...feeLines(priced), ...imageLines(priced)];
  if (pin.row.perCall.num !== 0n) lines.push(line("call", "per call", 1, pin.row.perCall, pin.row.perCall, "USD"));
  lines.push(
    line("markup", `${exact(pin.markupPercent)} %`, 1, subtract(customer, cost), subtract(customer, cost), "USD"),
  );
  if (pin.currency !== "USD") {
    lines.push(line("fx", `1 USD = ${exact(pin.fx)} ${pin.currency}`, 1, pin.fx, converted, pin.currency));
  }
  const rounding = subtract(rational(charge, NANO_PER_UNIT), converted);
  lines.push(line("rounding", "up to the next nano-unit", 1, rounding, rounding, pin.currency));
  return lines;
}

function tokenLines({ usage, pin, tier, variants }: Priced): PriceLine[] {
  const factor = modifierOf(pin.row, variants);
  return TOKEN_CLASSES.flatMap((name) => {
    const tokens = usage.tokens[name] ?? 0;
    if (tokens <= 0) return [];
    const perMillion = multiply(pricePerMillion(pin.row, tier, name), factor);
    const unit = multiply(perMillion, rational(MILLION.den, MILLION.num));
    return [line("tokens", name, tokens, unit, multiply(unit, rational(BigInt(tokens))), "USD")];
  });
}

function feeLines({ usage, pin }: Priced): PriceLine[] {
  return Object.entries(usage.fees).flatMap(([name, count]) => {
    const fee = pin.row.toolFees.get(name);
    if (fee === undefined || count <= 0) return [];
    const unit = rational(fee.usd.num, fee.usd.den * BigInt(fee.per));
    return [line("fee", name, count, unit, multiply(unit, rational(BigInt(count))), "USD")];
  });
}

function imageLines({ options, pin }: Priced): PriceLine[] {
  return Object.entries(options.images ?? {}).flatMap(([size, count]) => {
    const price = pin.row.perImage.get(size) ?? pin.row.perImage.get("default");
    if (price === undefined || count <= 0) return [];
    return [line("image", size, count, price, multiply(price, rational(BigInt(count))), "USD")];
  });
}

function line(
  kind: PriceLine["kind"],
  name: string,
  quantity: number,
  unit: Rational,
  amount: Rational,
  currency: string,
): PriceLine {
  return { kind, name, quantity, unitUsd: exact(unit), amount: exact(amount), currency };
}

/** A decimal where it ends, else the reduced fraction. */
function exact(value: Rational): string {
  const reduced = multiply(value, ONE);
  let den = reduced.den;
  let places = 0;
  while (den % 10n === 0n) den /= 10n;
  while (den % 2n === 0n) den /= 2n;
  while (den % 5n === 0n) den /= 5n;
  if (den !== 1n) return `${reduced.num}/${reduced.den}`;
  let scaled = reduced;
  while (scaled.den !== 1n) {
    scaled = multiply(scaled, rational(10n));
    places += 1;
  }
  const sign = scaled.num < 0n ? "-" : "";
  const digits = (scaled.num < 0n ? -scaled.num : scaled.num).toString().padStart(places + 1, "0");
  return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
