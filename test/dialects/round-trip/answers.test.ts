/** Answers of any provider reach a client of each dialect as they were said, streamed or whole, but for what the encoder says is lost. */
import { setDefaultTimeout, test } from "bun:test";
import { DIALECT_IDS } from "../../../src/ir/dialect-id.ts";
import { answersSurvive } from "./properties.ts";
import { HANGING_MS } from "../../support/limits.ts";

setDefaultTimeout(HANGING_MS);

for (const dialect of DIALECT_IDS) {
  test(`answers for ${dialect}`, () => answersSurvive(dialect, { seed: 1, numRuns: 500 }));
}
