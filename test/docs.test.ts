/** What the documentation points to is there. (Commands, variables and routes: test/cli/docs.test.ts.) */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dir, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const isThere = (path: string): boolean => existsSync(join(ROOT, path));

const pages = [".", "docs", "docs/decisions", "bench"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => normalize(join(folder, name))),
);

/** The anchors of a page: its own, and those that its headings get. */
function anchorsOf(path: string): Set<string> {
  const text = read(path);
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = ""]) => id)]);
}

test.each(pages)("%s: its links lead somewhere", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const path = file === "" ? page : normalize(join(dirname(page), file));
    return !isThere(path) || (anchor !== undefined && path.endsWith(".md") && !anchorsOf(path).has(anchor));
  });
  expect(broken).toEqual([]);
});

/** Folders that stand in the documentation without the one around them. */
const AROUND = ["", "src", "docs", "bench"];

test.each(pages)("%s: the files and scripts that it names are there", (page) => {
  const words = [...read(page).matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
  const missing = words.flatMap((word) => {
    const files = [...word.matchAll(/(?<![\w./<{-])(?!dist\/)[\w-]+\/[\w./-]+\.(?:ts|md|yaml|service)\b/g)].map(
      ([path]) => path,
    );
    const scripts = [...word.matchAll(/bun run ([\w:]+)/g)].map(([, name = ""]) => name);
    return [
      ...files.filter((path) => !AROUND.some((folder) => isThere(join(folder, path)))),
      ...scripts.filter((name) => !(name in manifest.scripts)),
    ];
  });
  expect(missing).toEqual([]);
});

test("ARCHITECTURE.md gives a reason for every package", () => {
  const text = read("ARCHITECTURE.md");
  const packages = Object.keys(manifest.dependencies);
  expect(packages.filter((name) => !text.includes(`| ${name} `))).toEqual([]);
});

test("errors.md has every code", () => {
  const union = /export type ErrorCode =([^;]+);/.exec(read("src/ir/error.ts"))?.[1] ?? "";
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !read("docs/errors.md").includes(`\`${code}\``))).toEqual([]);
});

test("operations.md has every metric", () => {
  const names = [...read("src/http/metrics.ts").matchAll(/"(tollgate_\w+)"/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(3);
  expect(names.filter((name) => !read("docs/operations.md").includes(`\`${name}\``))).toEqual([]);
});
