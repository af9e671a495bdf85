import { expect, test } from "bun:test";
import type { RequestSignals } from "../../src/dialects/dialect.ts";
import { classify, difficultyScore } from "../../src/routing/classify.ts";
import { shortQuestion } from "./support.ts";

const asked = (text: string, change: Partial<RequestSignals> = {}): RequestSignals => ({
  ...shortQuestion,
  lastUserText: text,
  characters: text.length,
  ...change,
});

test.each([
  ["Hello!", {}, "simple"],
  ["What is the capital of Malaysia?", {}, "simple"],
  ["Translate to French: good morning", {}, "simple"],
  ["", {}, "simple"],
  ["Write a Python function that merges two sorted lists, and unit tests for it.", {}, "medium"],
  ["And what about the second one?", { turns: 7, characters: 9000 }, "medium"],
  ["Fix this", { hasCode: true, tools: 1 }, "medium"],
  ["Design a consensus algorithm, prove that it terminates, and analyze its complexity.", {}, "complex"],
  ["Continue", { turns: 12, characters: 400_000, tools: 6 }, "complex"],
  ["What is 2 + 2?", { reasoningEffort: "max" }, "complex"],
] as const)("%s %p is %s", (text, change, tier) => {
  expect(classify(asked(text, change))).toBe(tier);
});

test("more of anything never looks easier, and the score stays in its bounds", () => {
  let last = 0;
  for (let words = 1; words < 4000; words *= 2) {
    const score = difficultyScore(asked("alpha beta, then gamma without delta. ".repeat(words)));
    expect(score).toBeGreaterThanOrEqual(last);
    expect(score).toBeLessThanOrEqual(1);
    last = score;
  }
});

test("a hostile text costs no time to speak of", () => {
  for (const piece of ["a", " ", "A ", "not ", ",", "\u{1F999}", "aB", "\n", "write a b "]) {
    expect(Number.isFinite(difficultyScore(asked(piece.repeat(1_000_000))))).toBe(true);
  }
});
