/** What a translation can't carry in messages and parts: moved to where the target has a place for it, or told; never dropped in silence. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { inClientWords } from "../../src/dialects/loss-fields.ts";
import { lostExtras, nameInside } from "../../src/dialects/lost-extras.ts";
import { DIALECT_IDS, type DialectId } from "../../src/ir/dialect-id.ts";
import type { Loss } from "../../src/ir/loss.ts";
import { isObject, type JsonObject, type JsonValue } from "../../src/lib/json.ts";
import { createSealBox } from "../../src/ir/seal-box.ts";
import { ROUTE, targetOf } from "../matrix/carry.ts";

const seals = createSealBox(new Uint8Array(32).fill(7), "account-1");

function translate(
  from: DialectId,
  to: DialectId,
  body: JsonObject,
): { sent: JsonObject; lost: string[]; losses: Loss[] } {
  const request = DIALECTS[from].decodeRequest(body, { route: ROUTE, seals });
  const { body: sent, losses } = DIALECTS[to].encodeRequest(request, targetOf(to));
  const all = [...(request.losses ?? []), ...nameInside(request, losses), ...lostExtras(request, to, losses)];
  return { sent, lost: all.map(({ field }) => field), losses: all };
}

const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}", zz_5: 1 }, zz_6: 1 };
const BODIES: Record<DialectId, JsonObject> = {
  "openai-chat": {
    messages: [
      { role: "system", content: "s", zz_1: 1 },
      { role: "user", content: [{ type: "text", text: "t", zz_2: 1 }], zz_3: 1 },
      { role: "assistant", content: "x", tool_calls: [call], zz_4: 1 },
      { role: "tool", tool_call_id: "c1", content: [{ type: "text", text: "r", zz_7: 1 }], zz_8: 1 },
    ],
  },
  "openai-responses": {
    input: [
      { role: "developer", content: "d", zz_1: 1 },
      { role: "user", content: [{ type: "input_text", text: "t", zz_2: 1 }], zz_3: 1 },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}", zz_4: 1 },
      { type: "function_call_output", call_id: "c1", output: "r", zz_5: 1 },
    ],
  },
  "anthropic-messages": {
    max_tokens: 9,
    system: [{ type: "text", text: "s", zz_1: 1 }],
    messages: [
      { role: "user", content: [{ type: "text", text: "t", zz_2: 1 }], zz_3: 1 },
      { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "f", input: {}, zz_4: 1 }] },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "r", zz_5: 1 }], zz_6: 1 }],
      },
    ],
  },
  gemini: {
    systemInstruction: { parts: [{ text: "s", zz_1: 1 }] },
    contents: [
      { role: "user", parts: [{ text: "t", zz_2: 1 }], zz_3: 1 },
      { role: "model", parts: [{ functionCall: { name: "f", args: {}, zz_4: 1 }, zz_5: 1 }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { a: 1 }, zz_6: 1 }, zz_7: 1 }] },
    ],
  },
};

describe("unknown fields", () => {
  for (const from of DIALECT_IDS) {
    for (const to of DIALECT_IDS.filter((id) => id !== from)) {
      test(`${from} → ${to}: each is told once, by its place`, () => {
        const body = BODIES[from];
        const marks = [...JSON.stringify(body).matchAll(/"(zz_\d+)"/g)].map(([, name]) => name ?? "");
        const { sent, lost } = translate(from, to, body);
        expect(
          lost
            .filter((field) => field.includes("zz_"))
            .map((field) => field.split(".").at(-1))
            .sort(),
        ).toEqual(marks.sort());
        expect(JSON.stringify(sent)).not.toContain("zz_");
      });
    }
  }
});

const IMAGE = "data:image/png;base64,AAAA";
const SCHEMA = { type: "object", properties: {} };
/** Each object that a decoder reads field by field has a field that nobody knows. */
const INNER: Record<DialectId, JsonObject[]> = {
  "openai-chat": [
    {
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url: IMAGE, zz_1: 1 }, zz_2: 1 }] },
        { role: "user", content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "wav", zz_3: 1 } }] },
        { role: "user", content: [{ type: "file", file: { file_data: "AAAA", filename: "a.pdf", zz_4: 1 } }] },
        { role: "user", content: [{ type: "video_url", video_url: { url: "https://a.b/v.mp4", zz_5: 1 } }] },
        { role: "user", content: [{ type: "text", text: "t", cache_control: { type: "ephemeral", zz_6: 1 } }] },
        {
          role: "user",
          content: [{ type: "text", text: "t", prompt_cache_breakpoint: { mode: "explicit", zz_7: 1 } }],
        },
        { role: "assistant", content: [{ type: "refusal", refusal: "no", zz_8: 1 }] },
        { role: "assistant", function_call: { name: "f", arguments: "{}", zz_9: 1 } },
        { role: "function", name: "f", content: "r" },
      ],
      tools: [
        {
          type: "function",
          function: { name: "f", zz_10: 1 },
          zz_11: 1,
          cache_control: { type: "ephemeral", zz_12: 1 },
        },
        {
          type: "custom",
          zz_13: 1,
          custom: {
            name: "g",
            format: { type: "grammar", zz_14: 1, grammar: { syntax: "regex", definition: "a", zz_15: 1 } },
          },
        },
      ],
      tool_choice: { type: "function", function: { name: "f", zz_16: 1 }, zz_17: 1 },
      response_format: { type: "json_schema", zz_18: 1, json_schema: { name: "o", schema: SCHEMA, zz_19: 1 } },
      reasoning: { effort: "low", zz_20: 1 },
      stream_options: { include_usage: true, zz_21: 1 },
      cache_control: { type: "ephemeral", zz_22: 1 },
    },
    {
      messages: [{ role: "user", content: "q" }],
      tools: [{ type: "function", function: { name: "f" } }],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: {
          mode: "auto",
          zz_1: 1,
          tools: [{ type: "function", zz_2: 1, function: { name: "f", zz_3: 1 } }],
        },
      },
      thinking: { type: "enabled", zz_4: 1 },
    },
    {
      messages: [{ role: "user", content: "q" }],
      functions: [{ name: "f", zz_1: 1 }],
      function_call: { name: "f", zz_2: 1 },
    },
  ],
  "openai-responses": [
    {
      input: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: IMAGE, prompt_cache_breakpoint: { mode: "explicit", zz_1: 1 }, zz_2: 1 },
            { type: "input_audio", input_audio: { data: "AAAA", format: "wav", zz_3: 1 }, zz_4: 1 },
            { type: "input_file", file_data: "AAAA", zz_5: 1 },
          ],
        },
        { type: "message", role: "assistant", content: [{ type: "refusal", refusal: "no", zz_6: 1 }] },
        { type: "reasoning", id: "r", zz_7: 1, summary: [{ type: "summary_text", text: "t", zz_8: 1 }] },
        { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: [{ type: "refusal", refusal: "no", zz_9: 1 }] },
        { type: "custom_tool_call", call_id: "c2", name: "g", input: "a", zz_10: 1 },
        { type: "custom_tool_call_output", call_id: "c2", output: "r", zz_11: 1 },
      ],
      tools: [
        { type: "function", name: "f", parameters: SCHEMA, zz_12: 1 },
        { type: "custom", name: "g", format: { type: "grammar", syntax: "regex", definition: "a", zz_13: 1 } },
        {
          type: "namespace",
          name: "ns",
          zz_14: 1,
          tools: [
            { type: "function", name: "h", zz_15: 1 },
            { type: "custom", name: "i", format: { type: "text", zz_16: 1 } },
          ],
        },
      ],
      tool_choice: { type: "function", name: "f", zz_20: 1 },
      text: { verbosity: "low", zz_17: 1, format: { type: "json_schema", name: "o", schema: SCHEMA, zz_18: 1 } },
      reasoning: { effort: "low", zz_19: 1 },
      stream_options: { include_obfuscation: false, zz_21: 1 },
    },
    {
      input: "q",
      tools: [{ type: "function", name: "f" }],
      tool_choice: { type: "allowed_tools", mode: "auto", zz_1: 1, tools: [{ type: "function", name: "f", zz_2: 1 }] },
    },
  ],
  "anthropic-messages": [
    {
      max_tokens: 9,
      system: [{ type: "text", text: "s", cache_control: { type: "ephemeral", zz_1: 1 } }],
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA", zz_2: 1 } },
            { type: "image", source: { type: "url", url: "https://a.b/c.png", zz_3: 1 } },
            { type: "image", source: { type: "file", file_id: "f", zz_4: 1 } },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "d", zz_5: 1 } },
            {
              type: "document",
              source: { type: "url", url: "https://a.b/c.pdf" },
              citations: { enabled: true, zz_6: 1 },
            },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: "s", zz_7: 1 },
            { type: "redacted_thinking", data: "s", zz_8: 1 },
            { type: "tool_use", id: "c1", name: "f", input: {}, cache_control: { type: "ephemeral", zz_9: 1 } },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "c1",
              content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA", zz_10: 1 } }],
            },
          ],
        },
      ],
      tools: [{ name: "f", input_schema: SCHEMA, zz_11: 1, cache_control: { type: "ephemeral", zz_12: 1 } }],
      tool_choice: { type: "tool", name: "f", zz_13: 1 },
      output_config: { effort: "low", zz_14: 1, format: { type: "json_schema", schema: SCHEMA, zz_15: 1 } },
      thinking: { type: "adaptive", zz_16: 1 },
      cache_control: { type: "ephemeral", zz_17: 1 },
    },
    {
      max_tokens: 9,
      messages: [{ role: "user", content: "q" }],
      output_format: { type: "json_schema", schema: SCHEMA, zz_1: 1 },
    },
  ],
  gemini: [
    {
      system_instruction: { parts: [{ text: "s" }], zz_1: 1 },
      contents: [
        {
          parts: [
            { inlineData: { mimeType: "image/png", data: "AAAA", zz_2: 1 }, videoMetadata: { fps: 1 }, zz_5: 1 },
            { inlineData: { mimeType: "image/png", data: "AAAA" }, mediaResolution: { level: 1, zz_3: 1 } },
            { file_data: { mime_type: "video/mp4", file_uri: "gs://a/b", zz_4: 1 } },
          ],
        },
        { role: "model", parts: [{ text: "a", zz_6: 1 }] },
        { role: "model", parts: [{ text: "b", zz_7: 1 }, { functionCall: { name: "f", zz_8: 1 } }], zz_9: 1 },
        {
          parts: [
            {
              functionResponse: {
                name: "f",
                response: {},
                parts: [{ inlineData: { mimeType: "image/png", data: "AAAA", zz_10: 1 }, zz_11: 1 }],
              },
            },
          ],
        },
      ],
      tools: [{ functionDeclarations: [{ name: "f", zz_12: 1 }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY", zz_13: 1 }, zz_14: 1 },
      generationConfig: { thinkingConfig: { thinkingBudget: 1024, zz_15: 1 }, zz_16: 1 },
    },
  ],
};

describe("fields inside of objects that are read in part", () => {
  for (const from of DIALECT_IDS) {
    for (const to of DIALECT_IDS.filter((id) => id !== from)) {
      test(`${from} → ${to}: each is told once, by its place`, () => {
        for (const body of INNER[from]) {
          const { sent, lost } = translate(from, to, body);
          expect(lost.filter((field) => field.includes("zz_")).sort()).toEqual(placesOf(body).sort());
          expect(JSON.stringify(sent)).not.toContain("zz_");
        }
      });
    }
    test(`${from} → ${from}: each is sent on, or told once`, () => {
      for (const body of INNER[from]) {
        const { sent, lost } = translate(from, from, body);
        const sentOn = placesOf(sent).map((place) => place.split(".").at(-1) ?? "");
        const told = lost.map((field) => field.split(".").at(-1) ?? "").filter((name) => name.startsWith("zz_"));
        expect([...sentOn, ...told].sort()).toEqual(
          placesOf(body)
            .map((place) => place.split(".").at(-1) ?? "")
            .sort(),
        );
      }
    });
  }
});

/** Where in a body the fields stand that nobody knows. */
function placesOf(value: JsonValue | undefined, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => placesOf(item, `${path}[${index}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = path === "" ? name : `${path}.${name}`;
    return name.startsWith("zz_") ? [at] : placesOf(inner, at);
  });
}

describe("instructions with a name", () => {
  const messages = [
    { role: "system", name: "boss", content: "Be terse." },
    { role: "user", content: "q" },
  ];
  test("are instructions all the same, the name is told", () => {
    expect(translate("openai-chat", "anthropic-messages", { messages })).toMatchObject({
      sent: { system: "Be terse.", messages: [{ role: "user", content: [{ text: "q" }] }] },
      lost: ["messages[0].name"],
    });
    expect(translate("openai-chat", "gemini", { messages })).toMatchObject({
      sent: {
        systemInstruction: { parts: [{ text: "Be terse." }] },
        contents: [{ role: "user", parts: [{ text: "q" }] }],
      },
      lost: ["messages[0].name"],
    });
  });
  test("in mid-conversation lose place and name", () => {
    const { lost } = translate("openai-chat", "anthropic-messages", { messages: messages.toReversed() });
    expect(lost.sort()).toEqual(["messages[1]", "messages[1].name"]);
  });
});

test("Gemini's function responses stand in the order of their calls, also when an id comes again", () => {
  const uses = (...ids: string[]): JsonObject => ({
    role: "assistant",
    content: ids.map((id) => ({ type: "tool_use", id, name: `f_${id}`, input: {} })),
  });
  const results = (...ids: string[]): JsonObject => ({
    role: "user",
    content: ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: `r_${id}` })),
  });
  const asked = { role: "user", content: "q" };
  const namesIn = (...messages: JsonObject[]): string[][] => {
    const { sent } = translate("anthropic-messages", "gemini", { max_tokens: 9, messages });
    const contents = sent["contents"] as { parts: { functionResponse?: { name: string } }[] }[];
    return contents
      .map(({ parts }) => parts.flatMap((part) => part.functionResponse?.name ?? []))
      .filter((names) => names.length > 0);
  };
  const first = [asked, uses("a", "b"), results("b", "a")];
  expect(namesIn(...first)).toEqual([["f_a", "f_b"]]);
  expect(namesIn(...first, uses("c", "a"), results("a", "c"))).toEqual([
    ["f_a", "f_b"],
    ["f_c", "f_a"],
  ]);
});

describe("schemas that say the same in other words", () => {
  const properties = {
    one: { allOf: [{ $ref: "#/$defs/D" }] },
    told: { allOf: [{ $ref: "#/$defs/D" }], description: "d" },
    beside: { $ref: "#/$defs/D", description: "d" },
  };
  const schema = {
    type: "object",
    properties,
    $defs: { D: { type: "object", properties: { x: { type: "string" } } } },
  };
  const json_schema = { name: "o", schema };
  const body = { messages: [{ role: "user", content: "q" }], response_format: { type: "json_schema", json_schema } };
  const reference = { $ref: "#/$defs/D" };
  const around = { description: "d", anyOf: [reference] };

  test("Gemini: `allOf` of one, and what stands beside a reference", () => {
    const { sent, lost } = translate("openai-chat", "gemini", body);
    expect(sent).toMatchObject({
      generationConfig: { responseJsonSchema: { properties: { one: reference, told: around, beside: around } } },
    });
    expect(lost).toEqual([]);
  });
  test("Anthropic: `allOf` of one", () => {
    const { sent, lost } = translate("openai-chat", "anthropic-messages", body);
    expect(sent).toMatchObject({
      output_config: { format: { schema: { properties: { one: reference, told: around } } } },
    });
    expect(lost).toEqual([]);
  });
  test("two stay what they are, or are told by the client's own path", () => {
    const two = { ...properties, one: { allOf: [reference, {}] } };
    const asked = {
      ...body,
      tools: [{ type: "function", function: { name: "f", parameters: { ...schema, properties: two } } }],
      response_format: { type: "json_schema", json_schema: { name: "o", schema: { ...schema, properties: two } } },
    };
    expect(
      inClientWords(DIALECTS["openai-chat"], translate("openai-chat", "gemini", asked).losses, asked).map(
        ({ field }) => field,
      ),
    ).toEqual([
      "tools[0].function.parameters.properties.one.allOf",
      "response_format.json_schema.schema.properties.one.allOf",
    ]);
  });
});

describe("content of the user's that its own dialect doesn't know", () => {
  const asked: Partial<Record<DialectId, JsonObject>> = {
    "openai-chat": { messages: [{ role: "user", content: [{ type: "hologram" }] }] },
    "openai-responses": { input: [{ role: "user", content: [{ type: "hologram" }] }] },
    "anthropic-messages": { max_tokens: 9, messages: [{ role: "user", content: [{ type: "hologram" }] }] },
    gemini: { contents: [{ parts: [{ hologram: {} }] }] },
  };
  for (const from of DIALECT_IDS) {
    test(`${from}: is refused by its place`, () => {
      for (const to of DIALECT_IDS.filter((id) => id !== from)) {
        expect(() => translate(from, to, asked[from] ?? {})).toThrow(
          expect.objectContaining({ status: 400, code: "unsupported_feature", param: expect.stringContaining("[0]") }),
        );
      }
    });
  }
  test("what it does know, or what the model's own side has made, is a loss", () => {
    const upload = { type: "container_upload", file_id: "f" };
    const messages = [
      { role: "user", content: [{ type: "text", text: "q" }, upload] },
      { role: "assistant", content: [{ type: "text", text: "a" }, { type: "hologram" }] },
      { role: "user", content: "q" },
    ];
    const { lost } = translate("anthropic-messages", "gemini", { max_tokens: 9, messages });
    expect(lost).toEqual(["messages[0].content[1]", "messages[1].content[1]"]);
  });
});

test("Gemini: hosted tools beside a choice among functions, and fields of a config that is read in part, are told by name", () => {
  const body = {
    contents: [{ parts: [{ text: "q" }] }],
    tools: [{ functionDeclarations: [{ name: "f" }, { name: "g" }] }, { googleSearch: {} }],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f", "g"] }, retrievalConfig: {} },
    generationConfig: {
      temperature: 1,
      speechConfig: {},
      mediaResolution: "MEDIA_RESOLUTION_LOW",
      thinkingConfig: { newField: 1 },
    },
  };
  for (const to of DIALECT_IDS.filter((id) => id !== "gemini")) {
    expect(translate("gemini", to, body).lost.sort()).toEqual([
      "generationConfig.mediaResolution",
      "generationConfig.speechConfig",
      "generationConfig.thinkingConfig.newField",
      "toolConfig.retrievalConfig",
      "tools[1].googleSearch",
    ]);
  }
});
