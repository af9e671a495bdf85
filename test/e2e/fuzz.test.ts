/** Anything as a request at every inference route, and anything as a provider's answer: told in the client's own dialect, never a crash or a hang. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Bed, startBed } from "./sdk/bed.ts";
import { badAnswers, badRequests } from "./fuzz/properties.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

test("arbitrary and mutated requests", () => badRequests(bed, { seed: 7, numRuns: 400 }));
test("arbitrary and mutated answers of providers", () => badAnswers(bed, { seed: 7, numRuns: 400 }));
test("the books are right after all of it", () => expect(bed.gateway.verify()).toEqual([]));
