/** What the four APIs can be asked for, each in the wire format of the clients that can ask for it. */
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";

/** Fields put into a minimal request; `null` = this API has no way to ask for it. */
type Asked = JsonObject | null;

export interface Feature {
  name: string;
  asked: Readonly<Record<DialectId, Asked>>;
  /** Must stand in what reaches the provider when the feature is carried. */
  mark: RegExp;
}

export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA";
const PDF = "JVBERi0xLjQKJcOkw7zDtsOf";
const IMAGE_URL = "https://example.com/cat.png";
const PDF_URL = "https://example.com/paper.pdf";

function feature(name: string, mark: RegExp, chat: Asked, responses: Asked, anthropic: Asked, gemini: Asked): Feature {
  return {
    name,
    mark,
    asked: { "openai-chat": chat, "openai-responses": responses, "anthropic-messages": anthropic, gemini },
  };
}

const text = (value: string): JsonObject => ({ type: "text", text: value });
const messages = (...list: JsonValue[]): JsonObject => ({ messages: list });
const user = (...content: JsonValue[]): JsonObject => ({ role: "user", content });
const input = (...list: JsonValue[]): JsonObject => ({ input: list });
const contents = (...parts: JsonValue[]): JsonObject => ({ contents: [{ role: "user", parts }] });
const config = (fields: JsonObject): JsonObject => ({ generationConfig: fields });
const base64 = (mediaType: string, data: string): JsonObject => ({ type: "base64", media_type: mediaType, data });
const inline = (mimeType: string, data: string): JsonObject => ({ inlineData: { mimeType, data } });

const SCHEMA: JsonObject = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const GOOGLE_SCHEMA: JsonObject = { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] };
const chatTool = (extra: JsonObject = {}): JsonObject => ({
  type: "function",
  function: { name: "look_up", description: "Looks it up", parameters: SCHEMA, ...extra },
});
const responsesTool = (extra: JsonObject = {}): JsonObject => ({
  type: "function",
  name: "look_up",
  description: "Looks it up",
  parameters: SCHEMA,
  strict: false,
  ...extra,
});
const anthropicTool = (extra: JsonObject = {}): JsonObject => ({
  name: "look_up",
  description: "Looks it up",
  input_schema: SCHEMA,
  ...extra,
});
const googleFunctions: JsonObject[] = [{ name: "look_up", description: "Looks it up", parameters: GOOGLE_SCHEMA }];
const googleTool: JsonObject = { functionDeclarations: googleFunctions };

/** One call and its result, in which `result` stands. */
const chatLoop = (result: JsonValue): JsonObject => ({
  tools: [chatTool()],
  messages: [
    user(text("q")),
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_1", type: "function", function: { name: "look_up", arguments: '{"city":"Oslo"}' } }],
    },
    { role: "tool", tool_call_id: "call_1", content: result },
  ],
});
const responsesLoop = (output: JsonValue): JsonObject => ({
  tools: [responsesTool()],
  input: [
    { role: "user", content: "q" },
    { type: "function_call", call_id: "call_1", name: "look_up", arguments: '{"city":"Oslo"}' },
    { type: "function_call_output", call_id: "call_1", output },
  ],
});
const anthropicLoop = (content: JsonValue, extra: JsonObject = {}): JsonObject => ({
  tools: [anthropicTool()],
  messages: [
    user(text("q")),
    { role: "assistant", content: [{ type: "tool_use", id: "call_1", name: "look_up", input: { city: "Oslo" } }] },
    user({ type: "tool_result", tool_use_id: "call_1", content, ...extra }),
  ],
});
const googleLoop = (response: JsonValue, extra: JsonObject = {}): JsonObject => ({
  tools: [googleTool],
  contents: [
    { role: "user", parts: [{ text: "q" }] },
    { role: "model", parts: [{ functionCall: { name: "look_up", args: { city: "Oslo" } } }] },
    { role: "user", parts: [{ functionResponse: { name: "look_up", response, ...extra } }] },
  ],
});

const choice = (mode: string, allowed?: string[], others: string[] = []): JsonObject => ({
  tools: [{ functionDeclarations: [...googleFunctions, ...others.map((name) => ({ name }))] }],
  toolConfig: {
    functionCallingConfig: { mode, ...(allowed === undefined ? {} : { allowedFunctionNames: allowed }) },
  },
});

