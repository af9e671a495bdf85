/** What clients send: every field, every role, every mistake with its path. */
import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/ir/error.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { conversation, decodeRequest, SIMPLE_BODY } from "./support.ts";

const decode = (fields: JsonObject): GenerateRequest => decodeRequest({ ...SIMPLE_BODY, ...fields });
const PNG = "data:image/png;base64,iVBORw0KGgo=";

function refusal(body: JsonObject): GatewayError {
  try {
    decodeRequest(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const refusedMessages = (...messages: JsonValue[]): GatewayError => refusal({ model: "m", messages });
const userPart = (part: JsonValue): JsonObject => ({ role: "user", content: [part] });
const FUNCTION: JsonObject = { type: "function", function: { name: "f", parameters: { type: "object" } } };
const CALL: JsonObject = { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":1}' } };
const called = (...calls: JsonObject[]): JsonObject => ({ role: "assistant", content: null, tool_calls: calls });
const result = (id = "call_1", content: JsonValue = "ok"): JsonObject => ({ role: "tool", tool_call_id: id, content });

describe("messages", () => {
  test("leading instructions, of both roles, and later ones where they stand", () => {
    const request = conversation(
      { role: "system", content: "a" },
      { role: "developer", content: [{ type: "text", text: "b" }] },
      { role: "user", content: "c" },
      { role: "developer", content: "d" },
      { role: "user", name: "Ann", content: "e" },
    );
    expect(request.system).toMatchObject([
      { type: "text", text: "a", path: "messages[0].content" },
      { type: "text", text: "b", path: "messages[1].content[0]" },
    ]);
    expect(request.turns).toMatchObject([
      { role: "user", parts: [{ text: "c" }] },
      { role: "developer", parts: [{ text: "d" }], path: "messages[3]" },
      { role: "user", name: "Ann", parts: [{ text: "e" }] },
    ]);
  });

  test("instructions alone are a conversation", () => {
    expect(conversation({ role: "system", content: "a" })).toMatchObject({ system: [], turns: [{ role: "system" }] });
  });

  test("content parts of all kinds", () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: PNG, detail: "high" } },
      { type: "image_url", image_url: { url: "https://example.com/a.png", detail: "auto" } },
      { type: "image_url", image_url: "https://example.com/b.png" },
      { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
      { type: "file", file: { file_id: "file-1" } },
      { type: "file", file: { file_data: "https://example.com/a.pdf" } },
      { type: "video_url", video_url: { url: "https://example.com/a.mp4" } },
    ];
    const [turn] = conversation({ role: "user", content }).turns;
    expect(turn?.parts).toMatchObject([
      { type: "text", text: "look" },
      {
        kind: "image",
        detail: "high",
        source: { kind: "inline", mediaType: "image/png", base64: "iVBORw0KGgo=" },
        path: "messages[0].content[1]",
      },
      { kind: "image", source: { kind: "url", url: "https://example.com/a.png" } },
      { kind: "image", source: { kind: "url", url: "https://example.com/b.png" } },
      { kind: "audio", source: { kind: "inline", mediaType: "audio/mpeg", base64: "AAAA" } },
      { kind: "document", filename: "a.pdf", source: { kind: "inline", mediaType: "application/pdf" } },
      { kind: "document", source: { kind: "file", id: "file-1", origin: "openai-chat", realm: null } },
      { kind: "document", source: { kind: "url", url: "https://example.com/a.pdf" } },
      { kind: "video", source: { kind: "url", url: "https://example.com/a.mp4" } },
    ]);
  });

  test("cache marks in both spellings", () => {
    const content = [
      { type: "text", text: "a", cache_control: { type: "ephemeral" } },
      { type: "text", text: "b", cache_control: { type: "ephemeral", ttl: "1h" } },
      { type: "text", text: "c", prompt_cache_breakpoint: { mode: "explicit" } },
      { type: "text", text: "d", prompt_cache_breakpoint: { mode: "explicit", ttl: "12h" } },
    ];
    const parts = conversation({ role: "user", content }).turns[0]?.parts ?? [];
    expect(parts.map((part) => part.cache?.ttl)).toEqual(["5m", "1h", "30m", "1h"]);
  });

  test("calls and results, functions and custom tools", () => {
    const custom = { id: "call_2", type: "custom", custom: { name: "sh", input: "ls" } };
    const request = conversation(
      { role: "user", content: "go" },
      called(CALL, custom),
      result("call_2", [{ type: "text", text: "a.txt" }]),
      result(),
    );
    expect(request.turns).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        parts: [
          { type: "tool-call", kind: "function", id: "call_1", name: "f", arguments: '{"a":1}' },
          { type: "tool-call", kind: "custom", id: "call_2", name: "sh", arguments: "ls" },
        ],
      },
      {
        role: "user",
        parts: [{ type: "tool-result", toolId: "call_2", name: "sh", kind: "custom", content: [{ text: "a.txt" }] }],
      },
      { role: "user", parts: [{ type: "tool-result", toolId: "call_1", name: "f", content: [{ text: "ok" }] }] },
    ]);
  });

  test("the legacy function_call and role function", () => {
    const request = conversation(
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "ok" },
    );
    const [call, answer] = request.turns.flatMap((turn) => turn.parts);
    expect(call).toMatchObject({ type: "tool-call", name: "f", arguments: "{}" });
    expect(answer).toMatchObject({ type: "tool-result", name: "f", content: [{ text: "ok" }] });
    expect(call?.type === "tool-call" && answer?.type === "tool-result" && call.id === answer.toolId).toBe(true);
  });

  test("refusals, reasoning and what else clients echo of an answer", () => {
    const request = conversation(
      { role: "user", content: "q" },
      {
        role: "assistant",
        content: "a",
        refusal: null,
        annotations: [
          {
            type: "url_citation",
            url_citation: { url: "https://example.com", title: "T", start_index: 0, end_index: 1 },
          },
        ],
        audio: null,
        function_call: null,
        reasoning_content: "hm",
      },
      { role: "assistant", content: [{ type: "refusal", refusal: "no" }] },
      { role: "assistant", content: "", refusal: "never" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "b" },
        ],
      },
    );
    expect(request.turns.slice(1)).toMatchObject([
      {
        parts: [
          { type: "reasoning", text: "hm" },
          { type: "text", text: "a", citations: [{ kind: "url" }] },
        ],
      },
      { parts: [{ type: "refusal", text: "no" }] },
      { parts: [{ type: "refusal", text: "never" }] },
      {
        parts: [
          { type: "reasoning", text: "hm" },
          { type: "text", text: "b" },
        ],
      },
    ]);
    expect(request.turns[1]?.extras).toBeUndefined();
  });

  test("unknown fields of messages and parts are kept for this dialect", () => {
    const content = [{ type: "text", text: "a", x_part: 1 }];
    const [turn] = conversation({ role: "user", content, x_message: 2 }).turns;
    expect(turn?.extras).toEqual({ x_message: 2 });
    expect(turn?.parts[0]?.extras).toEqual({ x_part: 1 });
  });

  test("ten thousand messages", () => {
    const messages = Array.from({ length: 10_000 }, (_, index) => ({
      role: index % 2 ? "assistant" : "user",
      content: "x",
    }));
    expect(conversation(...messages).turns).toHaveLength(10_000);
  });
});

