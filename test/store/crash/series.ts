import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failpoint } from "../../../src/lib/failpoint.ts";

/** Rounds in one data folder: looking after it takes longer with each. */
const ROUNDS_PER_FOLDER = 100;

export interface Series {
  rounds: number;
  failpoints: readonly Failpoint[];
  /** How often a failpoint is passed at most before it kills. */
  mostPasses(name: Failpoint): number;
  round(
    folder: string,
    name: Failpoint,
    count: number,
  ): Promise<{ killed: boolean; ended: number; findings: readonly string[] }>;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs the rounds, prints what is wrong and how often each failpoint has killed; the process fails when anything was wrong. */
export async function killAgainAndAgain({ rounds, failpoints, mostPasses, round }: Series): Promise<void> {
  const kills = new Map(failpoints.map((name) => [name, 0]));
  let ended = 0;
  let failed = 0;
  for (let done = 0; done < rounds;) {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
    for (const end = Math.min(rounds, done + ROUNDS_PER_FOLDER); done < end; done += 1) {
      const name = failpoints[done % failpoints.length] ?? "hold-committed";
      const count = 1 + Math.floor(Math.random() * mostPasses(name));
      const result = await round(folder, name, count);
      if (result.killed) kills.set(name, (kills.get(name) ?? 0) + 1);
      ended += result.ended;
      if (result.findings.length === 0) continue;
      failed += 1;
      print(`round ${done}, ${name}:${count}\n${result.findings.map((line) => `  ${line}`).join("\n")}`);
    }
    rmSync(folder, { recursive: true, force: true });
    print(`${done} rounds, ${ended} ends acknowledged, ${failed} rounds with findings`);
  }
  for (const [name, times] of kills) print(`${name.padEnd(22)} killed ${times} times`);
  process.exitCode = failed === 0 ? 0 : 1;
}
