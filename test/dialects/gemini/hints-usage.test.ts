import { describe, expect, test } from "bun:test";
import { decodeUsage } from "../../../src/dialects/gemini/decode-usage.ts";
import { encodeUsage } from "../../../src/dialects/gemini/encode-usage.ts";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { route, scan } from "./support.ts";

describe("usage classes", () => {
  test("thoughts are reasoning, tool use is input, cached is inside the prompt, modalities apart", () => {
    const usage = decodeUsage({
      promptTokenCount: 100,
      cachedContentTokenCount: 40,
      toolUsePromptTokenCount: 10,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 7,
      totalTokenCount: 147,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 60 },
        { modality: "AUDIO", tokenCount: 30 },
        { modality: "DOCUMENT", tokenCount: 10 },
      ],
      cacheTokensDetails: [
        { modality: "TEXT", tokenCount: 20 },
        { modality: "AUDIO", tokenCount: 20 },
      ],
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 25 }],
    });
    expect(usage.tokens).toEqual({
      input: 60,
      input_audio: 10,
      cached_input: 20,
      cached_input_audio: 20,
      output: 5,
      output_image: 25,
      reasoning: 7,
    });
    expect(usage).toMatchObject({ reasoningKnown: true, reportedTotal: 147 });
  });

  test("missing counts: candidates follow from the total; thoughts are zero only when the sum says so", () => {
    expect(decodeUsage({ promptTokenCount: 6, totalTokenCount: 10 }).tokens).toEqual({ input: 6, output: 4 });
    expect(decodeUsage({ promptTokenCount: 6, candidatesTokenCount: 4, totalTokenCount: 10 }).reasoningKnown).toBe(
      true,
    );
    expect(decodeUsage({ promptTokenCount: 6, candidatesTokenCount: 4 }).reasoningKnown).toBe(false);
    expect(decodeUsage({ promptTokenCount: 6 }).tokens).toEqual({ input: 6 });
  });

  test("counts as strings, and counts that are none", () => {
    expect(decodeUsage({ promptTokenCount: "6", candidatesTokenCount: -4, totalTokenCount: 1e300 }).tokens).toEqual({
      input: 6,
    });
  });

  test("cache details that don't fit the prompt's never make tokens vanish or double", () => {
    const usage = decodeUsage({
      promptTokenCount: 10,
      cachedContentTokenCount: 8,
      cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 8 }],
    });
    expect(usage.tokens).toEqual({ input: 2, cached_input: 8 });
  });

  test("the variant that was served", () => {
    expect(decodeUsage({ serviceTier: "FLEX" }).variant).toEqual({ serviceTier: "flex" });
    expect(decodeUsage({ serviceTier: "SERVICE_TIER_PRIORITY" }).variant).toEqual({ serviceTier: "priority" });
    expect(decodeUsage({ serviceTier: "SERVICE_TIER_UNSPECIFIED" }).variant).toEqual({});
    expect(decodeUsage({ trafficType: "ON_DEMAND_PRIORITY" }).variant).toEqual({ serviceTier: "priority" });
    expect(decodeUsage({ trafficType: "PROVISIONED_THROUGHPUT" }).variant).toEqual({});
  });

  test("told to clients and read back, the classes are the same; cache writes are input here", () => {
    const tokens = { input: 5, input_image: 2, cached_input: 3, output: 7, output_audio: 4, reasoning: 6 };
    expect(decodeUsage(encodeUsage({ tokens, reasoningKnown: true, fees: {}, variant: {} })).tokens).toEqual(tokens);
    const written = encodeUsage({
      tokens: { input: 1, cache_write_5m: 4, output: 2 },
      reasoningKnown: false,
      fees: {},
      variant: {},
    });
    expect(written).toMatchObject({
      promptTokenCount: 5,
      candidatesTokenCount: 2,
      totalTokenCount: 7,
      promptTokensDetails: [{ tokenCount: 5 }],
    });
  });
});

