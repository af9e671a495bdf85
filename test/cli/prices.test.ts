/** `tollgate prices`, as an operator calls it. */
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCatalog, catalogSource } from "../../src/catalog-holder.ts";
import { pricesCommand } from "../../src/cli/prices-commands.ts";
import { runLine } from "../../src/cli/run.ts";
import { readConfig } from "../../src/config.ts";

const NOW = Date.parse("2026-11-21T12:00:30Z");
const ENV = { OPENAI_API_KEY: "sk-test" };

const CATALOG = `providers:
  openai: {kind: openai, api_key: "\${OPENAI_API_KEY}"}
models:
  - {id: m, provider: openai, price: {input: 2, output: 10}}
  - {id: old, provider: openai, price: {input: 1, output: 5}}
`;
const LIST = `{
  "m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07, "output_cost_per_token": 1e-05},
  "new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
          "input_cost_per_second": 0.01}
}`;

/** A folder with a catalog and a price list, and the command line in it. */
class Bench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tollgate-prices-"));
  constructor() {
    writeFileSync(this.path("catalog.yaml"), CATALOG, { mode: 0o600 });
    writeFileSync(this.path("litellm.json"), LIST);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async run(...words: string[]): Promise<string> {
    let text = "";
    const out = { write: (piece: string) => void (text += piece) };
    const command = pricesCommand({
      out,
      now: () => NOW,
      read: (flags) => {
        const config = readConfig(flags, ENV);
        const result = readCatalog(config, ENV);
        return result.ok ? { ...result, text: catalogSource(config).text, env: ENV } : result;
      },
    });
    await runLine(command, words, out);
    return text;
  }

  import(...more: string[]): Promise<string> {
    return this.run("import", "--from", this.path("litellm.json"), "--catalog", this.path("catalog.yaml"), ...more);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

test("import shows what would change, and writes nothing", async () => {
  using bench = new Bench();
  const text = await bench.import();
  expect(text).toContain("litellm form; new rows begin at 2026-11-21T12:01:00Z; USD per 1M tokens");
  expect(text).toMatch(/^~ m at openai\n {4}input {2}2 → 0\.15$/m);
  expect(text).toContain("+ new at openai");
  expect(text).toContain("    openai: old");
  expect(text).toContain("  new at openai: input_cost_per_second");
  expect(text).toContain("1 changed, 1 added, 1 removed, 0 unchanged");
  expect(text).toContain("nothing written");
  expect(readFileSync(bench.path("catalog.yaml"), "utf8")).toBe(CATALOG);
});

test("import writes a catalog that is in order, with dated rows behind those that it had", async () => {
  using bench = new Bench();
  const file = bench.path("new.yaml");
  const result = JSON.parse(await bench.import("--write", file, "--json")) as Record<string, unknown>;
  expect(result).toMatchObject({
    form: "litellm",
    changed: [{ model: "m", providers: ["openai"], prices: [{ name: "input", before: "2", after: "0.15" }] }],
    added: [{ model: "new" }],
    removed: [{ model: "old" }],
    written: file,
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toContain("${OPENAI_API_KEY}");
  const read = readCatalog(readConfig({ catalog: file }, ENV), ENV);
  expect(read.ok && read.catalog.models.get("m")?.prices.map((row) => row.effectiveFrom)).toEqual([
    Date.parse("2026-11-21T12:01:00Z"),
    0,
  ]);
  // The list was taken over: nothing is left to change.
  const again = await bench.run(
    "import",
    "--from",
    bench.path("litellm.json"),
    "--catalog",
    file,
    "--effective",
    "2027-01-01",
  );
  expect(again).toContain("0 changed, 0 added");
  await expect(bench.import("--write", file)).rejects.toThrow("is there already");
});

test("import of some models only", async () => {
  using bench = new Bench();
  expect(await bench.import("--existing")).toContain("1 changed, 0 added");
  expect(await bench.import("--models", "n*,x")).toContain("0 changed, 1 added, 0 removed");
});

test("import refuses a row in the past, a file that is no list, and a broken catalog", async () => {
  using bench = new Bench();
  await expect(bench.import("--effective", "2026-11-01")).rejects.toThrow("lies in the past");
  await expect(bench.import("--effective", "soon")).rejects.toThrow("must be a date");
  const file = bench.path("new.yaml");
  for (const text of ["{}", "nothing", '{"m": {"price": 1}}']) {
    writeFileSync(bench.path("litellm.json"), text);
    await expect(bench.import("--write", file)).rejects.toThrow();
  }
  await expect(bench.run("import", "--from", bench.path("absent.json"))).rejects.toThrow("can't be read");
  writeFileSync(bench.path("catalog.yaml"), "models: 1");
  await expect(bench.import("--write", file)).rejects.toThrow("the catalog can't be used");
  expect(existsSync(file)).toBe(false);
});
