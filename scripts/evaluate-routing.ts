/**
 * Measures the classifier of `auto` on public evaluation data (whether a weak and a strong model answered right), read from
 * ../shared/routing and never kept here. Prints APGR: the area under the share of the gap between the two models that is won back, over
 * the share of prompts sent to the strong one, hardest first. Random order = 0.50.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RequestSignals } from "../src/dialects/dialect.ts";
import { difficultyScore } from "../src/routing/classify.ts";

const FOLDER = join(import.meta.dir, "../../shared/routing");

interface Item {
  prompt: string;
  weak: boolean;
  strong: boolean;
}

/** What a dialect would tell of a single-turn request with this prompt. */
const signals = (prompt: string): RequestSignals => ({
  turns: 1,
  characters: prompt.length,
  lastUserText: prompt,
  tools: 0,
  hasCode: prompt.includes("```"),
  reasoningEffort: null,
});

/** APGR of an order, and CPT(50 %): the least share of strong calls that wins half of the gap. Equal scores are taken in the given order. */
function measure(items: readonly Item[], score: (prompt: string) => number): { apgr: number; cpt50: number } {
  const ranked = items.map((item) => ({ item, score: score(item.prompt) })).sort((a, b) => b.score - a.score);
  const gap = items.filter((item) => item.strong).length - items.filter((item) => item.weak).length;
  let won = 0;
  let area = 0;
  let cpt50 = 1;
  for (const [index, { item }] of ranked.entries()) {
    const before = won / gap;
    won += Number(item.strong) - Number(item.weak);
    area += (before + won / gap) / 2 / ranked.length;
    if (won / gap >= 0.5 && cpt50 === 1) cpt50 = (index + 1) / ranked.length;
  }
  return { apgr: area, cpt50 };
}

for (const name of ["mmlu", "gsm8k"]) {
  const file = join(FOLDER, `${name}.jsonl`);
  if (!existsSync(file)) {
    console.log(`${name}: no data at ../shared/routing, skipped`);
    continue;
  }
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const items = lines.map((line) => JSON.parse(line) as Item);
  const rows: [string, (prompt: string) => number][] = [
    ["classifier", (prompt) => difficultyScore(signals(prompt))],
    ["prompt length", (prompt) => prompt.length],
  ];
  for (const [label, score] of rows) {
    const { apgr, cpt50 } = measure(items, score);
    console.log(
      `${name.padEnd(6)} ${label.padEnd(14)} APGR ${apgr.toFixed(3)}  CPT(50 %) ${cpt50.toFixed(3)}  n ${items.length}`,
    );
  }
}
