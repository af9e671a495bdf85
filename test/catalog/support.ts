import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatProblem, loadCatalog, type Problem } from "../../src/catalog/load.ts";
import type { Catalog } from "../../src/catalog/types.ts";

const ROOT = join(import.meta.dir, "../..");

/** A catalog file of the project: `catalog`, or the name of a profile. */
export function projectFile(name: string): string {
  return readFileSync(join(ROOT, name === "catalog" ? "catalog.yaml" : `profiles/${name}.yaml`), "utf8");
}

/** Loads text that is expected to be good; a failing test shows the problems. */
export function load(text: string, env: Record<string, string> = {}): Catalog {
  const loaded = loadCatalog(text, { file: "catalog.yaml", env });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.catalog;
}

/** Problems of text that is expected to be bad. */
export function problems(text: string, env: Record<string, string> = {}): Problem[] {
  const loaded = loadCatalog(text, { file: "catalog.yaml", env });
  return loaded.ok ? [] : loaded.problems;
}

/** A minimal good catalog; `more` adds top-level blocks, `models` more rows. */
export function minimal(parts: { models?: string; more?: string; providers?: string } = {}): string {
  return `providers:
  openai: {kind: openai, api_key: "sk-test"}
  anthropic: {kind: anthropic, api_key: "sk-test"}
${parts.providers ?? ""}
models:
  - {id: gpt-5, provider: openai, price: {input: 1.25, output: 10.00}}
  - {id: claude-haiku-4-5, provider: anthropic, price: {input: 1.00, output: 5.00}}
${parts.models ?? ""}
${parts.more ?? ""}
`;
}
