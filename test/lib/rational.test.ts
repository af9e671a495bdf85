import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import {
  add,
  ceil,
  compare,
  floor,
  multiply,
  parseDecimal,
  rational,
  subtract,
  toDecimal,
  toFixed,
} from "../../src/lib/rational.ts";

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 12 }))
  .map(([num, places]) => rational(num, 10n ** BigInt(places)));

describe("exact decimals", () => {
  test.each([
    [rational(1n, 8n), "0.125"],
    [{ num: 100n, den: 10n }, "10"],
    [{ num: 3n, den: 30n }, "0.1"],
    [rational(0n), "0"],
    [rational(-5n, 1000n), "-0.005"],
    [parseDecimal("0.000100"), "0.0001"],
    [rational(1200n), "1200"],
  ])("%p is %p", (value, text) => {
    expect(toDecimal(value)).toBe(text);
  });

  test("a third has no finite decimal form", () => {
    expect(() => toDecimal(rational(1n, 3n))).toThrow(RangeError);
    expect(() => toDecimal({ num: 2n, den: 6n })).toThrow(RangeError);
  });

  test("text and value are the same thing, reduced or not", () => {
    fc.assert(
      fc.property(decimals, fc.bigInt({ min: 1n, max: 1000n }), (value, factor) => {
        const unreduced = { num: value.num * factor, den: value.den * factor };
        expect(compare(parseDecimal(toDecimal(value)), value)).toBe(0);
        expect(toDecimal(unreduced)).toBe(toDecimal(value));
      }),
    );
  });
});

test("sums and products keep their value", () => {
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      expect(compare(subtract(add(a, b), b), a)).toBe(0);
      expect(compare(multiply(a, b), multiply(b, a))).toBe(0);
      expect(floor(a) <= ceil(a) && ceil(a) - floor(a) <= 1n).toBe(true);
    }),
  );
});

test("shown prices are rounded half up", () => {
  expect(toFixed(parseDecimal("1.625"), 2)).toBe("1.63");
  expect(toFixed(parseDecimal("0.0975"), 2)).toBe("0.10");
  expect(toFixed(parseDecimal("0.3900"), 2)).toBe("0.39");
  expect(toFixed(parseDecimal("-1.005"), 2)).toBe("-1.00");
});
