/** `kill -9` of a serving gateway at all nine failpoints: whoever saw the end of an answer finds its receipt. `scripts/crash-calls.ts` runs it for long. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HANGING_MS } from "../support/limits.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { crashCalls, FAILPOINTS } from "./crash/rounds.ts";

setDefaultTimeout(HANGING_MS);

const folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
let up: Upstream;
beforeAll(async () => {
  up = await startUpstream();
});
afterAll(() => {
  up.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([...FAILPOINTS])("killed at %s", (name) => {
  // Streams that stand still are checkpointed; all other places are passed by every call.
  test.each(name === "checkpoint" ? [1, 3] : [1, 12])("the %ith time", async (count) => {
    const round = await crashCalls(folder, up, name, count);
    expect(round.findings).toEqual([]);
    expect(round.killed).toBe(true);
    if (count === 12) expect(round.seen).toBeGreaterThan(0);
  });
});
