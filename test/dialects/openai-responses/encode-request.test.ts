import { describe, expect, test } from "bun:test";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { GenerateRequest, Part, Tool, Turn } from "../../../src/ir/request.ts";
import { DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { decodeRequest, targetFacts } from "./support.ts";

/** A request as a client of the chat dialect makes it. */
function request(change: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    origin: "openai-chat",
    model: "m",
    stream: false,
    system: [],
    turns: [turn("user", { type: "text", text: "q", path: "messages[0].content" })],
    tools: [],
    toolChoice: null,
    output: { kind: "text" },
    sampling: {},
    maxOutput: null,
    stop: [],
    n: 1,
    reasoning: null,
    logprobs: null,
    serviceTier: null,
    includeUsage: false,
    extras: { origin: "openai-chat", fields: {} },
    ...change,
  };
}
const turn = (role: Turn["role"], ...parts: Part[]): Turn => ({ role, parts, path: "messages[0]" });
const tool = (change: Partial<Tool> = {}): Tool => ({
  kind: "function",
  name: "f",
  path: "tools[0]",
  schema: { type: "object", properties: {} },
  ...change,
});

function encode(
  change: Partial<GenerateRequest>,
  facts: Partial<TargetFacts> = {},
): { body: JsonObject; lost: string[] } {
  const { body, losses } = openaiResponses.encodeRequest(
    request(change),
    targetFacts({ capabilities: new Set(), ...facts }),
  );
  expect(losses.every((loss) => loss.side === "request")).toBe(true);
  return { body, lost: losses.map((loss) => loss.field) };
}

test("the least there is: model, input, and nothing stored", () => {
  expect(encode({}).body).toEqual({
    model: "gpt-5",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "q" }] }],
    store: false,
  });
  expect(openaiResponses.encodeRequest(request(), targetFacts()).path).toBe("/responses");
});

