import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, parseJson } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { frame, json, startUpstream, type Upstream } from "../support/upstream.ts";
import {
  at,
  auditOf,
  catalogOf,
  catalogOfKinds,
  clientOf,
  CLIENTS,
  framesOf,
  kindOf,
  KINDS,
  model,
  requestIdOf,
} from "./support.ts";

/** 11 input tokens at 1 USD and 7 output tokens at 2 USD per million: 25 micro-dollars, in cents. */
const COST_CENTS = "0.0025";

let up: Upstream;
let gateway: TestGateway;
let key: TestKey;

beforeAll(async () => {
  up = await startUpstream();
  gateway = await startGateway({ catalog: catalogOfKinds(up.url) });
  key = await gateway.createKey({ credit: "5.00" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

async function balanceNano(): Promise<bigint> {
  const { wallet } = await gateway.balance(key.accountId);
  const [whole = "0", fraction = ""] = String(wallet).split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

describe("every client dialect at every provider kind", () => {
  for (const client of CLIENTS) {
    for (const kind of KINDS) {
      const name = `${client.id} at ${kind.kind}`;
      test(`${name}: JSON`, async () => {
        up.reset().always(kind.reply());
        const before = await balanceNano();
        const ask = { model: `at-${kind.kind}`, maxTokens: 100 };
        const response = await gateway.post(client.path(ask), client.body(ask), key.key);
        const body = parseJson(await response.text()) as JsonObject;
        expect(response.status).toBe(200);
        expect(client.textOf(body)).toBe("Hello there");
        expect(String(body["cost_cents"])).toBe(COST_CENTS);
        expect(at(body, "tollgate", "routed_model")).toBe(`at-${kind.kind}`);
        expect(response.headers.get("x-tollgate-cost-cents")).toBe(COST_CENTS);
        expect(response.headers.get("x-tollgate-tier")).toBe("standard");
        await expectReceipt(requestIdOf(response));
        expect(before - (await balanceNano())).toBe(25_000n);
        expect(up.unexpected).toEqual([]);
      });

      test(`${name}: stream`, async () => {
        up.reset().always(kind.reply());
        const before = await balanceNano();
        const ask = { model: `at-${kind.kind}`, maxTokens: 100, stream: true };
        const response = await gateway.post(client.path(ask), client.body(ask), key.key);
        const frames = framesOf(await response.text());
        expect(response.status).toBe(200);
        expect(response.headers.get("x-accel-buffering")).toBe("no");
        expect(frames.map((item) => client.deltaOf(item.json)).join("")).toBe("Hello there");
        expect(frames.filter((item) => client.isTerminal(item))).toHaveLength(1);
        expect(frames.filter((item) => item.raw.includes('"cost_cents":0.0025'))).toHaveLength(1);
        expect(response.headers.get("x-tollgate-tier")).toBe("standard");
        await expectReceipt(requestIdOf(response));
        expect(before - (await balanceNano())).toBe(25_000n);
        expect(gateway.verify()).toEqual([]);
      });
    }
  }

  async function expectReceipt(requestId: string): Promise<void> {
    const response = await gateway.get(`/v1/receipts/${requestId}`, key.key);
    expect(response.status).toBe(200);
    const receipt = parseJson(await response.text()) as JsonObject;
    expect(receipt["state"]).toBe("settled");
    expect(String(receipt["charged"])).toBe("0.000025");
    const row = await auditOf(gateway, key, requestId);
    expect(row).toMatchObject({ status: 200, stream_state: "completed", tokens_input: 11, tokens_output: 7 });
  }
});

describe("where usage and cost stand", () => {
  test("chat without include_usage: on the chunk with the finish reason, no chunk without choices", async () => {
    const frames = await streamOf("openai-chat", {});
    expect(frames.every((item) => item.data === "[DONE]" || at(item.json, "choices", 0) !== undefined)).toBe(true);
    const last = frames.at(-2);
    expect(at(last?.json, "choices", 0, "finish_reason")).toBe("stop");
    expect(at(last?.json, "usage", "total_tokens")).toBe(18);
    expect(at(last?.json, "tollgate", "currency")).toBe("USD");
  });

  test("chat with include_usage: on the chunk without choices", async () => {
    const frames = await streamOf("openai-chat", { stream_options: { include_usage: true } });
    const last = frames.at(-2);
    expect(at(last?.json, "choices")).toEqual([]);
    expect(at(last?.json, "usage", "total_tokens")).toBe(18);
    expect(String(at(last?.json, "cost_cents"))).toBe(COST_CENTS);
  });

  test("responses: in response.completed", async () => {
    const frames = await streamOf("openai-responses", {});
    const last = frames.at(-1);
    expect(last?.event).toBe("response.completed");
    expect(last?.raw).toContain('"cost_cents":0.0025');
  });

  test("Anthropic: in the last message_delta", async () => {
    const frames = await streamOf("anthropic-messages", {});
    expect(frames.at(-2)?.event).toBe("message_delta");
    expect(String(frames.at(-2)?.json["cost_cents"])).toBe(COST_CENTS);
  });

  test("Gemini: in the last chunk", async () => {
    const frames = await streamOf("gemini", {});
    expect(String(frames.at(-1)?.json["cost_cents"])).toBe(COST_CENTS);
  });

  async function streamOf(id: Parameters<typeof clientOf>[0], more: JsonObject) {
    const client = clientOf(id);
    const kind = kindOf(id);
    up.reset().always(kind.reply());
    const ask = { model: `at-${kind.kind}`, maxTokens: 100, stream: true };
    const response = await gateway.post(client.path(ask), { ...client.body(ask), ...more }, key.key);
    return framesOf(await response.text());
  }
});

describe("a relay leaves bytes as they are", () => {
  const odd = '{  "zeta" : 12345678901234567890 , "a":1.50e+2,"x_unknown": {"b":1,"a":"\\u00e9\\/"},';
  const requests: Record<string, { kind: string; path: string; body: string; sent: string }> = {
    "anthropic-messages": {
      kind: "anthropic",
      path: "/v1/messages",
      body: `${odd} "messages":[ {"role":"user","content":"h\\u0069"} ],\n "max_tokens" : 100 , "model" :  "at-anthropic" }`,
      sent: `${odd} "messages":[ {"role":"user","content":"h\\u0069"} ],\n "max_tokens" : 100 , "model" :  "up-model" }`,
    },
    "openai-chat": {
      kind: "openai",
      path: "/v1/chat/completions",
      body: `${odd} "messages":[ {"role":"user","content":"h\\u0069"} ],\n "max_tokens" : 100 , "model" :  "at-openai" }`,
      sent: `${odd} "messages":[ {"role":"user","content":"h\\u0069"} ],\n "max_tokens" : 100 , "model" :  "up-model" }`,
    },
  };

  for (const [dialect, { kind, path, body, sent }] of Object.entries(requests)) {
    test(`${dialect}: the request`, async () => {
      await using other = await renamed(kind);
      const own = await other.createKey({ credit: "1.00" });
      const scripted = KINDS.find((item) => item.kind === kind);
      if (scripted === undefined) throw new Error("no such kind");
      up.reset().always(scripted.reply());
      const response = await other.post(path, body, own.key);
      expect(response.status).toBe(200);
      expect(up.last.text()).toBe(sent);
    });
  }

  /** The same providers, with an upstream id of another length than the model's own. */
  function renamed(kind: string): Promise<TestGateway> {
    return startGateway({
      catalog: catalogOf({
        providers: { [kind]: { kind, url: up.url } },
        models: [model(`at-${kind}`, kind, { upstream: "up-model" })],
      }),
    });
  }

  test("an answer as JSON keeps big numbers, order, space and unknown fields; only the annotation is added", async () => {
    const sent =
      '{ "id":"msg_1",  "zz": 98765432109876543210, "type":"message","role":"assistant","model":"x",' +
      '"content":[{"type":"text","text":"\\u0048i","new_field":[1.0,2e3]}],"stop_reason":"end_turn","stop_sequence":null,' +
      '"usage":{"input_tokens":11,"output_tokens":7, "later":{"q":1}} }\n';
    up.reset().always({ headers: { "content-type": "application/json" }, body: sent });
    const client = clientOf("anthropic-messages");
    const ask = { model: "at-anthropic" };
    const response = await gateway.post(client.path(ask), client.body(ask), key.key);
    const text = await response.text();
    const cut = text.indexOf(',"cost_cents"');
    expect(text.slice(0, cut).trimEnd()).toBe(sent.trimEnd().slice(0, -1).trimEnd());
    expect(text.endsWith("}\n")).toBe(true);
  });

  test("a stream keeps every frame before the annotated one byte by byte", async () => {
    const start = frame(
      '{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"x","content":[],"big":12345678901234567890,"usage":{"input_tokens":11,"output_tokens":1}}}',
      "message_start",
    );
    const block = frame(
      '{ "type":"content_block_start","index":0,"content_block":{"type":"text","text":""} }',
      "content_block_start",
    );
    const delta = frame(
      '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\\u0069"},"new":{"b":1,"a":2}}',
      "content_block_delta",
    );
    const unknown = frame('{"type":"brand_new_event","n":1e400}', "brand_new_event");
    const stop = frame('{"type":"content_block_stop","index":0}', "content_block_stop");
    const end = frame(
      '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}',
      "message_delta",
    );
    const last = frame('{"type":"message_stop"}', "message_stop");
    up.reset().always({ stream: [start, ": a comment\n\n", block, delta, unknown, stop, end, last], cut: 7 });
    const client = clientOf("anthropic-messages");
    const ask = { model: "at-anthropic", stream: true };
    const text = await (await gateway.post(client.path(ask), client.body(ask), key.key)).text();
    for (const part of [start, block, delta, unknown, last]) expect(text).toContain(part);
    expect(text.indexOf(start)).toBe(0);
    expect(text.endsWith(last)).toBe(true);
  });
});

describe("what is said about a call", () => {
  test("losses stand in a header and in the audit row; strict callers are refused before anything is held", async () => {
    up.reset().always(KINDS[3]?.reply() ?? json({}));
    const body = {
      model: "at-anthropic",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 50,
      logit_bias: { "50256": -100 },
    };
    const response = await gateway.post("/v1/chat/completions", body, key.key);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-tollgate-losses")).toContain('"logit_bias"');
    const row = await auditOf(gateway, key, requestIdOf(response));
    expect(row.losses.map((loss) => loss["field"])).toContain("logit_bias");
    const sent = up.requests.length;
    const strict = await gateway.post("/v1/chat/completions", body, key.key, {
      headers: { "x-tollgate-strict": "true" },
    });
    expect(strict.status).toBe(400);
    expect(clientOf("openai-chat").errorCode((await strict.json()) as JsonObject)).toBe("unsupported_feature");
    expect(up.requests).toHaveLength(sent);
  });

  test("a default output cap is injected and told", async () => {
    up.reset().always(KINDS[0]?.reply() ?? json({}));
    const ask = { model: "at-openai" };
    const client = clientOf("openai-chat");
    const response = await gateway.post(client.path(ask), client.body(ask), key.key);
    expect(response.headers.get("x-tollgate-output-cap")).toBe("4096");
    expect(up.last.text()).toContain("4096");
  });
});
