/** Requests toward chat providers: each field, each quirk, each loss. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { EncodedRequest } from "../../../src/dialects/dialect.ts";
import type { GenerateRequest, Part, Turn } from "../../../src/ir/request.ts";
import type { Compat, TargetFacts } from "../../../src/ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import { decodeRequest, encodeBody, SIMPLE_BODY, targetFacts } from "./support.ts";

/** A request of another dialect's client. */
function foreign(change: Partial<GenerateRequest> = {}): GenerateRequest {
  const base = decodeRequest(SIMPLE_BODY);
  return { ...base, origin: "anthropic-messages", extras: { origin: "anthropic-messages", fields: {} }, ...change };
}

const encode = (
  request: GenerateRequest,
  compat: Partial<Compat> = {},
  change: Partial<TargetFacts> = {},
): EncodedRequest => openaiChat.encodeRequest(request, targetFacts(compat, change));

const own = (fields: JsonObject, compat: Partial<Compat> = {}, change: Partial<TargetFacts> = {}): EncodedRequest =>
  encode(decodeRequest({ ...SIMPLE_BODY, ...fields }), compat, change);

const lost = (encoded: EncodedRequest): string[] => encoded.losses.map((loss) => loss.field);
const turn = (role: Turn["role"], ...parts: Part[]): Turn => ({ role, parts, path: "messages[0]" });
const text = (value: string): Part => ({ type: "text", text: value, path: "messages[0].content[0]" });
const call = (id: string, name = "f"): Part => ({
  type: "tool-call",
  kind: "function",
  id,
  name,
  arguments: "{}",
  path: "p",
});
const result = (toolId: string, content: Part[], isError = false): Part => ({
  type: "tool-result",
  toolId,
  name: "f",
  kind: "function",
  content,
  isError,
  path: "messages[1].content[0]",
});
const image: Part = {
  type: "media",
  kind: "image",
  source: { kind: "inline", mediaType: "image/png", base64: "iVBORw0KGgo=" },
  path: "p",
};
const messagesOf = (encoded: EncodedRequest): JsonObject[] =>
  (Array.isArray(encoded.body["messages"]) ? encoded.body["messages"] : []).filter(isObject);

