/**
 * Mutation testing of the ledger and of the catalog's prices: `bun run mutate`. Every mutant is one small change to the code; tests that still pass
 * with it don't look at what it changed. Goes on where an earlier run stopped; ends with figures and survivors, and fails under 90 %.
 * `--sample N --seed N` takes N of them by chance, `--file PATH` those of one file, `--match TEXT` those with
 * TEXT in their names (both may be repeated), `--again` tries survivors anew, `--cheap` leaves out
 * the store's and the gateway's tests (then try survivors again with them), `--minutes N` stops after that long, `--list` only tells what there is.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Compiler } from "./mutation/compiler.ts";
import { type Mutant, mutantsOf } from "./mutation/mutants.ts";
import { countsOf, hashOf, reportOf, type Result, Results } from "./mutation/results.ts";
import { type Suite, suitesOf } from "./mutation/suites.ts";
import { Tree } from "./mutation/tree.ts";

const ROOT = resolve(import.meta.dir, "..");
const FOLDER = join(ROOT, "dist", "mutation");
const LEAST_SCORE = 0.9;

const { values } = parseArgs({
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "1440" },
    file: { type: "string", multiple: true },
    match: { type: "string", multiple: true },
    again: { type: "boolean", default: false },
    cheap: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** The files under test. */
const mutated = (): string[] => [
  ...readdirSync(join(ROOT, "src/ledger"))
    .map((name) => `src/ledger/${name}`)
    .toSorted(),
  ...["build-prices", "fallbacks", "price", "raw-price"].map((name) => `src/catalog/${name}.ts`),
];

/** All mutants, or a sample: a larger one of the same seed begins with the smaller one, and a change to one file leaves the others' as they were. */
function chosen(all: readonly Mutant[]): Mutant[] {
  const { match, sample } = values;
  if (match !== undefined) return all.filter(({ name }) => match.some((part) => name.includes(part)));
  if (sample === undefined) return [...all];
  return all
    .map((mutant) => ({ mutant, order: hashOf(`${values.seed} ${mutant.name}`) }))
    .toSorted((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, Number(sample))
    .map(({ mutant }) => mutant);
}

/** How long a suite takes where nothing is broken, ms, measured at its first use. Throws Error when it fails there. */
function measured(tree: Tree, known: Map<string, number>, suite: Suite): number {
  const key = suite.command.join(" ");
  const before = known.get(key);
  if (before !== undefined) return before;
  const { end, ms } = tree.run(suite, 600_000);
  if (end !== "passed") throw new Error(`fails without a mutant (${end}): bun ${key}`);
  known.set(key, ms);
  say(`${suite.name}: ${(ms / 1000).toFixed(1)} s`);
  return ms;
}

/** Far longer than the suite takes, on a machine that has got busier, too. */
const limitOf = (ms: number): number => Math.ceil(4 * ms) + 10_000;

async function judge(
  mutant: Mutant,
  tree: Tree,
  compiler: Compiler,
  times: Map<string, number>,
): Promise<Pick<Result, "verdict" | "by">> {
  const suites = suitesOf(mutant.file, tree.root).filter(({ isCheap }) => isCheap || !values.cheap);
  for (const suite of suites) measured(tree, times, suite);
  const restore = tree.plant(mutant);
  try {
    const [complaint] = await compiler.complaints(mutant.file);
    if (complaint !== undefined) return { verdict: "does not compile", by: complaint };
    for (const suite of suites) {
      const limit = limitOf(measured(tree, times, suite));
      const first = tree.run(suite, limit);
      // A machine that was busy for a moment is no endless loop: that takes twice as long, too.
      const { end } = first.end === "timeout" ? tree.run(suite, 2 * limit) : first;
      if (end !== "passed") return { verdict: end === "failed" ? "killed" : "timeout", by: suite.name };
    }
    return { verdict: "survived", by: "" };
  } finally {
    restore();
  }
}

using tree = new Tree(ROOT);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    tree[Symbol.dispose]();
    process.exit(1);
  });
}
const compiler = new Compiler(tree.root);
const texts = new Map<string, string>();
const all: Mutant[] = [];
for (const file of values.file ?? mutated()) {
  texts.set(file, hashOf(tree.read(file)));
  all.push(...mutantsOf(await compiler.parse(file), file));
}
const mutants = chosen(all);
say(`${all.length} mutants in ${texts.size} files; ${mutants.length} of them are looked at`);
if (values.list) for (const { operator, name } of mutants) say(`${operator}: ${name}`);

const results = new Results(join(FOLDER, "results.jsonl"));
const times = new Map<string, number>();
const stopAt = performance.now() + Number(values.minutes) * 60_000;
for (const mutant of values.list ? [] : mutants) {
  if (performance.now() > stopAt) break;
  const text = texts.get(mutant.file) ?? "";
  const known = results.of(mutant, text);
  if (known !== null && !(values.again && known.verdict === "survived")) continue;
  const { name, file, operator } = mutant;
  const result = { name, file, operator, text, ...(await judge(mutant, tree, compiler, times)) };
  // An interrupt has ended the suite, too: it comes first, so that nothing false is kept.
  await Bun.sleep(1);
  results.add(result);
  if (result.verdict !== "does not compile") say(`${result.verdict}${result.by && ` by ${result.by}`}: ${name}`);
}
await compiler.close();

const found = mutants.flatMap((mutant) => results.of(mutant, texts.get(mutant.file) ?? "") ?? []);
const { killed, survived } = countsOf(found);
const report = reportOf(found);
writeFileSync(join(FOLDER, "report.md"), report);
say(`${report}${found.length} of ${mutants.length} looked at`);
if (!values.list && killed < LEAST_SCORE * (killed + survived)) process.exitCode = 1;
