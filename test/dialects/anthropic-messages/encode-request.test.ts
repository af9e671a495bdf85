/** Requests of other dialects as Anthropic wants them, and what is lost on the way. */
import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { encodeCountRequest } from "../../../src/dialects/anthropic-messages/count.ts";
import type { GenerateRequest, Part, Turn } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import { DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { decode, FLAGS, REQUEST, TARGET } from "./support.ts";

const text = (value: string, path = "p"): Part => ({ type: "text", text: value, path });
const turn = (role: Turn["role"], ...parts: Part[]): Turn => ({ role, parts, path: "t" });
const user = (value: string): Turn => turn("user", text(value));
const call = (id: string, args = "{}"): Part => ({
  type: "tool-call",
  kind: "function",
  id,
  name: "f",
  arguments: args,
  path: "p",
});
const result = (toolId: string, ...content: Part[]): Part => ({
  type: "tool-result",
  kind: "function",
  toolId,
  name: "f",
  content,
  isError: false,
  path: "p",
});
const tool = { kind: "function" as const, name: "f", schema: { type: "object" }, path: "tools[0]" };

/** A chat client's request. */
const chat = (fields: Partial<GenerateRequest>): GenerateRequest => ({
  ...REQUEST,
  origin: "openai-chat",
  extras: { origin: "openai-chat", fields: {} },
  ...fields,
});
const without = (...missing: string[]): TargetFacts => ({
  ...TARGET,
  capabilities: new Set([...TARGET.capabilities].filter((name) => !missing.includes(name))),
});

function encode(
  fields: Partial<GenerateRequest>,
  target = TARGET,
): { body: JsonObject; lost: string[]; headers: Record<string, string> } {
  const encoded = anthropicMessages.encodeRequest(chat(fields), target);
  expect(encoded.path).toBe("/v1/messages");
  return { body: encoded.body, lost: encoded.losses.map((loss) => loss.field), headers: encoded.headers ?? {} };
}
const messagesOf = (turns: Turn[], target = TARGET): JsonObject["messages"] => encode({ turns }, target).body.messages;

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

describe("messages", () => {
  test("equal roles are merged; a conversation that begins with the assistant gets an opening", () => {
    const turns = [turn("assistant", text("A")), user("x"), user("y")];
    expect(encode({ turns })).toMatchObject({
      body: {
        messages: [
          { role: "user" },
          { role: "assistant", content: [{ type: "text", text: "A" }] },
          { role: "user", content: [{ text: "x" }, { text: "y" }] },
        ],
      },
      lost: ["messages"],
    });
  });

  test("parallel results stand together, first in the user message that follows the calls", () => {
    const turns = [
      user("go"),
      turn("assistant", call("a"), call("b")),
      turn("user", text("and now")),
      turn("user", result("a", text("1"))),
      turn("user", result("b", text("2"))),
    ];
    expect(messagesOf(turns)).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a" },
          { type: "tool_use", id: "b" },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: "1" },
          { tool_use_id: "b", content: "2" },
          { text: "and now" },
        ],
      },
    ]);
  });

  test("tool ids are made acceptable, and repeated ones told apart, calls and results alike", () => {
    const turns = [
      user("go"),
      turn("assistant", call("call:1"), call("c0"), call("c0")),
      turn("user", result("call:1"), result("c0"), result("c0")),
    ];
    const messages = messagesOf(turns) as JsonObject[];
    const ids = (messages[1]?.content as JsonObject[]).map((block) => String(block.id));
    expect((messages[2]?.content as JsonObject[]).map((block) => String(block.tool_use_id))).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(messagesOf(turns)).toEqual(messages);
  });

  test("arguments that are no JSON object are wrapped, empty ones are an empty object", () => {
    const turns = [user("go"), turn("assistant", call("a", '{"x":'), call("b", ""), call("c", "[1]"))];
    const { body, lost } = encode({ turns });
    expect((body.messages as JsonObject[])[1]?.content).toMatchObject([
      { input: { INVALID_JSON: '{"x":' } },
      { input: {} },
      { input: { INVALID_JSON: "[1]" } },
    ]);
    expect(lost).toEqual(["p.arguments", "p.arguments"]);
  });

  test("big integers in arguments keep their digits", () => {
    const messages = messagesOf([user("go"), turn("assistant", call("a", '{"n":12345678901234567890}')), user("x")]);
    expect(JSON.stringify(messages)).toContain('{"n":12345678901234567890}');
  });

  test("instructions in mid-conversation are marked user text", () => {
    const { body, lost } = encode({ turns: [user("x"), turn("developer", text("Be kind."))] });
    expect(body.messages).toMatchObject([
      { role: "user", content: [{ text: "x" }, { text: "<system>\nBe kind.\n</system>" }] },
    ]);
    expect(lost).toEqual(["t"]);
  });

  test("empty text disappears, text of white space with a loss", () => {
    const { body, lost } = encode({
      turns: [user("x"), turn("assistant", text("")), turn("user", text(" \n"), text("y"))],
    });
    expect(body.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "x" },
          { type: "text", text: "y" },
        ],
      },
    ]);
    expect(lost).toEqual(["p"]);
  });

  test("prefill: trimmed where it is taken, left out where it is refused", () => {
    const turns = [user("x"), turn("assistant", text("Sure: "))];
    expect(messagesOf(turns)).toMatchObject([{}, { role: "assistant", content: [{ text: "Sure:" }] }]);
    const { body, lost } = encode({ turns }, { ...TARGET, flags: { ...FLAGS, prefill: false } });
    expect([body.messages, lost]).toEqual([[{ role: "user", content: [{ type: "text", text: "x" }] }], ["t"]]);
  });

  test("a longer conversation extends the bytes of the shorter one", () => {
    const turns = [
      user("one"),
      turn("assistant", text("two"), call("a:1", '{"b":1,"a":2}')),
      turn("user", result("a:1", text("three"))),
      turn("assistant", text("four")),
      user("five"),
    ];
    const whole = JSON.stringify(messagesOf(turns));
    for (let length = 1; length < turns.length; length += 1) {
      const shorter = JSON.stringify(messagesOf(turns.slice(0, length))).slice(0, -1);
      expect(whole).toStartWith(shorter);
    }
  });
});

