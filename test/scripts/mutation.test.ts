/** What mutation testing changes, and how it counts. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Compiler } from "../../scripts/mutation/compiler.ts";
import { mutantsOf } from "../../scripts/mutation/mutants.ts";
import { countsOf, type Result, Results, reportOf } from "../../scripts/mutation/results.ts";

const folder = mkdtempSync(join(tmpdir(), "mutation-test-"));
const compiler = new Compiler(folder);
afterAll(async () => {
  await compiler.close();
  rmSync(folder, { recursive: true });
});

writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true, target: "ESNext" } }));
const write = (text: string): void => writeFileSync(join(folder, "a.ts"), text);

/** The mutated lines of a text's mutants. */
async function mutated(text: string): Promise<string[]> {
  write(text);
  await compiler.complaints("a.ts");
  const mutants = mutantsOf(await compiler.parse("a.ts"), "a.ts");
  return mutants.map(({ start, end, text: put }) => text.slice(0, start) + put + text.slice(end));
}

test.each([
  ["a < b;", [";", "a <= b;", "a >= b;"]],
  ["x = a && b;", [";", "x = a || b;"]],
  ["x = a ?? b;", [";", "x = a;", "x = (b);"]],
  ["const x = a - 1n;", ["const x = a + 1n;", "const x = a - 0n;"]],
  ["const x = -a;", ["const x = a;"]],
  ["f([0, 7n, true])", [";", "f([1, 7n, true])", "f([0, 8n, true])", "f([0, 7n, false])"]],
  ['const x = ["word", "words for people"];', ['const x = ["", "words for people"];']],
  ["if (a) b();", ["if (!(a)) b();", "if (a) ;"]],
  ["{ a(); throw b; }", ["{  throw b; }", "{ a();  }"]],
  ["const x = a.filter(b);", ["const x = a;"]],
  ["const x = a.every(b);", ["const x = a.some(b);"]],
  ["const f = (): bigint => a;", ["const f = (): bigint => 0n;"]],
  ["function f(): string[] { return a; }", ["function f(): string[] { return []; }"]],
  ["const f = (): boolean => a;", ["const f = (): boolean => !(a);"]],
  ['import { a } from "b";\ntype T = 1 | "x";', []],
])("%s", async (text, expected) => {
  expect(await mutated(text)).toEqual(expected);
});

test("what doesn't compile is told; what is no longer used does compile", async () => {
  write("export const a: number = 1;");
  expect(await compiler.complaints("a.ts")).toEqual([]);
  write('export const a: number = "";');
  expect(await compiler.complaints("a.ts")).toEqual(["TS2322 Type 'string' is not assignable to type 'number'."]);
  write("export function a(): void { const unused = 1; }");
  expect(await compiler.complaints("a.ts")).toEqual([]);
});

const result = (name: string, verdict: Result["verdict"]): Result => ({
  name,
  file: "src/a.ts",
  operator: "literal",
  text: "h",
  verdict,
  by: "",
});

test("what runs for ever is found, what doesn't compile counts neither way", () => {
  const results = [
    result("one", "killed"),
    result("two", "timeout"),
    result("three", "survived"),
    result("four", "does not compile"),
  ];
  expect(countsOf(results)).toEqual({ killed: 2, survived: 1, invalid: 1 });
  expect(reportOf(results)).toContain("| all | 3 | 2 | 1 | 66.7 % | 1 |");
  expect(reportOf(results)).toContain("- `three`");
});

test("a later run knows what an earlier one has found, unless the file has changed since", () => {
  const path = join(folder, "results", "results.jsonl");
  new Results(path).add(result("one", "survived"));
  new Results(path).add(result("one", "killed"));
  const mutant = { name: "one", file: "src/a.ts", operator: "literal", start: 0, end: 1, text: "" } as const;
  const later = new Results(path);
  expect(later.of(mutant, "h")?.verdict).toBe("killed");
  expect(later.of(mutant, "other text")).toBeNull();
});