describe("conversation", () => {
  test("text instructions are one string, others a developer message", () => {
    const texts: Part[] = [
      { type: "text", text: "a", path: "p" },
      { type: "text", text: "b", path: "p" },
    ];
    expect(encode({ system: texts }).body["instructions"]).toBe("a\n\nb");
    const image: Part = {
      type: "media",
      kind: "image",
      source: { kind: "url", url: "https://a.example/x" },
      path: "p",
    };
    const body = encode({ system: [...texts, image] }).body;
    expect(body["instructions"]).toBeUndefined();
    expect((body["input"] as JsonObject[])[0]).toMatchObject({
      role: "developer",
      content: [{ text: "a" }, { text: "b" }, { type: "input_image" }],
    });
  });

  test("what the assistant said, thought and called are items in their order", () => {
    const { body, lost } = encode({
      turns: [
        turn(
          "assistant",
          { type: "reasoning", form: "full", text: "hm", path: "r" },
          { type: "text", text: "one", path: "t" },
          { type: "tool-call", kind: "function", id: "c1", name: "f", arguments: "", path: "c" },
          { type: "tool-call", kind: "custom", id: "c2", name: "g", arguments: "free", path: "c" },
          { type: "text", text: "two", path: "t", phase: "final_answer" },
        ),
        turn(
          "user",
          {
            type: "tool-result",
            toolId: "c1",
            name: "f",
            kind: "function",
            content: [{ type: "text", text: "bad", path: "x" }],
            isError: true,
            path: "res",
          },
          {
            type: "tool-result",
            toolId: "c2",
            name: "g",
            kind: "custom",
            content: [
              { type: "text", text: "t", path: "x" },
              {
                type: "media",
                kind: "image",
                source: { kind: "inline", mediaType: "image/png", base64: "QUI=" },
                path: "x",
              },
            ],
            isError: false,
            path: "res",
          },
        ),
      ],
    });
    expect(body["input"]).toEqual([
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "one" }] },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "custom_tool_call", call_id: "c2", name: "g", input: "free" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "two" }], phase: "final_answer" },
      { type: "function_call_output", call_id: "c1", output: "bad" },
      {
        type: "custom_tool_call_output",
        call_id: "c2",
        output: [
          { type: "input_text", text: "t" },
          { type: "input_image", image_url: "data:image/png;base64,QUI=", detail: "auto" },
        ],
      },
    ]);
    expect(lost).toEqual(["r", "res.is_error"]);
  });

  test("ids that are too long become the same short one in call and result", () => {
    const id = `call_${"x".repeat(100)}`;
    const { body } = encode({
      turns: [
        turn("assistant", { type: "tool-call", kind: "function", id, name: "f", arguments: "{}", path: "c" }),
        turn("user", {
          type: "tool-result",
          toolId: id,
          name: "f",
          kind: "function",
          content: [],
          isError: false,
          path: "r",
        }),
      ],
    });
    const [call, result] = body["input"] as JsonObject[];
    expect(String(call?.["call_id"]).length).toBeLessThanOrEqual(64);
    expect(result).toEqual({ type: "function_call_output", call_id: call?.["call_id"] ?? "", output: "" });
  });

  test("a longer conversation begins with the bytes of the shorter one", () => {
    const turns = [
      turn("user", { type: "text", text: "q", path: "a" }),
      turn("assistant", { type: "text", text: "a", path: "b" }),
      turn("user", { type: "text", text: "r", path: "c" }),
    ];
    const short = JSON.stringify(encode({ turns: turns.slice(0, 1) }).body["input"]);
    const long = JSON.stringify(encode({ turns }).body["input"]);
    expect(long.startsWith(short.slice(0, -1))).toBe(true);
  });

  test.each([
    ["video", { kind: "video", source: { kind: "url", url: "https://a/b" } }],
    ["audio by URL", { kind: "audio", source: { kind: "url", url: "https://a/b" } }],
    [
      "a file of another provider",
      { kind: "document", source: { kind: "file", id: "f", origin: "gemini", realm: "google" } },
    ],
  ] as [string, Partial<Extract<Part, { type: "media" }>>][])("%s is lost and said to be", (_name, media) => {
    const part = { type: "media", path: "here", ...media } as Part;
    expect(encode({ turns: [turn("user", part)] })).toEqual({
      body: expect.objectContaining({ input: [] }),
      lost: ["here"],
    });
  });

  test("documents as text, as data without a name, by URL", () => {
    const document = (change: object): Part =>
      ({
        type: "media",
        kind: "document",
        path: "d",
        source: { kind: "inline", mediaType: "application/pdf", base64: "QUI=" },
        ...change,
      }) as Part;
    const { body } = encode({
      turns: [
        turn(
          "user",
          document({}),
          document({ text: "whole", title: "T" }),
          document({ source: { kind: "url", url: "https://a/b" } }),
        ),
      ],
    });
    expect((body["input"] as { content: JsonObject[] }[])[0]?.content).toEqual([
      { type: "input_file", filename: "file.pdf", file_data: "data:application/pdf;base64,QUI=" },
      { type: "input_text", text: "T\n\nwhole" },
      { type: "input_file", file_url: "https://a/b" },
    ]);
  });
});

