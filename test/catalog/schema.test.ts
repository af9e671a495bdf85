import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogKeysPage } from "../../scripts/catalog-schema.ts";
import { CatalogSchema, editorSchema } from "../../src/catalog/schema.ts";

test("the schema for editors is the one that files are checked by (bun scripts/catalog-schema.ts writes it)", () => {
  const written = readFileSync(join(import.meta.dir, "../../docs/catalog.schema.json"), "utf8");
  expect(written).toBe(editorSchema());
});

test("catalog-keys.md lists what is in it", () => {
  expect(readFileSync(join(import.meta.dir, "../../docs/catalog-keys.md"), "utf8")).toBe(catalogKeysPage());
});

test("every key says what it is for", () => {
  expect(
    catalogKeysPage()
      .split("\n")
      .filter((line) => line.endsWith("| – |")),
  ).toEqual([]);
});

test("it refuses unknown keys at every level", () => {
  const open: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const { type, properties, additionalProperties } = schema as Record<string, unknown>;
    if (type === "object" && properties !== undefined && additionalProperties !== false) open.push(path);
    for (const [key, value] of Object.entries(schema)) walk(value, `${path}/${key}`);
  };
  walk(JSON.parse(JSON.stringify(CatalogSchema)), "");
  expect(open).toEqual([]);
});

test("what is written is a JSON Schema that says which draft it is of", () => {
  expect(JSON.parse(editorSchema())).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
  });
});
