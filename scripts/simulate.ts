/**
 * Random histories of the ledger core with faults: `bun run simulate` plays 10,000 seeds and 10⁶ operations in all; `--seed N` replays one,
 * `--seeds N` and `--steps N` change the numbers. Fails at the first broken invariant and prints its seed.
 */
import { parseArgs } from "node:util";
import { simulate, SimulationError } from "../test/ledger/simulation/run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "10000" },
    steps: { type: "string", default: "100" },
  },
});

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a positive whole number: ${text}`);
  return value;
};

const steps = whole(values.steps);
const [first, last] = values.seed === undefined ? [1, whole(values.seeds)] : [whole(values.seed), whole(values.seed)];
const started = performance.now();
let operations = 0;
let settled = 0;
let drift = 0n;
try {
  for (let seed = first; seed <= last; seed += 1) {
    const history = await simulate(seed, steps);
    operations += history.operations;
    settled += history.settled;
    drift += history.drift;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${last - first + 1} seeds, ${operations} operations, ${settled} calls ended, drift ${drift} (${seconds} s)\n`,
  );
} catch (error) {
  if (!(error instanceof SimulationError)) throw error;
  process.stderr.write(`${error.message}\nreplay: bun run simulate --seed ${error.seed} --steps ${steps}\n`);
  if (error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? ""}\n`);
  process.exitCode = 1;
}
