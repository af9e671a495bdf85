import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../../../src/lib/log.ts";
import { DATABASE_FILE } from "../../../src/store/files.ts";
import { Random } from "../../ledger/simulation/random.ts";
import { lookAfter } from "../crash/rounds.ts";
import { type Cut, type Image, imageOf, randomCut, whole } from "./image.ts";
import { type Step, straced, TraceReader } from "./trace.ts";

/** One process that makes calls until it ends, or is killed at a failpoint. */
export interface Boot {
  callsEach: number;
  /** `name:n` */
  failpoint?: string;
}

/** Memory of the wal-index is shared, not kept: a power cut leaves none. */
const isOurs = (name: string): boolean =>
  [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-journal`].includes(name);

const traceName = (index: number): string => `boot-${String(index).padStart(3, "0")}.trace`;

/** Runs processes one after the other on the folder `data` below `folder`; leaves their traces beside it. Throws Error when one fails. */
export async function record(folder: string, boots: readonly Boot[]): Promise<void> {
  const data = join(realpathSync(folder), "data");
  mkdirSync(data);
  for (const [index, { callsEach, failpoint }] of boots.entries()) {
    const victim = [process.execPath, join(import.meta.dir, "../crash/victim.ts"), data, String(callsEach)];
    const child = Bun.spawn(straced(victim, join(folder, traceName(index))), {
      env: failpoint === undefined ? process.env : { ...process.env, FAILPOINT: failpoint },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const errors = await new Response(child.stderr).text();
    await child.exited;
    const killed = child.signalCode === "SIGKILL" || child.exitCode === 137;
    if (killed !== (failpoint !== undefined)) throw new Error(`a process ended with ${child.exitCode}:\n${errors}`);
  }
}

/** The steps of a recorded folder. Throws Error when they do not add up to the files that are really there. */
export function replay(folder: string): Step[] {
  const data = join(realpathSync(folder), "data");
  const reader = new TraceReader(data, isOurs);
  const traces = readdirSync(folder).filter((name) => name.endsWith(".trace"));
  for (const name of traces.sort()) reader.read(readFileSync(join(folder, name), "latin1"));
  const image = whole(reader.steps);
  const real = readdirSync(data).filter(isOurs).sort();
  if ([...image.keys()].sort().join() !== real.join()) throw new Error(`the trace has ${[...image.keys()].join()}`);
  for (const [name, bytes] of image) {
    if (!readFileSync(join(data, name)).equals(bytes)) throw new Error(`the trace does not add up to ${name}`);
  }
  return reader.steps;
}

export interface PowerCut {
  seed: number;
  cut: Cut;
  /** Holds and ends that had been acknowledged. */
  told: number;
  /** What is wrong with what the cut left; [] = nothing was lost, nothing was charged twice, nothing is held. */
  findings: string[];
}

/** Cuts the power once, as `seed` says, in a folder below `folder` of its own, and starts on what is left. `lying` disks never flush. */
export async function cutPower(
  folder: string,
  steps: readonly Step[],
  seed: number,
  { lying } = { lying: false },
): Promise<PowerCut> {
  const random = new Random(seed);
  const cut = randomCut(steps, random);
  const image = imageOf(steps, cut, random, lying);
  const lines = steps.slice(0, cut.at).flatMap((step) => (step.kind === "told" ? [step.line] : []));
  const data = mkdtempSync(join(folder, "cut-"));
  try {
    write(data, image);
    const findings = await lookAfter(data, lines).catch((error: unknown) => [`no start: ${errorText(error)}`]);
    return { seed, cut, told: lines.length, findings };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function write(data: string, image: Image): void {
  for (const [name, bytes] of image) writeFileSync(join(data, name), bytes, { mode: 0o600 });
}
