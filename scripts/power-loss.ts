/**
 * Cuts the power, again and again: `bun scripts/power-loss.ts [cuts]` (default 500). strace records what real processes write and flush while
 * they make calls, are killed, and start again; from that, images are built as a cut at some point could have left the disk: what was flushed is
 * there, everything else is there, absent or torn by sectors, as the seed has it (`--from`: the first). Each image must start, hold nothing, verify,
 * and have a receipt of every call that was acknowledged. The traces of a failure are kept: `--trace FOLDER --seed N` looks at one again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Boot, cutPower, record, replay } from "../test/store/power/rounds.ts";
import { STRACE } from "../test/store/power/trace.ts";

/** A first start, deaths, recoveries, checkpoints under load, and an orderly end. */
const BOOTS: readonly Boot[] = [
  { callsEach: 20, failpoint: "hold-committed:40" },
  { callsEach: 20, failpoint: "before-settle-commit:60" },
  { callsEach: 40 },
  { callsEach: 500 },
  { callsEach: 40, failpoint: "after-settle-commit:100" },
  { callsEach: 20 },
];

const { values, positionals } = parseArgs({
  options: {
    trace: { type: "string" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    dir: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.trace === undefined && STRACE === null) {
  print("strace is not installed, or may not trace: nothing can be recorded (apt-get install strace)");
  process.exit(2);
}
const folder = values.trace ?? mkdtempSync(join(values.dir, "tollgate-power-"));
if (values.trace === undefined) await record(folder, BOOTS);
const steps = replay(folder);
const count = (kind: string): number => steps.filter((step) => step.kind === kind).length;
print(
  `recorded: ${count("write")} writes, ${count("sync")} flushes, ${count("told")} acknowledgements of holds and ends`,
);

const first = Number(values.seed ?? values.from);
const cuts = values.seed === undefined ? Number(positionals[0] ?? "500") : 1;
let failed = 0;
let told = 0;
for (let seed = first; seed < first + cuts; seed += 1) {
  const result = await cutPower(folder, steps, seed);
  told += result.told;
  if (result.findings.length === 0) continue;
  failed += 1;
  print(`seed ${seed}, cut at step ${result.cut.at} of ${steps.length}, after ${result.told} acknowledgements`);
  for (const finding of result.findings.slice(0, 10)) print(`  ${finding}`);
}
print(`${cuts} images, ${told} acknowledgements looked up, ${failed} images with findings`);
if (failed > 0) print(`replay: bun scripts/power-loss.ts --trace ${folder} --seed N`);
else if (values.trace === undefined) rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
