import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import type { InputBound } from "../../src/dialects/dialect.ts";
import { boundInputTokens, BOUNDS } from "../../src/tokens/bound.ts";
import {
  countText,
  DeltaCounter,
  FAMILIES,
  FAMILY_FACTS,
  familyOf,
  firstTokens,
  requestOverhead,
} from "../../src/tokens/count.ts";

const PROSE = "The quick brown fox jumps over the lazy dog, and nobody minds. ".repeat(40);

describe("counting", () => {
  test("families by realm; unknown organisations are `other`", () => {
    expect(["openai", "anthropic", "google", "mistral", "toString"].map((realm) => familyOf(realm))).toEqual([
      "openai",
      "anthropic",
      "gemini",
      "other",
      "other",
    ]);
  });

  test("nothing is no token, anything is at least one", () => {
    for (const family of FAMILIES) {
      expect(countText("", family)).toBe(0);
      expect(countText("a", family)).toBeGreaterThanOrEqual(1);
      expect(countText(PROSE, family)).toBeCloseTo(countText(PROSE, "openai") * FAMILY_FACTS[family].factor, -1);
    }
  });

  test("the first tokens of a text count as many, at most", () => {
    expect(countText(firstTokens(PROSE, 10), "openai")).toBeLessThanOrEqual(10);
    expect(PROSE.startsWith(firstTokens(PROSE, 10))).toBe(true);
    expect(firstTokens(PROSE, -1)).toBe("");
  });

  test("deltas count as the whole text does, however it is cut", () => {
    const whole = countText(PROSE, "openai");
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const counter = new DeltaCounter("openai");
        for (let pos = 0, index = 0; pos < PROSE.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1;
          counter.add(PROSE.slice(pos, pos + size));
          pos += size;
        }
        expect(Math.abs(counter.tokens() - whole) / whole).toBeLessThan(0.02);
      }),
      { numRuns: 50 },
    );
  });

  test("asked after each delta, a counter tells what the text so far counts as a whole", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "the ",
        "quick ",
        "brown, ",
        "(fox)",
        "\n",
        "\n\n",
        "  ",
        " ",
        "。",
        "你好",
        "世界，",
        "かな",
        "12345",
        "über ",
        "שלום ",
        "🙂",
        "!",
      ),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const counter = new DeltaCounter("openai");
        let text = "";
        for (const item of pieces) {
          text += item;
          counter.add(item);
          expect(counter.tokens()).toBe(countText(text, "openai"));
        }
      }),
    );
  });

  test("a counter only grows, and starts at 0", () => {
    const counter = new DeltaCounter("anthropic");
    const seen = [counter.tokens()];
    for (const word of PROSE.split(/(?= )/)) {
      counter.add(word);
      seen.push(counter.tokens());
    }
    expect(seen[0]).toBe(0);
    expect(seen.every((value, index) => index === 0 || value >= (seen[index - 1] ?? 0) - 1)).toBe(true);
  });

  test("tool calls and requests have their overhead", () => {
    const counter = new DeltaCounter("anthropic");
    counter.startTool("get_weather");
    expect(counter.tokens()).toBeGreaterThan(FAMILY_FACTS.anthropic.toolCall);
    expect(requestOverhead("anthropic", 2, true) - requestOverhead("anthropic", 2, false)).toBe(
      FAMILY_FACTS.anthropic.tools,
    );
    expect(requestOverhead("openai", 0, false)).toBe(0);
  });

  test("a text without white space is counted, too", () => {
    const counter = new DeltaCounter("openai");
    for (let index = 0; index < 1000; index += 1) counter.add("字字字字字字字字字字");
    expect(counter.tokens()).toBeGreaterThan(5000);
  });
});

describe("bounds", () => {
  const nothing: InputBound = {
    textBytes: 0,
    images: 0,
    audioBytes: 0,
    videoBytes: 0,
    documentBytes: 0,
    uncountable: false,
  };

  test("text is bounded by its bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
        const textBytes = new TextEncoder().encode(text).length;
        expect(boundInputTokens({ ...nothing, textBytes }, "openai", 0)).toBeGreaterThanOrEqual(
          countText(text, "openai"),
        );
      }),
    );
  });

  test("images at the dearest size, audio by its bytes", () => {
    const { overhead, image } = BOUNDS.anthropic;
    expect(boundInputTokens({ ...nothing, textBytes: 100, images: 2 }, "anthropic", 1_000_000)).toBe(
      100 + overhead + 2 * image,
    );
    expect(boundInputTokens({ ...nothing, audioBytes: 8001 }, "gemini", 1_000_000)).toBe(BOUNDS.gemini.overhead + 1001);
  });

  test("what can't be counted is the context window, and nothing is more than that", () => {
    expect(boundInputTokens({ ...nothing, uncountable: true }, "openai", 8000)).toBe(8000);
    expect(boundInputTokens({ ...nothing, documentBytes: 10 }, "openai", 8000)).toBe(8000);
    expect(boundInputTokens({ ...nothing, videoBytes: 10 }, "openai", 8000)).toBe(8000);
    expect(boundInputTokens({ ...nothing, textBytes: 1e6 }, "openai", 8000)).toBe(8000);
  });
});
