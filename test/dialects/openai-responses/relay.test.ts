import { describe, expect, test } from "bun:test";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { Annotation, Hints } from "../../../src/dialects/dialect.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import { DEFAULT_COMPAT } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { scanObject } from "../../../src/wire/scan.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { ROUTE, SEALS, targetFacts } from "./support.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const ANNOTATION: Annotation = {
  costCents: "1.50",
  extensionName: "tollgate",
  extension: { tier: "x" },
  usage: emptyUsage(),
};

describe("request bytes", () => {
  const body =
    '{ "model": "alias", "big": 12345678901234567890,\n "input": "hé", "temperature": 0.50, "store": true , "z": {"b":1,"a":2} }';

  test("only the owned fields change", () => {
    const spliced = openaiResponses.spliceRequest(
      scanObject(bytes(body)),
      { model: "gpt-5", store: false, maxOutput: 99 },
      ROUTE,
      targetFacts(),
    );
    expect(text(spliced.bytes)).toBe(
      '{ "model": "gpt-5", "big": 12345678901234567890,\n "input": "hé", "temperature": 0.50, "store": false , "z": {"b":1,"a":2} ,"max_output_tokens":99}',
    );
    expect(spliced).toMatchObject({ path: "/responses", losses: [] });
  });

  test("what the model or provider refuses is taken out, with a loss", () => {
    const target = targetFacts({
      flags: { sampling: false, thinking: null, prefill: true, maxTokensField: null },
      compat: { ...DEFAULT_COMPAT, refuses: ["store", "big"] },
    });
    const spliced = openaiResponses.spliceRequest(scanObject(bytes(body)), { model: "m", store: false }, ROUTE, target);
    expect(JSON.parse(text(spliced.bytes))).toEqual({ model: "m", input: "hé", z: { b: 1, a: 2 } });
    expect(spliced.losses.map((loss) => loss.field)).toEqual(["temperature", "store", "big"]);
  });
});

describe("answer bytes", () => {
  const stream =
    'event: response.output_item.done\ndata: {"type":"response.output_item.done"}\n\n' +
    'event: response.completed\r\ndata: {"type":"response.completed","response":{"id":"resp_1","n":1.0 },"sequence_number":9}\r\n\r\n';
  const held = new SseReader().push(bytes(stream)).map(({ frame, raw }) => ({ frame, raw }));

  test("the annotation goes into the response of the last event, everything else stays", () => {
    const out = openaiResponses.annotateTail(held, { route: ROUTE, includeUsage: true }, ANNOTATION).map(text).join("");
    expect(out).toBe(stream.replace('"n":1.0 }', '"n":1.0 ,"cost_cents":1.50,"tollgate":{"tier":"x"}}'));
  });

  test("without an annotation nothing changes", () => {
    const plain = { ...ANNOTATION, costCents: null, extension: null };
    expect(openaiResponses.annotateTail(held, { route: ROUTE, includeUsage: true }, plain).map(text).join("")).toBe(
      stream,
    );
    expect(text(openaiResponses.annotateBody(bytes('{"a":1}\n'), plain))).toBe('{"a":1}\n');
  });

  test("a JSON body gets it as its last fields", () => {
    expect(text(openaiResponses.annotateBody(bytes('{"id": "resp_1", "x": 1e2}\n'), ANNOTATION))).toBe(
      '{"id": "resp_1", "x": 1e2,"cost_cents":1.50,"tollgate":{"tier":"x"}}\n',
    );
  });
});

