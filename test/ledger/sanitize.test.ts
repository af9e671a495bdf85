/** The usage that a provider reports is input like any other: it is not trusted. */
import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import {
  INPUT_CLASSES,
  OUTPUT_CLASSES,
  sumTokens,
  TOKEN_CLASSES,
  type TokenCounts,
  totalInput,
  totalOutput,
} from "../../src/ir/usage.ts";
import { sanitizeUsage } from "../../src/ledger/sanitize.ts";
import { usage } from "./price-support.ts";

const BOUNDS = { context: 100_000 };
const counted = usage({ input: 40, output: 25 });
const clean = (tokens: TokenCounts, fees: Record<string, number> = {}) =>
  sanitizeUsage(usage(tokens, { fees }), () => counted, BOUNDS);

test("a credible report is passed on as it is", () => {
  const reported = usage({ input: 50, cached_input: 1_000, output: 30, reasoning: 500 }, { fees: { web_search: 2 } });
  const result = sanitizeUsage(reported, () => counted, BOUNDS);
  expect(result).toEqual({ usage: reported, changed: false });
  expect(result.usage).toBe(reported);
});

describe("never below what was counted as delivered", () => {
  test.each([
    ["negative output", { input: 50, output: -30 }],
    ["no output though text was delivered", { input: 50, output: 0 }],
    ["nothing at all", {}],
    ["NaN", { input: 50, output: Number.NaN }],
    ["fractions", { input: 50.5, output: 3.3 }],
    ["infinity", { input: 50, output: Number.POSITIVE_INFINITY }],
    ["beyond any answer", { input: 50, output: 1e15 }],
  ])("%s", (_name, tokens) => {
    const result = clean(tokens);
    expect(result.changed).toBe(true);
    expect(totalOutput(result.usage)).toBeGreaterThanOrEqual(25);
    expect(totalInput(result.usage)).toBeGreaterThanOrEqual(40);
  });
});

test("input far beyond the context window was not read", () => {
  const result = clean({ input: 900_000_000, cached_input: 5, output: 30 });
  expect(result).toMatchObject({ changed: true, usage: { tokens: { input: 100_000, output: 30 } } });
  expect(totalInput(result.usage)).toBe(100_000);
});

test("none of a class is a count, not a mistake; neither is a class as large as a class may be", () => {
  expect(clean({ input: 50, cached_input: 0, output: 30 }).changed).toBe(false);
  const unbounded = { context: 0 };
  const most = usage({ input: 1_000_000_000, output: 1_000_000_000 });
  expect(sanitizeUsage(most, () => counted, unbounded).changed).toBe(false);
  const beyond = usage({ input: 1_000_000_001, output: 30 });
  expect(sanitizeUsage(beyond, () => counted, unbounded).usage.tokens).toEqual({ input: 40, output: 30 });
});

test("a hundred times the context window is the most that was read", () => {
  const { context } = BOUNDS;
  expect(clean({ input: context * 100, output: 30 }).changed).toBe(false);
  expect(clean({ input: context * 100 - 5, cached_input: 6, output: 30 }).usage.tokens).toEqual({
    input: context,
    output: 30,
  });
  const least = sanitizeUsage(usage({ input: 101, output: 30 }), () => counted, { context: 1 });
  expect(least.usage.tokens).toEqual({ input: 1, output: 30 });
});

test("what was counted is asked only when the report is doubtful", () => {
  const never = (): never => {
    throw new Error("was counted");
  };
  const bounds = { context: 100_000, deliveredCharacters: 64 };
  expect(sanitizeUsage(usage({ input: 1, output: 1 }), never, bounds).changed).toBe(false);
  expect(() => sanitizeUsage(usage({ input: 1, output: 1 }), never, { ...bounds, deliveredCharacters: 65 })).toThrow();
  expect(() => sanitizeUsage(usage({ output: 1 }), never, bounds)).toThrow();
});

test("a doubtful side takes each class as it was counted, where that is more; the other side stands", () => {
  const told = usage({ input: 10, cached_input: 500, output: -1, reasoning: 7 });
  const seen = usage({ input: 400, output: 20, reasoning: 3, output_audio: 1 });
  const { usage: result, changed } = sanitizeUsage(told, () => seen, BOUNDS);
  expect(result.tokens).toEqual({ input: 10, cached_input: 500, output: 20, reasoning: 7, output_audio: 1 });
  expect(changed).toBe(true);
  // Nothing more was counted than was told.
  expect(sanitizeUsage(usage({ input: 5 }), () => usage({ input: 5 }), BOUNDS)).toMatchObject({ changed: false });
});

test("as much output as was counted stands, however it was classed", () => {
  const seen = usage({ input: 3, output: 2, reasoning: 3 });
  expect(sanitizeUsage(usage({ output: 5 }), () => seen, BOUNDS).usage.tokens).toEqual({ input: 3, output: 5 });
});

test("input that was told stands beside output that was not, however little it is", () => {
  expect(clean({ input: 1, output: 0 }).usage.tokens).toEqual({ input: 1, output: 25 });
  expect(clean({ input: 0, output: 30 }).usage.tokens).toEqual({ input: 40, output: 30 });
});

test("a fee of no uses is none, and not a mistake", () => {
  const fees = { web_search: 0, maps: 2 };
  expect(clean({ input: 50, output: 30 }, fees)).toMatchObject({ changed: false });
  expect(clean({ input: 50, output: 30 }, { ...fees, code: -1 }).usage.fees).toEqual(fees);
});

test("far too little output for the text that came", () => {
  const report = usage({ input: 50, output: 1 });
  const bounds = { context: 100_000, deliveredCharacters: 200 };
  expect(sanitizeUsage(report, () => counted, bounds)).toMatchObject({
    changed: true,
    usage: { tokens: { input: 50, output: 25 } },
  });
  expect(sanitizeUsage(usage({ input: 50, output: 20 }), () => counted, bounds).changed).toBe(false);
});

test("counts of fees that can't be", () => {
  const result = clean({ input: 50, output: 30 }, { web_search: -3, code: 1.5, maps: 2 });
  expect(result).toMatchObject({ changed: true });
  expect(result.usage.fees).toEqual({ maps: 2 });
});

test("property: whatever is reported, counts are whole, not negative and bounded, and spend is not lowered", () => {
  const anything = fc.oneof(
    fc.integer({ min: -10, max: 5_000 }),
    fc.double(),
    fc.constantFrom(0, -1, 1e9, 1e9 + 1, Number.MAX_SAFE_INTEGER, Number.NaN),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...TOKEN_CLASSES), anything), (tokens) => {
      const { usage: result, changed } = clean(tokens as TokenCounts);
      for (const count of Object.values(result.tokens)) {
        expect(Number.isSafeInteger(count) && count >= 0 && count <= 1e9).toBe(true);
      }
      expect(sumTokens(result.tokens, INPUT_CLASSES)).toBeLessThanOrEqual(BOUNDS.context * 100);
      const wasBad = Object.values(tokens).some(
        (count) => !(Number.isSafeInteger(count) && count >= 0 && count <= 1e9),
      );
      if (wasBad) expect(changed).toBe(true);
      if (wasBad || sumTokens(tokens as TokenCounts, OUTPUT_CLASSES) === 0) {
        expect(sumTokens(result.tokens, OUTPUT_CLASSES)).toBeGreaterThanOrEqual(25);
      }
    }),
    { numRuns: 500 },
  );
});
