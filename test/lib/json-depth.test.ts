/** What providers send is parsed without an end of the stack. */
import { expect, test } from "bun:test";
import { parseJson } from "../../src/lib/json.ts";
import { decodeError as anthropicError } from "../../src/dialects/anthropic-messages/error.ts";
import { decodeError as geminiError } from "../../src/dialects/gemini/decode-error.ts";
import { decodeOpenAiError } from "../../src/dialects/shared/openai-error.ts";

/** A number that no double holds makes the parser call back from within. */
const deep = `${"[".repeat(100_000)}12345678901234567890${"]".repeat(100_000)}`;

test("text that is nested too deeply is malformed", () => {
  expect(() => parseJson(deep)).toThrow(SyntaxError);
  expect(parseJson("[[12345678901234567890]]")).toBeArray();
});

test("an error body that is nested too deeply is an error of that status", () => {
  const headers = new Headers();
  for (const decode of [anthropicError, geminiError, decodeOpenAiError])
    expect(decode(502, deep, headers)).toMatchObject({ cause: "status", status: 502 });
});