describe("system", () => {
  test("one plain text is a string, several are blocks", () => {
    expect(encode({ system: [text("a")] }).body.system).toBe("a");
    expect(encode({ system: [text("a"), text("b")] }).body.system).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
  });
});

describe("media", () => {
  const media = (fields: Partial<Extract<Part, { type: "media" }>>): Part => ({
    type: "media",
    kind: "image",
    source: { kind: "url", url: "https://example.com/a" },
    path: "p",
    ...fields,
  });
  const inline = (mediaType: string) => ({ kind: "inline" as const, mediaType, base64: "aGk=" });
  const cases: [string, Part, JsonObject | null, string[]][] = [
    ["image url", media({}), { type: "image", source: { type: "url", url: "https://example.com/a" } }, []],
    [
      "image bytes",
      media({ source: inline("image/png") }),
      { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
      [],
    ],
    [
      "image detail",
      media({ detail: "low" }),
      { type: "image", source: { type: "url", url: "https://example.com/a" } },
      ["p.detail"],
    ],
    ["tiff", media({ source: inline("image/tiff") }), null, ["p"]],
    ["odd url", media({ source: { kind: "url", url: "file:///etc/passwd" } }), null, ["p"]],
    ["audio", media({ kind: "audio", source: inline("audio/wav") }), null, ["p"]],
    [
      "pdf",
      media({ kind: "document", source: inline("application/pdf"), filename: "a.pdf" }),
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "aGk=" }, title: "a.pdf" },
      [],
    ],
    [
      "text file",
      media({ kind: "document", source: inline("text/csv") }),
      { type: "document", source: { type: "text", media_type: "text/plain", data: "hi" } },
      [],
    ],
    ["word file", media({ kind: "document", source: inline("application/msword") }), null, ["p"]],
    ["foreign file", media({ source: { kind: "file", id: "f", origin: "gemini", realm: "google" } }), null, ["p"]],
  ];
  for (const [name, part, block, losses] of cases) {
    test(name, () => {
      const { body, lost } = encode({ turns: [turn("user", text("x"), part)] });
      const content = (body.messages as JsonObject[])[0]?.content as JsonObject[];
      expect(content.slice(1)).toEqual(block === null ? [] : [block]);
      expect(lost).toEqual(losses);
    });
  }

  test("an image in a tool result stays", () => {
    const messages = messagesOf([user("x"), turn("assistant", call("a")), turn("user", result("a", media({})))]);
    expect(messages).toMatchObject([{}, {}, { content: [{ type: "tool_result", content: [{ type: "image" }] }] }]);
  });

  test("a file of Anthropic's own needs its beta", () => {
    const own = media({ source: { kind: "file", id: "f", origin: "anthropic-messages", realm: null } });
    expect(encode({ turns: [turn("user", own)] }).headers["anthropic-beta"]).toBe("files-api-2025-04-14");
  });
});

