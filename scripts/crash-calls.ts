/**
 * Kills a serving gateway at its nine failpoints, again and again, in one data folder: `bun scripts/crash-calls.ts [rounds]` (default 100). Each
 * round starts on what the ones before have left; whoever saw the end of an answer must find its receipt.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashCalls, FAILPOINTS } from "../test/e2e/crash/rounds.ts";
import { startUpstream } from "../test/support/upstream.ts";

const rounds = Number(process.argv[2] ?? "100");
const folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
const up = await startUpstream();
let killed = 0;
let seen = 0;
let failed = 0;
for (let round = 0; round < rounds; round += 1) {
  const name = FAILPOINTS[round % FAILPOINTS.length] ?? "hold-committed";
  const count = 1 + Math.floor(Math.random() * (name === "checkpoint" ? 4 : 40));
  const result = await crashCalls(folder, up, name, count);
  if (result.killed) killed += 1;
  seen += result.seen;
  if (result.findings.length === 0) continue;
  failed += 1;
  process.stdout.write(`round ${round}, ${name}:${count}\n${result.findings.map((line) => `  ${line}\n`).join("")}`);
}
up.stop();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${rounds} rounds, ${killed} killed, ${seen} ends seen, ${failed} rounds with findings\n`);
process.exitCode = failed === 0 ? 0 : 1;
