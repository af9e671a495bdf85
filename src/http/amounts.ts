import { t } from "elysia";
import { invalidRequest } from "../ir/error.ts";
import { formatNano, MAX_NANO, type Nano, parseNano } from "../lib/money.ts";

/** An amount of the ledger currency in a body: a decimal as text, or a JSON number that was written without an exponent. */
export const amountSchema = t.Union([t.String({ maxLength: 40 }), t.Number()], {
  description: "Decimal amount in the ledger currency, as text such as `5.00`",
  examples: ["5.00"],
});

/**
 * Reads an amount exactly: a number is taken by its shortest decimal text, which is what was written up to 15 digits; longer ones are no
 * numbers any more after parseJson and are refused by the schema. Throws GatewayError 400 that names the field.
 */
export function readAmount(field: string, value: string | number, options: { negative?: boolean } = {}): Nano {
  let amount: Nano;
  try {
    amount = parseNano(String(value));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalidRequest(
      field,
      `${field} must be a plain decimal such as "5.00", with at most nine places, of at most ${formatNano(MAX_NANO)}.`,
    );
  }
  if (amount < 0n && options.negative !== true) throw invalidRequest(field, `${field} must not be negative.`);
  return amount;
}