const CONTENT: readonly Feature[] = [
  feature(
    "system message",
    /Be terse/,
    messages({ role: "system", content: "Be terse" }, user(text("q"))),
    { instructions: "Be terse" },
    { system: "Be terse" },
    { systemInstruction: { parts: [{ text: "Be terse" }] } },
  ),
  feature(
    "developer message",
    /Be terse/,
    messages({ role: "developer", content: "Be terse" }, user(text("q"))),
    input({ role: "developer", content: "Be terse" }, { role: "user", content: "q" }),
    null,
    null,
  ),
  feature(
    "instruction in mid-conversation",
    /Now be terse/,
    messages(user(text("q")), { role: "system", content: "Now be terse" }, user(text("r"))),
    input(
      { role: "user", content: "q" },
      { role: "developer", content: "Now be terse" },
      { role: "user", content: "r" },
    ),
    messages(user(text("q")), { role: "system", content: "Now be terse" }, user(text("r"))),
    null,
  ),
  feature(
    "several parts in one message",
    /one[^]*two/,
    messages(user(text("one"), text("two"))),
    input({ role: "user", content: ["one", "two"].map((value) => ({ type: "input_text", text: value })) }),
    messages(user(text("one"), text("two"))),
    contents({ text: "one" }, { text: "two" }),
  ),
  feature("name of a speaker", /"name":"ann"/, messages({ role: "user", name: "ann", content: "q" }), null, null, null),
  feature(
    "image, base64",
    /iVBORw0KGgo/,
    messages(user(text("q"), { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } })),
    input({
      role: "user",
      content: [{ type: "input_image", detail: "auto", image_url: `data:image/png;base64,${PNG}` }],
    }),
    messages(user({ type: "image", source: base64("image/png", PNG) })),
    contents(inline("image/png", PNG)),
  ),
  feature(
    "image, URL",
    /example\.com\/cat\.png/,
    messages(user({ type: "image_url", image_url: { url: IMAGE_URL } })),
    input({ role: "user", content: [{ type: "input_image", detail: "auto", image_url: IMAGE_URL }] }),
    messages(user({ type: "image", source: { type: "url", url: IMAGE_URL } })),
    contents({ fileData: { mimeType: "image/png", fileUri: IMAGE_URL } }),
  ),
  feature(
    "image detail",
    /"detail":"high"|MEDIA_RESOLUTION_HIGH/,
    messages(user({ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "high" } })),
    input({
      role: "user",
      content: [{ type: "input_image", detail: "high", image_url: `data:image/png;base64,${PNG}` }],
    }),
    null,
    null,
  ),
  feature(
    "file of the provider",
    /file-123|files\/123/,
    messages(user({ type: "file", file: { file_id: "file-123" } })),
    input({ role: "user", content: [{ type: "input_file", file_id: "file-123" }] }),
    messages(user({ type: "document", source: { type: "file", file_id: "file-123" } })),
    contents({
      fileData: {
        mimeType: "application/pdf",
        fileUri: "https://generativelanguage.googleapis.com/v1beta/files/123",
      },
    }),
  ),
  feature(
    "audio",
    /UklGRiQAAABXQVZF/,
    messages(user({ type: "input_audio", input_audio: { data: WAV, format: "wav" } })),
    input({ role: "user", content: [{ type: "input_audio", input_audio: { data: WAV, format: "wav" } }] }),
    null,
    contents(inline("audio/wav", WAV)),
  ),
  feature("video", /AAAAIGZ0eXBpc29t/, null, null, null, contents(inline("video/mp4", "AAAAIGZ0eXBpc29t"))),
  feature(
    "PDF, base64",
    /JVBERi0xLjQK/,
    messages(user({ type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` } })),
    input({
      role: "user",
      content: [{ type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` }],
    }),
    messages(user({ type: "document", source: base64("application/pdf", PDF) })),
    contents(inline("application/pdf", PDF)),
  ),
  feature(
    "PDF, URL",
    /example\.com\/paper\.pdf/,
    null,
    input({ role: "user", content: [{ type: "input_file", file_url: PDF_URL }] }),
    messages(user({ type: "document", source: { type: "url", url: PDF_URL } })),
    contents({ fileData: { mimeType: "application/pdf", fileUri: PDF_URL } }),
  ),
  feature(
    "document with citations",
    /"citations":\{"enabled":true\}/,
    null,
    null,
    messages(
      user({
        type: "document",
        source: { type: "text", media_type: "text/plain", data: "Grass is green." },
        citations: { enabled: true },
      }),
    ),
    null,
  ),
];

