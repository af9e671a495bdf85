import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import type { GenerateRequest, Part, Tool, Turn } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { adaptive, emptyRequest, target } from "./support.ts";

const base: GenerateRequest = { ...emptyRequest, origin: "openai-chat", extras: { origin: "openai-chat", fields: {} } };
const turn = (role: Turn["role"], ...parts: Part[]): Turn => ({ role, parts, path: `messages[${role}]` });
const text = (value: string): Part => ({ type: "text", text: value, path: "p" });
const call = (id: string, name: string, args = "{}", seal?: Seal): Part => ({
  type: "tool-call",
  kind: "function",
  id,
  name,
  arguments: args,
  path: "p",
  ...(seal ? { seal } : {}),
});
const result = (toolId: string, content: Part[], isError = false): Part => ({
  type: "tool-result",
  toolId,
  name: null,
  kind: "function",
  content,
  isError,
  path: "r",
});
const image: Part = {
  type: "media",
  kind: "image",
  source: { kind: "inline", mediaType: "image/png", base64: "AAAA" },
  path: "m",
};
const seal = (origin: Seal["origin"], realm: string): Seal => ({
  origin,
  kind: "thought-signature",
  provider: realm,
  realm,
  model: "m",
  value: "c2ln",
});
const encode = (request: Partial<GenerateRequest>, facts = target) =>
  gemini.encodeRequest({ ...base, ...request }, facts);
const contentsOf = (request: Partial<GenerateRequest>, facts = target): JsonObject[] =>
  encode(request, facts).body.contents as JsonObject[];
const fields = (request: Partial<GenerateRequest>, facts = target): string[] =>
  encode(request, facts).losses.map((loss) => loss.field);
const config = (request: Partial<GenerateRequest>, facts = target) =>
  encode(request, facts).body.generationConfig as JsonObject;

describe("path", () => {
  test("by model and stream", () => {
    expect(encode({})).toMatchObject({
      path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
      query: { alt: "sse" },
    });
    const json = encode({ stream: false });
    expect(json.path).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
    expect(json.query).toBeUndefined();
    expect(encode({}, { ...target, upstreamModel: "tunedModels/my model" }).path).toBe(
      "/v1beta/tunedModels/my%20model:streamGenerateContent",
    );
  });
});

