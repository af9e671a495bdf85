/** Which models stand in for which, by sets and by names. */
import { describe, expect, test } from "bun:test";
import type { Catalog } from "../../src/catalog/types.ts";
import { equivalentsOf } from "../../src/catalog/equivalents.ts";
import { load } from "./support.ts";

/** `[id, provider, equivalents]` each. */
const catalogOf = (...rows: [string, string, string][]): Catalog =>
  load(`
providers: {a: {kind: openai, base_url: "https://a.b"}, b: {kind: openai, base_url: "https://b.b"}}
models:
${rows.map(([id, provider, names]) => `  - {id: ${id}, provider: ${provider}, price: free, equivalents: [${names}]}`).join("\n")}
`);
const behind = ({ models }: Catalog, id: string): string[] => {
  const model = models.get(id);
  return model === undefined ? [] : equivalentsOf(models, model).map((other) => other.id);
};

describe("stand-ins", () => {
  test("of one set stand in for each other, at other providers only", () => {
    const catalog = catalogOf(["m", "a", "s"], ["n", "b", "s, t"], ["o", "a", "s"], ["p", "b", "t"]);
    expect(["m", "n", "o", "p"].map((id) => behind(catalog, id))).toEqual([["n"], ["m", "o"], ["n"], []]);
  });

  test("that a model names by their ids stand in for it, not it for them", () => {
    const catalog = catalogOf(["m", "a", "n"], ["n", "b", ""], ["o", "b", "n"]);
    expect(["m", "n", "o"].map((id) => behind(catalog, id))).toEqual([["n", "o"], [], ["m"]]);
    expect(catalog.warnings.filter((text) => text.includes("equivalents"))).toEqual([]);
  });
});

describe("names that lead nowhere are told with what to do", () => {
  const warned = (...rows: [string, string, string][]): readonly string[] =>
    catalogOf(...rows).warnings.filter((text) => text.includes("equivalents"));
  test("misspelt, or with nobody else in the set", () => {
    expect(warned(["m", "a", "frontir"], ["n", "b", "frontier"], ["o", "a", "frontier"])).toEqual([
      'm: nothing stands in by equivalents: [frontir]; no other model is in that set, and none has that id (did you mean "frontier"?)',
    ]);
    expect(warned(["m", "a", "m"])).toEqual([
      "m: nothing stands in by equivalents: [m]; no other model is in that set, and none has that id",
    ]);
  });
  test("at the same provider", () => {
    expect(warned(["m", "a", "n"], ["n", "a", ""])).toEqual([
      "m: nothing stands in by equivalents: [n]; n is at a, too, and only other providers are asked",
    ]);
  });
});
