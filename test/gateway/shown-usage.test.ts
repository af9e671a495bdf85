/** What a client is shown as its usage is what it pays for, also when the provider tells absurd numbers; a relay shows both. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { chatReply, startUpstream, type Upstream } from "../support/upstream.ts";
import { at, auditOf, catalogOf, clientOf, framesOf, model, requestIdOf } from "./support.ts";

let up: Upstream;
let gateway: TestGateway;
let key: TestKey;
beforeAll(async () => {
  up = await startUpstream();
  const catalog = catalogOf({ providers: { up: { kind: "openai", url: up.url } }, models: [model("m", "up")] });
  gateway = await startGateway({ catalog });
  key = await gateway.createKey({ credit: "5.00" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

const client = clientOf("openai-responses");
const ABSURD = [
  { input: -5, output: -7 },
  { input: 0, output: 0 },
  { input: 1e12, output: 1e12 },
];

for (const usage of ABSURD) {
  for (const stream of [false, true]) {
    test(`${usage.input} in, ${usage.output} out, ${stream ? "streamed" : "JSON"}`, async () => {
      up.reset().always(chatReply({ text: "an answer of several words", usage }));
      const wanted = { model: "m", stream, maxTokens: 100 };
      const response = await gateway.post(client.path(wanted), client.body(wanted), key.key);
      const body = await response.text();
      const last = (): JsonObject => framesOf(body).findLast((frame) => client.isTerminal(frame))?.json ?? {};
      const shown = stream ? at(last(), "response", "usage") : at(JSON.parse(body) as JsonObject, "usage");
      const row = await auditOf(gateway, key, requestIdOf(response));
      expect(shown).toMatchObject({ input_tokens: row.tokens_input, output_tokens: row.tokens_output });
      expect(row.tokens_output).toBeGreaterThan(0);
      expect(row.tokens_output).toBeLessThanOrEqual(100);
    });
  }
}

const same = clientOf("openai-chat");
for (const usage of [...ABSURD, null]) {
  for (const stream of [false, true]) {
    test(`relayed, ${usage === null ? "no usage" : `${usage.input} in, ${usage.output} out`}, ${stream ? "streamed" : "JSON"}`, async () => {
      up.reset().always(chatReply({ text: "an answer of several words", usage }));
      const wanted = { model: "m", stream, maxTokens: 100 };
      const response = await gateway.post(same.path(wanted), same.body(wanted), key.key);
      const body = await response.text();
      const frames = stream ? framesOf(body).map(({ json }) => json) : [JSON.parse(body) as JsonObject];
      const last = frames.findLast((frame) => frame["tollgate"] !== undefined) ?? {};
      const row = await auditOf(gateway, key, requestIdOf(response));
      expect(last).toMatchObject({
        cost_cents: row["cost_cents"],
        tollgate: {
          usage_source: usage === null ? "counted" : "bounded",
          tokens_input: row.tokens_input,
          tokens_output: row.tokens_output,
        },
      });
      if (usage !== null && !stream) expect(last).toMatchObject({ usage: { prompt_tokens: usage.input } });
    });
  }
}

test("the provider's own numbers are told once", async () => {
  up.reset().always(chatReply());
  const response = await gateway.post(same.path({}), same.body({ model: "m" }), key.key);
  const { tollgate } = (await response.json()) as { tollgate: JsonObject };
  expect([tollgate["usage_source"], tollgate["tokens_input"]]).toEqual(["provider", undefined]);
});
