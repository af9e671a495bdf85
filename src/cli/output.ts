import { visible } from "../lib/visible.ts";

/** Where a command prints. */
export interface Output {
  write(text: string): void;
}

/** Prints what a command gives: JSON for machines (one line), or a plain table for people. */
export function printResult(out: Output, value: unknown, json: boolean): void {
  if (json) out.write(`${visible(JSON.stringify(value))}\n`);
  else out.write(`${toTable(value)}\n`);
}

type Row = Record<string, unknown>;

function toTable(value: unknown): string {
  const rows = listOf(value);
  if (rows !== null) return rows.length === 0 ? "(none)" : tableText(rows);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    const width = Math.max(0, ...entries.map(([name]) => name.length));
    return entries.map(([name, item]) => `${name.padEnd(width)}  ${cell(item)}`).join("\n");
  }
  return cell(value);
}

/** A list as the API gives it: an array, or `{data: [...]}`. */
function listOf(value: unknown): Row[] | null {
  if (Array.isArray(value)) return value as Row[];
  if (typeof value === "object" && value !== null && "data" in value && Array.isArray(value.data))
    return value.data as Row[];
  return null;
}

/** Rows under their column names, aligned. */
export function tableText(rows: Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length)));
  const line = (cells: string[]): string =>
    cells
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(columns), ...rows.map((row) => line(columns.map((name) => cell(row[name]))))].join("\n");
}

/** One cell. Names are customers' own: none may move the cursor of an operator's terminal, or look like a row. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  return visible(typeof value === "object" ? JSON.stringify(value) : String(value));
}
