import type { JsonObject } from "../../lib/json.ts";
import { type Bench, BOTH, type Case, plainAsk } from "./case.ts";
import { expectThat } from "./expect.ts";
import type { Mode } from "./types.ts";
import { type Answer, jsonOf } from "./wire.ts";

/** A refusal comes before any stream: plain HTTP, in the dialect's own shape, and says which request it was. */
function expectRefusal(bench: Bench, answer: Answer, status: number): void {
  const body = jsonOf(answer, status);
  const code = bench.speaker.readError(body, status);
  expectThat(code !== "", "the error should carry a code");
  const hasId = [...answer.headers.keys()].some((name) => name.endsWith("request-id"));
  expectThat(hasId, "a header should carry the request id");
}

async function refused(
  bench: Bench,
  mode: Mode,
  status: number,
  change: { key?: string; model?: string; body?: JsonObject | string },
): Promise<void> {
  const model = change.model ?? bench.model;
  const body = change.body ?? bench.speaker.body(plainAsk(model), mode);
  const headers = bench.speaker.authorization(change.key ?? bench.key);
  expectRefusal(bench, await bench.client.send(bench.speaker.path(model, mode), headers, body), status);
}

/** Errors that every client meets: each with its status, and in its dialect's shape. */
export const failureCases: readonly Case[] = [
  {
    name: "401 wrong key",
    modes: BOTH,
    run: (bench, mode) => refused(bench, mode, 401, { key: "conformance-has-no-such-key" }),
  },
  {
    name: "404 unknown model",
    modes: BOTH,
    run: (bench, mode) => refused(bench, mode, 404, { model: "conformance-has-no-such-model" }),
  },
  {
    name: "400 missing field",
    modes: BOTH,
    run: (bench, mode) => {
      const body = bench.speaker.withoutTurns(bench.model);
      return refused(bench, mode, 400, {
        body: mode === "stream" && "model" in body ? { ...body, stream: true } : body,
      });
    },
  },
  {
    name: "400 malformed JSON",
    modes: ["-"],
    run: (bench, mode) => refused(bench, mode, 400, { body: '{"model": "x", "messages": [' }),
  },
];
