/** What today's clients send and need, one test for each thing that was seen on the wire; the numbers are those of the list it was written down in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RateLimitError } from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import type { JsonObject } from "../../../src/lib/json.ts";
import { type Bed, modelOf, PROVIDERS, SIDES, startBed } from "./bed.ts";
import { anthropicClient } from "./clients/anthropic.ts";
import { googleClient } from "./clients/google.ts";
import { list } from "./rules/check.ts";

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const ask = [{ role: "user", content: "What is the weather in Oslo?" }];
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  bed.gateway.post(path, body, bed.key, { headers });
const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

describe("1. Google's SDKs use /v1 as well as /v1beta", () => {
  test("generate, stream and count under /v1", async () => {
    bed.script({ text: "Hi" }, { text: "Hi" }, { body: { totalTokens: 7 } });
    const client = googleClient(bed);
    const model = modelOf("gemini");
    expect((await client.models.generateContent({ model, contents: "q" })).text).toBe("Hi");
    let text = "";
    for await (const chunk of await client.models.generateContentStream({ model, contents: "q" }))
      text += chunk.text ?? "";
    expect(text).toBe("Hi");
    expect((await client.models.countTokens({ model, contents: "q" })).totalTokens).toBe(7);
    const body = { contents: [{ role: "user", parts: [{ text: "q" }] }] };
    for (const version of ["v1", "v1beta"]) {
      bed.script({ text: "Hi" });
      const answer = await post(`/${version}/models/${modelOf("anthropic")}:generateContent`, body);
      expect(await answer.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: "Hi" }] } }] });
    }
  });

  test("GET /v1/models tells the dialect by the headers", async () => {
    const get = async (path: string, headers: HeadersInit): Promise<JsonObject> =>
      (await (await fetch(bed.url + path, { headers })).json()) as JsonObject;
    expect(await get("/v1/models?pageSize=50", { "x-goog-api-key": bed.key })).toHaveProperty("models");
    expect(await get(`/v1/models?key=${bed.key}`, {})).toHaveProperty("models");
    const anthropic = await get("/v1/models", { "x-api-key": bed.key, "anthropic-version": "2023-06-01" });
    expect(anthropic).toHaveProperty("has_more");
    expect(await get("/v1/models", { authorization: `Bearer ${bed.key}` })).toMatchObject({ object: "list" });
  });
});

describe("2. Versions of the Messages API", () => {
  test("the client's version goes on in a relay, with either credential", async () => {
    const body = { model: modelOf("anthropic"), max_tokens: 50, messages: ask };
    for (const version of ["2026-10-21", "2023-06-01"])
      for (const [name, value] of [
        ["authorization", `Bearer ${bed.key}`],
        ["x-api-key", bed.key],
      ] as const) {
        bed.script({ text: "Hi" });
        const headers = { [name]: value, "anthropic-version": version, "content-type": "application/json" };
        const answer = await fetch(`${bed.url}/v1/messages`, { method: "POST", headers, body: JSON.stringify(body) });
        expect(answer.status).toBe(200);
        expect(bed.last.headers["anthropic-version"]).toBe(version);
      }
  });

  test("a translated request with a temperature goes out under the version that takes it, at most 1", async () => {
    bed.script({ text: "Hi" });
    const answer = await post("/v1/chat/completions", {
      model: modelOf("anthropic"),
      messages: ask,
      temperature: 1.5,
    });
    expect(answer.headers.get("x-tollgate-losses")).toContain("temperature");
    expect(bed.last.json()["temperature"]).toBe(1);
    expect(bed.last.headers["anthropic-version"]).toBe("2023-06-01");
    expect(bed.violations).toEqual([]);
  });
});

describe("3. Threads of Anthropic's tool runners", () => {
  test("a thread is refused with what can't be served", async () => {
    for (const provider of PROVIDERS.filter((name) => name !== "anthropic")) {
      bed.script();
      const body = { model: modelOf(provider), max_tokens: 50, messages: ask, thread: { type: "create" } };
      const answer = await post("/v1/messages", body, { "anthropic-beta": "message-threads-2026-08-12" });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        type: "error",
        error: { details: { error_code: "thread_unsupported_request", unsupported: ["thread"] } },
      });
      expect(bed.received).toHaveLength(0);
    }
  });

  for (const provider of ["gemini", "openai", "responses"] as const)
    test(`the SDK's tool runner ends its loop at ${provider}`, async () => {
      bed.script(
        { tools: [{ id: "call_1", name: "get_weather", arguments: { city: "Oslo" } }] },
        { text: "It is cold." },
      );
      const weather = betaTool({
        name: "get_weather",
        description: "The weather",
        inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        run: ({ city }) => `3 degrees in ${city}`,
      });
      const message = await anthropicClient(bed).beta.messages.toolRunner({
        model: modelOf(provider),
        max_tokens: 1000,
        messages: [{ role: "user", content: "q" }],
        tools: [weather],
      });
      expect(message.content).toMatchObject([{ type: "text", text: "It is cold." }]);
      expect(bed.last.text()).toContain("3 degrees in Oslo");
      expect(bed.violations).toEqual([]);
    });
});

test("4. Codex's WebSocket is refused at once", async () => {
  const headers = {
    authorization: `Bearer ${bed.key}`,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const answer = await fetch(`${bed.url}/v1/responses`, { headers });
  expect([404, 405, 426]).toContain(answer.status);
});

describe("5. Bodies of Codex", () => {
  const codex = {
    instructions: "You are a coding agent.",
    input: [
      { type: "message", role: "developer", content: [{ type: "input_text", text: "<permissions>" }] },
      { type: "message", role: "user", content: [{ type: "input_text", text: "Fix it" }] },
    ],
    tools: [
      { type: "function", name: "shell", description: "Runs", strict: false, parameters: SCHEMA },
      {
        type: "custom",
        name: "apply_patch",
        description: "Patches",
        format: { type: "grammar", syntax: "lark", definition: "start: /.+/s" },
      },
      { type: "web_search" },
      { type: "tool_search" },
    ],
    tool_choice: "auto",
    parallel_tool_calls: true,
    reasoning: { effort: "medium", summary: "auto" },
    store: false,
    stream: true,
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "0199",
    text: { verbosity: "low" },
    client_metadata: { session: "s" },
  };
  for (const provider of ["anthropic", "gemini", "openai"] as const)
    test(`a custom tool at ${provider}`, async () => {
      const patch = "*** Begin Patch\n*** End Patch";
      const call = { id: "call_1", name: "apply_patch", arguments: { input: patch } };
      bed.script(provider === "openai" ? { text: "Done" } : { tools: [call] });
      // Hosted tools have a price of their own, which this catalog doesn't say.
      const tools = codex.tools.filter((tool) => tool.type === "function" || tool.type === "custom");
      const answer = await post("/v1/responses", { ...codex, tools, model: modelOf(provider) });
      const text = await answer.text();
      expect(answer.status, text).toBe(200);
      expect(bed.last.text()).toContain("apply_patch");
      if (provider !== "openai") {
        expect(text).toContain('"type":"custom_tool_call"');
        expect(text).toContain(JSON.stringify(patch));
      }
    });

  test("hosted tools without a price are refused by name", async () => {
    bed.script();
    const tools = [...codex.tools, { type: "code_interpreter", container: { type: "auto" } }];
    const answer = await post("/v1/responses", { ...codex, tools, model: modelOf("responses") });
    expect(answer.status).toBe(400);
    const error = { code: "unsupported_feature", message: expect.stringContaining("code_interpreter") };
    expect(await answer.json()).toMatchObject({ error });
  });
});

describe("6. Bodies of Claude Code", () => {
  const claudeCode = {
    max_tokens: 32_000,
    system: [{ type: "text", text: "You are Claude Code.", cache_control: { type: "ephemeral" } }],
    messages: [
      { role: "user", content: [{ type: "text", text: "Fix it", cache_control: { type: "ephemeral" } }] },
      { role: "system", content: [{ type: "text", text: "A reminder" }] },
    ],
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "high" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    metadata: { user_id: "user_1" },
    tools: [
      { name: "Bash", description: "Runs", input_schema: SCHEMA },
      { name: "Later", description: "Later", input_schema: SCHEMA, defer_loading: true },
    ],
    stream: true,
  };
  const headers = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27",
  };
  for (const provider of ["openai", "responses", "gemini"] as const)
    test(`at ${provider}`, async () => {
      bed.script({ tools: [{ id: "call_1", name: "Bash", arguments: { city: "x" } }] });
      const answer = await post("/v1/messages?beta=true", { ...claudeCode, model: modelOf(provider) }, headers);
      const text = await answer.text();
      expect(answer.status, text).toBe(200);
      expect(text).toContain('"stop_reason":"tool_use"');
      for (const part of ["You are Claude Code.", "Fix it", "A reminder", "Bash"])
        expect(bed.last.text()).toContain(part);
      expect(bed.violations).toEqual([]);
    });

  test("a relay sends the betas on, and a 400 comes back unchanged", async () => {
    const body = {
      type: "error",
      error: { type: "invalid_request_error", message: "Unexpected beta" },
      request_id: "r",
    };
    const refusal = { status: 400, body };
    bed.script(refusal);
    const relayed = { ...claudeCode, model: modelOf("anthropic"), messages: claudeCode.messages.slice(0, 1) };
    const answer = await post("/v1/messages?beta=true", relayed, headers);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: "invalid_request_error", message: "Unexpected beta" } });
    expect(bed.last.headers["anthropic-beta"]).toBe(headers["anthropic-beta"]);
    expect(bed.received).toHaveLength(1);
  });
});

describe("7. gemini-cli, litellm, curl", () => {
  test("gemini-cli: JSON schemas, ids of calls, the signature that skips the check", async () => {
    const body = {
      contents: [
        { role: "user", parts: [{ text: "q" }] },
        {
          role: "model",
          parts: [
            {
              functionCall: { id: "c1", name: "look", args: { city: "Oslo" } },
              thoughtSignature: "skip_thought_signature_validator",
            },
          ],
        },
        { role: "user", parts: [{ functionResponse: { id: "c1", name: "look", response: { output: "cold" } } }] },
      ],
      tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: SCHEMA }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } },
    };
    for (const provider of PROVIDERS) {
      bed.script({ text: "It is cold." });
      const answer = await post(`/v1beta/models/${modelOf(provider)}:streamGenerateContent?alt=sse`, body);
      expect(await answer.text()).toContain("It is cold.");
      expect(bed.last.text()).toContain("cold");
      // The conversation began elsewhere: without a signature of its own Anthropic's thinking can't go on.
      expect(bed.violations).toEqual([]);
    }
  });

  test("litellm: snake_case", async () => {
    for (const provider of ["anthropic", "openai"] as const) {
      bed.script({ text: "Hi" });
      const answer = await post(`/v1beta/models/${modelOf(provider)}:generateContent`, {
        system_instruction: { parts: [{ text: "Be terse" }] },
        contents: [{ role: "user", parts: [{ text: "q" }] }],
        tools: [{ function_declarations: [{ name: "look", parameters: SCHEMA }] }],
        generation_config: { max_output_tokens: 77 },
      });
      expect(answer.status).toBe(200);
      expect(bed.last.text()).toContain("look");
      expect(bed.last.text()).toContain("Be terse");
      expect(bed.last.text()).toContain("77");
    }
  });

  test("curl: ?key= and, without alt=sse, one JSON array", async () => {
    for (const provider of PROVIDERS) {
      bed.script({ text: ["Hel", "lo"] });
      const path = `/v1beta/models/${modelOf(provider)}:streamGenerateContent?key=${bed.key}`;
      const body = JSON.stringify({ contents: [{ parts: [{ text: "q" }] }] });
      const answer = await fetch(bed.url + path, { method: "POST", body });
      expect(answer.headers.get("content-type")).toContain("application/json");
      const chunks = (await answer.json()) as JsonObject[];
      const parts = chunks
        .flatMap((chunk) => list(chunk["candidates"]))
        .flatMap((item) => list((item["content"] as JsonObject | undefined)?.["parts"]));
      expect(parts.map((part) => part["text"]).join("")).toBe("Hello");
      expect(chunks.at(-1)).toHaveProperty("usageMetadata");
    }
  });
});

describe("8. opencode, n8n", () => {
  test("x-session-affinity goes on to OpenAI's servers", async () => {
    bed.script({ text: "Hi" });
    await post("/v1/chat/completions", { model: modelOf("openai"), messages: ask }, { "x-session-affinity": "s1" });
    expect(bed.last.headers["x-session-affinity"]).toBe("s1");
  });

  test("base URLs without /v1", async () => {
    bed.script({ text: "Hi" }, { text: "Hi" });
    expect((await post("/chat/completions", { model: modelOf("gemini"), messages: ask })).status).toBe(200);
    expect((await post("/responses", { model: modelOf("anthropic"), input: "q" })).status).toBe(200);
  });
});

describe("9. Streams", () => {
  for (const provider of PROVIDERS) {
    test(`chat chunks have one id and one model, and the role once: ${provider}`, async () => {
      bed.script({ text: ["a", "b"] });
      const answer = await post("/v1/chat/completions", { model: modelOf(provider), messages: ask, stream: true });
      const text = await answer.text();
      const chunks = text
        .split("\n")
        .filter((line) => line.startsWith("data: {"))
        .map((line) => JSON.parse(line.slice(6)) as JsonObject);
      expect(new Set(chunks.map((chunk) => chunk["id"])).size).toBe(1);
      expect(new Set(chunks.map((chunk) => chunk["model"])).size).toBe(1);
      expect(text.match(/"role":"assistant"/g)).toHaveLength(1);
      for (const chunk of chunks) for (const choice of list(chunk["choices"])) expect(choice).toHaveProperty("delta");
      expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    });

    test(`Gemini's calls end in STOP: ${provider}`, async () => {
      bed.script({ tools: [{ id: "call_1", name: "look", arguments: { city: "Oslo" } }] });
      const body = {
        contents: [{ role: "user", parts: [{ text: "q" }] }],
        tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: SCHEMA }] }],
      };
      const answer = await post(`/v1beta/models/${modelOf(provider)}:streamGenerateContent?alt=sse`, body);
      const text = await answer.text();
      expect(text).toContain('"finishReason":"STOP"');
      expect(text).not.toContain("[DONE]");
    });

    test(`Retry-After is passed on, and errors before the first byte are HTTP: ${provider}`, async () => {
      for (const [path, body] of [
        ["/v1/chat/completions", { messages: ask }],
        ["/v1/responses", { input: "q" }],
        ["/v1/messages", { messages: ask, max_tokens: 50 }],
      ] as const) {
        bed.script(SIDES[provider].error(429, "slow down", { "retry-after": "9" }));
        const answer = await post(path, { ...body, model: modelOf(provider), stream: true });
        expect(answer.status).toBe(429);
        expect(answer.headers.get("retry-after")).toBe("9");
        expect(answer.headers.get("content-type")).toContain("application/json");
      }
    });
  }

  test("no [DONE] in Responses and Messages streams", async () => {
    bed.script({ text: "Hi" }, { text: "Hi" });
    const responses = await post("/v1/responses", { model: modelOf("openai"), input: "q", stream: true });
    expect(await responses.text()).not.toContain("[DONE]");
    const body = { model: modelOf("openai"), messages: ask, max_tokens: 50, stream: true };
    expect(await (await post("/v1/messages", body)).text()).not.toContain("[DONE]");
  });
});

describe("10. Accept-Encoding", () => {
  for (const encoding of ["gzip, deflate", "gzip, deflate, br, zstd", "identity"])
    test(encoding, async () => {
      bed.script({ text: "Hello" }, { text: "Hello" });
      const headers = { "accept-encoding": encoding };
      const body = { model: modelOf("anthropic"), messages: ask };
      expect(await (await post("/v1/chat/completions", body, headers)).text()).toContain("Hello");
      const stream = await post("/v1/chat/completions", { ...body, stream: true }, headers);
      expect(await stream.text()).toContain("Hello");
    });
});

test("errors of the SDK are of its own classes", async () => {
  bed.script(SIDES.gemini.error(429, "slow down"));
  const message = { model: modelOf("gemini"), max_tokens: 50, messages: [{ role: "user" as const, content: "q" }] };
  const thrown = await anthropicClient(bed)
    .messages.create(message)
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(RateLimitError);
});
