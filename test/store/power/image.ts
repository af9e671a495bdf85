/** Files as a power cut could have left them: what was flushed is there, what wasn't is there, absent or torn, as chance has it. */
import type { Random } from "../../ledger/simulation/random.ts";
import type { Step } from "./trace.ts";

/** What a disk writes as a whole. */
const SECTOR = 512;

/** Files by name. */
export type Image = Map<string, Uint8Array>;

export interface Cut {
  /** Steps before the power went. */
  at: number;
  /** Percent of the writes that were not flushed to have reached the disk all the same, and of the others to have been torn. */
  kept: number;
  torn: number;
}

/** Half of the cuts are anywhere, half are beside a flush or a change of names, where mistakes would be. */
export function randomCut(steps: readonly Step[], random: Random): Cut {
  const corners = cornersOf(steps);
  const anywhere = corners.length === 0 || random.chance(50);
  const at = anywhere ? random.below(steps.length + 1) : random.pick(corners) + random.below(2);
  return { at, kept: random.below(101), torn: random.below(101) };
}

const CORNERS = new WeakMap<readonly Step[], number[]>();

function cornersOf(steps: readonly Step[]): number[] {
  const known = CORNERS.get(steps);
  if (known !== undefined) return known;
  const found = steps.flatMap(({ kind }, index) => (kind === "write" || kind === "told" ? [] : [index]));
  CORNERS.set(steps, found);
  return found;
}

/** Everything that was done up to `at`: the files as they were while the power was on. */
export const whole = (steps: readonly Step[], at = steps.length): Image =>
  build(steps.slice(0, at), () => at, names(steps.slice(0, at), at), null);

/** The files that a cut left. `lying`: the disk has said "flushed" each time, and never was. */
export function imageOf(steps: readonly Step[], cut: Cut, random: Random, lying = false): Image {
  const before = steps.slice(0, cut.at);
  const flushed = new Map<number | null, number>();
  for (const step of lying ? [] : before) {
    if (step.kind === "sync") flushed.set(step.file, Math.max(step.covers, flushed.get(step.file) ?? 0));
  }
  // A journal of names comes back up to some point.
  const loose = before.length - (flushed.get(null) ?? 0);
  const entries = names(before, (flushed.get(null) ?? 0) + random.below(loose + 1));
  return build(before, (file) => flushed.get(file) ?? 0, entries, { cut, random });
}

function names(steps: readonly Step[], until: number): Map<string, number> {
  const entries = new Map<string, number>();
  for (const step of steps.slice(0, until)) {
    if (step.kind === "create") entries.set(step.name, step.file);
    if (step.kind === "unlink") entries.delete(step.name);
  }
  return entries;
}

function build(
  steps: readonly Step[],
  flushedUpTo: (file: number) => number,
  entries: ReadonlyMap<string, number>,
  loss: { cut: Cut; random: Random } | null,
): Image {
  const contents = new Map([...entries.values()].map((file) => [file, new Content()]));
  for (const [index, step] of steps.entries()) {
    if (step.kind !== "write" && step.kind !== "truncate") continue;
    const content = contents.get(step.file);
    if (content === undefined) continue;
    if (loss === null || index < flushedUpTo(step.file) || loss.random.chance(loss.cut.kept)) content.apply(step);
    else if (step.kind === "write" && loss.random.chance(loss.cut.torn)) content.tear(step, loss.random);
  }
  return new Map([...entries].map(([name, file]) => [name, contents.get(file)?.bytes() ?? new Uint8Array()]));
}

/** A file that grows; what was never written reads as zeros. */
class Content {
  #buffer = new Uint8Array(64 * 1024);
  #size = 0;

  apply(step: Extract<Step, { kind: "write" | "truncate" }>): void {
    if (step.kind === "write") return this.#put(step.bytes, step.offset);
    this.#grow(step.size);
    this.#buffer.fill(0, Math.min(step.size, this.#size), this.#size);
    this.#size = step.size;
  }

  /** Some of the write's sectors, each by chance. */
  tear({ bytes, offset }: Extract<Step, { kind: "write" }>, random: Random): void {
    for (let from = 0; from < bytes.length;) {
      const end = Math.min(bytes.length, from + SECTOR - ((offset + from) % SECTOR));
      if (random.chance(50)) this.#put(bytes.subarray(from, end), offset + from);
      from = end;
    }
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  #put(bytes: Uint8Array, offset: number): void {
    this.#grow(offset + bytes.length);
    this.#buffer.set(bytes, offset);
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  #grow(size: number): void {
    if (size <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }
}
