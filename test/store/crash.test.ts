/** `kill -9` where it hurts: what was acknowledged is on the disk, once; nothing stays held. `scripts/crash.ts` runs it for long. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashRound, LEDGER_FAILPOINTS } from "./crash/rounds.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([...LEDGER_FAILPOINTS])("killed at %s", (name) => {
  // All rounds in one folder: each starts on what the ones before have left.
  test.each([1, 7, 60])("the %ith time", async (count) => {
    const round = await crashRound(folder, name, count);
    expect(round.findings).toEqual([]);
    expect(round.killed).toBe(true);
    if (count === 60) expect(round.ended).toBeGreaterThan(0);
  });
});
