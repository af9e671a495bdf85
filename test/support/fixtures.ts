import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "bun:test";
import { type JsonObject, type JsonValue, parseJson } from "../../src/lib/json.ts";

/** Recorded provider traffic lives beside the checkout and is never part of it. */
const ROOT = join(import.meta.dir, "../../../shared/fixtures");
export const FIXTURES_AVAILABLE = existsSync(join(ROOT, "INDEX.tsv"));

export interface FixtureCase {
  /** `<provider>/<case>` */
  id: string;
  provider: string;
  /** As the index names it: openai-chat, openai-responses, anthropic-messages, gemini-generate, … */
  dialect: string;
  kind: "json" | "sse" | "json-array";
  status: number;
  model: string;
  covers: string[];
  meta: JsonObject;
  request(): JsonValue | null;
  body(): Uint8Array;
}

/** Every recorded case, or those of one dialect; empty when the folder isn't there. */
export function loadCases(dialect?: string): FixtureCase[] {
  if (!FIXTURES_AVAILABLE) return [];
  const rows = readFileSync(join(ROOT, "INDEX.tsv"), "utf8").trim().split("\n").slice(1);
  return rows
    .map((row) => readCase(row.split("\t")))
    .filter((item) => dialect === undefined || item.dialect === dialect);
}

function readCase(columns: string[]): FixtureCase {
  const [id = "", dialect = "", kind = "", status = "", model = ""] = columns;
  const folder = join(ROOT, "data", id);
  return {
    id,
    dialect,
    kind: kind as FixtureCase["kind"],
    status: Number(status),
    model,
    provider: id.split("/")[0] ?? "",
    covers: (columns[12] ?? "").split(","),
    meta: parseJson(readFileSync(join(folder, "meta.json"), "utf8")) as JsonObject,
    request: () => {
      const path = join(folder, "request.json");
      return existsSync(path) ? parseJson(readFileSync(path, "utf8")) : null;
    },
    body: () => {
      const path = ["response.json", "response.sse", "response.txt", "response.html"]
        .map((name) => join(folder, name))
        .find((candidate) => existsSync(candidate));
      if (path === undefined) throw new Error(`no response file in ${id}`);
      return readFileSync(path);
    },
  };
}

/** A test that needs the recordings: counted as skipped where they are absent. */
export const fixtureTest = FIXTURES_AVAILABLE ? test : test.skip;
