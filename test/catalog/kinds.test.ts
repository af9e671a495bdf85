import { expect, test } from "bun:test";
import { BASE_URL_OF_KIND, DIALECT_OF_KIND, REALM_OF_KIND } from "../../src/catalog/kinds.ts";
import { PROVIDER_KINDS } from "../../src/catalog/types.ts";
import { KINDS } from "../../src/providers/kinds.ts";

test("what planning and sending take a kind for is the same", () => {
  for (const kind of PROVIDER_KINDS) {
    expect(DIALECT_OF_KIND[kind], kind).toBe(KINDS[kind].dialect);
    expect(REALM_OF_KIND[kind], kind).toBe(KINDS[kind].realm);
  }
});

test("only compatible servers must say where they are", () => {
  expect(PROVIDER_KINDS.filter((kind) => BASE_URL_OF_KIND[kind] === null)).toEqual(["openai-compatible"]);
});
