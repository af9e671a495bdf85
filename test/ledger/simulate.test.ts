/** Random histories of the ledger, with every invariant after every step. `bun run simulate` plays more and longer ones. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { simulate } from "./simulation/run.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

const SEEDS = 2_000;
const STEPS = 80;

test(`${SEEDS} seeds of ${STEPS} steps: no drift`, async () => {
  let settled = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const history = await simulate(seed, STEPS);
    expect(history.drift).toBe(0n);
    settled += history.settled;
  }
  // The histories are about something.
  expect(settled).toBeGreaterThan(SEEDS);
});
