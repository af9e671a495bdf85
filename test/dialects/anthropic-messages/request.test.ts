/** Requests of Anthropic clients: every field of the API, errors that name their field, envelopes. */
import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/ir/error.ts";
import { parseJson, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import { decode, SEALS } from "./support.ts";

const base = { model: "m", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] };
const withContent = (...content: JsonValue[]): JsonObject => ({ ...base, messages: [{ role: "user", content }] });
const firstPart = (body: JsonObject) => decode(body).turns[0]?.parts[0];

describe("fields", () => {
  test("all of them", () => {
    const request = decode({
      ...base,
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } }],
      stream: true,
      stop_sequences: ["END"],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      tools: [
        {
          name: "f",
          description: "d",
          input_schema: { type: "object" },
          strict: true,
          defer_loading: true,
          cache_control: { type: "ephemeral" },
        },
        { type: "web_search_20250305", name: "web_search", max_uses: 3, cache_control: null },
      ],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 2048, display: "omitted" },
      output_config: {
        effort: "high",
        format: { type: "json_schema", schema: { type: "object" } },
        task_budget: { total: 9 },
      },
      metadata: { user_id: "u" },
      service_tier: "standard_only",
      cache_control: { type: "ephemeral" },
      context_management: { edits: [] },
      speed: "fast",
      inference_geo: "us",
      container: "c1",
      mcp_servers: [{ type: "url", url: "https://example.com", name: "s" }],
    });
    expect(request).toMatchObject({
      origin: "anthropic-messages",
      model: "m",
      stream: true,
      system: [{ type: "text", text: "Be brief.", path: "system[0]", cache: { ttl: "1h" } }],
      stop: ["END"],
      sampling: { temperature: 0.5, topP: 0.9, topK: 40 },
      maxOutput: 100,
      toolChoice: { mode: "required", names: [], parallel: false },
      reasoning: { mode: "on", budget: 2048, effort: "high", display: "none" },
      output: { kind: "schema", schema: { type: "object" }, strict: true },
      user: "u",
      serviceTier: "standard_only",
      cache: { ttl: "5m" },
      contextManagement: { origin: "anthropic-messages", value: { edits: [] } },
    });
    expect(request.tools).toEqual([
      {
        kind: "function",
        name: "f",
        description: "d",
        schema: { type: "object" },
        strict: true,
        cache: { ttl: "5m" },
        extras: { defer_loading: true },
        path: "tools[0]",
      },
      {
        kind: "server",
        name: "web_search",
        native: {
          origin: "anthropic-messages",
          value: { type: "web_search_20250305", name: "web_search", max_uses: 3 },
        },
        path: "tools[1]",
      },
    ]);
    expect(request.extras.fields).toEqual({
      speed: "fast",
      inference_geo: "us",
      container: "c1",
      mcp_servers: [{ type: "url", url: "https://example.com", name: "s" }],
      output_config: { task_budget: { total: 9 } },
    });
  });

  const thinking: [JsonValue, JsonValue, JsonValue][] = [
    [{ type: "adaptive", display: "summarized" }, null, { mode: "adaptive", display: "summary" }],
    [{ type: "adaptive" }, "max", { mode: "adaptive", effort: "max" }],
    [{ type: "disabled" }, null, { mode: "off" }],
    [{ type: "between_tools" }, null, { mode: "adaptive" }],
    [null, "low", { mode: "adaptive", effort: "low" }],
    [null, null, null],
  ];
  for (const [value, effort, expected] of thinking) {
    test(`thinking ${JSON.stringify(value)} with effort ${String(effort)}`, () => {
      expect(decode({ ...base, thinking: value, output_config: { effort } }).reasoning).toEqual(expected as never);
    });
  }

  const choices: [JsonObject, JsonObject][] = [
    [{ type: "auto" }, { mode: "auto", names: [], parallel: null }],
    [
      { type: "tool", name: "f", disable_parallel_tool_use: false },
      { mode: "named", names: ["f"], parallel: true },
    ],
    [{ type: "none" }, { mode: "none", names: [], parallel: null }],
  ];
  for (const [value, expected] of choices) {
    test(`tool_choice ${JSON.stringify(value)}`, () => {
      expect(decode({ ...base, tool_choice: value }).toolChoice).toEqual(expected as never);
    });
  }

  test("a system message in the middle keeps its place, with what only Anthropic knows beside it", () => {
    const request = decode({
      ...base,
      messages: [
        { role: "user", content: "Hi" },
        { role: "system", content: [{ type: "text", text: "Now in French." }], clear_at: "next_user_message" },
        { role: "system", output_config: { effort: "low" } },
      ],
    });
    expect(request.turns.map((turn) => [turn.role, turn.parts.length, turn.extras])).toEqual([
      ["user", 1, undefined],
      ["system", 1, { clear_at: "next_user_message" }],
      ["system", 0, { output_config: { effort: "low" } }],
    ]);
  });

  test("a number too long for a double is still a number", () => {
    const body = parseJson(
      `{"model":"m","max_tokens":10,"temperature":0.70000000000000000001,"messages":[{"role":"user","content":"x"}]}`,
    );
    expect(decode(body as JsonObject).sampling.temperature).toBe(0.7);
  });
});

