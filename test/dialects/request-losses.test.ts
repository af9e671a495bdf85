/** What is rarely lost: a row each, by what a client sends, where it goes, and the place that is told. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { inClientWords } from "../../src/dialects/loss-fields.ts";
import { nameInside } from "../../src/dialects/lost-extras.ts";
import { DIALECT_IDS, type DialectId } from "../../src/ir/dialect-id.ts";
import type { GenerateRequest, Part } from "../../src/ir/request.ts";
import type { Seal, SealedPart } from "../../src/ir/seal.ts";
import { createSealBox } from "../../src/ir/seal-box.ts";
import { type Compat, DEFAULT_COMPAT, type TargetFacts } from "../../src/ir/target.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";
import { BASE, ROUTE, seals, targetOf } from "../matrix/carry.ts";

interface Change {
  compat?: Partial<Compat>;
  thinking?: TargetFacts["flags"]["thinking"];
}

/** Places that the encoder and the decoder tell of, by themselves. */
function placesOf(client: DialectId, to: DialectId, body: JsonObject, change: Change = {}): string[] {
  const whole = { ...BASE[client], ...body };
  const request = DIALECTS[client].decodeRequest(whole, { route: ROUTE, seals });
  const facts = targetOf(to);
  const target = {
    ...facts,
    compat: { ...DEFAULT_COMPAT, ...change.compat },
    flags: { ...facts.flags, thinking: change.thinking ?? null },
  };
  const { losses } = DIALECTS[to].encodeRequest(request, target);
  const told = inClientWords(DIALECTS[client], nameInside(request, losses), whole);
  return [...(request.losses ?? []), ...told].map(({ field }) => field);
}

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const inlineData = { mimeType: "image/png", data: PNG };
const asked = (...content: JsonValue[]): JsonObject => ({ messages: [{ role: "user", content }] });
const said = (...parts: JsonValue[]): JsonObject => ({
  contents: [
    { role: "user", parts: [{ text: "q" }] },
    { role: "model", parts },
    { role: "user", parts: [{ text: "go on" }] },
  ],
});
const tool = (parameters: JsonObject, strict = false): JsonObject => ({
  tools: [{ type: "function", function: { name: "f", parameters, strict } }],
});
const SEARCH = { type: "web_search_20250305", name: "web_search" };
const LOOK_UP = { name: "look_up", input_schema: { type: "object", properties: {} } };
const phased = {
  input: [
    { role: "user", content: "q" },
    { role: "assistant", content: "a", phase: "commentary" },
    { role: "user", content: "q" },
  ],
};
const called = (content: JsonValue): JsonObject => ({
  messages: [
    { role: "user", content: "q" },
    { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "f", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content }] },
  ],
});

/** A chat tool's result. */
const answered = (...content: JsonValue[]): JsonObject => ({
  messages: [
    { role: "user", content: "q" },
    { role: "assistant", tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "c1", content },
  ],
});

const sealOf = (origin: DialectId, kind: Seal["kind"], realm: string): Seal => ({
  origin,
  kind,
  provider: realm,
  realm,
  model: "m",
  value: "STATE",
});
const wrapped = (attach: SealedPart["attach"]): string =>
  seals.wrap({ seals: [{ seal: sealOf("gemini", "thought-signature", "google"), attach, text: "t" }] });
const redacted = (...content: JsonValue[]): JsonObject => ({
  messages: [
    { role: "user", content: "q" },
    { role: "assistant", content },
    { role: "user", content: "q" },
  ],
});
/** An envelope that another account was given. */
const FOREIGN = createSealBox(new Uint8Array(32).fill(7), "another").wrap({
  seals: [{ seal: sealOf("anthropic-messages", "signature", "anthropic"), attach: "carrier" }],
});

