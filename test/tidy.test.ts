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

const ARCHITECTURE = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");

/** What each folder and each file at the top may import besides itself and lib: the table of ARCHITECTURE.md is the law. */
const ALLOWED = new Map(
  [...ARCHITECTURE.matchAll(/^\| `([^`]+?)(?:\/|\.ts)` +\|[^|]+\| ([^|]+?) +\|$/gm)].map(
    ([, name = "", allowed = ""]) => [name, allowed === "–" ? [] : allowed.split(", ")] as const,
  ),
);

/** Only these may touch these packages. */
const OWNED_PACKAGES: Record<string, readonly string[]> = {
  elysia: ["http"],
  "@elysiajs/openapi": ["http"],
  "drizzle-orm": ["store"],
  "bun:sqlite": ["store"],
  yaml: ["catalog"],
  citty: ["cli", "commands"],
  jose: ["gates"],
  "prom-client": ["http"],
  tokenx: ["tokens"],
};

interface Import {
  from: string;
  specifier: string;
  ofTypes: boolean;
}

const IMPORT = /^\s*(?:import|export)\b( type\b)?[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|import\("([^"]+)"\)/gm;

const imports: Import[] = sources.flatMap(({ name, text }) =>
  [...text.matchAll(IMPORT)].map((match) => ({
    from: name,
    specifier: match[2] ?? match[3] ?? match[4] ?? "",
    ofTypes: match[1] !== undefined,
  })),
);

/** The folder of a file below src; a file at the top stands for itself. */
const folderOf = (name: string): string => name.replace(/(?:\.d)?\.ts$/, "").split("/")[0] ?? "";

const targetOf = ({ from, specifier }: Import): string =>
  folderOf(relative(SRC, resolve(dirname(join(SRC, from)), specifier)));

const local = imports.filter(({ specifier }) => specifier.startsWith(".") && /\.tsx?$/.test(specifier));

test("folders import only what the architecture allows", () => {
  const wrong = local.filter((item) => {
    const allowed = ALLOWED.get(folderOf(item.from)) ?? [];
    const target = targetOf(item);
    const rights = ["everything", target, ...(item.ofTypes ? [`${target} (types)`] : [])];
    return target !== folderOf(item.from) && target !== "lib" && !rights.some((right) => allowed.includes(right));
  });
  expect(wrong).toEqual([]);
});

test("the architecture names every folder, and allows nothing that nobody uses", () => {
  const folders = new Set(sources.map(({ name }) => folderOf(name)));
  expect([...folders].filter((name) => !ALLOWED.has(name) && name !== "assets")).toEqual([]);
  const used = new Set(local.map((item) => `${folderOf(item.from)} → ${targetOf(item)}`));
  const rights = [...ALLOWED].flatMap(([name, targets]) =>
    targets.map((target) => `${name} → ${target.replace(" (types)", "")}`),
  );
  expect(rights.filter((right) => !used.has(right) && !right.endsWith("→ everything"))).toEqual([]);
});

test("the architecture names every folder inside of these, and beside them", () => {
  const inside = sources.map(({ name }) => name.split("/").slice(1, -1)).flat();
  const beside = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(?:\.|node_modules$|dist$|data$)/.test(entry.name))
    .map(({ name }) => name);
  const missing = [...new Set([...inside, ...beside])].filter((name) => !ARCHITECTURE.includes(`\`${name}/\``));
  expect(missing).toEqual([]);
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

test("every exported function, class and constant is used by another file", () => {
  const others = ["test", "scripts", "bench"].flatMap((folder) => filesBelow(join(ROOT, folder)));
  const texts = [...sources.map(({ text }) => text), ...others.map((path) => readFileSync(path, "utf8"))];
  const users = new Map<string, number>();
  for (const text of texts) {
    for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) users.set(word, (users.get(word) ?? 0) + 1);
  }
  const unused = sources.flatMap(({ name, text }) =>
    [...text.matchAll(/^export (?:async )?(?:abstract )?(?:function\*?|const|class) ([\w$]+)/gm)]
      .filter(([, word = ""]) => users.get(word) === 1)
      .map(([, word = ""]) => `${name}: ${word}`),
  );
  expect(unused).toEqual([]);
});

test("files are read in one sitting", () => {
  const sizes = sources.map(({ text }) => text.split("\n").length - 1).sort((a, b) => a - b);
  const at = (share: number): number => sizes[Math.floor((sizes.length - 1) * share)] ?? 0;
  expect([at(0.5) <= 120, at(0.9) <= 300, at(1) <= 400]).toEqual([true, true, true]);
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

test("no test has a time limit of its own", () => {
  const wrong = filesBelow(join(ROOT, "test"))
    .map((path) => ({ name: relative(ROOT, path), text: readFileSync(path, "utf8") }))
    .filter(({ text }) =>
      /\},\s*[\d_]{4,},?\s*\);|(?<!\.)setDefaultTimeout\((?!HANGING_MS)|\{ timeout: [\d_]+/.test(text),
    )
    .map(({ name }) => name);
  expect(wrong).toEqual([]);
});

test("properties are tried with one seed", () => {
  const wrong = filesBelow(join(ROOT, "test"))
    .filter((path) => !path.endsWith("support/property.ts") && /from "fast-check"/.test(readFileSync(path, "utf8")))
    .map((path) => relative(ROOT, path));
  // The pattern above is this file's own.
  expect(wrong).toEqual([relative(ROOT, import.meta.path)]);
});
