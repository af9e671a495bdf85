import { expect, test } from "bun:test";
import { inBandFailure, statusOfCode } from "../../src/dialects/shared/openai-error.ts";

test("a code in a 200 answer tells its status; words of JavaScript are codes like any other", () => {
  const words = [
    "rate_limit_exceeded",
    "404",
    "invalid_image",
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
  ];
  expect(words.map((word) => statusOfCode(word, null))).toEqual([429, 404, 400, 500, 500, 500, 500]);
  expect(inBandFailure({ code: "constructor", message: "x" }).status).toBe(500);
});
