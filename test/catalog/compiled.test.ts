import { expect, test } from "bun:test";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { load, minimal, projectFile } from "./support.ts";

test.each(["catalog", "wallet", "smart-router", "four-dialects", "managed", "open"])(
  "%s, compiled, is the same catalog",
  (name) => {
    const text = projectFile(name);
    const env = { OPENAI_API_KEY: "k", TOLLGATE_JWT_SECRET: "s", LLM_MARKUP_PERCENT: "12.5" };
    expect(load(compileCatalog(text), env)).toEqual(load(text, env));
  },
);

test("amounts keep their source text", () => {
  const text = minimal({
    models: '  - {id: x, provider: openai, price: {input: 0.100000000000000005, output: "2.50", cached_input: 007}}',
  });
  expect(load(compileCatalog(text)).models.get("x")?.prices).toEqual(load(text).models.get("x")?.prices ?? []);
});

test("mistakes that only the environment brings are told without a place", () => {
  const text = compileCatalog(minimal());
  const loaded = loadCatalog(text, { file: "catalog.yaml (built in)", env: { LLM_MARKUP_PERCENT: "x" } });
  expect(loaded.ok ? [] : loaded.problems.map((problem) => [problem.line, problem.path])).toEqual([
    [1, "billing.markup_percent"],
  ]);
});

test("what is no YAML is not compiled", () => {
  expect(() => compileCatalog("a: [")).toThrow("not readable");
  expect(() => compileCatalog("a: 1\na: 2")).toThrow("not readable");
});
