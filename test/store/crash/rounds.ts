import { join } from "node:path";
import { BookLedger } from "../../../src/ledger/ledger.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Failpoint } from "../../../src/lib/failpoint.ts";
import { createLogger } from "../../../src/lib/log.ts";
import { openStore } from "../../../src/store/open.ts";
import { verifyDataFolder } from "../../../src/store/verify.ts";

/** Those that the ledger passes by itself; the others stand in the gateway. */
export const LEDGER_FAILPOINTS: readonly Failpoint[] = [
  "hold-committed",
  "checkpoint",
  "before-settle-commit",
  "after-settle-commit",
];

export interface Round {
  /** False when the process ended by itself before it came to the failpoint so many times. */
  killed: boolean;
  held: number;
  ended: number;
  /** What is wrong; [] = nothing was lost, nothing was charged twice, nothing is held. */
  findings: string[];
}

/** Lets a process make calls in `folder` until it is killed at `name` for the `count`th time, then starts anew and looks at the books. */
export async function crashRound(folder: string, name: Failpoint, count: number): Promise<Round> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "victim.ts"), folder], {
    env: { ...process.env, FAILPOINT: `${name}:${count}` },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [told, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const killed = child.signalCode === "SIGKILL";
  if (!killed && child.exitCode !== 0) throw new Error(`the process failed:\n${errors}`);
  const lines = told.split("\n").filter((line) => line !== "");
  const findings = await lookAfter(folder, lines);
  const linesOf = (word: string): number => lines.filter((line) => line.startsWith(word)).length;
  return { killed, held: linesOf("held "), ended: linesOf("ended "), findings };
}

/** Starts anew on a folder: what is wrong with it, given what its processes have told. [] = nothing. */
export async function lookAfter(folder: string, lines: readonly string[]): Promise<string[]> {
  const log = createLogger(() => undefined, "error");
  const store = openStore(folder, { log, currency: () => "USD", now: () => Date.now() });
  const ledger = new BookLedger({
    storage: store.ledger,
    clock: systemClock,
    log,
    currency: () => "USD",
    timezone: () => "UTC",
  });
  await ledger.recover();
  const findings: string[] = [];
  for (const line of lines) {
    const [word, requestId = "", charge = ""] = line.split(" ");
    const receipt = await ledger.receipt(requestId);
    if (receipt === null) findings.push(`${line}: no receipt`);
    else if (word === "ended" && receipt.charged.toString() !== charge) {
      findings.push(`${line}: the receipt says ${receipt.charged}`);
    }
  }
  const { held } = await ledger.balance("a");
  if (held !== 0n) findings.push(`${held} is held after recovery`);
  await store.close();
  const { findings: broken, openHolds } = verifyDataFolder(folder);
  if (openHolds > 0) findings.push(`${openHolds} holds are open after recovery`);
  return [...findings, ...broken];
}