describe("messages", () => {
  test("instructions are one message of the role that the server knows", () => {
    const request = foreign({ system: [text("a"), text("b")] });
    expect(messagesOf(encode(request))[0]).toEqual({ role: "system", content: "a\n\nb" });
    expect(messagesOf(encode(request, { system_role: "developer" }))[0]).toEqual({
      role: "developer",
      content: "a\n\nb",
    });
  });

  test("a cache mark of this dialect keeps its part; one of another dialect is a loss", () => {
    const marked = [{ role: "system", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }] }];
    const messages = [...marked, { role: "user", content: "b" }];
    expect(messagesOf(own({ messages }))[0]).toEqual(marked[0]);
    const encoded = encode(foreign({ system: [{ ...text("a"), cache: { ttl: "5m" } }] }));
    expect(messagesOf(encoded)[0]).toEqual({ role: "system", content: "a" });
    expect(lost(encoded)).toEqual(["messages[0].content[0].cache_control"]);
  });

  test("OpenAI's breakpoints go back as they came", () => {
    for (const ttl of ["30m", "12h"]) {
      const content = [{ type: "text", text: "a", prompt_cache_breakpoint: { mode: "explicit", ttl } }];
      expect(messagesOf(own({ messages: [{ role: "user", content }] }))).toEqual([{ role: "user", content }]);
    }
  });

  test("what a client of another dialect spread over turns is one assistant message", () => {
    const turns = [
      turn("assistant", text("I'll look.")),
      turn("assistant", call("call_1")),
      turn("assistant", call("call_2")),
      turn("user", result("call_1", [text("a")])),
      turn("user", result("call_2", [])),
    ];
    expect(messagesOf(encode(foreign({ turns })))).toEqual([
      {
        role: "assistant",
        content: "I'll look.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } },
          { id: "call_2", type: "function", function: { name: "f", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "a" },
      { role: "tool", tool_call_id: "call_2", content: "" },
    ]);
  });

  test("results come before what else the turn says", () => {
    const turns = [turn("assistant", call("call_1")), turn("user", text("and now?"), result("call_1", [text("a")]))];
    expect(messagesOf(encode(foreign({ turns }))).map((message) => message["role"])).toEqual([
      "assistant",
      "tool",
      "user",
    ]);
  });

  test("images of results follow in a user message, after all results", () => {
    const turns = [
      turn("assistant", call("call_1"), call("call_2")),
      turn("user", result("call_1", [text("seen"), image]), result("call_2", [text("b")])),
    ];
    const messages = messagesOf(encode(foreign({ turns })));
    expect(messages.map((message) => message["role"])).toEqual(["assistant", "tool", "tool", "user"]);
    expect(messages[1]?.["content"]).toBe("seen");
    expect(messages[3]?.["content"]).toMatchObject([
      { type: "text", text: "Attachments of tool call call_1:" },
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
    ]);
  });

  test("an error result keeps its text and loses its flag", () => {
    const turns = [turn("assistant", call("call_1")), turn("user", result("call_1", [text("boom")], true))];
    const encoded = encode(foreign({ turns }));
    expect(messagesOf(encoded)[1]?.["content"]).toBe("boom");
    expect(lost(encoded)).toEqual(["messages[1].content[0].is_error"]);
  });

  test("string_content: assistant and tool messages are strings", () => {
    const turns = [
      turn("assistant", text("a"), text("b"), call("call_1")),
      turn("user", result("call_1", [text("c"), text("d")])),
    ];
    const plain = messagesOf(encode(foreign({ turns }), { string_content: true }));
    expect(plain.map((message) => message["content"])).toEqual(["ab", "c\nd"]);
    const listed = messagesOf(encode(foreign({ turns })));
    expect(listed[0]?.["content"]).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
  });

  test("Mistral's short tool ids, the same for call and result", () => {
    const turns = [
      turn("assistant", call("toolu_01ABC"), call("abcDEF123")),
      turn("user", result("toolu_01ABC", []), result("abcDEF123", [])),
    ];
    const encoded = JSON.parse(JSON.stringify(messagesOf(encode(foreign({ turns }), { short_tool_ids: true })))) as [
      { tool_calls: { id: string }[] },
      { tool_call_id: string },
      { tool_call_id: string },
    ];
    const ids = encoded[0].tool_calls.map((item) => item.id);
    expect(ids[0]).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(ids[1]).toBe("abcDEF123");
    expect([encoded[1].tool_call_id, encoded[2].tool_call_id]).toEqual(ids as [string, string]);
  });

  test("ids over 40 characters are shortened, always the same way", () => {
    const id = `call_${"x".repeat(60)}`;
    const turns = [turn("assistant", call(id)), turn("user", result(id, []))];
    const [first, second] = messagesOf(encode(foreign({ turns })));
    const sent = JSON.parse(JSON.stringify(first)) as { tool_calls: { id: string }[] };
    expect(sent.tool_calls[0]?.id).toHaveLength(40);
    expect(second?.["tool_call_id"]).toBe(sent.tool_calls[0]?.id ?? "");
  });

  test("files", () => {
    const file = (source: Part & { type: "media" }): Part => source;
    const media = (kind: "document" | "audio" | "video", source: object, more: object = {}): Part =>
      file({ type: "media", kind, source, path: "p", ...more } as never);
    const inline = (mediaType: string): object => ({ kind: "inline", mediaType, base64: "aGk=" });
    const encoded = encode(
      foreign({
        turns: [
          turn(
            "user",
            media("document", inline("application/pdf")),
            media("document", inline("text/plain")),
            media("document", inline("text/plain"), { text: "plain", title: "T" }),
            media("document", { kind: "url", url: "https://example.com/a.pdf" }),
            media("document", { kind: "file", id: "file_1", origin: "anthropic-messages", realm: "anthropic" }),
            media("document", { kind: "file", id: "file-2", origin: "openai-responses", realm: null }),
            media("audio", inline("audio/mpeg")),
            media("audio", { kind: "url", url: "https://example.com/a.mp3" }),
            media("video", inline("video/mp4")),
          ),
        ],
      }),
    );
    expect(messagesOf(encoded)[0]?.["content"]).toEqual([
      { type: "file", file: { filename: "file.pdf", file_data: "data:application/pdf;base64,aGk=" } },
      { type: "text", text: "hi" },
      { type: "text", text: "plain" },
      { type: "file", file: { file_id: "file-2" } },
      { type: "input_audio", input_audio: { data: "aGk=", format: "mp3" } },
      { type: "video_url", video_url: { url: "data:video/mp4;base64,aGk=" } },
    ]);
    expect(lost(encoded)).toEqual(["p.title", "p", "p", "p"]);
  });

  test("an assistant message at the end, where the model refuses it", () => {
    const turns = [turn("user", text("q")), turn("assistant", text("I"))];
    const flags = { ...targetFacts().flags, prefill: false };
    const encoded = encode(foreign({ turns }), {}, { flags });
    expect(messagesOf(encoded)).toHaveLength(1);
    expect(lost(encoded)).toEqual(["messages[0]"]);
    expect(messagesOf(encode(foreign({ turns })))).toHaveLength(2);
  });

  test("a longer conversation encodes to an extension of the shorter one", () => {
    const messages = [
      { role: "system", content: "s" },
      { role: "user", content: "q" },
      {
        role: "assistant",
        content: "a",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "r" },
    ];
    const more = [...messages, { role: "assistant", content: "b" }, { role: "user", content: "q2" }];
    const short = JSON.stringify(encodeBody({ model: "m", messages })["messages"]);
    const long = JSON.stringify(encodeBody({ model: "m", messages: more })["messages"]);
    expect(long).toStartWith(short.slice(0, -1));
  });
});

