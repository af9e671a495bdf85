import { afterAll, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { testBed } from "./support.ts";

const bed = testBed();
const { key } = bed.addKey();
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 0,
  fetch: (request) => bed.app.fetch(request),
});
const origin = server.url.href.replace(/\/$/, "");
afterAll(() => server.stop(true));

const expected = expect.arrayContaining(["gpt-5", "lab/tiny", "gpt-flex"]);

test("the OpenAI SDK lists and retrieves models, with and without /v1", async () => {
  for (const baseURL of [`${origin}/v1`, origin]) {
    const client = new OpenAI({ apiKey: key, baseURL });
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(expected);
    expect((await client.models.retrieve("lab/tiny")).owned_by).toBe("openai");
  }
});

test("the Anthropic SDK pages through the list", async () => {
  const client = new Anthropic({ apiKey: key, baseURL: origin });
  const ids: string[] = [];
  for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
  expect(ids).toEqual(expected);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await client.models.retrieve("claude-haiku-4-5")).display_name).not.toBe("");
});

test("the Google SDK pages through the list", async () => {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: origin } });
  const names: string[] = [];
  for await (const model of await client.models.list({ config: { pageSize: 2 } })) names.push(model.name ?? "");
  expect(names).toEqual(expect.arrayContaining(["models/gpt-5", "models/lab/tiny"]));
  expect((await client.models.get({ model: "gemini-pro" })).inputTokenLimit).toBe(1_000_000);
});