describe("content blocks", () => {
  test("images: base64, url, file", () => {
    const sources = [
      { type: "base64", media_type: "image/png", data: "aGk=" },
      { type: "url", url: "https://example.com/a.png" },
      { type: "file", file_id: "file_1" },
    ];
    const request = decode(withContent(...sources.map((source) => ({ type: "image", source }))));
    expect(request.turns[0]?.parts).toMatchObject([
      { type: "media", kind: "image", source: { kind: "inline", mediaType: "image/png", base64: "aGk=" } },
      { type: "media", kind: "image", source: { kind: "url", url: "https://example.com/a.png" } },
      {
        type: "media",
        kind: "image",
        source: { kind: "file", id: "file_1", origin: "anthropic-messages", realm: null },
      },
    ]);
  });

  test("documents: text, content, with title, context and citations", () => {
    const facts = { title: "T", context: "C", citations: { enabled: true } };
    const text = { type: "document", source: { type: "text", media_type: "text/plain", data: "words" }, ...facts };
    expect(firstPart(withContent(text))).toMatchObject({
      kind: "document",
      text: "words",
      source: { mediaType: "text/plain", base64: "d29yZHM=" },
      title: "T",
      context: "C",
      citations: true,
    });
    const source = {
      type: "content",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    };
    expect(firstPart(withContent({ type: "document", source }))).toMatchObject({ text: "a\nb", extras: { source } });
    const image = { type: "image", source: { type: "url", url: "https://example.com/a.png" } };
    const mixed = { type: "document", source: { type: "content", content: [image] } };
    expect(firstPart(withContent(mixed))).toMatchObject({ type: "native", native: { value: mixed } });
  });

  test("a search result is a text document to everybody else", () => {
    const block = {
      type: "search_result",
      source: "https://s",
      title: "T",
      content: [{ type: "text", text: "found" }],
    };
    expect(firstPart(withContent(block))).toMatchObject({
      kind: "document",
      text: "found",
      title: "T",
      extras: { search_result: block },
    });
  });

  test("tool use and result: name and order are kept, errors too", () => {
    const request = decode({
      ...base,
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "t1", name: "f", input: { b: 1, a: 2 }, caller: { type: "direct" } }],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "t1",
              is_error: true,
              content: [
                { type: "text", text: "no" },
                { type: "tool_reference", tool_name: "g" },
              ],
            },
          ],
        },
      ],
    });
    expect(request.turns[1]?.parts[0]).toMatchObject({
      type: "tool-call",
      id: "t1",
      name: "f",
      arguments: '{"b":1,"a":2}',
    });
    expect(request.turns[2]?.parts[0]).toMatchObject({
      type: "tool-result",
      toolId: "t1",
      name: "f",
      isError: true,
      content: [{ type: "text", text: "no", path: "messages[2].content[0].content[0]" }, { type: "native" }],
    });
  });

  for (const type of [
    "server_tool_use",
    "web_search_tool_result",
    "mcp_tool_use",
    "container_upload",
    "compaction",
    "tool_reference",
    "new_thing",
  ]) {
    test(`${type} is carried verbatim`, () => {
      const block = { type, anything: { x: [1] } };
      expect(firstPart(withContent({ ...block, cache_control: { type: "ephemeral" } }))).toEqual({
        type: "native",
        native: { origin: "anthropic-messages", value: block, ...(type === "new_thing" ? { unknown: true } : {}) },
        path: "messages[0].content[0]",
        cache: { ttl: "5m" },
      });
    });
  }
});

