import { expect } from "bun:test";
import * as fc from "../../support/property.ts";
import { HANGING_MS } from "../../support/limits.ts";
import type { Script } from "../../support/upstream.ts";
import { type Bed, modelOf, PROVIDERS, type ProviderName } from "../sdk/bed.ts";
import { STREAMS } from "../sdk/cases.ts";

/** An answer that takes longer than this hangs: told before the whole test is taken to. */
const HANG_MS = HANGING_MS / 2;

type Shape = "openai" | "anthropic" | "gemini";
interface Route {
  shape: Shape;
  path(model: string, stream: boolean): string;
  body(model: string, stream: boolean): object;
  /** What the provider answers, where that is no conversation. */
  script?: Script;
}

/** Vectors in all the forms that are asked for. */
const VECTORS = JSON.stringify({
  object: "list",
  data: [{ object: "embedding", index: 0, embedding: [0.5] }],
  usage: { prompt_tokens: 1, total_tokens: 1 },
  embedding: { values: [0.5] },
  embeddings: [{ values: [0.5] }],
});
const TOOL = { type: "object", properties: { city: { type: "string" } } };
const ASK = [{ role: "user", content: "What is the weather in Oslo?" }];

const ROUTES: readonly Route[] = [
  {
    shape: "openai",
    path: () => "/v1/chat/completions",
    body: (model, stream) => ({
      model,
      stream,
      messages: [{ role: "system", content: "Be terse." }, ...ASK],
      tools: [{ type: "function", function: { name: "get_weather", parameters: TOOL } }],
      temperature: 0.5,
    }),
  },
  {
    shape: "openai",
    path: () => "/v1/responses",
    body: (model, stream) => ({
      model,
      stream,
      store: false,
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }],
      tools: [{ type: "function", name: "get_weather", parameters: TOOL, strict: false }],
    }),
  },
  {
    shape: "anthropic",
    path: () => "/v1/messages",
    body: (model, stream) => ({
      model,
      stream,
      max_tokens: 100,
      system: [{ type: "text", text: "Be terse." }],
      messages: ASK,
      tools: [{ name: "get_weather", input_schema: TOOL }],
    }),
  },
  {
    shape: "openai",
    path: () => "/v1/responses/input_tokens",
    body: (model) => ({ model, input: "Hi", tools: [{ type: "function", name: "f", parameters: TOOL }] }),
  },
  { shape: "anthropic", path: () => "/v1/messages/count_tokens", body: (model) => ({ model, messages: ASK }) },
  {
    shape: "openai",
    path: () => "/v1/embeddings",
    body: () => ({ model: "embedder", input: ["a", "b"], dimensions: 3, encoding_format: "float" }),
    script: { body: Buffer.from(VECTORS) },
  },
  {
    shape: "openai",
    path: () => "/v1/images/generations",
    body: (model) => ({ model, prompt: "A cat", n: 1, size: "1024x1024" }),
  },
  {
    shape: "gemini",
    path: (model) => `/v1beta/models/${model}:countTokens`,
    body: (model) => ({
      generateContentRequest: { model: `models/${model}`, contents: [{ parts: [{ text: "Hi" }] }] },
    }),
  },
  {
    shape: "gemini",
    path: () => "/v1beta/models/google-embedder:embedContent",
    body: () => ({ content: { parts: [{ text: "Hi" }] }, taskType: "RETRIEVAL_QUERY", outputDimensionality: 3 }),
    script: { body: Buffer.from(VECTORS) },
  },
  {
    shape: "gemini",
    path: () => "/v1beta/models/google-embedder:batchEmbedContents",
    body: () => ({ requests: [{ model: "models/google-embedder", content: { parts: [{ text: "Hi" }] } }] }),
    script: { body: Buffer.from(VECTORS) },
  },
  {
    shape: "gemini",
    path: (model) => `/v1beta/models/${model}:streamGenerateContent`,
    body: () => ({ contents: [{ role: "user", parts: [{ text: "Hi" }] }] }),
  },
  {
    shape: "gemini",
    path: (model, stream) => `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: () => ({
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      tools: [{ functionDeclarations: [{ name: "get_weather", parameters: TOOL }] }],
      generationConfig: { temperature: 0.5 },
    }),
  },
];

/** Replaces, drops or doubles something in a text, or cuts it. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 12 }),
  put: fc.oneof(
    fc.constantFrom(
      "",
      "null",
      "-1",
      "1e999",
      '"',
      "{",
      "]",
      "[[",
      '"\\ud800"',
      "99999999999999999999",
      "true",
      "\u0000",
    ),
    fc.json({ maxDepth: 2 }),
  ),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

const mutate = (text: string, mutations: readonly Mutation[]): string =>
  mutations.reduce((now, { at, length, put }) => {
    const from = Math.floor(at * now.length);
    return now.slice(0, from) + put + now.slice(from + length);
  }, text);

const change = fc.oneof(
  { weight: 4, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
);
const changed = (text: string, how: readonly Mutation[] | Uint8Array): Uint8Array<ArrayBuffer> =>
  how instanceof Uint8Array ? new Uint8Array(how) : new Uint8Array(Buffer.from(mutate(text, how)));

const route = fc.constantFrom(...ROUTES);
const provider = fc.constantFrom(...PROVIDERS);

/** An error as each client's SDK reads it, with the request's id. */
function checkError(shape: Shape, text: string, requestId: string | null): void {
  expect(requestId).not.toBeNull();
  expect(text).toContain(requestId ?? "?");
  const body: unknown = JSON.parse(text);
  const shapes: Record<Shape, object> = {
    openai: { error: { message: expect.any(String), type: expect.any(String) } },
    anthropic: { type: "error", error: { type: expect.any(String), message: expect.any(String) } },
    gemini: { error: { code: expect.any(Number), status: expect.any(String), message: expect.any(String) } },
  };
  expect(body).toMatchObject(shapes[shape]);
}

async function ask(bed: Bed, path: string, body: Uint8Array<ArrayBuffer>): Promise<{ answer: Response; text: string }> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${bed.key}` };
  const signal = AbortSignal.timeout(HANG_MS);
  const answer = await fetch(bed.url + path, { method: "POST", headers, body, signal });
  return { answer, text: await answer.text() };
}

