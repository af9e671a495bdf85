/** What clients do besides generating: counting, embedding, listing; and the usage of first and last frames. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { GoogleGenerativeAIEmbeddings } from "@langchain/google-genai";
import { OpenAIEmbeddings } from "@langchain/openai";
import { embedMany } from "ai";
import { isObject, type JsonObject } from "../../../src/lib/json.ts";
import type { Handler } from "../../support/upstream.ts";
import { type Bed, modelOf, PROVIDERS, startBed } from "./bed.ts";
import { anthropicClient } from "./clients/anthropic.ts";
import { googleClient } from "./clients/google.ts";
import { openaiClient } from "./clients/openai.ts";
import { list } from "./rules/check.ts";

let bed: Bed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

describe("counting", () => {
  for (const provider of PROVIDERS) {
    // Where the provider counts, its number; elsewhere ours.
    const count: Handler = () => ({ body: provider === "gemini" ? { totalTokens: 42 } : { input_tokens: 42 } });
    const asks = provider === "anthropic" || provider === "gemini" || provider === "responses";
    test(`@anthropic-ai/sdk, ${provider}`, async () => {
      bed.script(count);
      const messages = [{ role: "user" as const, content: "How many tokens is this sentence?" }];
      const answer = await anthropicClient(bed).messages.countTokens({ model: modelOf(provider), messages });
      if (asks) expect(answer.input_tokens).toBe(42);
      else expect(answer.input_tokens).toBeWithin(5, 30);
    });
    test(`openai responses, ${provider}`, async () => {
      bed.script(count);
      const input = "How many tokens is this sentence?";
      const answer = await openaiClient(bed).responses.inputTokens.count({ model: modelOf(provider), input });
      expect(answer.object).toBe("response.input_tokens");
      if (asks) expect(answer.input_tokens).toBe(42);
      else expect(answer.input_tokens).toBeWithin(5, 30);
      expect(bed.violations).toEqual([]);
    });
    test(`@google/genai, ${provider}`, async () => {
      bed.script(count);
      const contents = "How many tokens is this sentence?";
      const { totalTokens } = await googleClient(bed).models.countTokens({ model: modelOf(provider), contents });
      if (asks) expect(totalTokens).toBe(42);
      else expect(totalTokens).toBeWithin(5, 30);
    });
  }
});

const VECTORS = [
  [0.5, -0.25, 1],
  [2, 0, -8],
];
/** Embeddings in the form that was asked for; each text has its own vector. */
const embed: Handler = (request) => {
  const body = request.json();
  if (request.path.endsWith(":embedContent")) return { body: { embedding: { values: VECTORS[0] } } };
  if (request.path.endsWith(":batchEmbedContents")) {
    return { body: { embeddings: list(body["requests"]).map((_item, index) => ({ values: VECTORS[index] })) } };
  }
  const base64 = body["encoding_format"] === "base64";
  const count = Array.isArray(body["input"]) ? body["input"].length : 1;
  const data = VECTORS.slice(0, count).map((vector, index) => ({
    object: "embedding",
    index,
    embedding: base64 ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector,
  }));
  return { body: { object: "list", model: "e", data, usage: { prompt_tokens: 6, total_tokens: 6 } } };
};

describe("embedding", () => {
  const texts = ["one", "two"];
  for (const model of ["embedder", "google-embedder"]) {
    test(`openai, ${model}`, async () => {
      bed.script(embed, embed);
      const client = openaiClient(bed);
      const two = await client.embeddings.create({ model, input: texts });
      expect(two.data.map((item) => [...item.embedding])).toEqual(VECTORS);
      const floats = await client.embeddings.create({ model, input: "one", encoding_format: "float" });
      expect(floats.data[0]?.embedding).toEqual([0.5, -0.25, 1]);
    });
    test(`@google/genai, ${model}`, async () => {
      bed.script(embed, embed);
      const one = await googleClient(bed).models.embedContent({ model, contents: "one" });
      expect(one.embeddings?.[0]?.values).toEqual([0.5, -0.25, 1]);
    });
    test(`langchain openai, ${model}`, async () => {
      bed.script(embed, embed);
      const configuration = { baseURL: `${bed.url}/v1` };
      const embeddings = new OpenAIEmbeddings({ model, apiKey: bed.key, maxRetries: 0, configuration });
      expect(await embeddings.embedDocuments(texts)).toEqual(VECTORS);
    });
    test(`langchain google-genai, ${model}`, async () => {
      bed.script(embed, embed);
      const embeddings = new GoogleGenerativeAIEmbeddings({
        model,
        apiKey: bed.key,
        baseUrl: bed.url,
        maxRetries: 0,
      });
      expect(await embeddings.embedDocuments(texts)).toEqual(VECTORS);
      expect(await embeddings.embedQuery("one")).toEqual([0.5, -0.25, 1]);
    });
    test(`ai, ${model}`, async () => {
      bed.script(embed, embed);
      const openai = createOpenAI({ apiKey: bed.key, baseURL: `${bed.url}/v1` }).embedding(model);
      expect((await embedMany({ model: openai, values: texts, maxRetries: 0 })).embeddings).toEqual(VECTORS);
      const google = createGoogleGenerativeAI({ apiKey: bed.key, baseURL: `${bed.url}/v1beta` }).embedding(model);
      expect((await embedMany({ model: google, values: texts, maxRetries: 0 })).embeddings).toEqual(VECTORS);
    });
  }
});