describe("errors name the field", () => {
  const image = (source: JsonValue): JsonObject => withContent({ type: "text", text: "x" }, { type: "image", source });
  const bad: [string, JsonObject][] = [
    ["max_tokens", { model: "m", messages: base.messages }],
    ["max_tokens", { ...base, max_tokens: -1 }],
    ["max_tokens", { ...base, max_tokens: 1.5 }],
    ["model", { ...base, model: 5 }],
    ["messages", { ...base, messages: [] }],
    ["messages", { ...base, messages: "Hi" }],
    ["messages[0]", { ...base, messages: ["Hi"] }],
    ["messages[0].role", { ...base, messages: [{ role: "tool", content: "x" }] }],
    ["messages[0].content", { ...base, messages: [{ role: "user" }] }],
    ["messages[0].content", { ...base, messages: [{ role: "user", content: 5 }] }],
    ["messages[0].content[0]", withContent("text")],
    ["messages[0].content[0].type", withContent({ text: "x" })],
    ["messages[0].content[0].text", withContent({ type: "text" })],
    ["messages[0].content[1].source", image(null)],
    ["messages[0].content[1].source.type", image({ type: "ftp" })],
    ["messages[0].content[1].source.data", image({ type: "base64", media_type: "image/png", data: "*" })],
    ["messages[0].content[1].source.data", image({ type: "base64", media_type: "image/png", data: "" })],
    ["messages[0].content[1].source.media_type", image({ type: "base64", media_type: "text/plain", data: "aGk=" })],
    ["messages[0].content[0].id", withContent({ type: "tool_use", name: "f", input: {} })],
    ["messages[0].content[0].tool_use_id", withContent({ type: "tool_result", content: "x" })],
    [
      "messages[0].content[0].cache_control.ttl",
      withContent({ type: "text", text: "x", cache_control: { type: "ephemeral", ttl: "2d" } }),
    ],
    ["system[0].type", { ...base, system: [{ type: "image" }] }],
    ["stream", { ...base, stream: "yes" }],
    ["temperature", { ...base, temperature: "hot" }],
    ["temperature", { ...base, temperature: 5 }],
    ["top_k", { ...base, top_k: 1.5 }],
    ["stop_sequences[1]", { ...base, stop_sequences: ["a", 1] }],
    ["tools[0].name", { ...base, tools: [{ input_schema: {} }] }],
    ["tools[0].input_schema", { ...base, tools: [{ name: "f" }] }],
    ["tool_choice.type", { ...base, tool_choice: { type: "maybe" } }],
    ["tool_choice.name", { ...base, tool_choice: { type: "tool" } }],
    ["thinking.type", { ...base, thinking: { type: "deep" } }],
    ["thinking.budget_tokens", { ...base, thinking: { type: "enabled", budget_tokens: 10 } }],
    ["output_config.effort", { ...base, output_config: { effort: "enormous" } }],
    ["output_config.format.schema", { ...base, output_config: { format: { type: "json_schema" } } }],
    ["metadata.user_id", { ...base, metadata: { user_id: 7 } }],
    ["service_tier", { ...base, service_tier: "flex" }],
  ];
  for (const [param, body] of bad) {
    test(`${param}: ${JSON.stringify(body).slice(0, 80)}`, () => {
      const error = caught(() => decode(body));
      expect(error).toMatchObject({ status: 400, code: "invalid_request", param });
      expect(error?.message).toStartWith(param);
    });
  }

  test("thread: the answer on which tool runners resend the whole history", () => {
    expect(caught(() => decode({ ...base, thread: { type: "create" } }))).toMatchObject({
      status: 400,
      param: "thread",
      details: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
    });
  });
});