describe("hints", () => {
  const hints = (body: JsonObject): Hints => openaiResponses.hints(scanObject(bytes(JSON.stringify(body))), ROUTE);

  test("plain text: every byte may be text", () => {
    const body = { model: "gpt-5", input: "hé", stream: true, max_output_tokens: 5 };
    expect(hints(body)).toMatchObject({
      model: "gpt-5",
      stream: true,
      maxOutput: 5,
      n: 1,
      input: { textBytes: bytes(JSON.stringify(body)).length, images: 0, uncountable: false },
      toolLoop: false,
      sealRealm: null,
      priceFields: [],
      references: [],
    });
    expect(hints({ input: "x" })).toMatchObject({ model: null, stream: false, maxOutput: null });
  });

  test("inline media are no text, ids and files by URL can't be counted", () => {
    const image = { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(1000)}` };
    const counted = hints({
      input: [
        { role: "user", content: [image] },
        { type: "function_call_output", call_id: "c", output: [image] },
      ],
    });
    expect(counted.input).toMatchObject({ images: 2, uncountable: false });
    expect(counted.input.textBytes).toBeLessThan(300);
    expect(counted.needs.has("images")).toBe(true);
    const file = hints({
      input: [
        {
          role: "user",
          content: [
            { type: "input_file", file_data: "A".repeat(400) },
            { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
          ],
        },
      ],
    });
    expect(file.input).toMatchObject({ documentBytes: 300, audioBytes: 3, uncountable: false });
    const byId = hints({ input: [{ role: "user", content: [{ type: "input_file", file_id: "file_1" }] }] });
    expect(byId.input.uncountable).toBe(true);
    expect(byId.references).toEqual([{ field: "input[0].content[0].file_id", kind: "file", id: "file_1" }]);
    for (const state of [
      { previous_response_id: "resp_1" },
      { conversation: { id: "conv_1" } },
      { prompt: { id: "pmpt_1" } },
    ]) {
      expect(hints({ input: "x", ...state }).input.uncountable).toBe(true);
    }
  });

  test("needs", () => {
    const found = hints({
      input: "x",
      tools: [{ type: "function", name: "f" }],
      text: { format: { type: "json_schema", name: "n", schema: {} } },
      reasoning: { effort: "low" },
      top_logprobs: 2,
    });
    expect([...found.needs].toSorted()).toEqual(["json_schema", "logprobs", "reasoning", "tools"]);
    expect([...hints({ input: "x", reasoning: { effort: "none" }, tools: [{ type: "web_search" }] }).needs]).toEqual(
      [],
    );
  });

  test("fields that change the price", () => {
    const found = hints({
      input: "x",
      service_tier: "priority",
      background: true,
      prompt_cache_options: { ttl: "12h" },
      tools: [
        { type: "function", name: "f" },
        { type: "web_search_preview_2025_03_11" },
        { type: "web_search_2025_08_26" },
        { type: "shell", environment: { type: "container_auto" } },
        { type: "shell" },
        { type: "hologram" },
        { type: "tool_search" },
      ],
    });
    expect(found.priceFields.map((field) => [field.field, field.kind, field.value])).toEqual([
      ["service_tier", "service_tier", "priority"],
      ["background", "background", "true"],
      ["prompt_cache_options.ttl", "cache_ttl", "12h"],
      ["tools[1]", "server_tool", "web_search"],
      ["tools[2]", "server_tool", "web_search"],
      ["tools[3]", "server_tool", "shell"],
      ["tools[5]", "unknown_tool", "hologram"],
    ]);
  });

  test("ids that only their owner may use", () => {
    const found = hints({
      input: [{ type: "item_reference", id: "msg_1" }],
      previous_response_id: "resp_1",
      conversation: "conv_1",
      prompt: { id: "pmpt_1" },
      tools: [
        { type: "file_search", vector_store_ids: ["vs_1"] },
        { type: "code_interpreter", container: "cntr_1" },
        { type: "code_interpreter", container: { type: "auto", file_ids: ["file_1"] } },
      ],
    });
    expect(found.references.map((entry) => [entry.kind, entry.id])).toEqual([
      ["response", "msg_1"],
      ["response", "resp_1"],
      ["conversation", "conv_1"],
      ["prompt", "pmpt_1"],
      ["vector_store", "vs_1"],
      ["container", "cntr_1"],
      ["file", "file_1"],
    ]);
  });

  test("a running tool loop, and the realm of its newest envelope", () => {
    const wrap = (realm: string): string =>
      SEALS.wrap({
        seals: [
          {
            attach: "self",
            seal: { origin: "gemini", kind: "thought-signature", provider: "p", realm, model: "m", value: "v" },
          },
        ],
      });
    const found = hints({
      input: [
        { type: "reasoning", summary: [], encrypted_content: wrap("anthropic") },
        { type: "function_call", call_id: `c${wrap("google")}`, name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "c", output: "x" },
      ],
    });
    expect(found).toMatchObject({ toolLoop: true, sealRealm: "google" });
  });

  test("signals for the classifier", () => {
    const signals = hints({
      instructions: "abc",
      input: [
        { role: "user", content: "one" },
        { role: "assistant", content: [{ type: "output_text", text: "```" }] },
        { role: "user", content: [{ type: "input_text", text: "two" }] },
      ],
      reasoning: { effort: "high" },
      tools: [{ type: "function", name: "f" }],
    }).signals();
    expect(signals).toEqual({
      turns: 3,
      characters: 12,
      lastUserText: "two",
      tools: 1,
      hasCode: true,
      reasoningEffort: "high",
    });
  });

  test.each([
    ["model", { model: 5 }],
    ["stream", { stream: 1 }],
    ["max_output_tokens", { max_output_tokens: "5" }],
    ["tools", { tools: "x" }],
    ["service_tier", { service_tier: {} }],
    ["previous_response_id", { previous_response_id: {} }],
    ["reasoning", { reasoning: "high" }],
  ] as [string, JsonObject][])("a wrong %s is a 400", (param, fields) => {
    expect(() => hints({ input: "x", ...fields })).toThrow(expect.objectContaining({ status: 400, param }));
  });
});