/** Whatever comes in: served, or refused in the client's dialect with a 4xx. A 503 tells of a provider, and these answer. */
export async function badRequests(bed: Bed, options: fc.Parameters<unknown>): Promise<void> {
  const property = fc.asyncProperty(route, provider, fc.boolean(), change, async (at, name, stream, how) => {
    bed.script(at.script ?? { text: "Hi" });
    const body = changed(JSON.stringify(at.body(modelOf(name), stream)), how);
    const { answer, text } = await ask(bed, at.path(modelOf(name), stream), body);
    expect(answer.status).toBeLessThan(500);
    if (!answer.ok) checkError(at.shape, text, answer.headers.get("x-tollgate-request-id"));
  });
  await fc.assert(property, options);
}

/** A provider's stream with `how` done to it, or its bytes sent as a JSON body. */
function damaged(name: ProviderName, stream: boolean, how: readonly Mutation[] | Uint8Array, cut: number): Script {
  const tools = [{ id: "call_1", name: "get_weather", arguments: { city: "Oslo" } }];
  const whole = STREAMS[name]({ reasoning: "Hm.", text: ["one ", "two"], tools });
  const frames = (whole.stream ?? []).filter((step) => typeof step === "string").join("");
  if (stream) return { stream: [changed(frames, how)], cut };
  const last = frames.split("\n").findLast((line) => line.startsWith("data: {")) ?? "";
  return { body: changed(last.slice("data: ".length), how) };
}

/** Whatever a provider sends: an answer, an error of the client's dialect, or a stream that ends. */
export async function badAnswers(bed: Bed, options: fc.Parameters<unknown>): Promise<void> {
  const cut = fc.integer({ min: 1, max: 2000 });
  const property = fc.asyncProperty(route, provider, fc.boolean(), change, cut, async (at, name, stream, how, size) => {
    bed.script(damaged(name, stream, how, size));
    const body = new Uint8Array(Buffer.from(JSON.stringify(at.body(modelOf(name), stream))));
    const { answer, text } = await ask(bed, at.path(modelOf(name), stream), body);
    expect(answer.status === 500).toBe(false);
    if (!answer.ok) checkError(at.shape, text, answer.headers.get("x-tollgate-request-id"));
  });
  await fc.assert(property, options);
}