const ROWS: [what: string, client: DialectId, to: DialectId, body: JsonObject, place: string, change?: Change][] = [
  [
    "a document in a format that has to be read first",
    "openai-chat",
    "anthropic-messages",
    asked({ type: "file", file: { file_data: "data:application/msword;base64,AAAA", filename: "a.doc" } }),
    "messages[0].content[0]",
  ],
  [
    "an image at an address that isn't of the web",
    "gemini",
    "anthropic-messages",
    { contents: [{ parts: [{ fileData: { mimeType: "image/png", fileUri: "ftp://a.b/c.png" } }] }] },
    "contents[0].parts[0]",
  ],
  [
    "a cache mark on white space",
    "openai-chat",
    "anthropic-messages",
    asked({ type: "text", text: " ", cache_control: { type: "ephemeral" } }, { type: "text", text: "q" }),
    "messages[0].content[0].cache_control",
  ],
  [
    "a cache mark of half an hour",
    "openai-responses",
    "anthropic-messages",
    {
      input: [
        {
          role: "user",
          content: [{ type: "input_text", text: "q", prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } }],
        },
      ],
    },
    "input[0].content[0].prompt_cache_breakpoint",
  ],
  ["the phase of an answer", "openai-responses", "anthropic-messages", phased, "input[1].phase"],
  ["the phase of an answer", "openai-responses", "gemini", phased, "input[1].phase"],
  ["the phase of an answer", "openai-responses", "openai-chat", phased, "input[1].phase"],
  [
    "an image among instructions",
    "gemini",
    "anthropic-messages",
    { systemInstruction: { parts: [{ text: "s" }, { inlineData }] } },
    "systemInstruction.parts[1]",
  ],
  [
    "open objects of a strict tool",
    "openai-chat",
    "anthropic-messages",
    tool({ type: "object", properties: {}, additionalProperties: { type: "string" } }, true),
    "tools[0].function.parameters.additionalProperties",
  ],
  [
    "alternatives at the top of a tool's schema",
    "openai-chat",
    "anthropic-messages",
    tool({ type: "object", properties: {}, anyOf: [{ required: ["a"] }] }),
    "tools[0].function.parameters.anyOf",
  ],
  [
    "state that belongs to a part before it, which is gone",
    "anthropic-messages",
    "gemini",
    redacted({ type: "redacted_thinking", data: wrapped("previous") }, { type: "text", text: "a" }),
    "messages[1].content[0]",
  ],
  [
    "state that belongs to a part behind it, which is gone",
    "anthropic-messages",
    "gemini",
    redacted({ type: "text", text: "a" }, { type: "redacted_thinking", data: wrapped("next") }),
    "messages[1].content[1]",
  ],
  [
    "two states of texts in one message",
    "openai-chat",
    "gemini",
    {
      messages: [
        { role: "user", content: "q" },
        {
          role: "assistant",
          content: "a",
          reasoning_details: [
            { type: "reasoning.encrypted", data: wrapped("next") },
            { type: "reasoning.encrypted", data: wrapped("previous") },
          ],
        },
        { role: "user", content: "q" },
      ],
    },
    "messages[1]",
  ],
  [
    "another account's envelope",
    "gemini",
    "anthropic-messages",
    said({ text: "a", thoughtSignature: FOREIGN }),
    "contents[1].parts[0].thoughtSignature",
  ],
  [
    "the least level of thinking where it is refused",
    "openai-chat",
    "gemini",
    { reasoning_effort: "minimal" },
    "reasoning_effort",
    { thinking: "adaptive", compat: { refuses: ["thinkingLevel.minimal"] } },
  ],
  [
    "more effort than there is a budget for",
    "openai-chat",
    "gemini",
    { reasoning_effort: "xhigh" },
    "reasoning_effort",
    { thinking: "budget" },
  ],
  ["a tier of another provider", "openai-chat", "gemini", { service_tier: "scale" }, "service_tier"],
  [
    "a reference to a tool in a result",
    "anthropic-messages",
    "gemini",
    called([{ type: "tool_reference", tool_name: "g" }]),
    "messages[2].content[0].content[0]",
  ],
  [
    "a reference to a tool in a result",
    "anthropic-messages",
    "openai-responses",
    called([{ type: "tool_reference", tool_name: "g" }]),
    "messages[2].content[0].content[0]",
  ],
  [
    "what cuts a video in a function's response",
    "gemini",
    "gemini",
    {
      contents: [
        { role: "user", parts: [{ text: "q" }] },
        { role: "model", parts: [{ functionCall: { name: "f" } }] },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "f", response: {}, parts: [{ inlineData, videoMetadata: { fps: 1 } }] } },
          ],
        },
      ],
    },
    "contents[2].parts[0].functionResponse.parts[0].videoMetadata",
    { thinking: "adaptive" },
  ],
  ["an image that the model made", "gemini", "openai-chat", said({ inlineData }), "contents[1].parts[0]"],
  ["an image that the model made", "gemini", "openai-responses", said({ inlineData }), "contents[1].parts[0]"],
  [
    "a file for a container",
    "anthropic-messages",
    "openai-chat",
    asked({ type: "text", text: "q" }, { type: "container_upload", file_id: "f" }),
    "messages[0].content[1]",
  ],
  [
    "a file for a container",
    "anthropic-messages",
    "openai-responses",
    asked({ type: "text", text: "q" }, { type: "container_upload", file_id: "f" }),
    "messages[0].content[1]",
  ],
  [
    "marks of parts that become one string",
    "openai-chat",
    "openai-chat",
    answered({ type: "text", text: "r", cache_control: { type: "ephemeral" } }),
    "messages[2].content[0].cache_control",
    { compat: { string_content: true } },
  ],
  [
    "fields of parts that become one string",
    "openai-chat",
    "openai-chat",
    answered({ type: "text", text: "r", mine: 1 }),
    "messages[2].content[0].mine",
    { compat: { string_content: true } },
  ],
  [
    "a cache mark inside of a result",
    "anthropic-messages",
    "gemini",
    called([{ type: "text", text: "r", cache_control: { type: "ephemeral" } }]),
    "messages[2].content[0].content[0].cache_control",
  ],
  [
    "the detail of a document",
    "openai-responses",
    "openai-chat",
    { input: [{ role: "user", content: [{ type: "input_file", file_data: "AAAA", detail: "high" }] }] },
    "input[0].content[0].detail",
  ],
  [
    "audio by its address",
    "gemini",
    "openai-chat",
    { contents: [{ parts: [{ fileData: { mimeType: "audio/mp3", fileUri: "https://a.b/c.mp3" } }] }] },
    "contents[0].parts[0]",
  ],
  [
    "the choice of a tool that runs at a provider",
    "anthropic-messages",
    "openai-chat",
    { tools: [SEARCH, LOOK_UP], tool_choice: { type: "tool", name: "web_search" } },
    "tool_choice",
  ],
];

