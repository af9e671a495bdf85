import { expect, test } from "bun:test";
import { printResult } from "../../src/cli/output.ts";
import { createLogger } from "../../src/lib/log.ts";

/** A name that clears the screen, begins a new row, colours it by C1 codes, and turns the text around. */
const HOSTILE = "\u001b[2Jx\r\nacc_2  paid\u009b31m\u202egnp\u2028\u0000\u007f";
const CONTROL = /[^\P{Cc}\n]|[\u2028\u202e]/u;

function printed(value: unknown, json: boolean): string {
  let text = "";
  printResult({ write: (part) => (text += part) }, value, json);
  return text;
}

test("names of customers can't move the cursor of an operator's terminal, nor look like rows", () => {
  const rows = { data: [{ id: "acc_1", name: HOSTILE, models: [HOSTILE] }] };
  for (const value of [rows, rows.data, rows.data[0], HOSTILE]) {
    for (const json of [false, true]) expect(printed(value, json)).not.toMatch(CONTROL);
  }
  expect(printed(rows, false).trimEnd().split("\n")).toHaveLength(2);
  expect(JSON.parse(printed(rows, true))).toEqual(rows);
});

test("names in other scripts stay as they are", () => {
  const name = "Zoë 株式会社 🦉 مرحبا";
  expect(printed([{ name }], false)).toContain(name);
});

test("a log line is one line, and JSON, whatever stands in it", () => {
  const lines: string[] = [];
  createLogger(
    (line) => lines.push(line),
    "info",
    () => 0,
  ).warn("told", { by: HOSTILE });
  expect(lines[0]).not.toMatch(CONTROL);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "told", by: HOSTILE });
});