describe("sampling and thinking", () => {
  const sampling = { temperature: 1.5, topP: 0.9, topK: 5 };
  test("temperatures end at 1; top_p gives way to temperature", () => {
    const { body, lost } = encode({ sampling });
    expect(body).toMatchObject({ temperature: 1, top_k: 5 });
    expect(body.top_p).toBeUndefined();
    expect(lost).toEqual(["top_p", "temperature"]);
  });

  test("a model that refuses sampling gets none", () => {
    const { body, lost } = encode({ sampling }, { ...TARGET, flags: { ...FLAGS, sampling: false } });
    expect([body.temperature, body.top_p, body.top_k]).toEqual([undefined, undefined, undefined]);
    expect(lost).toEqual(["temperature", "top_p", "top_k"]);
  });

  test("beside thinking only what the API takes", () => {
    const { body, lost } = encode({ sampling, maxOutput: 9000, reasoning: { mode: "on", effort: "low" } });
    expect(body).toMatchObject({ thinking: { type: "enabled", budget_tokens: 2048 } });
    expect(lost).toEqual(["temperature", "top_p", "top_k"]);
  });

  const adaptive: TargetFacts = { ...TARGET, flags: { ...FLAGS, thinking: "adaptive" } };
  const cases: [string, GenerateRequest["reasoning"], TargetFacts, number, JsonObject, string[]][] = [
    [
      "effort by budget",
      { mode: "on", effort: "high" },
      TARGET,
      64000,
      { thinking: { type: "enabled", budget_tokens: 16384 } },
      [],
    ],
    [
      "effort by little room",
      { mode: "on", effort: "high" },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4000 } },
      [],
    ],
    ["no room", { mode: "on", effort: "low" }, TARGET, 1000, {}, ["reasoning"]],
    [
      "own budget",
      { mode: "on", budget: 4999, display: "summary" },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4999, display: "summarized" } },
      [],
    ],
    [
      "budget above the cap",
      { mode: "on", budget: 9000 },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4000 } },
      ["reasoning.budget"],
    ],
    [
      "small budget",
      { mode: "on", budget: 100 },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 1024 } },
      ["reasoning.budget"],
    ],
    [
      "dynamic budget",
      { mode: "on", budget: -1 },
      TARGET,
      64000,
      { thinking: { type: "enabled", budget_tokens: 8192 } },
      [],
    ],
    [
      "adaptive",
      { mode: "on", effort: "xhigh", display: "none" },
      adaptive,
      5000,
      { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "xhigh" } },
      [],
    ],
    [
      "adaptive from budget",
      { mode: "on", budget: 3000 },
      adaptive,
      5000,
      { thinking: { type: "adaptive" }, output_config: { effort: "medium" } },
      ["reasoning.budget"],
    ],
    [
      "minimal",
      { mode: "on", effort: "minimal" },
      adaptive,
      5000,
      { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
      ["reasoning.effort"],
    ],
    ["off", { mode: "off" }, adaptive, 5000, { thinking: { type: "disabled" } }, []],
    ["effort none", { mode: "on", effort: "none" }, TARGET, 5000, { thinking: { type: "disabled" } }, []],
    ["a model that does not think", { mode: "on", effort: "low" }, without("reasoning"), 5000, {}, ["reasoning"]],
    ["off for a model that does not think", { mode: "off" }, without("reasoning"), 5000, {}, []],
  ];
  for (const [name, reasoning, target, maxOutput, expected, losses] of cases) {
    test(name, () => {
      const { body, lost } = encode({ reasoning, maxOutput }, target);
      const { thinking, output_config } = body;
      expect(JSON.parse(JSON.stringify({ thinking, output_config }))).toEqual(expected);
      expect(lost).toEqual(losses);
    });
  }

  test("thinking gives way to a forced tool", () => {
    const toolChoice = { mode: "required" as const, names: [], parallel: null };
    const { body, lost } = encode({ tools: [tool], toolChoice, maxOutput: 9000, reasoning: { mode: "on" } });
    expect([body.thinking, body.tool_choice, lost]).toEqual([undefined, { type: "any" }, ["reasoning"]]);
  });

  const seal: Seal = {
    origin: "anthropic-messages",
    kind: "signature",
    provider: "anthropic",
    realm: "anthropic",
    model: "m",
    value: "sig",
  };
  const loop = (...parts: Part[]): Turn[] => [
    user("x"),
    turn("assistant", ...parts, call("a")),
    turn("user", result("a")),
  ];

  test("in a tool loop thinking needs the last assistant message to begin with it", () => {
    const reasoning = { mode: "on" as const, budget: 2000 };
    const signed: Part = { type: "reasoning", form: "summary", text: "hm", path: "r", seal };
    expect(encode({ turns: loop(signed), reasoning, maxOutput: 9000 })).toMatchObject({
      body: { thinking: {} },
      lost: [],
    });
    expect(encode({ turns: loop(), reasoning, maxOutput: 9000 }).lost).toEqual(["reasoning"]);
    expect(encode({ turns: loop(), reasoning, maxOutput: 9000 }, adaptive).body.thinking).toEqual({ type: "adaptive" });
  });

  test("reasoning goes back to its minter only", () => {
    const blocks = (part: Part, target = TARGET): [JsonObject | undefined, string[]] => {
      const { body, lost } = encode({ turns: loop(part) }, target);
      return [((body.messages as JsonObject[])[1]?.content as JsonObject[])[0], lost];
    };
    const part: Part = { type: "reasoning", form: "summary", text: "hm", path: "r" };
    expect(blocks({ ...part, seal })).toEqual([{ type: "thinking", thinking: "hm", signature: "sig" }, []]);
    const redacted: Part = { ...part, form: "redacted", text: "", seal: { ...seal, kind: "redacted", value: "d" } };
    expect(blocks(redacted)).toEqual([{ type: "redacted_thinking", data: "d" }, []]);
    for (const foreign of [
      { ...seal, realm: "aws" },
      { ...seal, origin: "gemini" as const, realm: "google" },
      undefined,
    ]) {
      const [first, lost] = blocks(foreign === undefined ? part : { ...part, seal: foreign });
      expect(first?.type).toBe("tool_use");
      expect(lost).toEqual(["r"]);
    }
  });

  test("a foreign seal on a tool call is lost, the call stays", () => {
    const sealed: Part = {
      ...call("a"),
      seal: { ...seal, origin: "gemini", kind: "thought-signature", realm: "google" },
    };
    const { body, lost } = encode({ turns: [user("x"), turn("assistant", sealed), turn("user", result("a"))] });
    expect((body.messages as JsonObject[])[1]?.content).toEqual([{ type: "tool_use", id: "a", name: "f", input: {} }]);
    expect(lost).toEqual(["p"]);
  });
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
    expect((body.messages as JsonObject[])[1]?.content).toMatchObject([{ input: { input: "*** Begin" } }]);
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