describe("contents", () => {
  test("roles alternate, neighbours are merged, empty text is left out", () => {
    const turns = [
      turn("user", text("a")),
      turn("user", text("b"), text("")),
      turn("assistant", text("c")),
      turn("assistant"),
      turn("user", text("d")),
    ];
    expect(contentsOf({ turns })).toEqual([
      { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      { role: "model", parts: [{ text: "c" }] },
      { role: "user", parts: [{ text: "d" }] },
    ]);
  });

  test("leading instructions are systemInstruction, later ones a user turn and a loss", () => {
    const encoded = encode({ system: [text("s")], turns: [turn("user", text("a")), turn("developer", text("now"))] });
    expect(encoded.body.systemInstruction).toEqual({ parts: [{ text: "s" }] });
    expect(encoded.body.contents).toEqual([{ role: "user", parts: [{ text: "a" }, { text: "now" }] }]);
    expect(encoded.losses).toMatchObject([{ field: "messages[developer]", side: "request" }]);
  });

  test("calls and results go by name, all results of a step in one content, media behind them", () => {
    const turns = [
      turn("user", text("x")),
      turn("assistant", call("1", "f", '{"a":12345678901234567890}'), call("2", "g")),
      turn("user", result("1", [text('{"k":1}'), image])),
      turn("user", result("2", [text("plain")]), text("go on")),
    ];
    const contents = contentsOf({ turns });
    expect(JSON.stringify(contents[1])).toContain('"args":{"a":12345678901234567890}');
    expect(contents[2]).toEqual({
      role: "user",
      parts: [
        { functionResponse: { id: "1", name: "f", response: { output: '{"k":1}' } } },
        { functionResponse: { id: "2", name: "g", response: { output: "plain" } } },
        { inlineData: { mimeType: "image/png", data: "AAAA" } },
        { text: "go on" },
      ].map((part, index) => (index === 0 ? { functionResponse: { id: "1", name: "f", response: { k: 1 } } } : part)),
    });
    const inside = contentsOf({ turns }, adaptive)[2]?.parts as JsonObject[];
    expect(inside[0]).toEqual({
      functionResponse: {
        id: "1",
        name: "f",
        response: { k: 1 },
        parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }],
      },
    });
  });

  test("errors of tools, and JSON that would not read back the same", () => {
    const responses = [
      result("1", [text("boom")], true),
      result("2", [text('{ "a": 1 }')]),
      result("3", [text('{"error":"told"}')]),
    ];
    const [content = {}] = contentsOf({ turns: [turn("user", ...responses)] });
    expect((content.parts as JsonObject[]).map((part) => (part.functionResponse as JsonObject).response)).toEqual([
      { error: "boom" },
      { output: '{ "a": 1 }' },
      { output: '{"error":"told"}' },
    ]);
  });

  test("arguments that are no JSON object stay visible and are a loss", () => {
    const turns = [turn("assistant", call("1", "f", '{"a":'))];
    expect(contentsOf({ turns })[0]).toMatchObject({ parts: [{ functionCall: { args: { arguments: '{"a":' } } }] });
    expect(fields({ turns })).toEqual(["p.arguments"]);
  });

  test("custom tools are functions with one text", () => {
    const custom: Part = { type: "tool-call", kind: "custom", id: "1", name: "patch", arguments: "*** x", path: "p" };
    expect(contentsOf({ turns: [turn("assistant", custom)] })[0]).toMatchObject({
      parts: [{ functionCall: { args: { input: "*** x" } } }],
    });
  });

  test("files: URLs pass, ids of other providers are a loss", () => {
    const media = (source: Extract<Part, { type: "media" }>["source"]): Part => ({
      type: "media",
      kind: "image",
      source,
      path: "m",
    });
    const turns = [
      turn(
        "user",
        text("x"),
        media({ kind: "url", url: "https://e.com/a.png" }),
        media({ kind: "file", id: "file_1", origin: "openai-chat", realm: "openai" }),
      ),
    ];
    expect(contentsOf({ turns })[0]?.parts).toEqual([
      { text: "x" },
      { fileData: { mimeType: "image/png", fileUri: "https://e.com/a.png" } },
    ]);
    expect(fields({ turns })).toEqual(["m"]);
  });

  test("content of another dialect is a loss", () => {
    const odd: Part = {
      type: "native",
      native: { origin: "anthropic-messages", value: {} },
      path: "messages[0].content[1]",
    };
    for (const role of ["assistant", "user"] as const) {
      expect(fields({ turns: [turn(role, text("q"), odd)] })).toEqual(["messages[0].content[1]"]);
    }
  });

  test("nothing said at all: a placeholder, since no content is refused", () => {
    expect(contentsOf({ turns: [turn("user", text(""))] })).toMatchObject([
      { role: "user", parts: [{ text: expect.stringContaining("begins") }] },
    ]);
    expect(fields({ turns: [turn("user", text(""))] })).toEqual(["messages"]);
  });

  test("a trailing answer is a loss where the model refuses it", () => {
    const turns = [turn("user", text("x")), turn("assistant", text("The answer is"))];
    expect(contentsOf({ turns })).toHaveLength(2);
    const facts = { ...target, flags: { ...target.flags, prefill: false } };
    expect(contentsOf({ turns }, facts)).toHaveLength(1);
    expect(fields({ turns }, facts)).toEqual(["messages[assistant]"]);
  });

  test("a longer conversation begins with the bytes of the shorter one", () => {
    const turns = [
      turn("user", text("x")),
      turn("assistant", call("1", "f"), call("2", "g")),
      turn("user", result("1", [text("one")]), result("2", [text("two"), image])),
      turn("assistant", text("done")),
      turn("user", text("again")),
      turn("assistant", call("3", "f")),
      turn("user", result("3", [text("three")])),
    ];
    for (const facts of [target, adaptive]) {
      const bodies = turns.map((_turn, index) =>
        JSON.stringify(contentsOf({ turns: turns.slice(0, index + 1) }, facts)),
      );
      for (const body of bodies) expect(bodies.at(-1)?.startsWith(body.slice(0, -1))).toBe(true);
    }
  });
});

