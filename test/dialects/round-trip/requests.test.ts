/** Requests of any client come out of each dialect as they went in, but for what the encoder says is lost. */
import { setDefaultTimeout, test } from "bun:test";
import { DIALECT_IDS } from "../../../src/ir/dialect-id.ts";
import { requestsSurvive } from "./properties.ts";
import { HANGING_MS } from "../../support/limits.ts";

setDefaultTimeout(HANGING_MS);

for (const dialect of DIALECT_IDS) {
  test(`requests to ${dialect}`, () => requestsSurvive(dialect, { seed: 1, numRuns: 500 }));
}
