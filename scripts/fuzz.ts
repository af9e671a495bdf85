/**
 * The fuzz tests and round trips for longer, each round with a seed of its own: `bun scripts/fuzz.ts --minutes 10 [--seed N] [--only decoders|round-trips|gateway]`.
 * A failure prints its seed and the smallest case; the memory in use is told at the end.
 */
import { parseArgs } from "node:util";
import { DIALECT_IDS } from "../src/ir/dialect-id.ts";
import { badAnswerBodies, badRequestBodies, badStreams } from "../test/dialects/fuzz/properties.ts";
import { answersSurvive, requestsSurvive } from "../test/dialects/round-trip/properties.ts";
import { badAnswers, badRequests } from "../test/e2e/fuzz/properties.ts";
import { startBed } from "../test/e2e/sdk/bed.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const numRuns = 500;
let runs = 0;

type Round = (seed: number) => void | Promise<void>;

const decoders: Round = (seed) => {
  for (const property of [badRequestBodies, badAnswerBodies, badStreams]) property({ seed, numRuns });
  runs += 3 * numRuns;
};

const roundTrips: Round = (seed) => {
  for (const dialect of DIALECT_IDS) {
    requestsSurvive(dialect, { seed, numRuns });
    answersSurvive(dialect, { seed, numRuns });
  }
  runs += 2 * DIALECT_IDS.length * numRuns;
};

await using bed = await startBed();

const gateway: Round = async (seed) => {
  await badRequests(bed, { seed, numRuns });
  await badAnswers(bed, { seed, numRuns });
  const findings = bed.gateway.verify();
  if (findings.length > 0) throw new Error(`seed ${seed}: ${findings.join("; ")}`);
  runs += 2 * numRuns;
};

const rounds = Object.entries({ decoders, "round-trips": roundTrips, gateway }).filter(
  ([name]) => values.only === undefined || values.only === name,
);
if (rounds.length === 0) throw new Error(`--only ${values.only}: decoders, round-trips or gateway`);
const until = performance.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed);
for (; performance.now() < until; seed += 1) for (const [, round] of rounds) await round(seed);
const memory = Math.round(process.memoryUsage.rss() / 1024 / 1024);
process.stdout.write(`${runs} runs, next seed ${seed}, ${memory} MB\n`);