describe("seals", () => {
  const own = seal("gemini", "google");
  const other = seal("anthropic-messages", "anthropic");

  test("verbatim to their minter, on calls, text and thoughts", () => {
    const parts: Part[] = [
      { type: "reasoning", form: "summary", text: "hm", seal: own, path: "t" },
      { type: "text", text: "", seal: own, path: "x" },
      call("1", "f", "{}", own),
    ];
    const encoded = encode({ turns: [turn("assistant", ...parts)] }, adaptive);
    expect((encoded.body.contents as JsonObject[])[0]?.parts).toMatchObject([
      { text: "hm", thought: true, thoughtSignature: "c2ln" },
      { text: "", thoughtSignature: "c2ln" },
      { functionCall: { name: "f" }, thoughtSignature: "c2ln" },
    ]);
    expect(encoded.losses).toEqual([]);
  });

  test("foreign ones are dropped and reported; Gemini 3 gets the documented dummy on the first call of a step", () => {
    const turns = [
      turn(
        "assistant",
        { type: "reasoning", form: "full", text: "hm", seal: other, path: "t" },
        call("1", "f", "{}", other),
        call("2", "g"),
      ),
      turn("user", result("1", [text("a")]), result("2", [text("b")])),
      turn("assistant", call("3", "f")),
    ];
    const encoded = encode({ turns }, adaptive);
    const signatures = (encoded.body.contents as JsonObject[]).map((content) =>
      (content.parts as JsonObject[]).map((part) => part.thoughtSignature),
    );
    expect(signatures).toEqual([
      ["skip_thought_signature_validator", undefined],
      [undefined, undefined],
      ["skip_thought_signature_validator"],
    ]);
    expect(encoded.losses.map((loss) => loss.field)).toEqual(["t", "p"]);
  });

  test("no dummy for models whose signatures nobody checks; a seal of another realm is foreign", () => {
    expect(JSON.stringify(contentsOf({ turns: [turn("assistant", call("1", "f"))] }))).not.toContain(
      "thoughtSignature",
    );
    const plain = { ...adaptive, capabilities: new Set<never>() };
    expect(JSON.stringify(contentsOf({ turns: [turn("assistant", call("1", "f"))] }, plain))).not.toContain(
      "thoughtSignature",
    );
    expect(fields({ turns: [turn("assistant", call("1", "f", "{}", seal("gemini", "elsewhere")))] })).toEqual(["p"]);
  });

  test("thoughts without a seal go back only from a client of this dialect", () => {
    const turns = [turn("assistant", { type: "reasoning", form: "summary", text: "hm", path: "t" }, text("x"))];
    expect(fields({ turns })).toEqual(["t"]);
    expect(fields({ turns, origin: "gemini" })).toEqual([]);
    expect(contentsOf({ turns, origin: "gemini" })[0]).toMatchObject({
      parts: [{ text: "hm", thought: true }, { text: "x" }],
    });
  });
});

