import { expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { rawNumber } from "../../src/lib/json.ts";
import { formatScaled } from "../../src/lib/rational.ts";

test("a number is printed as its text, however long and however small", () => {
  const shown = (text: string): string => JSON.stringify({ a: rawNumber(text) });
  for (const text of [
    "0",
    "0.0000001",
    "0.00008375",
    "12345678901234567890",
    "-1.5",
    "1.50",
    "0.1",
    "1000000000000000000000",
  ])
    expect(shown(text)).toBe(`{"a":${text}}`);
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(40), (digits, places) => {
      const text = formatScaled(digits, places);
      expect(shown(text)).toBe(`{"a":${text}}`);
    }),
  );
});
