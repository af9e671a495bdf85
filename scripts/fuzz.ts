/** The fuzz tests for longer, each round with a seed of its own: `bun scripts/fuzz.ts --minutes 10 [--seed N]`. A failure prints its seed and the smallest case. */
import { parseArgs } from "node:util";
import { badAnswers, badRequests } from "../test/e2e/fuzz/properties.ts";
import { startBed } from "../test/e2e/sdk/bed.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string", default: "1" } },
});
const until = performance.now() + Number(values.minutes) * 60_000;
const numRuns = 500;
let seed = Number(values.seed);
let runs = 0;
await using bed = await startBed();
for (; performance.now() < until; seed += 1) {
  await badRequests(bed, { seed, numRuns });
  await badAnswers(bed, { seed, numRuns });
  const findings = bed.gateway.verify();
  if (findings.length > 0) throw new Error(`seed ${seed}: ${findings.join("; ")}`);
  runs += 2 * numRuns;
}
const memory = Math.round(process.memoryUsage.rss() / 1024 / 1024);
process.stdout.write(`${runs} runs, next seed ${seed}, ${memory} MB\n`);
