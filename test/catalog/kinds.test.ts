import { expect, test } from "bun:test";
import { BASE_URL_OF_KIND, DIALECT_OF_KIND, REALM_OF_KIND } from "../../src/catalog/kinds.ts";
import { PROVIDER_KINDS } from "../../src/catalog/types.ts";

test("kinds speak their dialects and have realms", () => {
  expect(PROVIDER_KINDS.map((kind) => [DIALECT_OF_KIND[kind], REALM_OF_KIND[kind]])).toEqual([
    ["openai-chat", "openai"],
    ["openai-responses", "openai"],
    ["anthropic-messages", "anthropic"],
    ["gemini", "google"],
    ["openai-chat", null],
    ["openai-chat", null],
  ]);
});

test("only compatible servers must say where they are", () => {
  expect(PROVIDER_KINDS.filter((kind) => BASE_URL_OF_KIND[kind] === null)).toEqual(["openai-compatible"]);
});