function caught(run: () => unknown): GatewayError | null {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  return null;
}

describe("seals come back", () => {
  const gemini = {
    origin: "gemini" as const,
    kind: "thought-signature" as const,
    provider: "google",
    realm: "google",
    model: "gemini-3",
    value: "sig",
  };
  const wrap = (attach: "self" | "next" | "previous" | "carrier", text?: string): string =>
    SEALS.wrap({ seals: [{ seal: gemini, attach, ...(text === undefined ? {} : { text }) }] });
  const assistant = (...content: JsonValue[]): JsonObject => ({
    ...base,
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: `t1${wrap("carrier")}`, content: "ok" }] },
    ],
  });
  const parts = (body: JsonObject) => decode(body).turns[1]?.parts ?? [];

  test("bare values are Anthropic's own", () => {
    const [signed, redacted, unsigned] = parts(
      assistant(
        { type: "thinking", thinking: "hm", signature: "sig" },
        { type: "redacted_thinking", data: "abc" },
        { type: "thinking", thinking: "hm", signature: "" },
        { type: "tool_use", id: "t1", name: "f", input: {} },
      ),
    );
    const own = { origin: "anthropic-messages", realm: "anthropic" };
    expect(signed).toMatchObject({ form: "summary", text: "hm", seal: { ...own, kind: "signature", value: "sig" } });
    expect(redacted).toMatchObject({ form: "redacted", seal: { ...own, kind: "redacted", value: "abc" } });
    expect(unsigned?.seal).toBeUndefined();
  });

  test("in a signature, behind a tool id, and in carriers for the part before and after", () => {
    const body = assistant(
      { type: "thinking", thinking: "hm", signature: wrap("self") },
      { type: "redacted_thinking", data: wrap("next") },
      { type: "text", text: "A" },
      { type: "text", text: "B" },
      { type: "redacted_thinking", data: wrap("previous") },
      { type: "redacted_thinking", data: wrap("carrier", "") },
      { type: "tool_use", id: `t1${wrap("carrier")}`, name: "f", input: {} },
    );
    expect(parts(body)).toMatchObject([
      { type: "reasoning", text: "hm", seal: gemini },
      { type: "text", text: "A", seal: gemini },
      { type: "text", text: "B", seal: gemini },
      { type: "text", text: "", seal: gemini },
      { type: "tool-call", id: "t1", seal: gemini },
    ]);
    expect(decode(body).turns[2]?.parts[0]).toMatchObject({ toolId: "t1", name: "f" });
    expect(decode(body).losses).toBeUndefined();
  });

  const forged = `${wrap("self").slice(0, -3)}AAA`;
  const truncated = wrap("self").slice(0, 20);
  for (const [name, value] of [
    ["forged", forged],
    ["truncated", truncated],
  ] as const) {
    test(`${name} envelopes are dropped and reported`, () => {
      const request = decode(
        assistant(
          { type: "thinking", thinking: "hm", signature: value },
          { type: "redacted_thinking", data: value },
          { type: "tool_use", id: `t1${value}`, name: "f", input: {} },
        ),
      );
      expect(request.losses?.map((loss) => loss.field)).toEqual([
        "messages[1].content[0].signature",
        "messages[1].content[1].data",
        "messages[1].content[2].id",
      ]);
      expect(JSON.stringify(request.turns)).not.toContain("tgs1_");
      expect(request.turns[1]?.parts.map((part) => part.seal)).toEqual([undefined, undefined]);
    });
  }
});
