/** What a translation can't carry in messages and parts: moved to where the target has a place for it, or told; never dropped in silence. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { inClientWords } from "../../src/dialects/loss-fields.ts";
import { lostExtras, nameInside } from "../../src/dialects/lost-extras.ts";
import { DIALECT_IDS, type DialectId } from "../../src/ir/dialect-id.ts";
import type { Loss } from "../../src/ir/loss.ts";
import type { JsonObject } from "../../src/lib/json.ts";
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
        const marks = [...JSON.stringify(body).matchAll(/"(zz_\d)"/g)].map(([, name]) => name ?? "");
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
      inClientWords(DIALECTS["openai-chat"], translate("openai-chat", "gemini", asked).losses).map(
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
      "generationConfig.thinkingConfig",
      "toolConfig.retrievalConfig",
      "tools[1].googleSearch",
    ]);
  }
});
