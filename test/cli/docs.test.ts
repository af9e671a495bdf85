/** The documentation names every command, option, variable and route that there is. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ArgsDef } from "citty";
import type { Command } from "../../src/cli/run.ts";
import { tollgate } from "../../src/commands.ts";
import { routesPage } from "../../scripts/route-docs.ts";

const ROOT = join(import.meta.dir, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const operations = read("docs/operations.md");
const books = read("docs/books.md");

/** Options that every command has, said once for all. */
const COMMON = new Set(["json", "data-dir", "catalog", "profile"]);

async function leaves(command: Command, path: string[]): Promise<{ path: string[]; options: string[] }[]> {
  const list = (await command.subCommands) as Record<string, Command> | undefined;
  if (list !== undefined) {
    const all = Object.entries(list).map(([name, sub]) => leaves(sub, [...path, name]));
    return (await Promise.all(all)).flat();
  }
  const args = Object.entries(((await command.args) as ArgsDef | undefined) ?? {});
  return [{ path, options: args.filter(([, arg]) => arg.type !== "positional").map(([name]) => name) }];
}

test("every command is in operations.md, with its options", async () => {
  // A line that goes on is indented further.
  const lines = `${operations}\n${books}`.replace(/\n {6,}/g, " ").split("\n");
  const missing: string[] = [];
  for (const { path, options } of await leaves(tollgate, [])) {
    const [group = "", ...sub] = path;
    const text = lines.filter((line) => `${line} `.startsWith(`    tollgate ${group} `)).join(" ");
    const words = [group, ...sub, ...options.filter((name) => !COMMON.has(name)).map((name) => `--${name}`)];
    for (const word of words) {
      if (!new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(text)) missing.push(`${path.join(" ")}: ${word}`);
    }
  }
  expect(missing).toEqual([]);
});

test("every variable that is read is in operations.md", () => {
  const names = new Set([...read("src/config.ts").matchAll(/TOLLGATE_[A-Z_]+/g)].map(([name]) => name));
  expect(names.size).toBeGreaterThan(5);
  for (const name of names) expect(operations).toContain(name);
});

test("routes.md is the table of routes (bun scripts/route-docs.ts writes it)", () => {
  expect(read("docs/routes.md")).toBe(routesPage());
});