describe("reasoning", () => {
  const thought: Part = { type: "reasoning", form: "full", text: "hm", path: "messages[0].content[0]" };
  const said = (part: Part): GenerateRequest => foreign({ turns: [turn("assistant", part, text("a"))] });

  test("earlier reasoning goes into the field that the server has for it", () => {
    expect(messagesOf(encode(said(thought), { reasoning_field: "reasoning" }))[0]).toMatchObject({ reasoning: "hm" });
    expect(messagesOf(encode(said(thought)))[0]).toMatchObject({ reasoning_content: "hm", content: "a" });
    const none = encode(said(thought), { reasoning_field: null });
    expect(messagesOf(none)[0]).toEqual({ role: "assistant", content: "a" });
    expect(lost(none)).toEqual(["messages[0].content[0]"]);
  });

  test("reasoning that another provider sealed is dropped, its words too", () => {
    const seal = {
      origin: "anthropic-messages",
      kind: "signature",
      provider: "a",
      realm: "anthropic",
      model: "m",
      value: "s",
    } as const;
    const encoded = encode(said({ ...thought, seal }));
    expect(messagesOf(encoded)[0]).toEqual({ role: "assistant", content: "a" });
    expect(encoded.losses).toMatchObject([{ field: "messages[0].content[0]", side: "request" }]);
  });

  test("the minter gets its own fields back", () => {
    const details = [{ type: "reasoning.encrypted", data: "zzz", index: 0 }];
    const seal = (kind: "encrypted" | "signature", value: string): never =>
      ({ origin: "openai-chat", kind, provider: "openai", realm: "openai", model: "m", value }) as never;
    const back = messagesOf(encode(said({ ...thought, seal: seal("encrypted", JSON.stringify(details)) })))[0];
    expect(back).toEqual({ role: "assistant", content: "a", reasoning_details: details });
    const mistral = messagesOf(encode(said({ ...thought, seal: seal("signature", "sig") })))[0];
    expect(mistral?.["content"]).toEqual([
      { type: "thinking", thinking: [{ type: "text", text: "hm" }], signature: "sig" },
      { type: "text", text: "a" },
    ]);
  });

  const asked = (reasoning: GenerateRequest["reasoning"], compat: Partial<Compat>): EncodedRequest =>
    encode(foreign({ reasoning }), compat);
  const fieldsOf = (encoded: EncodedRequest): JsonObject => {
    const { model: _model, messages: _messages, ...rest } = encoded.body;
    return rest;
  };

  test("effort", () => {
    expect(fieldsOf(asked({ mode: "on", effort: "high" }, {}))).toEqual({ reasoning_effort: "high" });
    expect(fieldsOf(asked({ mode: "off" }, {}))).toEqual({ reasoning_effort: "none" });
    expect(fieldsOf(asked({ mode: "adaptive" }, {}))).toEqual({});
    const budget = asked({ mode: "on", budget: 8000 }, {});
    expect(fieldsOf(budget)).toEqual({ reasoning_effort: "medium" });
    expect(lost(budget)).toEqual(["reasoning.budget"]);
  });

  test("OpenRouter's object", () => {
    const compat = { reasoning_request: "reasoning" } as const;
    expect(fieldsOf(asked({ mode: "on", budget: 8000 }, compat))).toEqual({ reasoning: { max_tokens: 8000 } });
    expect(fieldsOf(asked({ mode: "on", effort: "low", display: "none" }, compat))).toEqual({
      reasoning: { effort: "low", exclude: true },
    });
    expect(fieldsOf(asked({ mode: "off" }, compat))).toEqual({ reasoning: { enabled: false } });
    expect(fieldsOf(asked({ mode: "on" }, compat))).toEqual({ reasoning: { enabled: true } });
  });

  test("DeepSeek's switch", () => {
    const compat = { reasoning_request: "thinking" } as const;
    expect(fieldsOf(asked({ mode: "on", effort: "high" }, compat))).toEqual({
      thinking: { type: "enabled" },
      reasoning_effort: "high",
    });
    expect(fieldsOf(asked({ mode: "off" }, compat))).toEqual({ thinking: { type: "disabled" } });
  });

  test("Qwen's switch and budget", () => {
    const compat = { reasoning_request: "enable_thinking" } as const;
    expect(fieldsOf(asked({ mode: "on", budget: 500 }, compat))).toEqual({
      enable_thinking: true,
      thinking_budget: 500,
    });
    expect(fieldsOf(asked({ mode: "off" }, compat))).toEqual({ enable_thinking: false });
    expect(lost(asked({ mode: "on", effort: "high" }, compat))).toEqual(["reasoning_effort"]);
  });

  test("a model that doesn't reason, or can't be asked", () => {
    const capabilities = new Set(targetFacts().capabilities);
    capabilities.delete("reasoning");
    const dull = encode(foreign({ reasoning: { mode: "on", effort: "high" } }), {}, { capabilities });
    expect(fieldsOf(dull)).toEqual({});
    expect(lost(dull)).toEqual(["reasoning"]);
    expect(lost(asked({ mode: "off" }, { reasoning_request: "none" }))).toEqual(["reasoning"]);
    const off = encode(foreign({ reasoning: { mode: "off" } }), {}, { capabilities });
    expect(lost(off)).toEqual([]);
  });
});