describe("hints", () => {
  const hintsOf = (body: JsonObject) => gemini.hints(scan(body), route);
  const user = (...parts: JsonObject[]): JsonObject => ({ contents: [{ role: "user", parts }] });

  test("the bound counts media by what they are and text by bytes", () => {
    const data = Buffer.alloc(3000).toString("base64");
    const body = user(
      { text: "ä" },
      { inline_data: { mime_type: "image/png", data } },
      { inlineData: { mimeType: "audio/mp3", data } },
      { inlineData: { mimeType: "application/pdf", data } },
      { inlineData: { mimeType: "video/mp4", data } },
    );
    const hints = hintsOf(body);
    expect(hints.input).toEqual({
      textBytes: Buffer.byteLength(JSON.stringify(body)) - 4 * data.length,
      images: 1,
      audioBytes: 3000,
      videoBytes: 3000,
      documentBytes: 3000,
      uncountable: false,
    });
    expect([...hints.needs].toSorted()).toEqual(["audio", "documents", "images", "video"]);
  });

  test("files, URLs and cached contents can't be counted; the provider's own are references", () => {
    const hints = hintsOf({
      ...user(
        { fileData: { fileUri: "gs://b/a.png", mimeType: "image/png" } },
        { fileData: { fileUri: "https://e.com/a.png" } },
      ),
      cachedContent: "cachedContents/7",
      tools: [{ fileSearch: { fileSearchStoreNames: ["fileSearchStores/s"] } }],
    });
    expect(hints.input).toMatchObject({ uncountable: true, images: 2 });
    expect(hints.references).toEqual([
      { field: "contents[0].parts[0].fileData.fileUri", kind: "file", id: "gs://b/a.png" },
      { field: "cachedContent", kind: "cached_content", id: "cachedContents/7" },
      { field: "tools[0].fileSearch", kind: "vector_store", id: "fileSearchStores/s" },
    ]);
  });

  test("needs, caps, tier, loop and signals", () => {
    const hints = hintsOf({
      contents: [
        { role: "user", parts: [{ text: "Write ```code```" }] },
        { role: "model", parts: [{ functionCall: { name: "f" } }] },
        { role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] },
      ],
      tools: [{ function_declarations: [{ name: "f" }] }],
      generation_config: {
        max_output_tokens: 9,
        candidateCount: 2,
        responseMimeType: "application/json",
        responseLogprobs: true,
        responseModalities: ["IMAGE", "AUDIO"],
        thinkingConfig: { thinkingLevel: "HIGH" },
      },
      serviceTier: "flex",
    });
    expect(hints).toMatchObject({ maxOutput: 9, n: 2, toolLoop: true, stream: true, includeUsage: true });
    expect([...hints.needs].toSorted()).toEqual([
      "audio_output",
      "image_output",
      "json_object",
      "logprobs",
      "n",
      "tools",
    ]);
    expect(hints.priceFields).toEqual([{ field: "serviceTier", kind: "service_tier", value: "flex" }]);
    expect(hints.signals()).toMatchObject({
      turns: 3,
      tools: 1,
      hasCode: true,
      reasoningEffort: "high",
      lastUserText: "Write ```code```",
    });
  });

  test("a countTokens body is looked into; wrong types are a 400 with the path", () => {
    expect(hintsOf({ generateContentRequest: { contents: [{ parts: [{ text: "abc" }] }] } }).signals().characters).toBe(
      3,
    );
    for (const [body, param] of [
      [{ contents: "x" }, "contents"],
      [{ generationConfig: { maxOutputTokens: -1 } }, "generationConfig.maxOutputTokens"],
      [{ tools: "x" }, "tools"],
    ] as [JsonObject, string][]) {
      try {
        hintsOf(body);
        expect.unreachable();
      } catch (error) {
        expect(error instanceof GatewayError && error.param).toBe(param);
      }
    }
  });
});