describe("errors", () => {
  const decode = (status: number, body: string, headers: Record<string, string> = {}): object =>
    openaiResponses.decodeError(status, body, new Headers(headers));

  test.each([
    ['{"error":{"message":"m","type":"t","param":"p","code":"c"}}', { code: "c", message: "m", param: "p" }],
    ['{"error":"plain"}', { code: null, message: "plain" }],
    ['{"detail":"plain"}', { message: "plain" }],
    ['{"detail":[{"msg":"a"},{"msg":"b"}]}', { message: "a; b" }],
    ['{"object":"error","message":"m","code":40001}', { message: "m", code: "40001" }],
    ["<html>404</html>", { message: "the provider answered with status 404", code: null }],
    ["", { message: "the provider answered with status 404" }],
    ["[1]", { message: "the provider answered with status 404" }],
  ])("%s", (body, expected) => {
    expect(decode(404, body)).toMatchObject({ cause: "status", status: 404, ...expected });
  });

  test("Retry-After in seconds and in milliseconds", () => {
    expect(decode(429, "{}", { "retry-after": "7" })).toMatchObject({ retryAfterSeconds: 7 });
    expect(decode(429, "{}", { "retry-after": "7", "retry-after-ms": "1500" })).toMatchObject({
      retryAfterSeconds: 1.5,
    });
    expect(decode(429, "{}", { "retry-after": "tomorrow" })).not.toHaveProperty("retryAfterSeconds");
  });

  test("rendered in OpenAI's shape, by the style of the profile", () => {
    const error = new GatewayError({
      status: 429,
      code: "rate_limited",
      message: "slow",
      param: null,
      retryAfterSeconds: 1.2,
    });
    expect(openaiResponses.renderError(error, "req_1", { style: "default" })).toEqual({
      status: 429,
      headers: { "retry-after": "2" },
      body: {
        error: { message: "slow", type: "rate_limit_error", param: null, code: "rate_limited", request_id: "req_1" },
        request_id: "req_1",
      },
    });
    expect(openaiResponses.renderError(error, "req_1", { style: "managed" }).body["error"]).toMatchObject({
      kind: "usage",
      retry_after_seconds: 2,
    });
    expect(openaiResponses.renderError(error, "req_1", { style: "wallet" }).body["error"]).toMatchObject({
      type: "rate_limited",
    });
  });
});
