/** Exact amounts as text: nothing is rounded but where a number must end. */
import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { decimalText, exactText, overPowerOfTen } from "../../src/ledger/decimal.ts";
import { readExact } from "../../src/ledger/price-lines.ts";
import { type Rational, rational } from "../../src/lib/rational.ts";

/** As it is, not reduced: sums come so. */
const over = (num: bigint, den: bigint): Rational => ({ num, den });

describe("exact text", () => {
  test.each([
    [0n, 1n, "0"],
    [0n, 1_000n, "0"],
    [0n, 3n, "0"],
    [7n, 1n, "7"],
    [100n, 1n, "100"],
    [700n, 100n, "7"],
    [1n, 10n, "0.1"],
    [1_050n, 1_000n, "1.05"],
    [-1_050n, 1_000n, "-1.05"],
    [7n, 8n, "0.875"],
    [-7n, 8n, "-0.875"],
    [3n, 6n, "0.5"],
    [6n, 3n, "2"],
    [1n, 3n, "1/3"],
    [-1n, 3n, "-1/3"],
    [10n, 300n, "1/30"],
    [1n, 10n ** 40n, `0.${"0".repeat(39)}1`],
    [1n, 10n ** 41n, `1/${10n ** 41n}`],
    [10n, 10n ** 41n, `0.${"0".repeat(39)}1`],
  ])("%d / %d is %s", (num, den, text) => {
    expect(exactText(over(num, den))).toBe(text);
  });

  test("property: it is read back as the same value, and no shorter one is", () => {
    const part = fc.bigInt({ min: 1n, max: 10n ** 15n });
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), part, (num, den) => {
        const text = exactText(over(num, den));
        expect(readExact(text)).toEqual(rational(num, den));
        expect(text).not.toMatch(/\.$|\.\d*0$|^-?0\d/);
      }),
      { numRuns: 300 },
    );
  });
});

test("a value over the smallest power of ten, where there is one", () => {
  expect(overPowerOfTen(over(3n, 8n))).toEqual(over(375n, 1_000n));
  expect(overPowerOfTen(over(3n, 50n))).toEqual(over(6n, 100n));
  expect(overPowerOfTen(over(3n, 7n))).toEqual(over(3n, 7n));
});

test("numbers end: what would not is rounded up at 18 places", () => {
  expect(decimalText(over(5n, 4n))).toBe("1.25");
  expect(decimalText(over(1n, 3n))).toBe("0.333333333333333334");
  expect(decimalText(over(2n, 3n))).toBe("0.666666666666666667");
  expect(decimalText(over(-1n, 3n))).toBe("-0.333333333333333333");
  expect(decimalText(over(1n, 10n ** 20n))).toBe("0.00000000000000000001");
  // Ends after 41 places, which is further than a number goes.
  expect(decimalText(over(1n, 10n ** 41n))).toBe("0.000000000000000001");
  expect(decimalText(over(10n ** 23n, 10n ** 41n))).toBe("0.000000000000000001");
});