describe("tools", () => {
  const tool = (schema: JsonObject, more: Partial<Tool> = {}): Tool => ({
    kind: "function",
    name: "f",
    schema,
    path: "tools[0]",
    ...more,
  });
  const declaration = (item: Tool): JsonObject => {
    const [entry = {}] = encode({ tools: [item] }).body.tools as JsonObject[];
    return (entry.functionDeclarations as JsonObject[])[0] ?? {};
  };

  test("a plain schema in the subset, with types in upper case and null as nullable", () => {
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: {
        a: { type: ["string", "null"], enum: ["x", "y"] },
        b: { type: "array", items: { type: "integer", minimum: 1 } },
      },
      required: ["a"],
    };
    expect(declaration(tool(schema, { description: "does" }))).toEqual({
      name: "f",
      description: "does",
      parameters: {
        type: "OBJECT",
        properties: {
          a: { type: "STRING", nullable: true, enum: ["x", "y"] },
          b: { type: "ARRAY", items: { type: "INTEGER", minimum: 1 } },
        },
        required: ["a"],
      },
    });
    expect(fields({ tools: [tool(schema)] })).toEqual([]);
  });

  test("whatever the subset can't say goes as JSON Schema; unsupported keywords are each a loss", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#/$defs/A" }, b: { const: "x" }, c: { type: "integer", exclusiveMinimum: 0 } },
      additionalProperties: false,
      $defs: { A: { type: "string", format: "email", not: {} } },
    };
    expect(declaration(tool(schema)).parametersJsonSchema).toEqual({
      type: "object",
      properties: { a: { $ref: "#/$defs/A" }, b: { enum: ["x"] }, c: { type: "integer" } },
      additionalProperties: false,
      $defs: { A: { type: "string", format: "email" } },
    });
    expect(fields({ tools: [tool(schema)] })).toEqual([
      "tools[0].parameters.properties.c.exclusiveMinimum",
      "tools[0].parameters.$defs.A.not",
    ]);
  });

  test("a function without parameters leaves them unset", () => {
    expect(declaration(tool({ type: "object", properties: {}, additionalProperties: false }))).toEqual({ name: "f" });
  });

  test("custom tools, strict functions, hosted tools of others", () => {
    const tools: Tool[] = [
      {
        kind: "custom",
        name: "patch",
        native: { origin: "openai-chat", value: { type: "grammar" } },
        path: "tools[0]",
      },
      {
        kind: "function",
        name: "f",
        schema: { type: "object", properties: { a: { type: "string" } } },
        strict: true,
        path: "tools[1]",
      },
      {
        kind: "server",
        name: "web_search",
        native: { origin: "openai-responses", value: { type: "web_search" } },
        path: "tools[2]",
      },
      {
        kind: "server",
        name: "web_search",
        native: { origin: "gemini", value: { googleSearch: {} } },
        path: "tools[3]",
      },
    ];
    const encoded = encode({ tools });
    expect(encoded.body.tools).toMatchObject([
      {
        functionDeclarations: [
          { name: "patch", parametersJsonSchema: { properties: { input: { type: "string" } } } },
          { name: "f" },
        ],
      },
      { googleSearch: {} },
    ]);
    expect(encoded.losses.map((loss) => loss.field)).toEqual(["tools[0]", "tools[1].strict", "tools[2]"]);
  });

  test("choices", () => {
    const calling = (toolChoice: GenerateRequest["toolChoice"]) =>
      (encode({ toolChoice }).body.toolConfig as JsonObject | undefined)?.functionCallingConfig;
    expect(calling(null)).toBeUndefined();
    expect(calling({ mode: "auto", names: [], parallel: null })).toEqual({ mode: "AUTO" });
    expect(calling({ mode: "none", names: [], parallel: null })).toEqual({ mode: "NONE" });
    expect(calling({ mode: "required", names: [], parallel: null })).toEqual({ mode: "ANY" });
    expect(calling({ mode: "named", names: ["f"], parallel: null })).toEqual({
      mode: "ANY",
      allowedFunctionNames: ["f"],
    });
    expect(calling({ mode: "auto", names: ["f", "g"], parallel: null })).toEqual({
      mode: "VALIDATED",
      allowedFunctionNames: ["f", "g"],
    });
    expect(fields({ toolChoice: { mode: "auto", names: [], parallel: false } })).toEqual(["parallel_tool_calls"]);
  });
});

