/**
 * Kills the ledger at its failpoints, again and again, in one data folder: `bun scripts/crash.ts [rounds]` (default 1,000). Each round starts on
 * what the ones before have left, and every acknowledged call must have its receipt, every book its sum.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashRound, LEDGER_FAILPOINTS } from "../test/store/crash/rounds.ts";

const rounds = Number(process.argv[2] ?? "1000");
const folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
let killed = 0;
let ended = 0;
let failed = 0;
for (let round = 0; round < rounds; round += 1) {
  const name = LEDGER_FAILPOINTS[round % LEDGER_FAILPOINTS.length] ?? "hold-committed";
  const count = 1 + Math.floor(Math.random() * 250);
  const result = await crashRound(folder, name, count);
  if (result.killed) killed += 1;
  ended += result.ended;
  if (result.findings.length === 0) continue;
  failed += 1;
  process.stdout.write(`round ${round}, ${name}:${count}\n${result.findings.map((line) => `  ${line}\n`).join("")}`);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(
  `${rounds} rounds, ${killed} killed, ${ended} ends acknowledged, ${failed} rounds with findings\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
