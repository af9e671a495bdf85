/** Tools, output formats and the rest of a request toward Anthropic, and what is lost on the way. */
import { describe, expect, test } from "bun:test";
import { encodeCountRequest } from "../../../src/dialects/anthropic-messages/count.ts";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import type { GenerateRequest, Part } from "../../../src/ir/request.ts";
import { DEFAULT_COMPAT } from "../../../src/ir/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { text, turn, user, result, tool, chat, without, encode, contentOf } from "./encode-support.ts";
import { decode, FLAGS, TARGET } from "./support.ts";

test("the least request", () => {
  expect(encode({ maxOutput: null })).toEqual({
    body: {
      model: "claude-test",
      max_tokens: 4096,
      messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
    },
    lost: [],
    headers: { "anthropic-version": "2023-06-01" },
  });
});

test("max_tokens: the client's, lowered to the model's limit, which is also the default", () => {
  const limited = { ...TARGET, maxOutput: 8000 };
  expect(encode({ maxOutput: 50 }, limited)).toMatchObject({ body: { max_tokens: 50 }, lost: [] });
  expect(encode({ maxOutput: 9000 }, limited)).toMatchObject({ body: { max_tokens: 8000 }, lost: ["max_tokens"] });
  expect(encode({ maxOutput: null }, limited)).toMatchObject({ body: { max_tokens: 8000 }, lost: [] });
});

describe("tools", () => {
  test("any object schema; unions at the top are refused", () => {
    const schema = { properties: { a: { type: "string", minLength: 2 } }, anyOf: [{ required: ["a"] }] };
    const { body, lost } = encode({ tools: [{ ...tool, schema, description: "d" }] });
    expect(body.tools).toEqual([
      {
        name: "f",
        description: "d",
        input_schema: { type: "object", properties: { a: { type: "string", minLength: 2 } } },
      },
    ]);
    expect(lost).toEqual(["tools[0].parameters.anyOf"]);
  });

  test("strict schemas are reduced to what the API takes, each keyword reported", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "string", minLength: 2, format: "uri" },
        b: { type: "array", items: { oneOf: [{ type: "integer", minimum: 1 }] }, minItems: 3 },
      },
      required: ["a"],
      additionalProperties: true,
    };
    const { body, lost } = encode({ tools: [{ ...tool, schema, strict: true }] });
    expect(body.tools).toEqual([
      {
        name: "f",
        input_schema: {
          type: "object",
          properties: {
            a: { type: "string", format: "uri" },
            b: { type: "array", items: { anyOf: [{ type: "integer" }] } },
          },
          required: ["a"],
          additionalProperties: false,
        },
        strict: true,
      },
    ]);
    expect(lost).toEqual([
      "tools[0].parameters.properties.a.minLength",
      "tools[0].parameters.properties.b.items.oneOf[0].minimum",
      "tools[0].parameters.properties.b.minItems",
      "tools[0].parameters.additionalProperties",
    ]);
    expect(encode({ tools: [{ ...tool, strict: true }] }, without("json_schema")).lost).toEqual(["tools[0].strict"]);
  });

  const choices: [GenerateRequest["toolChoice"], JsonObject | undefined][] = [
    [{ mode: "auto", names: [], parallel: null }, { type: "auto" }],
    [
      { mode: "auto", names: [], parallel: false },
      { type: "auto", disable_parallel_tool_use: true },
    ],
    [
      { mode: "required", names: [], parallel: true },
      { type: "any", disable_parallel_tool_use: false },
    ],
    [
      { mode: "named", names: ["f"], parallel: null },
      { type: "tool", name: "f" },
    ],
    [{ mode: "none", names: [], parallel: false }, { type: "none" }],
  ];
  for (const [toolChoice, expected] of choices) {
    test(`choice ${JSON.stringify(toolChoice)}`, () => {
      expect(encode({ tools: [tool], toolChoice }).body.tool_choice).toEqual(expected);
    });
  }

  test("a subset is offered alone; a choice without tools is not sent", () => {
    const tools = [tool, { ...tool, name: "g" }];
    const { body } = encode({ tools, toolChoice: { mode: "required", names: ["g"], parallel: null } });
    expect(body).toMatchObject({ tools: [{ name: "g" }], tool_choice: { type: "any" } });
    expect(encode({ toolChoice: { mode: "auto", names: [], parallel: null } })).toMatchObject({ body: {}, lost: [] });
    expect(encode({ toolChoice: { mode: "required", names: [], parallel: null } }).lost).toEqual(["tool_choice"]);
  });

  test("free-form tools become functions with one string, hosted ones of others are lost", () => {
    const custom = { kind: "custom" as const, name: "patch", path: "tools[0]" };
    const hosted = {
      kind: "server" as const,
      name: "web",
      native: { origin: "openai-responses" as const, value: {} },
      path: "tools[1]",
    };
    const free: Part = { type: "tool-call", kind: "custom", id: "a", name: "patch", arguments: "*** Begin", path: "p" };
    const { body, lost } = encode({
      tools: [custom, hosted],
      turns: [user("x"), turn("assistant", free), turn("user", result("a"))],
    });
    expect(body.tools).toMatchObject([{ name: "patch", input_schema: { required: ["input"] } }]);
    expect(contentOf(body, 1)).toMatchObject([{ input: { input: "*** Begin" } }]);
    expect(lost).toEqual(["tools[1]"]);
  });
});

