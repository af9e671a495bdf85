import { expect, test } from "bun:test";
import { formatProblem, loadCatalog } from "../../src/catalog/load.ts";
import { catalogCommand } from "../../src/cli/catalog-commands.ts";
import { runLine } from "../../src/cli/run.ts";

const TEXT = `
billing: {currency: USD}
providers:
  openai: {kind: openai, api_key: "\${OPENAI_API_KEY}"}
  mistral: {kind: openai-compatible, base_url: "https://api.mistral.ai/v1", api_key: "\${MISTRAL_API_KEY}"}
  local: {kind: openai-compatible, base_url: "http://127.0.0.1:8000/v1"}
  off: {kind: openai-compatible, base_url: "http://127.0.0.1:8001/v1", enabled: false}
models:
  - {id: keyed, provider: openai, price: {input: 1.25, output: 10.00}}
  - {id: keyless, provider: mistral, price: {input: 1, output: 1}}
  - {id: ours, provider: local, price: {input: 0, output: 0}}
  - {id: resting, provider: off, price: {input: 1, output: 1}}
`;

async function printed(...words: string[]): Promise<string> {
  let text = "";
  const out = { write: (piece: string) => void (text += piece) };
  const env = { OPENAI_API_KEY: "sk-1" };
  const read = () => {
    const loaded = loadCatalog(TEXT, { file: "test.yaml", env });
    if (!loaded.ok) return { ok: false as const, problems: loaded.problems.map(formatProblem) };
    return { ...loaded, text: TEXT, env };
  };
  await runLine(catalogCommand({ out, read }), words, out);
  return text;
}

test("catalog show says which models the operator can call: those of providers that are on, with the key they need", async () => {
  const rows = JSON.parse(await printed("show", "--json")) as { model: string; ready: boolean }[];
  expect(rows.map(({ model, ready }) => [model, ready])).toEqual([
    ["keyed", true],
    ["keyless", false],
    ["ours", true],
    ["resting", false],
  ]);
});
