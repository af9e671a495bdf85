/**
 * Kills the ledger at its failpoints, again and again: `bun scripts/crash.ts [rounds]` (default 1,000). Each round starts on what the ones before
 * have left, a hundred in one data folder; every acknowledged call must have its receipt, every book its sum.
 */
import { crashRound, LEDGER_FAILPOINTS } from "../test/store/crash/rounds.ts";
import { killAgainAndAgain } from "../test/store/crash/series.ts";

await killAgainAndAgain({
  rounds: Number(process.argv[2] ?? "1000"),
  failpoints: LEDGER_FAILPOINTS,
  mostPasses: () => 250,
  round: crashRound,
});