describe("told by its place", () => {
  for (const [what, client, to, body, place, change] of ROWS) {
    test(`${what}: ${client} → ${to}`, () => {
      expect(placesOf(client, to, body, change)).toContain(place);
    });
  }

  const effort = { thinking: { type: "disabled" }, output_config: { effort: "low" } };
  test.each(["reasoning_effort", "reasoning", "thinking", "enable_thinking"] as const)(
    "an effort without thinking, at a server that is asked by %s",
    (reasoning_request) => {
      expect(placesOf("anthropic-messages", "openai-chat", effort, { compat: { reasoning_request } })).toEqual([
        "output_config.effort",
      ]);
    },
  );
  test("an effort without thinking, at OpenAI Responses", () => {
    expect(placesOf("anthropic-messages", "openai-responses", effort)).toEqual(["output_config.effort"]);
  });
});

/** Parts that no client's decoder makes today, wherever they may stand. */
describe("parts that have no place", () => {
  const at = { path: "x" };
  const server: Part = { type: "tool-call", kind: "server", id: "c", name: "search", arguments: "{}", ...at };
  const result: Part = {
    type: "tool-result",
    kind: "server",
    toolId: "c",
    name: "search",
    content: [],
    isError: false,
    ...at,
  };
  const thought: Part = { type: "reasoning", form: "full", text: "t", ...at };
  const foreign: Part = { type: "text", text: "t", seal: sealOf("openai-responses", "encrypted", "elsewhere"), ...at };
  const CASES: [what: string, role: "user" | "assistant", part: Part, targets: readonly DialectId[]][] = [
    ["a call of a hosted tool", "assistant", server, DIALECT_IDS],
    ["a result of a hosted tool", "user", result, ["openai-chat", "openai-responses"]],
    ["thoughts of the user's", "user", thought, ["openai-chat", "openai-responses"]],
    ["a text that somebody else has sealed", "assistant", foreign, ["gemini"]],
  ];
  for (const [what, role, part, targets] of CASES) {
    test.each(targets.map((to) => [to]))(`${what}, at %s`, (to) => {
      const base = DIALECTS["openai-chat"].decodeRequest(BASE["openai-chat"], { route: ROUTE, seals });
      const turn = { role, path: "turn", parts: [part, { type: "text" as const, text: "q", path: "y" }] };
      const request: GenerateRequest = { ...base, origin: "anthropic-messages", turns: [...base.turns, turn] };
      expect(DIALECTS[to].encodeRequest(request, targetOf(to)).losses.map(({ field }) => field)).toContain("x");
    });
  }
});
