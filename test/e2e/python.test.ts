/** The official Python SDKs, unmodified, through a running gateway to every kind of provider: each case of theirs is a test. */
import { expect, test } from "bun:test";
import { type CheckResult, runChecks } from "./python/checks.ts";
import { pythonWithSdks } from "./python/venv.ts";

const SDKS = ["openai", "anthropic", "google"];
const found = pythonWithSdks();

async function resultsOf(python: { python: string; cache: string }): Promise<CheckResult[]> {
  return (await Promise.all(SDKS.map((sdk) => runChecks(python, sdk)))).flat();
}

if ("missing" in found) {
  for (const sdk of SDKS) test.skip(`${sdk}: ${found.missing}`, () => undefined);
} else {
  for (const { client, provider, stream, case: name, failure } of await resultsOf(found))
    test(`${client}, ${provider}, ${stream ? "stream" : "json"}: ${name}`, () => {
      expect(failure).toBeNull();
    });
}