describe("tools", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const tools: GenerateRequest["tools"] = [
    { kind: "function", name: "f", schema, strict: true, path: "tools[0]" },
    { kind: "function", name: "g", path: "tools[1]" },
  ];

  test("another dialect's strict schema outside the subset is a guide only", () => {
    const encoded = encode(foreign({ tools }));
    expect(encoded.body["tools"]).toEqual([
      { type: "function", function: { name: "f", parameters: schema, strict: false } },
      { type: "function", function: { name: "g", parameters: { type: "object", properties: {} } } },
    ]);
    expect(lost(encoded)).toEqual(["tools[0].strict"]);
  });

  test("servers without strict tools", () => {
    const encoded = encode(foreign({ tools }), { strict_tools: false });
    expect(JSON.stringify(encoded.body["tools"])).not.toContain("strict");
    expect(lost(encoded)).toEqual(["tools[0].strict"]);
  });

  test("custom tools go as functions where they are not known, and their calls too", () => {
    const custom: GenerateRequest["tools"] = [
      {
        kind: "custom",
        name: "sh",
        native: { origin: "openai-responses", value: { type: "grammar", syntax: "lark", definition: "x" } },
        path: "tools[0]",
      },
    ];
    const turns = [
      turn("assistant", { type: "tool-call", kind: "custom", id: "c", name: "sh", arguments: "ls", path: "p" }),
      turn("user", { ...result("c", []), kind: "custom" } as Part),
    ];
    const request = foreign({ origin: "openai-responses", tools: custom, turns });
    const wrapped = encode(request);
    expect(wrapped.body["tools"]).toMatchObject([{ type: "function", function: { name: "sh" } }]);
    expect(messagesOf(wrapped)[0]?.["tool_calls"]).toEqual([
      { id: "c", type: "function", function: { name: "sh", arguments: '{"input":"ls"}' } },
    ]);
    expect(lost(wrapped)).toEqual(["tools[0].format"]);
    const known = encode(request, { custom_tools: true });
    expect(known.body["tools"]).toEqual([
      {
        type: "custom",
        custom: { name: "sh", format: { type: "grammar", grammar: { syntax: "lark", definition: "x" } } },
      },
    ]);
    expect(messagesOf(known)[0]?.["tool_calls"]).toEqual([
      { id: "c", type: "custom", custom: { name: "sh", input: "ls" } },
    ]);
    expect(known.losses).toEqual([]);
  });

  test("hosted tools of others are losses, their own go back", () => {
    const server: GenerateRequest["tools"] = [
      { kind: "server", name: "web_search", native: { origin: "anthropic-messages", value: {} }, path: "tools[0]" },
    ];
    expect(lost(encode(foreign({ tools: server })))).toEqual(["tools[0]"]);
    const mine = [{ type: "openrouter:web_search", parameters: { max_uses: 1 } }];
    expect(own({ tools: mine }).body["tools"]).toEqual(mine);
  });

  const chosen = (toolChoice: GenerateRequest["toolChoice"], compat: Partial<Compat> = {}): JsonObject =>
    encode(foreign({ tools, toolChoice }), compat).body;

  test("tool_choice", () => {
    expect(chosen({ mode: "required", names: [], parallel: null })["tool_choice"]).toBe("required");
    expect(chosen({ mode: "required", names: [], parallel: null }, { tool_choice_any: true })["tool_choice"]).toBe(
      "any",
    );
    expect(chosen({ mode: "named", names: ["g"], parallel: false })).toMatchObject({
      tool_choice: { type: "function", function: { name: "g" } },
      parallel_tool_calls: false,
    });
    expect(chosen({ mode: "none", names: [], parallel: null })["tool_choice"]).toBe("none");
  });

  test("a subset of the tools: allowed_tools for this dialect's clients, fewer tools for others", () => {
    const subset = chosen({ mode: "required", names: ["g"], parallel: null });
    expect(subset["tools"]).toHaveLength(1);
    expect(subset["tool_choice"]).toBe("required");
    const allowed = {
      type: "allowed_tools",
      allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "f" } }] },
    };
    const both = [
      { type: "function", function: { name: "f" } },
      { type: "function", function: { name: "g" } },
    ];
    expect(own({ tools: both, tool_choice: allowed }).body).toMatchObject({ tools: both, tool_choice: allowed });
  });

  test("a server that can't be told about parallel calls", () => {
    const request = foreign({ tools, toolChoice: { mode: "auto", names: [], parallel: false } });
    const encoded = encode(request, { parallel_tool_calls: false, strict_tools: true });
    expect(encoded.body["parallel_tool_calls"]).toBeUndefined();
    expect(lost(encoded)).toContain("parallel_tool_calls");
  });

  test("a forced call without tools is a loss", () => {
    expect(lost(encode(foreign({ toolChoice: { mode: "required", names: [], parallel: null } })))).toEqual([
      "tool_choice",
    ]);
  });
});