describe("tools", () => {
  test("a function of another dialect is not strict unless it says so", () => {
    expect(encode({ tools: [tool()] }).body["tools"]).toEqual([
      { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false },
    ]);
    const own = decodeRequest({ input: "x", tools: [{ type: "function", name: "f" }] });
    expect(openaiResponses.encodeRequest(own, targetFacts()).body["tools"]).toEqual([
      { type: "function", name: "f", parameters: { type: "object", properties: {} } },
    ]);
  });

  test("a strict schema outside the strict subset is sent as a guide", () => {
    const schema = { type: "object", properties: { a: { type: "string" } } };
    const { body, lost } = encode({ tools: [tool({ schema, strict: true })] });
    expect((body["tools"] as JsonObject[])[0]).toMatchObject({ strict: false, parameters: schema });
    expect(lost).toEqual(["tools[0].strict"]);
    const closed = { ...schema, required: ["a"], additionalProperties: false };
    expect(encode({ tools: [tool({ schema: closed, strict: true })] }).lost).toEqual([]);
  });

  test("custom tools keep their grammar, in whichever dialect it was written", () => {
    const chat = { type: "grammar", grammar: { syntax: "regex", definition: "x+" } };
    const { body } = encode({
      tools: [{ kind: "custom", name: "c", path: "t", native: { origin: "openai-chat", value: chat } }],
    });
    expect(body["tools"]).toEqual([
      { type: "custom", name: "c", format: { type: "grammar", syntax: "regex", definition: "x+" } },
    ]);
  });

  test("namespaces are put together again", () => {
    const tools = [
      {
        type: "namespace",
        name: "ns",
        description: "d",
        tools: [
          { type: "function", name: "a", parameters: { type: "object", properties: {} } },
          { type: "custom", name: "b" },
        ],
      },
      { type: "web_search" },
    ];
    expect(openaiResponses.encodeRequest(decodeRequest({ input: "x", tools }), targetFacts()).body["tools"]).toEqual(
      tools,
    );
  });

  test("hosted tools of another provider are lost", () => {
    const { body, lost } = encode({
      tools: [{ kind: "server", name: "google_search", path: "tools[0]", native: { origin: "gemini", value: {} } }],
    });
    expect([body["tools"], lost]).toEqual([undefined, ["tools[0]"]]);
  });

  test.each([
    [
      { mode: "required", names: [], parallel: false },
      { tool_choice: "required", parallel_tool_calls: false },
    ],
    [{ mode: "named", names: ["c"], parallel: null }, { tool_choice: { type: "custom", name: "c" } }],
    [
      { mode: "auto", names: ["f", "c"], parallel: null },
      {
        tool_choice: {
          type: "allowed_tools",
          mode: "auto",
          tools: [
            { type: "function", name: "f" },
            { type: "custom", name: "c" },
          ],
        },
      },
    ],
    [{ mode: "none", names: [], parallel: null }, { tool_choice: "none" }],
  ] as [NonNullable<GenerateRequest["toolChoice"]>, object][])("choice %j", (toolChoice, expected) => {
    expect(encode({ tools: [tool(), tool({ kind: "custom", name: "c" })], toolChoice }).body).toMatchObject(expected);
  });

  test("a choice of something hosted goes back as it came", () => {
    const choice = { type: "mcp", server_label: "s" };
    const own = decodeRequest({ input: "x", tools: [{ type: "mcp", server_label: "s" }], tool_choice: choice });
    expect(openaiResponses.encodeRequest(own, targetFacts()).body["tool_choice"]).toEqual(choice);
  });
});

