import { describe, expect, test } from "bun:test";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { decodeRequest } from "./support.ts";

const decode = (fields: JsonObject): GenerateRequest => decodeRequest({ model: "m", input: "x", ...fields });
const withItems = (...items: JsonObject[]): GenerateRequest => decode({ input: items });
const user = (...content: JsonObject[]): JsonObject => ({ role: "user", content });

describe("input", () => {
  test("a string is one message of the user", () => {
    expect(decode({}).turns).toEqual([
      { role: "user", path: "input", parts: [{ type: "text", text: "x", path: "input" }] },
    ]);
  });

  test("messages in easy and full form, with all roles; leading instructions are the system's", () => {
    const request = decode({
      instructions: "be kind",
      input: [
        { role: "developer", content: "d" },
        { type: "message", role: "system", content: [{ type: "input_text", text: "s" }] },
        { role: "user", content: "u" },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          phase: "commentary",
          content: [
            { type: "output_text", text: "a", annotations: [] },
            { type: "refusal", refusal: "no" },
          ],
        },
        { role: "developer", content: "later" },
      ],
    });
    expect(request.system.map((part) => (part.type === "text" ? [part.text, part.path] : part))).toEqual([
      ["be kind", "instructions"],
      ["d", "input[0].content"],
      ["s", "input[1].content[0]"],
    ]);
    expect(request.turns).toMatchObject([
      { role: "user", path: "input[2]" },
      {
        role: "assistant",
        parts: [
          { type: "text", text: "a", phase: "commentary", itemId: "msg_1" },
          { type: "refusal", text: "no" },
        ],
      },
      { role: "developer", parts: [{ text: "later" }] },
    ]);
  });

  test("images, files and audio in all their forms", () => {
    const request = withItems(
      user(
        { type: "input_image", image_url: "data:image/png;base64,QUJD", detail: "low" },
        { type: "input_image", image_url: "https://a.example/x.png" },
        { type: "input_image", file_id: "file_1", detail: "auto" },
        { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,QUJD" },
        { type: "input_file", file_data: "QUJD" },
        { type: "input_file", file_url: "https://a.example/x.pdf" },
        { type: "input_file", file_id: "file_2" },
        { type: "input_audio", input_audio: { data: "QUJD", format: "mp3" } },
      ),
    );
    expect(request.turns[0]?.parts).toMatchObject([
      {
        type: "media",
        kind: "image",
        source: { kind: "inline", mediaType: "image/png", base64: "QUJD" },
        detail: "low",
      },
      { source: { kind: "url", url: "https://a.example/x.png" } },
      { source: { kind: "file", id: "file_1", origin: "openai-responses" } },
      { kind: "document", filename: "a.pdf", source: { mediaType: "application/pdf" } },
      { kind: "document", source: { mediaType: "application/pdf", base64: "QUJD" } },
      { kind: "document", source: { kind: "url" } },
      { kind: "document", source: { kind: "file", id: "file_2" } },
      { kind: "audio", source: { mediaType: "audio/mpeg" } },
    ]);
  });

  test("calls and their outputs, as text and as parts", () => {
    const request = withItems(
      { role: "user", content: "go" },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "look", arguments: '{"a":1}', namespace: "ns" },
      { type: "custom_tool_call", call_id: "call_2", name: "run", input: "free text" },
      { type: "function_call_output", call_id: "call_1", output: "fine" },
      {
        type: "custom_tool_call_output",
        call_id: "call_2",
        output: [
          { type: "input_text", text: "t" },
          { type: "input_image", image_url: "data:image/png;base64,QUJD" },
        ],
      },
    );
    expect(request.turns.slice(1).flatMap((turn) => turn.parts)).toMatchObject([
      {
        type: "tool-call",
        kind: "function",
        id: "call_1",
        name: "look",
        arguments: '{"a":1}',
        namespace: "ns",
        itemId: "fc_1",
      },
      { type: "tool-call", kind: "custom", id: "call_2", arguments: "free text" },
      {
        type: "tool-result",
        toolId: "call_1",
        name: "look",
        content: [{ type: "text", text: "fine" }],
        isError: false,
      },
      {
        type: "tool-result",
        toolId: "call_2",
        name: "run",
        kind: "custom",
        content: [{ type: "text" }, { type: "media" }],
      },
    ]);
  });

  test("an id may be used again once its call has been answered", () => {
    const call = { type: "function_call", call_id: "call_0", name: "f", arguments: "{}" };
    const output = { type: "function_call_output", call_id: "call_0", output: "x" };
    expect(withItems(user({ type: "input_text", text: "q" }), call, output, call, output).turns).toHaveLength(5);
  });

  test.each([
    "item_reference",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "computer_call",
    "computer_call_output",
    "image_generation_call",
    "local_shell_call",
    "shell_call_output",
    "apply_patch_call",
    "mcp_list_tools",
    "mcp_approval_response",
    "tool_search_output",
    "compaction",
    "something_new",
  ])("%s stays as it is", (type) => {
    const item = { type, id: "x_1", more: { a: [1] } };
    expect(withItems(user({ type: "input_text", text: "q" }), item).turns[1]?.parts).toEqual([
      { type: "native", path: "input[1]", native: { origin: "openai-responses", value: item } },
    ]);
  });

  test("cache breakpoints are cache marks, citations are kept", () => {
    const url = { type: "url_citation", url: "https://a.example/", title: "A", start_index: 0, end_index: 1 };
    const request = withItems(
      user({ type: "input_text", text: "q", prompt_cache_breakpoint: { mode: "explicit", ttl: "12h" } }),
      { role: "assistant", content: [{ type: "output_text", text: "a", annotations: [url] }] },
    );
    expect(request.turns.flatMap((turn) => turn.parts)).toMatchObject([
      { cache: { ttl: "1h" } },
      { citations: [{ kind: "url", native: { value: url } }] },
    ]);
  });
});

