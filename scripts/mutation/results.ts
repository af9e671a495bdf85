import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Mutant } from "./mutants.ts";

/** What became of a mutant. One that doesn't compile is no mutant: it counts neither way. */
export type Verdict = "killed" | "timeout" | "survived" | "does not compile";

export interface Result {
  name: string;
  file: string;
  operator: string;
  /** Hash of the file's text: another text, another mutant. */
  text: string;
  verdict: Verdict;
  /** The suite that found it, or what the compiler says. */
  by: string;
}

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** What is known of mutants from this run and earlier ones, a line each; the last line about a mutant counts. */
export class Results {
  readonly #path: string;
  readonly #known = new Map<string, Result>();

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n") : []) {
      if (line === "") continue;
      const result: Result = JSON.parse(line);
      this.#known.set(`${result.name}\n${result.text}`, result);
    }
  }

  of({ name }: Mutant, text: string): Result | null {
    return this.#known.get(`${name}\n${text}`) ?? null;
  }

  add(result: Result): void {
    this.#known.set(`${result.name}\n${result.text}`, result);
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }
}

/** Figures by file and in all, and who survived, as Markdown. */
export function reportOf(results: readonly Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))].toSorted();
  const rows = files.map((file) =>
    rowOf(
      file,
      results.filter((result) => result.file === file),
    ),
  );
  const survivors = results.filter(({ verdict }) => verdict === "survived").map(({ name }) => `- \`${name}\``);
  return [
    "| file | mutants | killed | survived | score | did not compile |",
    "|---|---:|---:|---:|---:|---:|",
    ...rows,
    rowOf("all", results),
    "",
    "Survivors:",
    "",
    ...survivors.toSorted(),
    "",
  ].join("\n");
}

function rowOf(name: string, results: readonly Result[]): string {
  const { killed, survived, invalid } = countsOf(results);
  const score = killed + survived === 0 ? "–" : `${((100 * killed) / (killed + survived)).toFixed(1)} %`;
  return `| ${name} | ${killed + survived} | ${killed} | ${survived} | ${score} | ${invalid} |`;
}

/** A mutant that makes a suite run for ever has been found, too. */
export function countsOf(results: readonly Result[]): { killed: number; survived: number; invalid: number } {
  const count = (...verdicts: Verdict[]): number => results.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return { killed: count("killed", "timeout"), survived: count("survived"), invalid: count("does not compile") };
}
