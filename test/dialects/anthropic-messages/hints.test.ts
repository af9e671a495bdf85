/** What routing, limits and the hold are told of a request. */
import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import type { Hints } from "../../../src/dialects/dialect.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { ROUTE, scan, SEALS } from "./support.ts";

const hints = (fields: JsonObject): Hints =>
  anthropicMessages.hints(scan({ model: "m", messages: [{ role: "user", content: "Hi" }], ...fields }), ROUTE);
const withContent = (...content: JsonValue[]): JsonObject => ({ messages: [{ role: "user", content }] });

test("the plain facts", () => {
  const told = hints({ max_tokens: 77, stream: true });
  expect(told).toMatchObject({
    model: "m",
    stream: true,
    maxOutput: 77,
    n: 1,
    toolLoop: false,
    sealRealm: null,
    priceFields: [],
    references: [],
  });
  expect([...told.needs]).toEqual([]);
  expect(hints({ model: null })).toMatchObject({ model: null, stream: false, maxOutput: null });
});

test("needs", () => {
  const image = { type: "image", source: { type: "url", url: "https://e/a.png" } };
  const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "aGk=" } };
  const told = hints({
    ...withContent(image, pdf),
    tools: [{ name: "f", input_schema: {} }],
    output_config: { format: { type: "json_schema", schema: {} } },
    thinking: { type: "enabled", budget_tokens: 1024 },
  });
  expect([...told.needs].toSorted()).toEqual(["documents", "images", "json_schema", "reasoning", "tools"]);
  expect([...hints({ thinking: { type: "adaptive" } }).needs]).toEqual([]);
  expect([...hints(withContent({ type: "tool_result", tool_use_id: "t", content: [image] })).needs]).toEqual([
    "images",
  ]);
});

test("the input is bounded by bytes, inline media counted on their own", () => {
  const data = "A".repeat(4000);
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data } };
  const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data } };
  const { input } = hints(withContent(image, pdf));
  expect(input).toMatchObject({ images: 1, documentBytes: 3000, uncountable: false });
  expect(input.textBytes).toBeLessThan(400);
  expect(
    hints(withContent({ type: "document", source: { type: "url", url: "https://e/a.pdf" } })).input.uncountable,
  ).toBe(true);
});

test("fields that change the price", () => {
  const told = hints({
    speed: "fast",
    inference_geo: "us",
    mcp_servers: [{}],
    context_management: { edits: [{ type: "compact_20260112" }] },
    cache_control: { type: "ephemeral", ttl: "1h" },
    tools: [
      { type: "web_search_20250305", name: "web_search" },
      { type: "bash_20250124", name: "bash" },
      { type: "tool_search_tool_bm25_20251119", name: "s" },
      { type: "quantum_20300101", name: "q" },
    ],
  });
  expect(told.priceFields).toEqual([
    { field: "speed", kind: "speed", value: "fast" },
    { field: "inference_geo", kind: "inference_geo", value: "us" },
    { field: "mcp_servers", kind: "server_tool", value: "mcp" },
    { field: "context_management", kind: "server_tool", value: "compaction" },
    { field: "tools[0]", kind: "server_tool", value: "web_search" },
    { field: "tools[3]", kind: "unknown_tool", value: "quantum" },
    { field: "cache_control.ttl", kind: "cache_ttl", value: "1h" },
  ]);
  expect(told.input.uncountable).toBe(true);
  expect(
    hints({ speed: "standard", inference_geo: "global", cache_control: { type: "ephemeral" } }).priceFields,
  ).toEqual([]);
});

test("ids that only their owner may use", () => {
  const told = hints({
    ...withContent(
      { type: "image", source: { type: "file", file_id: "f1" } },
      { type: "container_upload", file_id: "f2" },
    ),
    container: "c1",
  });
  expect(told.references).toEqual([
    { field: "messages[0].content[0].source.file_id", kind: "file", id: "f1" },
    { field: "messages[0].content[1].file_id", kind: "file", id: "f2" },
    { field: "container", kind: "container", id: "c1" },
  ]);
});

test("a running tool loop, and who sealed it last", () => {
  const seal = {
    origin: "gemini" as const,
    kind: "thought-signature" as const,
    provider: "g",
    realm: "google",
    model: "m",
    value: "v",
  };
  const envelope = SEALS.wrap({ seals: [{ seal, attach: "carrier" }] });
  const loop = (...content: JsonValue[]): Hints =>
    hints({
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "ok" }] },
      ],
    });
  expect(loop({ type: "thinking", thinking: "", signature: "sig" })).toMatchObject({
    toolLoop: true,
    sealRealm: "anthropic",
  });
  expect(loop({ type: "tool_use", id: `t${envelope}`, name: "f", input: {} }).sealRealm).toBe("google");
  expect(loop({ type: "tool_use", id: "ttgs1_broken", name: "f", input: {} }).sealRealm).toBeNull();
});

test("signals", () => {
  const told = hints({
    system: "Be brief.",
    messages: [
      { role: "user", content: "one" },
      { role: "assistant", content: "```js```" },
      { role: "user", content: [{ type: "text", text: "two" }] },
    ],
    tools: [{ name: "f", input_schema: {} }],
    output_config: { effort: "high" },
  }).signals();
  expect(told).toEqual({
    turns: 3,
    characters: 9 + 3 + 8 + 3,
    lastUserText: "two",
    tools: 1,
    hasCode: true,
    reasoningEffort: "high",
  });
});

describe("wrong types name their field", () => {
  const bad: [string, JsonObject][] = [
    ["model", { model: 5 }],
    ["stream", { stream: "yes" }],
    ["max_tokens", { max_tokens: "many" }],
    ["messages", { messages: {} }],
    ["thread", { thread: { type: "create" } }],
  ];
  for (const [param, fields] of bad) test(param, () => expect(() => hints(fields)).toThrow(param));
  test("and odd blocks are left to the decoder", () => {
    expect(() =>
      hints({
        messages: [null, 5, { content: [null, 5, { type: "image" }, { type: "document" }] }],
        tools: [null],
        system: 5,
      }),
    ).not.toThrow();
  });
});