describe("parameters", () => {
  test("each has its place", () => {
    const request = decode({
      stream: true,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 3,
      service_tier: "flex",
      prompt_cache_key: "k",
      user: "u",
      metadata: { a: "b" },
      reasoning: { effort: "high", summary: "detailed", context: "all_turns" },
      text: { verbosity: "low", format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true } },
      parallel_tool_calls: false,
      context_management: [{ type: "compaction" }],
      truncation: "auto",
      include: ["reasoning.encrypted_content", "file_search_call.results"],
      max_tool_calls: 3,
      client_metadata: { session: "s" },
      something_new: { a: 1 },
    });
    expect(request).toMatchObject({
      stream: true,
      maxOutput: 100,
      sampling: { temperature: 0.5, topP: 0.9 },
      logprobs: { top: 3 },
      serviceTier: "flex",
      promptCacheKey: "k",
      user: "u",
      metadata: { a: "b" },
      reasoning: { mode: "on", effort: "high", display: "detailed" },
      verbosity: "low",
      output: { kind: "schema", name: "n", strict: true },
      toolChoice: { mode: "auto", names: [], parallel: false },
      contextManagement: { origin: "openai-responses" },
    });
    expect(request.extras.fields).toEqual({
      max_tool_calls: 3,
      client_metadata: { session: "s" },
      something_new: { a: 1 },
      include: ["file_search_call.results"],
      truncation: "auto",
      reasoning: { context: "all_turns" },
    });
  });

  test("what asks for what happens anyway is no extra", () => {
    const request = decode({
      store: false,
      background: false,
      truncation: "disabled",
      include: ["reasoning.encrypted_content"],
      stream_options: { include_obfuscation: false },
      previous_response_id: null,
      max_tool_calls: null,
    });
    expect(request.extras.fields).toEqual({});
  });

  test("Codex's body", () => {
    const request = decode({
      instructions: "You are Codex",
      input: [
        { type: "message", role: "developer", content: [{ type: "input_text", text: "rules" }] },
        { type: "message", role: "user", content: [{ type: "input_text", text: "fix it" }] },
      ],
      tools: [
        { type: "function", name: "shell", strict: false, parameters: { type: "object", properties: {} } },
        {
          type: "custom",
          name: "apply_patch",
          description: "d",
          format: { type: "grammar", syntax: "lark", definition: "start: /x/" },
        },
        { type: "tool_search" },
        { type: "web_search" },
      ],
      tool_choice: "auto",
      parallel_tool_calls: true,
      reasoning: { effort: "medium", summary: "auto" },
      store: false,
      stream: true,
      include: ["reasoning.encrypted_content"],
      prompt_cache_key: "k",
      text: { verbosity: "low" },
      client_metadata: { x: "y" },
    });
    expect(request.tools).toMatchObject([
      { kind: "function", name: "shell", strict: false },
      { kind: "custom", name: "apply_patch", native: { value: { type: "grammar" } } },
      { kind: "server", name: "tool_search" },
      { kind: "server", name: "web_search" },
    ]);
  });

  const tools: JsonValue = [{ type: "function", name: "f" }, { type: "custom", name: "c" }, { type: "web_search" }];
  test.each([
    ["auto", { mode: "auto", names: [] }],
    ["none", { mode: "none", names: [] }],
    ["required", { mode: "required", names: [] }],
    [
      { type: "function", name: "f" },
      { mode: "named", names: ["f"] },
    ],
    [
      { type: "custom", name: "c" },
      { mode: "named", names: ["c"] },
    ],
    [
      {
        type: "allowed_tools",
        mode: "required",
        tools: [
          { type: "function", name: "f" },
          { type: "custom", name: "c" },
        ],
      },
      { mode: "required", names: ["f", "c"] },
    ],
    [{ type: "web_search" }, { mode: "named", names: ["web_search"] }],
    [
      { type: "mcp", server_label: "s", name: "t" },
      { mode: "named", names: ["mcp"] },
    ],
  ] as [JsonValue, object][])("tool_choice %j", (choice, expected) => {
    expect(decode({ tools, tool_choice: choice }).toolChoice).toMatchObject(expected);
  });

  test("functions of a namespace are tools that remember it", () => {
    const request = decode({
      tools: [
        {
          type: "namespace",
          name: "ns",
          description: "d",
          tools: [
            { type: "function", name: "a", defer_loading: true },
            { type: "custom", name: "b" },
          ],
        },
      ],
    });
    expect(request.tools).toMatchObject([
      {
        kind: "function",
        name: "a",
        path: "tools[0].tools[0]",
        extras: { defer_loading: true, namespace: { name: "ns", description: "d" } },
      },
      { kind: "custom", name: "b" },
    ]);
  });
});