test("a server that knows no base64: the numbers are those that it gave", async () => {
  bed.script({
    body: { object: "list", model: "e", data: [{ object: "embedding", index: 0, embedding: VECTORS[0] }] },
  });
  const answer = await openaiClient(bed).embeddings.create({ model: "embedder", input: "one" });
  expect(answer.data.map((item) => [...item.embedding])).toEqual([[0.5, -0.25, 1]]);
});

test("input that is refused has not been sent", async () => {
  bed.script();
  const refused = await bed.gateway.post("/v1/embeddings", { model: "embedder", input: [] }, bed.key);
  expect(refused.status).toBe(400);
  expect(bed.received).toEqual([]);
});

test("every list of models names every model", async () => {
  const expected = PROVIDERS.map(modelOf);
  const openai = [];
  for await (const model of openaiClient(bed).models.list()) openai.push(model.id);
  expect(openai).toEqual(expect.arrayContaining(expected));
  const anthropic = [];
  for await (const model of anthropicClient(bed).models.list()) anthropic.push(model.id);
  expect(anthropic).toEqual(expect.arrayContaining(expected));
  const google = [];
  for await (const model of await googleClient(bed).models.list()) google.push(model.name);
  expect(google).toEqual(expect.arrayContaining(expected.map((id) => `models/${id}`)));
});

/** The data of a stream's frames. */
async function frames(path: string, body: JsonObject): Promise<JsonObject[]> {
  const answer = await bed.gateway.post(path, body, bed.key);
  const lines = (await answer.text()).split(/\r?\n/).filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice(6)) as JsonObject);
}
const usageOf = (value: JsonObject | undefined, ...path: string[]): JsonObject | null => {
  let at: unknown = value;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  return isObject(at) ? at : null;
};

describe("usage in the first and the last frame", () => {
  const spec = { reasoning: "Hm.", text: ["a", "b"], usage: { input: 25, output: 30, cached: 5, reasoning: 20 } };
  const messages = [{ role: "user", content: "What is the weather in Oslo?" }];
  for (const provider of PROVIDERS) {
    const model = modelOf(provider);
    const reasoning = provider === "anthropic" ? 0 : 20;

    test(`chat, ${provider}`, async () => {
      bed.script(spec, spec);
      const plain = await frames("/v1/chat/completions", { model, messages, stream: true });
      const expected = { prompt_tokens: 25, completion_tokens: 30, total_tokens: 55 };
      const details = { prompt_tokens_details: { cached_tokens: 5 } };
      const last = plain.at(-1);
      expect(list(last?.["choices"])).toMatchObject([{ finish_reason: "stop" }]);
      expect(usageOf(last, "usage")).toMatchObject({ ...expected, ...details });
      for (const frame of plain.slice(0, -1)) expect(frame["usage"] ?? null).toBeNull();
      const asked = await frames("/v1/chat/completions", {
        model,
        messages,
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(asked.at(-1)).toMatchObject({ choices: [], usage: { ...expected, ...details } });
      expect(new Set(asked.map((frame) => frame["id"])).size).toBe(1);
      if (reasoning > 0) {
        const told = usageOf(asked.at(-1), "usage", "completion_tokens_details");
        expect(told).toMatchObject({ reasoning_tokens: reasoning });
      }
    });

    test(`responses, ${provider}`, async () => {
      bed.script(spec);
      const all = await frames("/v1/responses", { model, input: "hi", stream: true });
      expect(all.map((frame) => frame["sequence_number"])).toEqual(all.map((_frame, index) => index));
      expect(all[0]).toMatchObject({ type: "response.created", response: { usage: null } });
      expect(usageOf(all.at(-1), "response", "usage")).toMatchObject({
        input_tokens: 25,
        input_tokens_details: { cached_tokens: 5 },
        output_tokens: 30,
        output_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: 55,
      });
    });

    test(`messages, ${provider}`, async () => {
      bed.script(spec);
      const all = await frames("/v1/messages", { model, messages, stream: true, max_tokens: 4000 });
      const start = usageOf(all[0], "message", "usage");
      const early = provider === "anthropic" || provider === "gemini";
      if (early) expect(start).toMatchObject({ input_tokens: 20, cache_read_input_tokens: 5 });
      else expect(Number(start?.["input_tokens"])).toBeWithin(5, 40);
      expect(Number(start?.["output_tokens"])).toBeLessThanOrEqual(1);
      const delta = all.find((frame) => frame["type"] === "message_delta");
      const end = provider === "anthropic" ? {} : { input_tokens: 20, cache_read_input_tokens: 5 };
      expect(usageOf(delta, "usage")).toMatchObject({ ...end, output_tokens: 30 });
      expect(all.at(-1)).toMatchObject({ type: "message_stop" });
    });

    test(`gemini, ${provider}`, async () => {
      bed.script(spec);
      const path = `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
      const all = await frames(path, { contents: [{ role: "user", parts: [{ text: "hi" }] }] });
      const usage = usageOf(all.at(-1), "usageMetadata");
      expect(usage).toMatchObject({ promptTokenCount: 25, cachedContentTokenCount: 5, totalTokenCount: 55 });
      expect(usage?.["candidatesTokenCount"]).toBe(30 - reasoning);
      expect(usage?.["thoughtsTokenCount"] ?? 0).toBe(reasoning);
      expect(list(all.at(-1)?.["candidates"])[0]?.["finishReason"]).toBe("STOP");
    });
  }
});
