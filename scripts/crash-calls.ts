/**
 * Kills a serving gateway at its nine failpoints, again and again: `bun scripts/crash-calls.ts [rounds]` (default 1,000). Each round starts on what
 * the ones before have left, a hundred in one data folder; whoever saw the end of an answer must find its receipt.
 */
import { crashCalls, FAILPOINTS } from "../test/e2e/crash/rounds.ts";
import { killAgainAndAgain } from "../test/store/crash/series.ts";
import { startUpstream } from "../test/support/upstream.ts";

const up = await startUpstream();
await killAgainAndAgain({
  rounds: Number(process.argv[2] ?? "1000"),
  failpoints: FAILPOINTS,
  // Only streams that stand still are checkpointed.
  mostPasses: (name) => (name === "checkpoint" ? 4 : 40),
  round: async (folder, name, count) => {
    const { killed, seen, findings } = await crashCalls(folder, up, name, count);
    return { killed, ended: seen, findings };
  },
});
up.stop();
