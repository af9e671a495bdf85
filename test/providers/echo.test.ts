import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { createEchoSender } from "../../src/providers/echo.ts";
import { SseReader } from "../../src/wire/sse.ts";

const sender = createEchoSender({ now: () => 1_760_000_000_000, monotonic: () => 0 });

async function ask(body: object | string, path = "/chat/completions"): Promise<{ status: number; text: string }> {
  const answer = await sender.send({
    method: "POST",
    url: `http://echo.internal/v1${path}`,
    headers: {},
    body: typeof body === "string" ? body : new TextEncoder().encode(JSON.stringify(body)),
    signal: new AbortController().signal,
    connectTimeoutMs: 1000,
  });
  let text = "";
  for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read())
    text += new TextDecoder().decode(chunk);
  return { status: answer.status, text };
}
const askJson = async (body: object, path?: string): Promise<JsonObject> =>
  JSON.parse((await ask(body, path)).text) as JsonObject;
async function askStream(body: object): Promise<JsonObject[]> {
  const { text } = await ask({ ...body, stream: true });
  const frames = new SseReader().push(new TextEncoder().encode(text));
  expect(frames.at(-1)?.frame.data).toBe("[DONE]");
  return frames.slice(0, -1).map((item) => JSON.parse(item.frame.data) as JsonObject);
}
const user = (content: unknown): object => ({
  model: "echo",
  messages: [
    { role: "system", content: "s" },
    { role: "user", content },
  ],
});
const first = (body: JsonObject): JsonObject => (body["choices"] as JsonObject[])[0] ?? {};

describe("echo chat", () => {
  test("repeats the last user text with usage, the same each time", async () => {
    const body = await askJson(user("Hello there, gateway"));
    expect(first(body)).toMatchObject({ message: { content: "Hello there, gateway" }, finish_reason: "stop" });
    const usage = body["usage"] as Record<string, number>;
    expect(usage["total_tokens"]).toBe((usage["prompt_tokens"] ?? 0) + (usage["completion_tokens"] ?? 0));
    expect(usage["completion_tokens"]).toBeGreaterThan(0);
    expect(await askJson(user("Hello there, gateway"))).toEqual(body);
  });

  test("reads text parts, and says something when there is nothing to repeat", async () => {
    const parts = [
      { type: "text", text: "a" },
      { type: "image_url", image_url: { url: "https://example.com/x.png" } },
      { type: "text", text: "b" },
    ];
    expect(first(await askJson(user(parts)))).toMatchObject({ message: { content: "a\nb" } });
    const silent = { messages: [{ role: "system", content: "s" }] };
    expect(first(await askJson(silent))).toMatchObject({ message: { content: expect.stringMatching(/.+/) } });
  });

  test("honours the output cap, stop sequences and n", async () => {
    const capped = await askJson({ ...user("one two three four five six seven"), max_completion_tokens: 3 });
    expect(first(capped)["finish_reason"]).toBe("length");
    expect((capped["usage"] as Record<string, number>)["completion_tokens"]).toBeLessThanOrEqual(3);
    const stopped = await askJson({ ...user("one STOP two"), stop: ["STOP"] });
    expect(first(stopped)).toMatchObject({ message: { content: "one " }, finish_reason: "stop" });
    expect(((await askJson({ ...user("x"), n: 3 }))["choices"] as unknown[]).length).toBe(3);
  });

  test("calls a forced tool, and only a forced one", async () => {
    const tools = [
      { type: "function", function: { name: "look" } },
      { type: "custom", custom: { name: "free" } },
    ];
    const named = { type: "custom", custom: { name: "free" } };
    const call = async (choice: unknown): Promise<unknown> =>
      first(await askJson({ ...user("x"), tools, tool_choice: choice }))["message"];
    expect(await call("required")).toMatchObject({
      content: null,
      tool_calls: [{ function: { name: "look", arguments: "{}" } }],
    });
    expect(await call(named)).toMatchObject({ tool_calls: [{ type: "custom", custom: { name: "free" } }] });
    expect(await call("auto")).toMatchObject({ content: "x" });
    const streamed = await askStream({ ...user("x"), tools, tool_choice: "required" });
    expect(JSON.stringify(streamed)).toContain('"arguments":"{}"');
    expect(first(streamed.at(-1) ?? {})["finish_reason"]).toBe("tool_calls");
  });

  test("JSON modes give JSON", async () => {
    const body = await askJson({ ...user("x"), response_format: { type: "json_object" } });
    expect((first(body)["message"] as JsonObject)["content"]).toBe('{"echo":"x"}');
  });

  test("the stream says what the JSON says", async () => {
    const text = "  Grüße,\n\n wie geht's? ".repeat(300);
    const chunks = await askStream({ ...user(text), stream_options: { include_usage: true } });
    const joined = chunks
      .map((chunk) => ((first(chunk)["delta"] as JsonObject | undefined)?.["content"] as string) ?? "")
      .join("");
    expect(joined).toBe(text);
    expect(chunks.length).toBeLessThan(300);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: (await askJson(user(text)))["usage"] });
    expect((await askStream(user("x"))).some((chunk) => "usage" in chunk)).toBe(false);
  });

  test.each([
    ["messages", { messages: "x" }],
    ["messages[0].role", { messages: [{ role: "robot", content: "x" }] }],
    ["messages[0].role", { messages: [{ content: "x" }] }],
    ["messages[1].content", user(5)],
    ["tools[0].function", { ...user("x"), tools: [{ type: "function" }] }],
    ["stop[0]", { ...user("x"), stop: [1] }],
    ["temperature", { ...user("x"), temperature: 9 }],
  ])("refuses what the real API refuses, naming %s", async (param, body) => {
    const { status, text } = await ask(body);
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { type: "invalid_request_error", param } }]);
  });

  test("bad bodies and paths are errors of the wire", async () => {
    expect((await ask("{")).status).toBe(400);
    expect((await ask({ messages: "x" })).status).toBe(400);
    expect((await ask({}, "/nope")).status).toBe(404);
  });
});

test("embeddings: deterministic unit vectors, as numbers and as base64", async () => {
  const body = await askJson({ model: "echo", input: ["a", "b"], dimensions: 4 }, "/embeddings");
  const [a, b] = body["data"] as { embedding: number[] }[];
  expect([a?.embedding.length, b?.embedding.length]).toEqual([4, 4]);
  expect(a?.embedding).not.toEqual(b?.embedding ?? []);
  expect(Math.hypot(...(a?.embedding ?? []))).toBeCloseTo(1, 5);
  const packed = await askJson({ input: "a", dimensions: 4, encoding_format: "base64" }, "/embeddings");
  const [first64] = packed["data"] as { embedding: string }[];
  const bytes = Buffer.from(first64?.embedding ?? "", "base64");
  expect([0, 4, 8, 12].map((at) => bytes.readFloatLE(at))).toEqual(a?.embedding ?? []);
  expect((await askJson({ input: [1, 2, 3] }, "/embeddings"))["usage"]).toEqual({ prompt_tokens: 3, total_tokens: 3 });
});