const TOOLS: readonly Feature[] = [
  feature(
    "functions",
    /look_up/,
    { tools: [chatTool()] },
    { tools: [responsesTool()] },
    { tools: [anthropicTool()] },
    { tools: [googleTool] },
  ),
  feature(
    "strict schemas of functions",
    /"strict":true/,
    { tools: [chatTool({ strict: true })] },
    { tools: [responsesTool({ strict: true })] },
    { tools: [anthropicTool({ strict: true })] },
    null,
  ),
  feature(
    "tool choice: none",
    /"tool_choice":(\{"type":)?"none"|"mode":"NONE"/,
    { tools: [chatTool()], tool_choice: "none" },
    { tools: [responsesTool()], tool_choice: "none" },
    { tools: [anthropicTool()], tool_choice: { type: "none" } },
    choice("NONE"),
  ),
  feature(
    "tool choice: at least one",
    /"tool_choice":"required"|"tool_choice":\{"type":"any"|"mode":"ANY"/,
    { tools: [chatTool()], tool_choice: "required" },
    { tools: [responsesTool()], tool_choice: "required" },
    { tools: [anthropicTool()], tool_choice: { type: "any" } },
    choice("ANY"),
  ),
  feature(
    "tool choice: one tool",
    /"(tool_choice|functionCallingConfig)":\{[^]*look_up/,
    { tools: [chatTool()], tool_choice: { type: "function", function: { name: "look_up" } } },
    { tools: [responsesTool()], tool_choice: { type: "function", name: "look_up" } },
    { tools: [anthropicTool()], tool_choice: { type: "tool", name: "look_up" } },
    choice("ANY", ["look_up"]),
  ),
  feature(
    "tool choice: some of the tools",
    /"tool_choice":\{"type":"allowed_tools"|"allowedFunctionNames":\["look_up"\]|^(?![^]*"name":"other")[^]*look_up/,
    {
      tools: [chatTool(), chatTool({ name: "other" })],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "look_up" } }] },
      },
    },
    {
      tools: [responsesTool(), responsesTool({ name: "other" })],
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "look_up" }] },
    },
    null,
    choice("VALIDATED", ["look_up"], ["other"]),
  ),
  feature(
    "no parallel calls",
    /"parallel_tool_calls":false|"disable_parallel_tool_use":true/,
    { tools: [chatTool()], parallel_tool_calls: false },
    { tools: [responsesTool()], parallel_tool_calls: false },
    { tools: [anthropicTool()], tool_choice: { type: "auto", disable_parallel_tool_use: true } },
    null,
  ),
  feature("tool result: text", /cold/, chatLoop("cold"), responsesLoop("cold"), anthropicLoop("cold"), null),
  feature("tool result: JSON", /degrees/, null, null, null, googleLoop({ degrees: 3 })),
  feature(
    "tool result: image",
    /iVBORw0KGgo/,
    null,
    responsesLoop([{ type: "input_image", detail: "auto", image_url: `data:image/png;base64,${PNG}` }]),
    anthropicLoop([{ type: "image", source: base64("image/png", PNG) }]),
    googleLoop({ result: "see" }, { parts: [{ inlineData: { mimeType: "image/png", data: PNG } }] }),
  ),
  feature(
    "tool result: error",
    /"is_error":true|"error":|Error/,
    null,
    null,
    anthropicLoop("no such city", { is_error: true }),
    googleLoop({ error: "no such city" }),
  ),
  feature(
    "custom tools with a grammar",
    /patcher[^]*(grammar|"input")/,
    {
      tools: [
        {
          type: "custom",
          custom: {
            name: "patcher",
            format: { type: "grammar", grammar: { syntax: "lark", definition: "start: /.+/" } },
          },
        },
      ],
    },
    {
      tools: [
        { type: "custom", name: "patcher", format: { type: "grammar", syntax: "lark", definition: "start: /.+/" } },
      ],
    },
    null,
    null,
  ),
];

