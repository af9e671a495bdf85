/** The architecture as a failing test: who may import what, how large a file is, and what may not stand in the tree. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const SRC = join(ROOT, "src");

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

const sources = filesBelow(SRC).map((path) => ({ path, name: relative(SRC, path), text: readFileSync(path, "utf8") }));

/** What each folder may import, besides itself and lib (ARCHITECTURE.md says why). */
const ALLOWED: Record<string, readonly string[]> = {
  lib: [],
  ir: [],
  wire: [],
  catalog: ["ir"],
  dialects: ["ir", "wire"],
  tokens: ["ir", "dialects"],
  routing: ["catalog", "ir", "dialects"],
  ledger: ["catalog", "ir"],
  audit: ["catalog", "ir", "ledger"],
  accounting: ["catalog", "ir", "ledger"],
  responses: ["ir"],
  providers: ["dialects", "catalog", "ir", "wire", "upstream", "routing", "tokens"],
  upstream: ["providers", "wire", "ir"],
  store: ["ledger", "audit", "accounting", "gates", "responses", "catalog", "ir"],
  gates: ["ledger", "catalog", "ir", "routing", "dialects"],
  gateway: [
    "dialects",
    "providers",
    "tokens",
    "routing",
    "ledger",
    "audit",
    "upstream",
    "gates",
    "responses",
    "catalog",
    "ir",
    "wire",
  ],
  http: [
    "gateway",
    "gates",
    "ledger",
    "catalog",
    "audit",
    "accounting",
    "routing",
    "dialects",
    "responses",
    "ir",
    "wire",
    "upstream",
  ],
  cli: ["ledger", "catalog", "ir"],
  dashboard: [],
};

/** Only these may touch these packages. */
const OWNED_PACKAGES: Record<string, readonly string[]> = {
  elysia: ["http"],
  "@elysiajs/openapi": ["http"],
  "drizzle-orm": ["store"],
  "bun:sqlite": ["store"],
  yaml: ["catalog"],
  citty: ["cli", "commands.ts"],
  jose: ["gates"],
  "prom-client": ["http"],
  tokenx: ["tokens"],
};

interface Import {
  from: string;
  specifier: string;
}

function importsOf(text: string): string[] {
  return [
    ...text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|import\("([^"]+)"\)/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

const imports: Import[] = sources.flatMap(({ name, text }) =>
  importsOf(text).map((specifier) => ({ from: name, specifier })),
);

const folderOf = (name: string): string => (name.includes("/") ? (name.split("/")[0] ?? "") : name);

test("folders import only what the architecture allows", () => {
  const wrong = imports.filter(({ from, specifier }) => {
    const folder = folderOf(from);
    const allowed = ALLOWED[folder];
    if (allowed === undefined || !specifier.startsWith(".")) return false;
    const target = folderOf(relative(SRC, resolve(dirname(join(SRC, from)), specifier)));
    return target !== folder && target !== "lib" && target !== ".." && !allowed.includes(target);
  });
  expect(wrong).toEqual([]);
});

test("dialect folders never import each other", () => {
  const wrong = imports.filter(({ from, specifier }) => {
    const [top, dialect] = from.split("/");
    if (top !== "dialects" || dialect === undefined || dialect.endsWith(".ts") || !specifier.startsWith("."))
      return false;
    const [targetTop, target] = relative(SRC, resolve(dirname(join(SRC, from)), specifier)).split("/");
    return (
      targetTop === "dialects" &&
      target !== undefined &&
      !target.endsWith(".ts") &&
      target !== dialect &&
      target !== "shared"
    );
  });
  expect(wrong).toEqual([]);
});

test("packages stay with their owners", () => {
  const wrong = imports.filter(({ from, specifier }) => {
    const name = specifier.startsWith("@")
      ? specifier.split("/").slice(0, 2).join("/")
      : (specifier.split("/")[0] ?? "");
    const owners = OWNED_PACKAGES[name];
    return owners !== undefined && !owners.includes(folderOf(from));
  });
  expect(wrong).toEqual([]);
});

test("every source file is reached from an entry", () => {
  const reached = new Set(["main.ts"]);
  const queue = ["main.ts"];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const item of imports.filter((candidate) => candidate.from === name && candidate.specifier.startsWith("."))) {
      const target = relative(SRC, resolve(dirname(join(SRC, name)), item.specifier));
      if (reached.has(target)) continue;
      reached.add(target);
      queue.push(target);
    }
  }
  const dead = sources
    .map(({ name }) => name)
    .filter((name) => !reached.has(name) && !name.endsWith(".d.ts") && !name.startsWith("dashboard/"));
  expect(dead).toEqual([]);
});

test("files are read in one sitting", () => {
  const sizes = sources.map(({ text }) => text.split("\n").length).sort((a, b) => a - b);
  const at = (share: number): number => sizes[Math.floor((sizes.length - 1) * share)] ?? 0;
  expect({ median: at(0.5) <= 150, p90: at(0.9) <= 300 }).toEqual({ median: true, p90: true });
});

test("money is never a number", () => {
  const wrong = sources
    .filter(({ name }) => /^(ledger|store|gates|gateway|audit)\//.test(name))
    .flatMap(({ name, text }) =>
      [
        ...text.matchAll(/\b(\w*(?:amount|charge|charged|balance|wallet|Nano|markupPercent|absorbed))\??: number\b/g),
      ].map((match) => `${name}: ${match[0]}`),
    );
  expect(wrong).toEqual([]);
});

test("nothing is silenced, and nothing speaks of how the project is made", () => {
  const marks =
    /@ts-ignore|@ts-expect-error|\bas any\b|: any\b|catch\s*(?:\([^)]*\))?\s*\{\s*\}|\bTODO\b|\bFIXME\b|\bXXX\b|test\.(?:todo|only)\(/;
  const files = [
    ...sources,
    ...filesBelow(join(ROOT, "test")).map((path) => ({
      path,
      name: relative(ROOT, path),
      text: readFileSync(path, "utf8"),
    })),
  ];
  const wrong = files
    .filter(({ name, text }) => !name.endsWith("tidy.test.ts") && marks.test(text))
    .map(({ name }) => name);
  expect(wrong).toEqual([]);
});
