/** What routing, limits and the hold learn of a request without decoding it. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { Hints } from "../../../src/dialects/dialect.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { ROUTE, scan, SEALS, SIMPLE_BODY } from "./support.ts";

const hints = (body: JsonObject | string): Hints => openaiChat.hints(scan(body), ROUTE);
const of = (fields: JsonObject): Hints => hints({ ...SIMPLE_BODY, ...fields });
const user = (...content: JsonValue[]): JsonObject => ({ messages: [{ role: "user", content }] });

function refusal(body: JsonObject | string): GatewayError {
  try {
    hints(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("hints", () => {
  test("of a plain request", () => {
    const plain = of({});
    expect(plain).toMatchObject({
      model: "gpt-5",
      stream: false,
      maxOutput: null,
      n: 1,
      includeUsage: false,
      priceFields: [],
      references: [],
      toolLoop: false,
      sealRealm: null,
    });
    expect(plain.needs.size).toBe(0);
    expect(plain.input).toEqual({
      textBytes: JSON.stringify(SIMPLE_BODY).length,
      images: 0,
      audioBytes: 0,
      videoBytes: 0,
      documentBytes: 0,
      uncountable: false,
    });
    expect(hints({ messages: [{ role: "user", content: "a" }] }).model).toBeNull();
  });

  test("caps, choices, streams", () => {
    expect(
      of({ max_tokens: 5, max_completion_tokens: 9, n: 3, stream: true, stream_options: { include_usage: true } }),
    ).toMatchObject({
      maxOutput: 9,
      n: 3,
      stream: true,
      includeUsage: true,
    });
  });

  test("what a model must be able to do", () => {
    const needs = (fields: JsonObject): string[] => [...of(fields).needs].toSorted();
    expect(needs({ tools: [{ type: "function", function: { name: "f" } }] })).toEqual(["tools"]);
    expect(needs({ functions: [{ name: "f" }] })).toEqual(["tools"]);
    expect(needs({ response_format: { type: "json_schema", json_schema: {} } })).toEqual(["json_schema"]);
    expect(needs({ response_format: { type: "json_object" } })).toEqual(["json_object"]);
    expect(needs({ reasoning_effort: "low" })).toEqual(["reasoning"]);
    expect(needs({ reasoning_effort: "none" })).toEqual([]);
    expect(needs({ logprobs: true, n: 2 })).toEqual(["logprobs", "n"]);
    expect(needs({ modalities: ["text", "audio"], audio: {} })).toEqual(["audio_output"]);
    expect(needs({ modalities: ["image"] })).toEqual(["image_output"]);
    expect(needs(user({ type: "image_url", image_url: { url: "https://example.com/a" } }))).toEqual(["images"]);
    expect(needs(user({ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }))).toEqual(["audio"]);
    expect(needs(user({ type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } }))).toEqual([
      "documents",
    ]);
  });

  test("inline media is no text; what can't be counted says so", () => {
    const data = `data:image/png;base64,${"A".repeat(4000)}`;
    const image = of(user({ type: "text", text: "a" }, { type: "image_url", image_url: { url: data } }));
    expect(image.input.images).toBe(1);
    expect(image.input.textBytes).toBeLessThan(250);
    const audio = of(user({ type: "input_audio", input_audio: { data: "A".repeat(400), format: "wav" } }));
    expect(audio.input.audioBytes).toBe(300);
    expect(of(user({ type: "image_url", image_url: { url: "https://example.com/a" } })).input.uncountable).toBe(false);
    expect(of(user({ type: "video_url", video_url: { url: "https://example.com/a" } })).input.uncountable).toBe(true);
    const file = of(user({ type: "file", file: { file_id: "file-1" } }));
    expect(file.input.uncountable).toBe(true);
    expect(file.references).toEqual([{ field: "messages[0].content[0].file.file_id", kind: "file", id: "file-1" }]);
  });

  test("fields that change the price", () => {
    const fields = of({
      service_tier: "priority",
      web_search_options: {},
      tools: [{ type: "function", function: { name: "f" } }, { type: "openrouter:web_search" }, { type: "magic" }],
      models: ["dear/model"],
      ...user({ type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } }),
    }).priceFields;
    expect(fields).toEqual([
      { field: "service_tier", kind: "service_tier", value: "priority" },
      { field: "web_search_options", kind: "server_tool", value: "web_search" },
      { field: "tools[1]", kind: "server_tool", value: "web_search" },
      { field: "tools[2]", kind: "unknown_tool", value: "magic" },
      { field: "models", kind: "unknown_tool", value: "models" },
      { field: "messages[0].content[0].cache_control.ttl", kind: "cache_ttl", value: "1h" },
    ]);
    expect(of({ service_tier: "auto" }).priceFields).toEqual([]);
    expect(of({ service_tier: null }).priceFields).toEqual([]);
  });

  test("a running tool loop, and whose seals it holds", () => {
    const seal = {
      origin: "gemini",
      kind: "thought-signature",
      provider: "g",
      realm: "google",
      model: "m",
      value: "v",
    } as const;
    const id = `call_1${SEALS.wrap({ seals: [{ seal, attach: "carrier" }] })}`;
    const call = { id, type: "function", function: { name: "f", arguments: "{}" } };
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", tool_calls: [call] },
      { role: "tool", tool_call_id: id, content: "ok" },
    ];
    expect(hints({ model: "m", messages })).toMatchObject({ toolLoop: true, sealRealm: "google" });
    expect(hints({ model: "m", messages: messages.slice(0, 1) })).toMatchObject({ toolLoop: false, sealRealm: null });
  });

  test("an envelope that is rubbish gives no realm", () => {
    expect(of({ user: "call_tgs1_!!!!" }).sealRealm).toBeNull();
    expect(of({ user: "call_tgs1_" }).sealRealm).toBeNull();
  });

  test("signals for the classifier", () => {
    const signals = of({
      messages: [
        { role: "system", content: "be good" },
        { role: "user", content: [{ type: "text", text: "first" }] },
        { role: "assistant", content: "ok" },
        { role: "user", content: "```js\nx\n```" },
      ],
      tools: [{ type: "function", function: { name: "f" } }],
      reasoning_effort: "high",
    }).signals();
    expect(signals).toEqual({
      turns: 3,
      characters: 25,
      lastUserText: "```js\nx\n```",
      tools: 1,
      hasCode: true,
      reasoningEffort: "high",
    });
  });

  test("empty or missing messages are refused before any provider is asked", () => {
    expect(refusal({ model: "m" }).param).toBe("messages");
    expect(refusal({ model: "m", messages: [] }).param).toBe("messages");
    expect(refusal('{"model":"m","messages":[ \n ]}').param).toBe("messages");
    expect(refusal({ model: "m", messages: "hi" }).param).toBe("messages");
    expect(refusal({ model: "m", messages: null }).param).toBe("messages");
  });

  test("wrong types of the fields it reads", () => {
    const wrong: [JsonObject, string][] = [
      [{ model: 5 }, "model"],
      [{ stream: 1 }, "stream"],
      [{ n: "2" }, "n"],
      [{ max_tokens: -1 }, "max_tokens"],
      [{ tools: "x" }, "tools"],
      [{ service_tier: 1 }, "service_tier"],
      [{ response_format: "json" }, "response_format"],
      [{ reasoning_effort: 3 }, "reasoning_effort"],
    ];
    for (const [fields, path] of wrong) {
      expect(refusal({ ...SIMPLE_BODY, ...fields })).toMatchObject({ status: 400, param: path });
    }
  });
});
