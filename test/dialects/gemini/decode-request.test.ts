import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { GenerateRequest, Part } from "../../../src/ir/request.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { requestContext, route, scan } from "./support.ts";

const decode = (body: JsonObject): GenerateRequest => gemini.decodeRequest(body, requestContext);
const contents = (...parts: JsonValue[]): JsonObject => ({ contents: [{ role: "user", parts }] });
const partsOf = (...parts: JsonValue[]): Part[] => decode(contents(...parts)).turns[0]?.parts ?? [];

function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("fields", () => {
  const camel: JsonObject = {
    contents: [
      { role: "user", parts: [{ text: "hi" }, { inlineData: { mimeType: "image/png", data: "_-8=" } }] },
      { role: "model", parts: [{ functionCall: { name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "ok" } } }] },
    ],
    systemInstruction: { parts: [{ text: "be brief" }] },
    tools: [
      {
        functionDeclarations: [
          { name: "f", parameters: { type: "OBJECT", properties: { a: { type: "INTEGER", nullable: true } } } },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
    generationConfig: {
      temperature: 0.5,
      topP: 0.9,
      topK: "40",
      maxOutputTokens: "100",
      stopSequences: ["x"],
      candidateCount: 2,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      responseMimeType: "application/json",
      responseSchema: {
        type: "OBJECT",
        properties: { n: { type: "ARRAY", minItems: "2", items: { type: "STRING" } } },
      },
      responseLogprobs: true,
      logprobs: 3,
      responseModalities: ["TEXT", "IMAGE"],
      thinkingConfig: { includeThoughts: true, thinkingBudget: 512 },
      speechConfig: { languageCode: "de" },
    },
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
    cachedContent: "cachedContents/1",
    labels: { team: "a" },
    serviceTier: "flex",
  };
  const snake = JSON.parse(
    JSON.stringify(camel).replace(
      /"([a-z]+(?:[A-Z][a-z]+)+)":/g,
      (_all, name: string) => `"${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`,
    ),
  ) as JsonObject;

  test("camelCase", () => {
    const request = decode(camel);
    expect(request).toMatchObject({
      origin: "gemini",
      stream: true,
      model: "gemini-2.5-flash",
      system: [{ type: "text", text: "be brief" }],
      sampling: { temperature: 0.5, topP: 0.9, topK: 40, seed: 7, presencePenalty: 0.1, frequencyPenalty: 0.2 },
      maxOutput: 100,
      stop: ["x"],
      n: 2,
      logprobs: { top: 3 },
      modalities: ["text", "image"],
      reasoning: { mode: "on", budget: 512, display: "summary" },
      toolChoice: { mode: "named", names: ["f"], parallel: null },
      serviceTier: "flex",
      output: {
        kind: "schema",
        schema: { type: "object", properties: { n: { type: "array", minItems: 2, items: { type: "string" } } } },
      },
    });
    expect(request.tools[0]?.schema).toEqual({ type: "object", properties: { a: { type: ["integer", "null"] } } });
    expect(request.turns[0]?.parts[1]).toMatchObject({ type: "media", kind: "image", source: { base64: "/+8=" } });
    expect(request.turns[1]?.parts[0]).toMatchObject({ seal: { value: "c2ln", origin: "gemini", realm: "google" } });
    expect(request.extras.fields).toEqual({
      cachedContent: "cachedContents/1",
      labels: { team: "a" },
      generationConfig: { speechConfig: { languageCode: "de" } },
    });
  });

  test("snake_case says the same", () => {
    const strip = (request: GenerateRequest): unknown => {
      const { extras: _extras, ...rest } = request;
      return JSON.parse(JSON.stringify(rest, (key, value: unknown) => (key === "path" ? undefined : value)));
    };
    expect(strip(decode(snake))).toEqual(strip(decode(camel)));
    expect(gemini.hints(scan(snake), route).maxOutput).toBe(100);
  });

  test("null is unset", () => {
    const request = decode({
      ...contents({ text: "x", thought: null }),
      tools: null,
      systemInstruction: null,
      generationConfig: null,
    });
    expect(request.tools).toEqual([]);
    expect(
      decode({ ...contents({ text: "x" }), tools: [{ codeExecution: null, googleSearch: {} }] }).tools,
    ).toHaveLength(1);
  });

  test("thinking: levels, off, dynamic", () => {
    const reasoning = (thinkingConfig: JsonObject) =>
      decode({ ...contents({ text: "x" }), generationConfig: { thinkingConfig } }).reasoning;
    expect(reasoning({ thinkingLevel: "HIGH" })).toEqual({ mode: "on", effort: "high" });
    expect(reasoning({ thinkingLevel: "minimal", includeThoughts: false })).toEqual({
      mode: "on",
      effort: "minimal",
      display: "none",
    });
    expect(reasoning({ thinkingBudget: 0 })).toEqual({ mode: "off", budget: 0 });
    expect(reasoning({ thinkingBudget: -1 })).toEqual({ mode: "adaptive", budget: -1 });
    expect(reasoning({ includeThoughts: true })).toEqual({ mode: "adaptive", display: "summary" });
    expect(reasoning({})).toBeNull();
  });

  test("hosted tools by their common name, unknown ones by their field", () => {
    const tools = [{ google_search: {} }, { codeExecution: {} }, { urlContext: {} }, { newTool: { a: 1 } }];
    const request = decode({ ...contents({ text: "x" }), tools });
    expect(request.tools.map((tool) => [tool.kind, tool.name])).toEqual([
      ["server", "web_search"],
      ["server", "code_execution"],
      ["server", "url_context"],
      ["server", "newTool"],
    ]);
    expect(gemini.hints(scan({ ...contents({ text: "x" }), tools }), route).priceFields).toEqual([
      { field: "tools[0].google_search", kind: "server_tool", value: "web_search" },
      { field: "tools[1].codeExecution", kind: "server_tool", value: "code_execution" },
      { field: "tools[2].urlContext", kind: "server_tool", value: "url_context" },
      { field: "tools[3].newTool", kind: "unknown_tool", value: "newTool" },
    ]);
  });

  test("tool choice in all modes", () => {
    const choice = (functionCallingConfig: JsonObject) =>
      decode({ ...contents({ text: "x" }), toolConfig: { functionCallingConfig } }).toolChoice;
    expect(choice({ mode: "AUTO" })?.mode).toBe("auto");
    expect(choice({ mode: 2 })?.mode).toBe("required");
    expect(choice({ mode: "any", allowedFunctionNames: ["a", "b"] })).toEqual({
      mode: "required",
      names: ["a", "b"],
      parallel: null,
    });
    expect(choice({ mode: "NONE" })?.mode).toBe("none");
    expect(choice({ mode: "VALIDATED" })?.mode).toBe("validated");
  });
});

describe("parts", () => {
  test("media by type, provider files and URLs apart", () => {
    const file = (fileUri: string, mimeType?: string): JsonValue => ({
      fileData: { fileUri, ...(mimeType ? { mimeType } : {}) },
    });
    expect(
      partsOf(
        file("https://generativelanguage.googleapis.com/v1beta/files/abc", "application/pdf"),
        file("gs://bucket/a.mp3", "audio/mp3"),
        file("https://example.com/a.png?x=1"),
        file("https://www.youtube.com/watch?v=1"),
      ),
    ).toMatchObject([
      { kind: "document", source: { kind: "file", origin: "gemini" } },
      { kind: "audio", source: { kind: "file" } },
      { kind: "image", source: { kind: "url", url: "https://example.com/a.png?x=1" } },
      { kind: "video", source: { kind: "url" } },
    ]);
  });

  test("media resolution, video metadata", () => {
    const blob = { inlineData: { mimeType: "video/mp4", data: "AAAA" } };
    expect(
      partsOf({ ...blob, mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" }, videoMetadata: { fps: 2 } }),
    ).toMatchObject([{ kind: "video", detail: "high", extras: { videoMetadata: { fps: 2 } } }]);
  });

  test("code execution, hosted tool calls and unknown parts stay native", () => {
    const list = [
      { executableCode: { language: "PYTHON", code: "1" } },
      { toolCall: { id: "1", toolType: "URL_CONTEXT" } },
      { brandNew: 1 },
    ];
    expect(partsOf(...list)).toMatchObject(
      list.map((value) => ({ type: "native", native: { origin: "gemini", value } })),
    );
  });
});

describe("function calls and responses", () => {
  const call = (name: string, args: JsonObject = {}, id?: string): JsonValue => ({
    functionCall: { name, args, ...(id ? { id } : {}) },
  });
  const response = (name: string, output: string, id?: string): JsonValue => ({
    functionResponse: { name, response: { output }, ...(id ? { id } : {}) },
  });
  const pairs = (request: GenerateRequest): string[] =>
    request.turns.flatMap((turn) =>
      turn.parts.flatMap((part) =>
        part.type === "tool-call"
          ? [`${part.name}=${part.id}`]
          : part.type === "tool-result"
            ? [`${part.name}<${part.toolId}`]
            : [],
      ),
    );
  const model = (...parts: JsonValue[]): JsonValue => ({ role: "model", parts });
  const user = (...parts: JsonValue[]): JsonValue => ({ role: "user", parts });

  test("ids of the client are kept", () => {
    const body = {
      contents: [
        user({ text: "x" }),
        model(call("f", {}, "a"), call("f", {}, "b")),
        user(response("f", "2", "b"), response("f", "1", "a")),
      ],
    };
    expect(pairs(decode(body))).toEqual(["f=a", "f=b", "f<b", "f<a"]);
  });

  test("without ids by name and order; the ids depend on place and content only", () => {
    const turns = [
      user({ text: "x" }),
      model(call("f", { n: 1 }), call("g"), call("f", { n: 2 })),
      user(response("g", "G"), response("f", "1"), response("f", "2")),
    ];
    const [f1, g, f2, rg, rf1, rf2] = pairs(decode({ contents: turns })).map((pair) => pair.slice(2));
    expect(new Set([f1, g, f2]).size).toBe(3);
    expect([rg, rf1, rf2]).toEqual([g, f1, f2]);
    const longer = decode({ contents: [...turns, model({ text: "ok" }), user({ text: "more" })] });
    expect(pairs(longer)).toEqual(pairs(decode({ contents: turns })));
    for (const id of [f1, g, f2]) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });

  test("a response by id to a call that came without one goes by name", () => {
    const request = decode({ contents: [user({ text: "x" }), model(call("f")), user(response("f", "1", "made-up"))] });
    const [made, answered] = pairs(request);
    expect(answered?.slice(2)).toBe(made?.slice(2) ?? "");
  });

  test("two calls of one answer with the same id are a 400 that names it; an empty id is none", () => {
    const asked = (...ids: string[]): JsonObject => ({
      contents: [
        { role: "model", parts: ids.map((id) => ({ functionCall: { id, name: "f", args: {} } })) },
        { role: "user", parts: ids.map((id) => ({ functionResponse: { id, name: "f", response: {} } })) },
      ],
    });
    expect(errorOf(() => decode(asked("1", "1")))).toMatchObject({
      status: 400,
      param: "contents[0].parts[1].functionCall.id",
    });
    const calls = decode(asked("", "")).turns[0]?.parts.map((part) => part.type === "tool-call" && part.id);
    expect(new Set(calls).size).toBe(2);
  });

  test("a response without a call is a 400 that names the part", () => {
    const error = errorOf(() => decode({ contents: [user(response("f", "1"))] }));
    expect([error.status, error.param]).toEqual([400, "contents[0].parts[0]"]);
  });

  test("output, error, whole objects, media", () => {
    const result = (functionResponse: JsonObject): JsonValue => {
      const request = decode({
        contents: [
          user({ text: "x" }),
          model(call("f")),
          { role: "function", parts: [{ functionResponse: { name: "f", ...functionResponse } }] },
        ],
      });
      const part = request.turns[2]?.parts[0];
      if (part?.type !== "tool-result") throw new Error("no result");
      return [part.isError, ...part.content.map((item) => (item.type === "text" ? item.text : item.type))];
    };
    expect(result({ response: { output: "plain" } })).toEqual([false, "plain"]);
    expect(result({ response: { output: { a: 1 } } })).toEqual([false, '{"a":1}']);
    expect(result({ response: { error: "boom" } })).toEqual([true, "boom"]);
    expect(result({ response: { result: "rainy" } })).toEqual([false, '{"result":"rainy"}']);
    expect(
      result({ response: { output: "see" }, parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] }),
    ).toEqual([false, "see", "media"]);
    expect(result({ parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] })).toEqual([false, "media"]);
  });

  test("chunks of one streamed answer, kept by an SDK chat as contents of their own, are one turn again", () => {
    const request = decode({
      contents: [
        user({ text: "x" }),
        model({ text: "I th", thought: true }),
        model({ text: "ink", thought: true }),
        model({ text: "", thought: true, thoughtSignature: "c2ln" }),
        model({ text: "Hel" }),
        model({ text: "lo" }),
        model({ text: "" }),
        user({ text: "y" }),
      ],
    });
    expect(request.turns).toHaveLength(3);
    expect(request.turns[1]?.parts).toMatchObject([
      { type: "reasoning", text: "I think", seal: { value: "c2ln" } },
      { type: "text", text: "Hello" },
    ]);
  });

  test("dummy signatures carry nothing and are no loss", () => {
    for (const thoughtSignature of ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"]) {
      const request = decode({
        contents: [user({ text: "x" }), model({ functionCall: { name: "f" }, thoughtSignature })],
      });
      expect(request.turns[1]?.parts[0]?.seal).toBeUndefined();
      expect(request.losses).toBeUndefined();
    }
  });
});

describe("errors name the path", () => {
  const blob = (data: string): JsonObject => contents({ text: "a" }, { inlineData: { mimeType: "image/png", data } });
  const cases: [string, JsonObject, string][] = [
    ["no contents", {}, "contents"],
    ["empty contents", { contents: [] }, "contents"],
    ["contents as text", { contents: "hi" }, "contents"],
    ["a content as text", { contents: ["hi"] }, "contents[0]"],
    ["an unknown role", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }, "contents[0].role"],
    ["parts as text", { contents: [{ parts: "x" }] }, "contents[0].parts"],
    ["text of the wrong type", contents({ text: 1 }), "contents[0].parts[0].text"],
    ["an empty part", contents({}), "contents[0].parts[0]"],
    ["base64 with a wrong character", blob("a b"), "contents[0].parts[1].inlineData.data"],
    ["base64 of a wrong length", blob("AAAAA"), "contents[0].parts[1].inlineData.data"],
    ["a data URL", blob("data:image/png;base64,AAAA"), "contents[0].parts[1].inlineData.data"],
    ["no media type", contents({ inlineData: { data: "AAAA" } }), "contents[0].parts[0].inlineData.mimeType"],
    ["no file URI", contents({ fileData: {} }), "contents[0].parts[0].fileData.fileUri"],
    [
      "a call without a name",
      { contents: [{ role: "model", parts: [{ functionCall: {} }] }] },
      "contents[0].parts[0].functionCall.name",
    ],
    [
      "args as text",
      { contents: [{ role: "model", parts: [{ functionCall: { name: "f", args: "x" } }] }] },
      "contents[0].parts[0].functionCall.args",
    ],
    [
      "temperature as text",
      { ...contents({ text: "x" }), generationConfig: { temperature: "warm" } },
      "generationConfig.temperature",
    ],
    [
      "half a token",
      { ...contents({ text: "x" }), generationConfig: { maxOutputTokens: 1.5 } },
      "generationConfig.maxOutputTokens",
    ],
    [
      "no tokens",
      { ...contents({ text: "x" }), generationConfig: { maxOutputTokens: 0 } },
      "generationConfig.maxOutputTokens",
    ],
    [
      "a stop that is no text",
      { ...contents({ text: "x" }), generationConfig: { stopSequences: [1] } },
      "generationConfig.stopSequences[0]",
    ],
    [
      "an unknown level",
      { ...contents({ text: "x" }), generationConfig: { thinkingConfig: { thinkingLevel: "WILD" } } },
      "generationConfig.thinkingConfig.thinkingLevel",
    ],
    [
      "an unknown mode",
      { ...contents({ text: "x" }), toolConfig: { functionCallingConfig: { mode: "X" } } },
      "toolConfig.functionCallingConfig.mode",
    ],
    [
      "a function without a name",
      { ...contents({ text: "x" }), tools: [{ functionDeclarations: [{}] }] },
      "tools[0].functionDeclarations[0].name",
    ],
    ["tools as an object", { ...contents({ text: "x" }), tools: {} }, "tools"],
  ];
  test.each(cases)("%s", (_name, body, param) => {
    const error = errorOf(() => decode(body));
    expect([error.status, error.code, error.param]).toEqual([400, "invalid_request", param]);
  });
});