const SERVER_TOOLS: readonly Feature[] = [
  feature(
    "web search",
    /web_search|googleSearch/,
    { web_search_options: {} },
    { tools: [{ type: "web_search" }] },
    { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    { tools: [{ googleSearch: {} }] },
  ),
  feature(
    "code execution",
    /code_interpreter|code_execution|codeExecution/,
    null,
    { tools: [{ type: "code_interpreter", container: { type: "auto" } }] },
    { tools: [{ type: "code_execution_20250825", name: "code_execution" }] },
    { tools: [{ codeExecution: {} }] },
  ),
  feature(
    "computer use",
    /computer/,
    null,
    { tools: [{ type: "computer_use_preview", display_width: 800, display_height: 600, environment: "browser" }] },
    { tools: [{ type: "computer_20250124", name: "computer", display_width_px: 800, display_height_px: 600 }] },
    { tools: [{ computerUse: { environment: "ENVIRONMENT_BROWSER" } }] },
  ),
  feature(
    "remote MCP servers",
    /example\.com\/mcp/,
    null,
    { tools: [{ type: "mcp", server_label: "m", server_url: "https://example.com/mcp", require_approval: "never" }] },
    { mcp_servers: [{ type: "url", name: "m", url: "https://example.com/mcp" }] },
    null,
  ),
];

const OUTPUT: readonly Feature[] = [
  feature(
    "output cap",
    /"(max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens)":321/,
    { max_completion_tokens: 321 },
    { max_output_tokens: 321 },
    { max_tokens: 321 },
    config({ maxOutputTokens: 321 }),
  ),
  feature(
    "any JSON",
    /json_object|application\/json/,
    { response_format: { type: "json_object" } },
    { text: { format: { type: "json_object" } } },
    null,
    config({ responseMimeType: "application/json" }),
  ),
  feature(
    "JSON by schema",
    /"(json_schema|format|responseSchema|responseJsonSchema|output_format)":[^]*city/,
    { response_format: { type: "json_schema", json_schema: { name: "r", strict: true, schema: SCHEMA } } },
    { text: { format: { type: "json_schema", name: "r", strict: true, schema: SCHEMA } } },
    { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
    config({ responseMimeType: "application/json", responseSchema: GOOGLE_SCHEMA }),
  ),
  feature(
    "what the schema is for",
    /"description":"A city/,
    { response_format: { type: "json_schema", json_schema: { name: "r", description: "A city", schema: SCHEMA } } },
    { text: { format: { type: "json_schema", name: "r", description: "A city", schema: SCHEMA } } },
    { output_config: { format: { type: "json_schema", schema: { ...SCHEMA, description: "A city" } } } },
    config({ responseMimeType: "application/json", responseSchema: { ...GOOGLE_SCHEMA, description: "A city" } }),
  ),
  feature(
    "stop sequences",
    /STOPHERE/,
    { stop: ["STOPHERE"] },
    null,
    { stop_sequences: ["STOPHERE"] },
    config({ stopSequences: ["STOPHERE"] }),
  ),
  feature("several choices", /"(n|candidateCount)":2/, { n: 2 }, null, null, config({ candidateCount: 2 })),
  feature(
    "log probabilities",
    /"(top_logprobs|logprobs)":3/,
    { logprobs: true, top_logprobs: 3 },
    { top_logprobs: 3, include: ["message.output_text.logprobs"] },
    null,
    config({ responseLogprobs: true, logprobs: 3 }),
  ),
  feature(
    "audio out",
    /alloy/,
    { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } },
    null,
    null,
    null,
  ),
  feature("images out", /image/i, null, null, null, config({ responseModalities: ["TEXT", "IMAGE"] })),
  feature("predicted output", /PREDICTED/, { prediction: { type: "content", content: "PREDICTED" } }, null, null, null),
  feature("verbosity", /"verbosity":"low"/, { verbosity: "low" }, { text: { verbosity: "low" } }, null, null),
];

const SAMPLING: readonly Feature[] = [
  feature(
    "temperature",
    /"temperature":0\.5/,
    { temperature: 0.5 },
    { temperature: 0.5 },
    { temperature: 0.5 },
    config({ temperature: 0.5 }),
  ),
  feature(
    "temperature over 1",
    /"temperature":1\.5/,
    { temperature: 1.5 },
    { temperature: 1.5 },
    null,
    config({ temperature: 1.5 }),
  ),
  feature("top_p", /"(top_p|topP)":0\.5/, { top_p: 0.5 }, { top_p: 0.5 }, { top_p: 0.5 }, config({ topP: 0.5 })),
  feature("top_k", /"(top_k|topK)":40/, null, null, { top_k: 40 }, config({ topK: 40 })),
  feature("seed", /"seed":7/, { seed: 7 }, null, null, config({ seed: 7 })),
  feature(
    "penalties",
    /"(presence_penalty|presencePenalty)":0\.5/,
    { presence_penalty: 0.5, frequency_penalty: 0.5 },
    null,
    null,
    config({ presencePenalty: 0.5, frequencyPenalty: 0.5 }),
  ),
  feature("logit bias", /"50256":-100/, { logit_bias: { "50256": -100 } }, null, null, null),
];

const THINKING: readonly Feature[] = [
  feature(
    "reasoning effort",
    /"(reasoning_effort|effort)":"low"|thinkingBudget|thinkingLevel|budget_tokens/,
    { reasoning_effort: "low" },
    { reasoning: { effort: "low" } },
    { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
    config({ thinkingConfig: { thinkingLevel: "low" } }),
  ),
  feature(
    "reasoning budget",
    /"(budget_tokens|thinkingBudget)":2048|"(reasoning_effort|effort)":/,
    null,
    null,
    { max_tokens: 4000, thinking: { type: "enabled", budget_tokens: 2048 } },
    config({ thinkingConfig: { thinkingBudget: 2048 } }),
  ),
  feature(
    "adaptive thinking",
    // Where nothing is asked for, the model decides by itself.
    /^/,
    null,
    null,
    { thinking: { type: "adaptive" } },
    config({ thinkingConfig: { thinkingBudget: -1 } }),
  ),
  feature(
    "text of thoughts",
    // Chat servers show thoughts unasked, if at all.
    /"summary":"|includeThoughts":true|"type":"(adaptive|enabled)"|reasoning_effort/,
    null,
    { reasoning: { effort: "low", summary: "auto" } },
    { max_tokens: 4000, thinking: { type: "enabled", budget_tokens: 2048 } },
    config({ thinkingConfig: { includeThoughts: true } }),
  ),
];

const REST: readonly Feature[] = [
  feature(
    "service tier",
    /"(service_tier|serviceTier)":"(flex|standard_only|default|standard)"/i,
    { service_tier: "flex" },
    { service_tier: "flex" },
    { service_tier: "standard_only" },
    { serviceTier: "flex" },
  ),
  feature(
    "cache marks",
    /cache_control/,
    null,
    null,
    messages(user({ type: "text", text: "q", cache_control: { type: "ephemeral", ttl: "1h" } })),
    null,
  ),
  feature("prompt cache key", /KEY-1/, { prompt_cache_key: "KEY-1" }, { prompt_cache_key: "KEY-1" }, null, null),
  feature("cached content of the provider", /cachedContents\/1/, null, null, null, {
    cachedContent: "cachedContents/1",
  }),
  feature("user", /USER-1/, { user: "USER-1" }, { user: "USER-1" }, { metadata: { user_id: "USER-1" } }, null),
  feature("metadata", /TRACE-1/, { metadata: { trace: "TRACE-1" } }, { metadata: { trace: "TRACE-1" } }, null, null),
  feature("safety settings", /HARM_CATEGORY/, null, null, null, {
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
  }),
  feature(
    "context management",
    /clear_tool_uses|compaction/,
    null,
    { context_management: [{ type: "compaction", compact_threshold: 1000 }] },
    { context_management: { edits: [{ type: "clear_tool_uses_20250919" }] } },
    null,
  ),
  feature(
    "fields that are not known",
    /"x_new_field":1/,
    { x_new_field: 1 },
    { x_new_field: 1 },
    { x_new_field: 1 },
    { x_new_field: 1 },
  ),
];

/** By chapter of docs/dialects.md. */
export const FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  "Messages and media": CONTENT,
  Tools: TOOLS,
  "Tools of the provider": SERVER_TOOLS,
  Output: OUTPUT,
  Sampling: SAMPLING,
  Reasoning: THINKING,
  "All else": REST,
};
