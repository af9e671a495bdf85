/** The power goes off while calls are made: what was acknowledged is on the disk, once. `scripts/power-loss.ts` cuts it for long. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../ledger/simulation/random.ts";
import { imageOf, whole } from "./power/image.ts";
import { cutPower, record, replay } from "./power/rounds.ts";
import { type Step, STRACE, TraceReader } from "./power/trace.ts";

const CUTS = Array.from({ length: 20 }, (_, index) => index + 1);

// A tracer is the only way to see what a process writes and flushes.
describe.skipIf(STRACE === null)("a recorded folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-power-"));
  let steps: Step[] = [];
  beforeAll(async () => {
    await record(folder, [{ callsEach: 10, failpoint: "before-settle-commit:30" }, { callsEach: 10 }]);
    steps = replay(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(CUTS)("loses nothing to a power cut (seed %i)", async (seed) => {
    const { findings } = await cutPower(folder, steps, seed);
    expect(findings).toEqual([]);
  });

  test("is found to have lost something on a disk that never flushes", async () => {
    const cuts = [];
    for (const seed of CUTS) cuts.push(await cutPower(folder, steps, seed, { lying: true }));
    expect(cuts.filter(({ findings }) => findings.length > 0).length).toBeGreaterThan(5);
  });

  test("a seed always gives the same cut", async () => {
    const [once, again] = [await cutPower(folder, steps, 7), await cutPower(folder, steps, 7)];
    expect(again).toEqual(once);
  });
});

const hex = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
const DB = `/data/${"tollgate.db"}`;
const on = (path: string, fd = 5): string => `${fd}<${hex(path)}>`;

/** Two files, a flush of the first and of the folder, and two threads that talk at once. */
const TRACE = [
  `10 openat(AT_FDCWD<${hex("/")}>, "${hex(DB)}", O_RDWR|O_CREAT, 0644) = ${on(DB)}`,
  `10 pwrite64(${on(DB)}, "${hex("a".repeat(1024))}", 1024, 0) = 1024`,
  `10 fsync(${on(DB)} <unfinished ...>`,
  `11 write(1<${hex("pipe:[1]")}>, "${hex("ended req_1\nended r")}", 19 <unfinished ...>`,
  `10 pwrite64(${on(DB)}, "${hex("b".repeat(1024))}", 1024, 512) = 1024`,
  `10 <... fsync resumed>)       = 0`,
  `11 <... write resumed>)       = 19`,
  `11 write(1<${hex("pipe:[1]")}>, "${hex("eq_2\n")}", 5) = 5`,
  `10 fsync(${on("/data", 6)}) = 0`,
  `10 openat(AT_FDCWD<${hex("/")}>, "${hex(`${DB}-wal`)}", O_RDWR|O_CREAT, 0644) = ${on(`${DB}-wal`, 7)}`,
  `10 unlink("${hex(`${DB}-none`)}") = -1 ENOENT (No such file or directory)`,
  `10 ftruncate(${on(DB)}, 1100) = 0`,
  "10 +++ exited with 0 +++",
].join("\n");

describe("a trace", () => {
  const read = (text: string): Step[] => {
    const reader = new TraceReader("/data", (name) => name.startsWith("tollgate.db"));
    reader.read(text);
    return reader.steps;
  };
  const steps = read(TRACE);

  test("is read in the order in which things took effect", () => {
    expect(steps.map(({ kind }) => kind)).toEqual([
      "create",
      "write",
      "told",
      "write",
      "sync",
      "told",
      "sync",
      "create",
      "truncate",
    ]);
    // The second write began after the flush did, so it isn't covered.
    expect(steps.find(({ kind }) => kind === "sync")).toMatchObject({ file: 0, covers: 2 });
    expect(steps.filter(({ kind }) => kind === "told")).toMatchObject([
      { line: "ended req_1" },
      { line: "ended req_2" },
    ]);
  });

  test("gives the files as they were", () => {
    const files = whole(steps);
    expect([...files.keys()]).toEqual(["tollgate.db", "tollgate.db-wal"]);
    expect(Buffer.from(files.get("tollgate.db") ?? []).toString()).toBe("a".repeat(512) + "b".repeat(588));
  });

  test("gives images in which only what was not flushed may be missing", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 200; seed += 1) {
      const image = imageOf(steps, { at: steps.length, kept: 50, torn: 50 }, new Random(seed));
      const bytes = Buffer.from(image.get("tollgate.db") ?? []).toString("latin1");
      expect(bytes.slice(0, 512)).toBe("a".repeat(512));
      seen.add(`${bytes[512]} ${bytes[1024]} ${bytes.length} ${image.has("tollgate.db-wal")}`);
    }
    expect([...seen].filter((each) => each.endsWith("true")).length).toBeGreaterThan(3);
    expect(seen).toContain("b b 1536 false");
    expect(seen).toContain("a undefined 1024 false");
    expect(seen).toContain("a b 1536 true");
    expect(seen).toContain("b b 1100 true");
  });

  test("with a call that images would not show is refused", () => {
    expect(() => read(`${TRACE}\n10 fallocate(${on(DB)}, 0, 0, 9) = 0`)).toThrow("is not understood");
    expect(() => read(`${TRACE}\n10 rename("${hex(DB)}", "${hex("/data/x")}") = 0`)).toThrow("is not understood");
  });
});