describe("configuration", () => {
  test("reasoning by budget", () => {
    const thinking = (reasoning: GenerateRequest["reasoning"]) => config({ reasoning })?.thinkingConfig;
    expect(thinking({ mode: "on", effort: "low" })).toEqual({ thinkingBudget: 1024 });
    expect(thinking({ mode: "on", effort: "none" })).toEqual({ thinkingBudget: 0 });
    expect(thinking({ mode: "on", budget: 5000, display: "summary" })).toEqual({
      includeThoughts: true,
      thinkingBudget: 5000,
    });
    expect(thinking({ mode: "off" })).toEqual({ thinkingBudget: 0 });
    expect(thinking({ mode: "adaptive", budget: -1 })).toEqual({ thinkingBudget: -1 });
    expect(fields({ reasoning: { mode: "on", effort: "max" } })).toEqual(["reasoning.effort"]);
  });

  test("reasoning by level", () => {
    const thinking = (reasoning: GenerateRequest["reasoning"], facts = adaptive) =>
      config({ reasoning }, facts)?.thinkingConfig;
    expect(thinking({ mode: "on", effort: "medium", display: "auto" })).toEqual({
      includeThoughts: true,
      thinkingLevel: "medium",
    });
    expect(thinking({ mode: "on", budget: 30_000 })).toEqual({ thinkingLevel: "high" });
    expect(fields({ reasoning: { mode: "on", budget: 30_000 } }, adaptive)).toEqual(["reasoning.budget"]);
    expect(thinking({ mode: "off" })).toEqual({ thinkingLevel: "minimal" });
    expect(fields({ reasoning: { mode: "off" } }, adaptive)).toEqual(["reasoning"]);
    const noMinimal = { ...adaptive, compat: { ...adaptive.compat, refuses: ["thinkingLevel.minimal"] } };
    expect(thinking({ mode: "on", effort: "minimal" }, noMinimal)).toEqual({ thinkingLevel: "low" });
  });

  test("a model that does not reason is not asked to", () => {
    const facts = { ...target, capabilities: new Set<never>() };
    expect(encode({ reasoning: { mode: "on", effort: "high" } }, facts).body.generationConfig).toBeUndefined();
    expect(fields({ reasoning: { mode: "on", effort: "high" } }, facts)).toEqual(["reasoning"]);
    expect(fields({ reasoning: { mode: "off" } }, facts)).toEqual([]);
  });

  test("Anthropic's thinking is shown unless it says otherwise", () => {
    const thinking = (display?: "none") =>
      config({ origin: "anthropic-messages", reasoning: { mode: "on", budget: 2000, ...(display ? { display } : {}) } })
        ?.thinkingConfig;
    expect(thinking()).toEqual({ includeThoughts: true, thinkingBudget: 2000 });
    expect(thinking("none")).toEqual({ includeThoughts: false, thinkingBudget: 2000 });
  });

  test("sampling, output, limits", () => {
    const request: Partial<GenerateRequest> = {
      sampling: { temperature: 1, topP: 0.5, topK: 3, seed: 2 ** 40, presencePenalty: 1 },
      stop: ["1", "2", "3", "4", "5", "6"],
      maxOutput: 100_000,
      n: 2,
      logprobs: { top: 2 },
      output: {
        kind: "schema",
        name: "x",
        schema: { type: "object", properties: { a: { type: "string" } } },
        strict: true,
      },
    };
    expect(config(request)).toEqual({
      temperature: 1,
      topP: 0.5,
      topK: 3,
      presencePenalty: 1,
      candidateCount: 2,
      maxOutputTokens: 65_536,
      stopSequences: ["1", "2", "3", "4", "5"],
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", properties: { a: { type: "STRING" } } },
      responseLogprobs: true,
      logprobs: 2,
    });
    expect(fields(request)).toEqual(["max_tokens", "stop", "seed"]);
    const refusing = { ...target, flags: { ...target.flags, sampling: false } };
    expect(fields(request, refusing)).toEqual(["max_tokens", "stop", "seed", "temperature", "top_p", "top_k"]);
    expect(config(request, refusing)).not.toHaveProperty("temperature");
  });

  test("what Gemini has nothing like is a loss each; service tiers by name", () => {
    expect(
      fields({
        logitBias: {},
        verbosity: "low",
        prediction: {},
        user: "u",
        metadata: {},
        promptCacheKey: "k",
        cache: { ttl: "5m" },
        extras: { origin: "openai-chat", fields: { store: true } },
        serviceTier: "scale",
        system: [{ ...text("s"), cache: { ttl: "1h" } } as Part],
      }),
    ).toEqual([
      "p.cache_control",
      "service_tier",
      "logit_bias",
      "verbosity",
      "prediction",
      "user",
      "metadata",
      "prompt_cache_key",
      "cache_control",
      "store",
    ]);
    expect(encode({ serviceTier: "default" }).body.serviceTier).toBe("standard");
    expect(encode({ serviceTier: "flex" }).body.serviceTier).toBe("flex");
    expect(encode({ serviceTier: "auto" }).body.serviceTier).toBeUndefined();
  });

  test("parameters that the provider refuses", () => {
    const facts = { ...target, compat: { ...target.compat, refuses: ["presence_penalty", "serviceTier"] } };
    const request = { sampling: { presencePenalty: 1, temperature: 1 }, serviceTier: "flex" };
    expect(encode(request, facts).body).toEqual({ contents: [], generationConfig: { temperature: 1 } });
    expect(fields(request, facts)).toEqual(["service_tier", "presence_penalty"]);
  });
});
