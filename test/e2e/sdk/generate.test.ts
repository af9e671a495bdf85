/** Every client × every provider × what people do with a model. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Bed, modelOf, PROVIDERS, startBed } from "./bed.ts";
import { CLIENTS } from "./clients/index.ts";
import type { Client } from "./clients/client.ts";
import { CASES, type Case } from "./cases.ts";
import { gapOf } from "./gaps.ts";
import { HANGING_MS } from "../../support/limits.ts";

setDefaultTimeout(HANGING_MS);

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

for (const client of CLIENTS) {
  describe(client.name, () => {
    for (const provider of PROVIDERS) for (const item of CASES) oneCase(client, provider, item);
  });
}

function oneCase(client: Client, provider: (typeof PROVIDERS)[number], item: Case): void {
  for (const stream of item.streams ?? [false, true]) {
    const name = `${provider}: ${item.name}${stream ? ", stream" : ""}`;
    const gap = gapOf(client, provider, item.name, stream);
    if (gap !== null) {
      test.skip(`${name} (${gap})`, () => undefined);
      continue;
    }
    test(name, async () => {
      await item.run({ bed, client, provider, stream, model: (client.prefix ?? "") + modelOf(provider) });
      expect(bed.violations).toEqual([]);
    });
  }
}