describe("messages that can't be", () => {
  const cases: [string, JsonObject, string][] = [
    ["no messages", { model: "m" }, "messages"],
    ["messages as a string", { model: "m", messages: "hi" }, "messages"],
    ["no message", { model: "m", messages: [] }, "messages"],
    ["a message that is text", { model: "m", messages: ["hi"] }, "messages[0]"],
    ["no role", { model: "m", messages: [{ content: "hi" }] }, "messages[0].role"],
    ["an unknown role", { model: "m", messages: [{ role: "robot", content: "hi" }] }, "messages[0].role"],
    ["no content", { model: "m", messages: [{ role: "user" }] }, "messages[0].content"],
    ["null content", { model: "m", messages: [{ role: "user", content: null }] }, "messages[0].content"],
    ["an empty list", { model: "m", messages: [{ role: "user", content: [] }] }, "messages[0].content"],
    ["a number as content", { model: "m", messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    ["a part without type", { model: "m", messages: [userPart({ text: "a" })] }, "messages[0].content[0].type"],
    [
      "a text that is a number",
      { model: "m", messages: [userPart({ type: "text", text: 1 })] },
      "messages[0].content[0].text",
    ],
    [
      "an assistant that says nothing",
      { model: "m", messages: [{ role: "assistant", content: null }] },
      "messages[0].content",
    ],
    ["an empty model", { model: "", messages: SIMPLE_BODY["messages"] ?? [] }, "model"],
    ["a model that is a list", { model: [], messages: SIMPLE_BODY["messages"] ?? [] }, "model"],
  ];
  for (const [name, body, path] of cases) {
    test(name, () => {
      const error = refusal(body);
      expect(error.status).toBe(400);
      expect(error.code).toBe("invalid_request");
      expect(error.param).toBe(path);
      expect(error.message).toStartWith(`${path}:`);
    });
  }

  const media: [string, JsonObject, string][] = [
    ["image without url", { type: "image_url", image_url: {} }, "image_url.url"],
    ["image that is no URL", { type: "image_url", image_url: { url: "a.png" } }, "image_url.url"],
    ["image from the file system", { type: "image_url", image_url: { url: "file:///etc/passwd" } }, "image_url.url"],
    [
      "data URL of another type",
      { type: "image_url", image_url: { url: "data:text/html;base64,AAAA" } },
      "image_url.url",
    ],
    ["data URL without base64", { type: "image_url", image_url: { url: "data:image/png,AAAA" } }, "image_url.url"],
    ["invalid base64", { type: "image_url", image_url: { url: "data:image/png;base64,A*A=" } }, "image_url.url"],
    ["empty base64", { type: "image_url", image_url: { url: "data:image/png;base64," } }, "image_url.url"],
    ["base64 of no length", { type: "input_audio", input_audio: { data: "A", format: "wav" } }, "input_audio.data"],
    ["audio without a format", { type: "input_audio", input_audio: { data: "AAAA" } }, "input_audio.format"],
    ["a file that is nothing", { type: "file", file: {} }, "file"],
    ["a file that is two things", { type: "file", file: { file_id: "f", file_data: "AAAA" } }, "file"],
  ];
  for (const [name, part, path] of media) {
    test(name, () => {
      const messages = [{ role: "user", content: "a" }, userPart(part)];
      const error = refusal({ model: "m", messages });
      expect(error.param).toBe(`messages[1].content[0].${path}`);
      expect(error.code).toBe("invalid_request");
    });
  }

  test("an unknown part type is an unsupported feature", () => {
    const error = refusedMessages(userPart({ type: "hologram", hologram: {} }));
    expect(error).toMatchObject({ status: 400, code: "unsupported_feature", param: "messages[0].content[0].type" });
  });

  test("a result without a call", () => {
    expect(refusedMessages({ role: "user", content: "a" }, result()).param).toBe("messages[1].tool_call_id");
    expect(refusedMessages(called(CALL), result(), result()).param).toBe("messages[2].tool_call_id");
    expect(refusedMessages({ role: "function", name: "f", content: "a" }).param).toBe("messages[0].name");
  });

  test("a call without a result", () => {
    expect(refusedMessages(called(CALL), { role: "user", content: "a" }).param).toBe("messages[0].tool_calls[0].id");
    expect(refusedMessages({ role: "user", content: "a" }, called(CALL)).param).toBe("messages[1].tool_calls[0].id");
  });

  test("two calls with one id; the same id in a later round is fine", () => {
    expect(refusedMessages(called(CALL, CALL), result()).param).toBe("messages[0].tool_calls[1].id");
    expect(conversation(called(CALL), result(), called(CALL), result()).turns).toHaveLength(4);
  });

  test("half a call", () => {
    const without = (name: string): JsonObject =>
      Object.fromEntries(Object.entries(CALL).filter(([key]) => key !== name));
    expect(refusedMessages(called(without("id"))).param).toBe("messages[0].tool_calls[0].id");
    expect(refusedMessages(called(without("function"))).param).toBe("messages[0].tool_calls[0].function");
    expect(refusedMessages(called({ ...CALL, function: { arguments: "{}" } })).param).toBe(
      "messages[0].tool_calls[0].function.name",
    );
    expect(refusedMessages(called({ ...CALL, type: "magic" })).param).toBe("messages[0].tool_calls[0].type");
  });
});

describe("parameters", () => {
  test("limits and sampling", () => {
    const request = decode({
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      seed: 1,
      frequency_penalty: 0.1,
      presence_penalty: -0.1,
      stop: "x",
      n: 2,
    });
    expect(request).toMatchObject({
      maxOutput: 7,
      stop: ["x"],
      n: 2,
      sampling: { temperature: 0.5, topP: 0.9, topK: 40, seed: 1, frequencyPenalty: 0.1, presencePenalty: -0.1 },
    });
    expect(decode({ max_tokens: 5, stop: ["a", "b"], random_seed: 3 })).toMatchObject({
      maxOutput: 5,
      stop: ["a", "b"],
      sampling: { seed: 3 },
    });
  });

  test("nulls say nothing", () => {
    const request = decode({
      max_tokens: null,
      temperature: null,
      stop: null,
      n: null,
      tools: null,
      tool_choice: null,
      response_format: null,
      logit_bias: null,
      metadata: null,
      stream_options: null,
      service_tier: null,
    });
    expect(request).toEqual(decode({}));
  });

  test("structured output", () => {
    expect(decode({ response_format: { type: "text" } }).output).toEqual({ kind: "text" });
    expect(decode({ response_format: { type: "json_object" } }).output).toEqual({ kind: "json" });
    const schema = { type: "object", properties: {} };
    const format = { type: "json_schema", json_schema: { name: "n", schema, strict: true, description: "d" } };
    expect(decode({ response_format: format }).output).toEqual({
      kind: "schema",
      name: "n",
      schema,
      strict: true,
      description: "d",
    });
    const together = { type: "json_object", schema };
    expect(decode({ response_format: together }).output).toMatchObject({ kind: "schema", schema });
  });

  test("tools", () => {
    const grammar = { type: "grammar", grammar: { syntax: "lark", definition: "start: WORD" } };
    const request = decode({
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: { type: "object" }, strict: true } },
        { type: "custom", custom: { name: "sh", format: grammar } },
        { type: "openrouter:web_search", parameters: { max_uses: 1 } },
      ],
      functions: [{ name: "old" }],
    });
    expect(request.tools).toMatchObject([
      { kind: "function", name: "f", description: "d", schema: { type: "object" }, strict: true, path: "tools[0]" },
      { kind: "custom", name: "sh", native: { origin: "openai-chat", value: grammar } },
      { kind: "server", name: "openrouter:web_search" },
      { kind: "function", name: "old", path: "functions[0]" },
    ]);
  });

  test("tool_choice in all its forms", () => {
    const choose = (choice: JsonValue, more: JsonObject = {}): unknown =>
      decode({ tools: [FUNCTION, { type: "custom", custom: { name: "c" } }], tool_choice: choice, ...more }).toolChoice;
    expect(choose("none")).toEqual({ mode: "none", names: [], parallel: null });
    expect(choose("auto")).toEqual({ mode: "auto", names: [], parallel: null });
    expect(choose("required")).toEqual({ mode: "required", names: [], parallel: null });
    expect(choose("any")).toEqual({ mode: "required", names: [], parallel: null });
    expect(choose({ type: "function", function: { name: "f" } })).toEqual({
      mode: "named",
      names: ["f"],
      parallel: null,
    });
    expect(choose({ type: "custom", custom: { name: "c" } })).toEqual({ mode: "named", names: ["c"], parallel: null });
    const tools = [{ type: "function", function: { name: "f" } }];
    expect(choose({ type: "allowed_tools", allowed_tools: { mode: "required", tools } })).toEqual({
      mode: "required",
      names: ["f"],
      parallel: null,
    });
    expect(choose(null, { parallel_tool_calls: false })).toEqual({ mode: "auto", names: [], parallel: false });
    const legacy = decode({ functions: [{ name: "f" }], function_call: { name: "f" } });
    expect(legacy.toolChoice).toEqual({ mode: "named", names: ["f"], parallel: null });
  });

  test("reasoning, as each kind of client asks for it", () => {
    const ask = (fields: JsonObject): unknown => decode(fields).reasoning;
    expect(ask({})).toBeNull();
    expect(ask({ reasoning_effort: "high" })).toEqual({ mode: "on", effort: "high" });
    expect(ask({ reasoning_effort: "none" })).toEqual({ mode: "off", effort: "none" });
    expect(ask({ reasoning: { effort: "low", exclude: true } })).toEqual({
      mode: "on",
      effort: "low",
      display: "none",
    });
    expect(ask({ reasoning: { max_tokens: 2000 } })).toEqual({ mode: "on", budget: 2000 });
    expect(ask({ reasoning: { enabled: false } })).toEqual({ mode: "off" });
    expect(ask({ thinking: { type: "enabled", budget_tokens: 1024 } })).toEqual({ mode: "on", budget: 1024 });
    expect(ask({ thinking: { type: "disabled" } })).toEqual({ mode: "off" });
    expect(ask({ thinking: { type: "enabled" }, reasoning_effort: "high" })).toEqual({ mode: "on", effort: "high" });
    expect(ask({ enable_thinking: true, thinking_budget: 500 })).toEqual({ mode: "on", budget: 500 });
    expect(ask({ enable_thinking: false })).toEqual({ mode: "off" });
  });

  test("everything else has its place", () => {
    const request = decode({
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      logprobs: true,
      top_logprobs: 3,
      logit_bias: { "50256": -100 },
      service_tier: "flex",
      verbosity: "low",
      modalities: ["text", "audio"],
      audio: { voice: "alloy", format: "wav" },
      prediction: { type: "content", content: "x" },
      user: "u",
      safety_identifier: "s",
      metadata: { a: "b" },
      store: true,
      prompt_cache_key: "k",
      prompt_cache_retention: "24h",
      web_search_options: { search_context_size: "low" },
      cache_control: { type: "ephemeral" },
      min_p: 0.1,
    });
    expect(request).toMatchObject({
      stream: true,
      includeUsage: true,
      logprobs: { top: 3 },
      logitBias: { "50256": -100 },
      serviceTier: "flex",
      verbosity: "low",
      modalities: ["text", "audio"],
      audio: { voice: "alloy", format: "wav" },
      prediction: { type: "content", content: "x" },
      user: "u",
      metadata: { a: "b" },
      promptCacheKey: "k",
      cache: { ttl: "5m" },
    });
    expect(request.extras.fields).toEqual({
      store: true,
      safety_identifier: "s",
      prompt_cache_retention: "24h",
      web_search_options: { search_context_size: "low" },
      min_p: 0.1,
    });
  });

  test("the successor of user stands for it when it is alone", () => {
    const request = decode({ safety_identifier: "s", store: false });
    expect(request.user).toBe("s");
    expect(request.extras.fields).toEqual({});
  });

  const wrong: [JsonObject, string][] = [
    [{ stream: "yes" }, "stream"],
    [{ stream_options: [] }, "stream_options"],
    [{ stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
    [{ temperature: "0.5" }, "temperature"],
    [{ temperature: 2.5 }, "temperature"],
    [{ top_p: -1 }, "top_p"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ max_completion_tokens: 1.5 }, "max_completion_tokens"],
    [{ n: 0 }, "n"],
    [{ n: 1000 }, "n"],
    [{ stop: [1] }, "stop[0]"],
    [{ stop: {} }, "stop"],
    [{ seed: "a" }, "seed"],
    [{ logprobs: 3 }, "logprobs"],
    [{ top_logprobs: 21, logprobs: true }, "top_logprobs"],
    [{ top_logprobs: 2 }, "top_logprobs"],
    [{ reasoning_effort: "huge" }, "reasoning_effort"],
    [{ reasoning: { max_tokens: -1 } }, "reasoning.max_tokens"],
    [{ verbosity: "loud" }, "verbosity"],
    [{ response_format: {} }, "response_format.type"],
    [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
    [{ response_format: { type: "json_schema", json_schema: {} } }, "response_format.json_schema.name"],
    [{ tools: {} }, "tools"],
    [{ tools: [{ type: "function" }] }, "tools[0].function"],
    [{ tools: [{ type: "function", function: {} }] }, "tools[0].function.name"],
    [
      { tools: [{ type: "custom", custom: { name: "c", format: { type: "grammar" } } }] },
      "tools[0].custom.format.grammar",
    ],
    [{ tools: [FUNCTION], tool_choice: "maybe" }, "tool_choice"],
    [{ tools: [FUNCTION], tool_choice: {} }, "tool_choice.type"],
    [{ tools: [FUNCTION], tool_choice: { type: "function", function: { name: "g" } } }, "tool_choice.function.name"],
    [{ function_call: { name: "g" } }, "function_call.function.name"],
    [{ modalities: [1] }, "modalities[0]"],
    [{ user: 5 }, "user"],
    [{ metadata: "x" }, "metadata"],
    [{ store: "x" }, "store"],
    [{ service_tier: 5 }, "service_tier"],
  ];
  for (const [fields, path] of wrong) {
    test(`${JSON.stringify(fields)} is refused at ${path}`, () => {
      expect(refusal({ ...SIMPLE_BODY, ...fields })).toMatchObject({
        status: 400,
        code: "invalid_request",
        param: path,
      });
    });
  }

  test("an unknown response format is an unsupported feature", () => {
    const error = refusal({ ...SIMPLE_BODY, response_format: { type: "grammar" } });
    expect(error).toMatchObject({ code: "unsupported_feature", param: "response_format.type" });
  });

  test("__proto__ as a field has no effect", () => {
    const body = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"a","__proto__":{"x":1}}]}',
    ) as JsonObject;
    const [turn] = decodeRequest(body).turns;
    expect(Object.getPrototypeOf(turn)).toBe(Object.prototype);
  });
});
