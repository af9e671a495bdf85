/** `tollgate prices`, as an operator calls it. */
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCatalog, catalogSource } from "../../src/catalog-holder.ts";
import { pricesCommand } from "../../src/cli/prices-commands.ts";
import { runLine } from "../../src/cli/run.ts";
import { settledCalls } from "../../src/store/settled-calls.ts";
import { catalogOf as gatewayCatalog, clientOf, kindOf, model } from "../gateway/support.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
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
  now = NOW;
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
      now: () => this.now,
      calls: (dataDir, since, until) => settledCalls(dataDir ?? this.folder, since, until),
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

test("rerate: what served calls would cost by another catalog, beside a running server, changing nothing", async () => {
  await using up = await startUpstream();
  const client = clientOf("openai-chat");
  const catalog = (input: string) =>
    gatewayCatalog({
      providers: { one: { kind: "openai", url: up.url } },
      models: [model("m", "one", { price: { input, output: "2" } }), model("other", "one")],
      billing: { markup_percent: 50 },
    });
  await using gateway = await startGateway({ catalog: catalog("1") });
  const key = await gateway.createKey({ credit: "5.00" });
  up.always(kindOf(client.id).reply({ usage: { input: 1_000, output: 10 } }));
  for (const name of ["m", "m", "other"]) {
    const answer = await gateway.post(client.path({}), client.body({ model: name, maxTokens: 100 }), key.key);
    expect(answer.status).toBe(200);
    await answer.text();
  }
  const before = await gateway.balance(key.accountId);
  using bench = new Bench();
  bench.now = Date.now();
  writeFileSync(bench.path("dearer.yaml"), catalog("3"));
  const rerate = (...more: string[]) =>
    bench.run("rerate", "--data-dir", gateway.dataDir, "--catalog", bench.path("dearer.yaml"), ...more);
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const report = JSON.parse(await rerate("--since", day, "--json")) as Record<string, unknown>;
  // 1,000 × 1 + 10 × 2 = 1,020 millionths; at 3 it is 3,020; half as much again for the customer.
  expect(report).toMatchObject({
    currency: "USD",
    models: [
      {
        model: "m",
        provider: "one",
        calls: 2,
        charged: "0.00306",
        would_be_charged: "0.00906",
        change: "0.006",
        cost_usd: "0.00204",
        would_cost_usd: "0.00604",
        cost_change_usd: "0.004",
      },
      { model: "other", calls: 1, charged: "0.00153", would_be_charged: "0.00153", change: "0.00" },
    ],
    total: { calls: 3, charged: "0.00459", would_be_charged: "0.01059", change: "0.006" },
  });
  const text = await rerate("--since", day);
  expect(text).toMatch(/^total +3 +0\.00459 +0\.01059 +0\.006 /m);
  expect(text).toContain("nothing was changed");
  expect(await rerate("--since", day, "--until", day.slice(0, 4) + "-01-02").catch(String)).toContain("--until");
  const later = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  expect(JSON.parse(await rerate("--since", later, "--json"))).toMatchObject({ models: [], total: { calls: 0 } });
  expect(await gateway.balance(key.accountId)).toEqual(before);
  expect(gateway.verify()).toEqual([]);
});

test("rerate wants a day, and a database", async () => {
  using bench = new Bench();
  const flags = ["--catalog", bench.path("catalog.yaml"), "--data-dir", bench.folder];
  await expect(bench.run("rerate", ...flags, "--since", "yesterday")).rejects.toThrow("must be a date");
  await expect(bench.run("rerate", ...flags, "--since", "2026-11-01")).rejects.toThrow("no database");
});