describe("mistakes name their place", () => {
  const message = (part: JsonObject): JsonObject => ({
    input: [
      { role: "user", content: "q" },
      { role: "user", content: [part] },
    ],
  });
  const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" };
  test.each([
    ["input", { input: 3 }],
    ["input", { input: [] }],
    ["input[0]", { input: ["x"] }],
    ["input[0].type", { input: [{ content: "x" }] }],
    ["input[0].role", { input: [{ role: "robot", content: "x" }] }],
    ["input[0].content", { input: [{ role: "user" }] }],
    ["input[1].content[0].text", message({ type: "input_text", text: 5 })],
    ["input[1].content[0].type", message({})],
    ["input[1].content[0].image_url", message({ type: "input_image" })],
    ["input[1].content[0].image_url", message({ type: "input_image", image_url: "ftp://a/b" })],
    ["input[1].content[0].image_url", message({ type: "input_image", image_url: "data:text/html;base64,QUJD" })],
    ["input[1].content[0].image_url", message({ type: "input_image", image_url: "data:image/png;base64,@@@" })],
    ["input[1].content[0].image_url", message({ type: "input_image", image_url: "data:image/png,plain" })],
    ["input[1].content[0].file_data", message({ type: "input_file", file_data: "%%%" })],
    ["input[1].content[0]", message({ type: "input_file" })],
    ["input[1].content[0].input_audio.data", message({ type: "input_audio", input_audio: { format: "wav" } })],
    ["input[0].call_id", { input: [{ type: "function_call", name: "f", arguments: "{}" }] }],
    ["input[0].call_id", { input: [{ type: "function_call_output", call_id: "c", output: "x" }] }],
    ["input[0].call_id", { input: [call] }],
    ["input[1].call_id", { input: [call, call] }],
    ["input[0].arguments", { input: [{ type: "function_call", call_id: "c", name: "f", arguments: {} }] }],
    ["input[0].summary[0].text", { input: [{ type: "reasoning", summary: [{}] }] }],
    ["tools", { tools: {} }],
    ["tools[0].type", { tools: [{ name: "f" }] }],
    ["tools[0].name", { tools: [{ type: "function" }] }],
    ["tools[0].strict", { tools: [{ type: "function", name: "f", strict: "yes" }] }],
    [
      "tools[0].format.syntax",
      { tools: [{ type: "custom", name: "c", format: { type: "grammar", syntax: "bnf", definition: "x" } }] },
    ],
    ["tool_choice", { tool_choice: "maybe" }],
    ["tool_choice.name", { tool_choice: { type: "function", name: "ghost" } }],
    ["text.format.type", { text: { format: {} } }],
    ["text.format.schema", { text: { format: { type: "json_schema", name: "n" } } }],
    ["text.verbosity", { text: { verbosity: "loud" } }],
    ["reasoning.effort", { reasoning: { effort: "heroic" } }],
    ["temperature", { temperature: 3 }],
    ["max_output_tokens", { max_output_tokens: 0 }],
    ["max_output_tokens", { max_output_tokens: 1.5 }],
    ["stream", { stream: "yes" }],
    ["include[0]", { include: [1] }],
    ["metadata", { metadata: [] }],
    ["model", { model: "" }],
  ] as [string, JsonObject][])("%s in %j", (param, fields) => {
    expect(() => decode(fields)).toThrow(expect.objectContaining({ status: 400, code: "invalid_request", param }));
  });

  test.each([
    ["input[1].content[0].type", message({ type: "hologram" })],
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["conversation", { conversation: "conv_1" }],
    ["prompt", { prompt: { id: "p" } }],
    ["background", { background: true }],
  ] as [string, JsonObject][])("%s is not supported", (param, fields) => {
    expect(() => decode(fields)).toThrow(expect.objectContaining({ status: 400, code: "unsupported_feature", param }));
  });
});