describe("parameters", () => {
  test("the field for the cap, and its limit", () => {
    const capped = foreign({ maxOutput: 9000 });
    expect(encode(capped).body["max_tokens"]).toBe(9000);
    expect(encode(capped, { max_tokens_field: "max_completion_tokens" }).body["max_completion_tokens"]).toBe(9000);
    const flags = { ...targetFacts().flags, maxTokensField: "max_completion_tokens" as const };
    const limited = encode(capped, {}, { flags, maxOutput: 4096 });
    expect(limited.body).toMatchObject({ max_completion_tokens: 4096 });
    expect(limited.body["max_tokens"]).toBeUndefined();
    expect(lost(limited)).toEqual(["max_completion_tokens"]);
  });

  test("a model that refuses sampling", () => {
    const flags = { ...targetFacts().flags, sampling: false };
    const encoded = own({ temperature: 0.5, top_p: 0.5, top_k: 5, seed: 1 }, {}, { flags });
    expect(encoded.body).toMatchObject({ seed: 1 });
    expect(encoded.body["temperature"]).toBeUndefined();
    expect(lost(encoded)).toEqual(["temperature", "top_p", "top_k"]);
  });

  test("top_k of another dialect, more than four stops, tiers by other names", () => {
    const encoded = encode(
      foreign({ sampling: { topK: 5, seed: 1 }, stop: ["a", "b", "c", "d", "e"], serviceTier: "standard_only" }),
      {
        seed_field: "random_seed",
      },
    );
    expect(encoded.body).toMatchObject({ stop: ["a", "b", "c", "d"], random_seed: 1, service_tier: "default" });
    expect(lost(encoded)).toEqual(["top_k", "stop"]);
  });

  test("structured output", () => {
    const schema = { type: "object", properties: {}, required: [], additionalProperties: false };
    const output = { kind: "schema", name: "my schema", schema, strict: true } as const;
    const encoded = encode(foreign({ output }));
    expect(encoded.body["response_format"]).toMatchObject({
      type: "json_schema",
      json_schema: { schema, strict: true, name: expect.stringMatching(/^my_schema_[0-9a-f]{8}$/) },
    });
    expect(lost(encoded)).toEqual(["response_format.json_schema.name"]);
    const loose = encode(foreign({ output }), { json_schema: false });
    expect(loose.body["response_format"]).toEqual({ type: "json_object" });
    expect(lost(loose)).toEqual(["response_format"]);
  });

  test("usage is asked for in streams, where the server knows the word", () => {
    expect(own({ stream: true }).body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(own({ stream: true }, { stream_usage: false }).body["stream_options"]).toBeUndefined();
    expect(own({}).body["stream"]).toBeUndefined();
  });

  test("what the provider refuses is dropped, each field a loss", () => {
    const encoded = own(
      { logit_bias: { "1": 1 }, user: "u", store: true },
      { refuses: ["logit_bias", "user", "store", "n"] },
    );
    expect(Object.keys(encoded.body)).toEqual(["model", "messages"]);
    expect(lost(encoded)).toEqual(["logit_bias", "user", "store"]);
  });

  test("fields that only other dialects know", () => {
    const encoded = encode(
      foreign({
        metadata: { a: "b" },
        cache: { ttl: "5m" },
        safety: { origin: "gemini", value: [] },
        contextManagement: { origin: "anthropic-messages", value: {} },
        modalities: ["text", "audio"],
        audio: {},
        extras: { origin: "anthropic-messages", fields: { container: "x" } },
      }),
    );
    expect(Object.keys(encoded.body)).toEqual(["model", "messages"]);
    expect(lost(encoded)).toEqual([
      "audio",
      "modalities",
      "metadata",
      "cache_control",
      "context_management",
      "safety_settings",
      "container",
    ]);
  });

  test("a request of this dialect loses nothing on its way to itself", () => {
    const body: JsonObject = {
      model: "gpt-5",
      messages: [{ role: "user", content: "a", x: 1 }],
      max_completion_tokens: 5,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 3,
      seed: 1,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      stop: ["x"],
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      logit_bias: { "1": -1 },
      service_tier: "flex",
      verbosity: "low",
      modalities: ["text", "audio"],
      audio: { voice: "alloy", format: "wav" },
      prediction: { type: "content", content: "x" },
      user: "u",
      metadata: { a: "b" },
      store: true,
      prompt_cache_key: "k",
      web_search_options: {},
      reasoning_effort: "low",
      response_format: { type: "json_object" },
      min_p: 0.5,
    };
    const { body: encoded, losses } = encode(decodeRequest(body), { max_tokens_field: "max_completion_tokens" });
    expect(losses).toEqual([]);
    expect(encoded).toEqual(body as { [key: string]: JsonValue });
  });
});