describe("output", () => {
  const output = {
    kind: "schema" as const,
    name: "o",
    schema: { type: "object", properties: {}, maxProperties: 3 },
    strict: true,
  };
  test("a schema where the model has structured outputs, words where it has not", () => {
    expect(encode({ output })).toMatchObject({
      body: {
        output_config: { format: { type: "json_schema", schema: { type: "object", additionalProperties: false } } },
      },
      lost: ["response_format.schema.maxProperties"],
    });
    const { body, lost } = encode({ output, system: [text("Be brief.")] }, without("json_schema"));
    expect(JSON.stringify(body.system)).toContain("maxProperties");
    expect([body.output_config, body.tools, lost]).toEqual([undefined, undefined, ["response_format"]]);
  });

  test("JSON without a schema is asked for in words", () => {
    const { body, lost } = encode({ output: { kind: "json" } });
    expect([typeof body.system, lost]).toEqual(["string", ["response_format"]]);
  });
});

test("what the API has no word for is reported, defaults are not", () => {
  const { body, lost } = encode({
    n: 2,
    stop: ["END", " \n"],
    sampling: { seed: 1, frequencyPenalty: 0.5, presencePenalty: 0, topP: 1 },
    logprobs: { top: 3 },
    logitBias: { "5": 1 },
    serviceTier: "flex",
    verbosity: "low",
    modalities: ["text", "audio"],
    prediction: {},
    user: "u",
    metadata: { a: "b" },
    promptCacheKey: "k",
    extras: { origin: "openai-chat", fields: { store: true } },
  });
  expect(body).toMatchObject({ stop_sequences: ["END"], metadata: { user_id: "u" } });
  expect(lost.toSorted()).toEqual(
    [
      "n",
      "stop",
      "seed",
      "frequency_penalty",
      "logprobs",
      "logit_bias",
      "service_tier",
      "verbosity",
      "modalities",
      "prediction",
      "metadata.a",
      "prompt_cache_key",
      "store",
    ].toSorted(),
  );
});

test("at most four cache marks: the last ones stay", () => {
  const marked = (value: string): Part => ({ type: "text", text: value, path: "p", cache: { ttl: "5m" } });
  const { body, lost } = encode({
    tools: [{ ...tool, cache: { ttl: "1h" } }],
    system: [marked("s")],
    turns: [turn("user", marked("a"), marked("b"), marked("c"))],
  });
  expect(JSON.stringify(body).match(/cache_control/g)?.length).toBe(4);
  expect(JSON.stringify(body.tools)).not.toContain("cache_control");
  expect(lost).toEqual(["cache_control"]);
});

test("fields that the provider refuses are left out", () => {
  const target = { ...TARGET, compat: { ...DEFAULT_COMPAT, refuses: ["metadata", "top_k"] } };
  const { body, lost } = encode({ user: "u" }, target);
  expect([body.metadata, lost]).toEqual([undefined, ["metadata"]]);
});

test("Anthropic's own fields come back as they were, with the betas they need", () => {
  const wire: JsonObject = {
    model: "claude-test",
    max_tokens: 9000,
    messages: [{ role: "user", content: [{ type: "text", text: "x" }] }],
    speed: "fast",
    mcp_servers: [{ name: "s" }],
    context_management: { edits: [{ type: "compact_20260112" }] },
    thinking: { type: "adaptive", display: "updates" },
    output_config: { effort: "low", task_budget: { total: 5 } },
  };
  const target = { ...TARGET, flags: { ...FLAGS, thinking: "adaptive" as const } };
  const encoded = anthropicMessages.encodeRequest(decode(wire), target);
  expect(encoded.body).toEqual(wire);
  expect(encoded.headers?.["anthropic-beta"]?.split(",").toSorted()).toEqual(
    ["compact-2026-01-12", "context-management-2025-06-27", "fast-mode-2026-02-01", "mcp-client-2025-11-20"].toSorted(),
  );
});

test("count_tokens: only what counts as input", () => {
  const encoded = encodeCountRequest(chat({ system: [text("s")], tools: [tool], stop: ["x"], user: "u" }), TARGET);
  expect(encoded.path).toBe("/v1/messages/count_tokens");
  expect(Object.keys(encoded.body).toSorted()).toEqual(["messages", "model", "system", "tools"]);
});
