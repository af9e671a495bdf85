import type { CaseResult } from "./types.ts";

const MODES = ["json", "stream"] as const;

/** A row for each case, two columns for each dialect; below it, what went wrong or could not be judged. */
export function renderReport(results: readonly CaseResult[]): string {
  const dialects = [...new Set(results.map((result) => result.dialect))];
  const cases = [...new Set(results.map((result) => result.case))];
  const columns = dialects.flatMap((dialect) => MODES.map((mode) => ({ dialect, mode })));
  const heads = columns.map(({ dialect, mode }) => `${dialect} ${mode}`);
  const width = Math.max(...cases.map((name) => name.length));
  const line = (name: string, cells: string[]): string =>
    [name.padEnd(width), ...cells.map((cell, index) => cell.padEnd(heads[index]?.length ?? 0))].join("  ").trimEnd();
  const rows = cases.map((name) =>
    line(
      name,
      columns.map(({ dialect, mode }) => cell(results, dialect, mode, name)),
    ),
  );
  const notes = results
    .filter((result) => result.outcome !== "ok")
    .map((result) => `${mark(result)}  ${result.dialect} ${result.mode}, ${result.case}: ${result.note}`);
  const closing = `${tally(results, "ok")} ok, ${tally(results, "fail")} failed, ${tally(results, "skip")} skipped`;
  return [line("", heads), ...rows, "", ...notes, closing].join("\n");
}

/** How many cases ended so. */
export const tally = (results: readonly CaseResult[], outcome: CaseResult["outcome"]): number =>
  results.filter((result) => result.outcome === outcome).length;

/** A case without modes stands in the first of its dialect's columns. */
function cell(results: readonly CaseResult[], dialect: string, mode: "json" | "stream", name: string): string {
  const own = results.filter((result) => result.dialect === dialect && result.case === name);
  const found = own.find((result) => result.mode === mode || (result.mode === "-" && mode === "json"));
  return found === undefined ? "" : mark(found);
}

const mark = (result: CaseResult): string => ({ ok: "ok", fail: "FAIL", skip: "skip" })[result.outcome];