describe("parameters", () => {
  test("all that the API knows", () => {
    const { body, lost } = encode(
      {
        stream: true,
        maxOutput: 100,
        sampling: { temperature: 1, topP: 0.5 },
        output: { kind: "schema", name: "bad name!", schema: { type: "object" }, strict: null, description: "d" },
        reasoning: { mode: "on", effort: "high", display: "summary" },
        verbosity: "low",
        logprobs: { top: 2 },
        serviceTier: "flex",
        promptCacheKey: "k",
        user: "u",
        metadata: { a: "b" },
      },
      { capabilities: new Set(["reasoning"]) },
    );
    expect(body).toMatchObject({
      stream: true,
      max_output_tokens: 100,
      temperature: 1,
      top_p: 0.5,
      text: { verbosity: "low", format: { type: "json_schema", schema: { type: "object" }, description: "d" } },
      reasoning: { effort: "high", summary: "auto" },
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      top_logprobs: 2,
      service_tier: "flex",
      prompt_cache_key: "k",
      user: "u",
      metadata: { a: "b" },
    });
    expect(lost).toEqual(["text.format.name"]);
  });

  test("what it has no word for is lost, each under its name", () => {
    const { lost } = encode({
      stop: ["x"],
      n: 2,
      sampling: { topK: 1, seed: 2, frequencyPenalty: 0.1, presencePenalty: 0.1 },
      logitBias: { "1": 2 },
      modalities: ["text", "audio"],
      audio: { voice: "a" },
      prediction: "p",
      contextManagement: { origin: "anthropic-messages", value: {} },
      extras: { origin: "openai-chat", fields: { web_search_options: {} } },
    });
    expect(lost.toSorted()).toEqual([
      "audio",
      "context_management",
      "frequency_penalty",
      "logit_bias",
      "modalities",
      "n",
      "prediction",
      "presence_penalty",
      "seed",
      "stop",
      "top_k",
      "web_search_options",
    ]);
  });

  test("flags of the model and the provider decide, not names", () => {
    const flags = { sampling: false, thinking: null, prefill: true, maxTokensField: null };
    const compat = {
      ...DEFAULT_COMPAT,
      refuses: ["metadata"],
      json_schema: false,
      strict_tools: false,
      parallel_tool_calls: false,
    };
    const { body, lost } = encode(
      {
        sampling: { temperature: 1 },
        metadata: { a: 1 },
        output: { kind: "schema", name: "n", schema: {}, strict: true },
        tools: [tool({ strict: true })],
        toolChoice: { mode: "auto", names: [], parallel: false },
      },
      { flags, compat },
    );
    expect(body["temperature"]).toBeUndefined();
    expect(body["metadata"]).toBeUndefined();
    expect(body["text"]).toEqual({ format: { type: "json_object" } });
    expect(lost.toSorted()).toEqual([
      "metadata",
      "parallel_tool_calls",
      "temperature",
      "text.format",
      "tools[0].strict",
    ]);
  });

  test.each([
    [{ mode: "off" }, { effort: "none" }, 0],
    [{ mode: "on", budget: 8000 }, { effort: "medium" }, 1],
    [{ mode: "on", budget: -1 }, undefined, 0],
    [{ mode: "adaptive", effort: "max", display: "none" }, { effort: "max" }, 0],
  ] as [NonNullable<GenerateRequest["reasoning"]>, JsonObject | undefined, number][])(
    "reasoning %j",
    (reasoning, expected, losses) => {
      const { body, lost } = encode({ reasoning }, { capabilities: new Set(["reasoning"]) });
      expect(body["reasoning"]).toEqual(expected as JsonObject);
      expect(lost).toHaveLength(losses);
    },
  );

  test("a model that does not reason is not asked to", () => {
    const { body, lost } = encode({ reasoning: { mode: "on", effort: "low" } });
    expect([body["reasoning"], body["include"], lost]).toEqual([undefined, undefined, ["reasoning"]]);
  });

  test.each([
    [5, null, 16],
    [500, 200, 200],
    [100, 200, 100],
  ])("a cap of %d with a limit of %p is %d", (maxOutput, limit, expected) => {
    const { body, lost } = encode({ maxOutput }, { maxOutput: limit });
    expect(body["max_output_tokens"]).toBe(expected);
    expect(lost).toEqual(expected === maxOutput ? [] : ["max_output_tokens"]);
  });

  test("fields of this dialect come back to it, those of others don't", () => {
    const own = decodeRequest({
      input: "x",
      max_tool_calls: 3,
      reasoning: { effort: "low", mode: "pro" },
      context_management: [{ type: "compaction" }],
      include: ["web_search_call.results"],
    });
    const { body, losses } = openaiResponses.encodeRequest(own, targetFacts());
    expect(body).toMatchObject({
      max_tool_calls: 3,
      reasoning: { effort: "low", mode: "pro" },
      context_management: [{ type: "compaction" }],
      include: ["web_search_call.results", "reasoning.encrypted_content"],
    });
    expect(losses).toEqual([]);
  });
});
