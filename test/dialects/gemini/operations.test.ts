import { describe, expect, test } from "bun:test";
import type { EmbedRequest } from "../../../src/ir/embedding.ts";
import { embedCodec } from "../../../src/dialects/gemini/embed.ts";
import { imageCodec } from "../../../src/dialects/gemini/image.ts";
import { embeddings as openaiEmbed } from "../../../src/dialects/openai-chat/embeddings.ts";
import { countCodec } from "../../../src/dialects/gemini/count.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { ImageRequest } from "../../../src/ir/image.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import { type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { loadCases } from "../../support/fixtures.ts";
import { annotation, requestContext, route, scan, target } from "./support.ts";

const paramOf = (run: () => unknown): string | null => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error.param;
    throw error;
  }
  return "nothing thrown";
};
const context = <T>(request: T) => ({ requestId: "r", created: 1, model: "m", request, route });

describe("embeddings", () => {
  const one = {
    content: { parts: [{ text: "a" }, { text: "b" }] },
    taskType: "RETRIEVAL_DOCUMENT",
    title: "t",
    outputDimensionality: 3,
  };
  const openai: EmbedRequest = {
    origin: "openai-chat",
    model: "m",
    inputs: [
      { kind: "text", text: "x", path: "input[0]" },
      { kind: "text", text: "y", path: "input[1]" },
    ],
    dimensions: 3,
    encoding: "float",
    extras: { origin: "openai-chat", fields: {} },
  };

  test("embedContent and its snake_case twin", () => {
    const request = embedCodec.decodeRequest(one, route);
    expect(request).toMatchObject({
      dimensions: 3,
      inputs: [{ text: "a\nb", taskType: "RETRIEVAL_DOCUMENT", title: "t" }],
    });
    const snake = { content: one.content, task_type: one.taskType, title: "t", output_dimensionality: "3" };
    expect(embedCodec.decodeRequest(snake, route)).toEqual(request);
  });

  test("what no decoder reads is told by its place, also at another provider", () => {
    const part = { text: "c", zz_1: 1 };
    const batch = {
      requests: [
        { ...one, zz_2: 1 },
        { ...one, content: { parts: [part], zz_3: 1 }, zz_4: 1 },
      ],
    };
    const facts = { ...target, dialect: "openai-chat" as const };
    const fields = openaiEmbed
      .encodeRequest(embedCodec.decodeRequest(batch, route), facts)
      .losses.map(({ field }) => field);
    expect(fields.sort()).toEqual([
      "requests[0].taskType",
      "requests[0].title",
      "requests[0].zz_2",
      "requests[1].content.parts[0].zz_1",
      "requests[1].content.zz_3",
      "requests[1].taskType",
      "requests[1].title",
      "requests[1].zz_4",
    ]);
  });

  test("fields of OpenAI's that embedContent doesn't know are told", () => {
    const asked = { ...openai, user: "u", extras: { origin: "openai-chat" as const, fields: { zz: 1 } } };
    expect(embedCodec.encodeRequest(asked, target).losses.map(({ field }) => field)).toEqual(["user", "zz"]);
  });

  test("a batch, there and back", () => {
    const request = embedCodec.decodeRequest(
      { requests: [one, { ...one, content: { parts: [{ text: "c" }] } }] },
      route,
    );
    const encoded = embedCodec.encodeRequest(request, { ...target, upstreamModel: "gemini-embedding-001" });
    expect(encoded.path).toBe("/v1beta/models/gemini-embedding-001:batchEmbedContents");
    expect(encoded.body.requests).toMatchObject([
      { model: "models/gemini-embedding-001", outputDimensionality: 3 },
      { content: { parts: [{ text: "c" }] } },
    ]);
    expect(embedCodec.decodeRequest(encoded.body, route)).toEqual(request);
  });

  test("an OpenAI request, and the answer in the form of the call", () => {
    const encoded = embedCodec.encodeRequest({ ...openai, user: "u" }, target);
    expect((encoded.body.requests as JsonObject[]).map((item) => item.content)).toEqual([
      { parts: [{ text: "x" }] },
      { parts: [{ text: "y" }] },
    ]);
    expect(encoded.losses.map((loss) => loss.field)).toEqual(["user"]);
    const answer = embedCodec.decodeAnswer({ embeddings: [{ values: [1, 0.5] }, { values: [2, 0] }] }, { target });
    expect(answer).toMatchObject({ vectors: [{ values: [1, 0.5] }, { values: [2, 0] }], usage: null });
    const single = embedCodec.decodeRequest(one, route);
    const base64 = {
      ...answer,
      vectors: [{ kind: "base64" as const, text: Buffer.from(Float32Array.of(0.5, -1).buffer).toString("base64") }],
    };
    expect(embedCodec.encodeAnswer(base64, context(single), annotation(), [])).toMatchObject({
      embedding: { values: [0.5, -1] },
      tollgate: {},
    });
    const batch = embedCodec.decodeRequest({ requests: [one] }, route);
    expect(embedCodec.encodeAnswer(base64, context(batch), annotation(), [])).toMatchObject({
      embeddings: [{ values: [0.5, -1] }],
    });
  });

  test("what can't be embedded names its place", () => {
    expect(paramOf(() => embedCodec.decodeRequest({}, route))).toBe("content");
    expect(paramOf(() => embedCodec.decodeRequest({ requests: [] }, route))).toBe("requests");
    expect(paramOf(() => embedCodec.decodeRequest({ content: { parts: [{ inlineData: {} }] } }, route))).toBe(
      "content.parts[0]",
    );
    const mixed = { requests: [one, { ...one, outputDimensionality: 5 }] };
    expect(paramOf(() => embedCodec.decodeRequest(mixed, route))).toBe("requests[1].outputDimensionality");
    const tokens: EmbedRequest = { ...openai, inputs: [{ kind: "tokens", tokens: [1], path: "input[0]" }] };
    expect(paramOf(() => embedCodec.encodeRequest(tokens, target))).toBe("input[0]");
    expect(() => embedCodec.decodeAnswer({ embeddings: [] }, { target })).toThrow(DecodeError);
    expect(() => embedCodec.decodeAnswer({ embeddings: [{ values: ["x"] }] }, { target })).toThrow(DecodeError);
  });

  test("a relay sets the model where it stands", () => {
    const splice = (body: JsonValue) => {
      const { path, bytes } = embedCodec.spliceRequest(scan(body), { model: "up" }, route, target);
      return [path, JSON.parse(Buffer.from(bytes).toString("utf8")) as JsonValue];
    };
    expect(splice({ content: one.content })).toEqual(["/v1beta/models/up:embedContent", { content: one.content }]);
    expect(splice({ requests: [{ model: "models/mine", content: 1 }, { content: 2 }] })).toEqual([
      "/v1beta/models/up:batchEmbedContents",
      {
        requests: [
          { model: "models/up", content: 1 },
          { content: 2, model: "models/up" },
        ],
      },
    ]);
    expect(embedCodec.hints(scan(one), route)).toMatchObject({ model: "gemini-2.5-flash", stream: false });
  });

  const recorded = loadCases("gemini-embed");
  test.skipIf(recorded.length === 0)("the recorded exchange", () => {
    for (const item of recorded) {
      const request = embedCodec.decodeRequest(item.request() as JsonObject, route);
      const answer = embedCodec.decodeAnswer(parseJson(Buffer.from(item.body()).toString("utf8")), { target });
      expect(answer.vectors).toHaveLength(request.inputs.length);
      const [vector] = answer.vectors;
      expect(vector?.kind === "floats" && vector.values.length).toBe(request.dimensions ?? 0);
    }
  });
});

describe("images", () => {
  const request: ImageRequest = {
    origin: "openai-chat",
    model: "imagen-3",
    prompt: "a cat",
    n: 2,
    size: "1792x1024",
    delivery: "base64",
    extras: { origin: "openai-chat", fields: {} },
  };

  test("OpenAI's call as :predict", () => {
    const encoded = imageCodec.encodeRequest(request, { ...target, upstreamModel: "imagen-3.0-generate-002" });
    expect(encoded).toEqual({
      path: "/v1beta/models/imagen-3.0-generate-002:predict",
      body: { instances: [{ prompt: "a cat" }], parameters: { sampleCount: 2, aspectRatio: "16:9" } },
      losses: [],
    });
  });

  test("what Imagen can't do is a loss each", () => {
    const fields = (more: Partial<ImageRequest>) =>
      imageCodec.encodeRequest({ ...request, ...more }, target).losses.map((loss) => loss.field);
    expect(fields({ quality: "hd", style: "vivid", background: "auto", user: "u", delivery: "url" })).toEqual([
      "quality",
      "style",
      "user",
      "response_format",
    ]);
    expect(fields({ size: "1536x1024" })).toEqual(["size"]);
    expect(fields({ size: "big" })).toEqual(["size"]);
    expect(fields({ format: "webp", compression: 5 })).toEqual(["output_format", "output_compression"]);
    expect(fields({ format: "jpeg", compression: 5 })).toEqual([]);
  });

  test("answers: images, what was filtered, nothing", () => {
    const answer = imageCodec.decodeAnswer(
      {
        predictions: [
          { bytesBase64Encoded: "AAAA", mimeType: "image/png", prompt: "a grey cat" },
          { raiFilteredReason: "no" },
        ],
      },
      { target },
    );
    expect(answer).toMatchObject({
      images: [{ source: { kind: "base64", base64: "AAAA", mediaType: "image/png" }, revisedPrompt: "a grey cat" }],
      filtered: ["no"],
      usage: null,
    });
    expect(() => imageCodec.decodeAnswer({}, { target })).toThrow(DecodeError);
    const losses: Loss[] = [];
    const withUrl = { ...answer, images: [...answer.images, { source: { kind: "url" as const, url: "https://x" } }] };
    expect(imageCodec.encodeAnswer(withUrl, context(request), annotation(), losses)).toMatchObject({
      predictions: [{ bytesBase64Encoded: "AAAA" }, { raiFilteredReason: "no" }],
    });
    expect(losses.map((loss) => loss.field)).toEqual(["predictions[1]"]);
  });

  test("what nobody knows is told by its place", () => {
    const extras = { origin: "openai-chat" as const, fields: { zz: 1 } };
    expect(imageCodec.encodeRequest({ ...request, extras }, target).losses.map(({ field }) => field)).toEqual(["zz"]);
    const body = { instances: [{ prompt: "a cat", zz_1: 1 }], parameters: { outputOptions: { zz_2: 1 } }, zz_3: 1 };
    expect(imageCodec.decodeRequest(body, route).losses?.map(({ field }) => field)).toEqual([
      "instances[0].zz_1",
      "parameters.outputOptions.zz_2",
      "zz_3",
    ]);
  });

  test(":predict bodies of clients", () => {
    const body = {
      instances: [{ prompt: "a cat" }],
      parameters: { sampleCount: 3, aspectRatio: "9:16", personGeneration: "allow_adult" },
    };
    const decoded = imageCodec.decodeRequest(body, route);
    expect(decoded).toMatchObject({ prompt: "a cat", n: 3, extras: { fields: { personGeneration: "allow_adult" } } });
    expect(imageCodec.encodeRequest(decoded, target).body).toEqual(body);
    expect(imageCodec.hints(scan(body), route)).toMatchObject({ n: 3 });
    expect(paramOf(() => imageCodec.decodeRequest({ instances: [{}] }, route))).toBe("instances[0].prompt");
    expect(imageCodec.spliceRequest(scan(body), { model: "up" }, route, target).path).toBe("/v1beta/models/up:predict");
  });
});

describe("token counts", () => {
  const contents = [{ role: "user", parts: [{ text: "x" }] }];

  test("bare contents or a whole request", () => {
    const bare = countCodec.decodeRequest({ contents }, requestContext);
    const whole = countCodec.decodeRequest(
      { generateContentRequest: { model: "models/m", contents, systemInstruction: { parts: [{ text: "s" }] } } },
      requestContext,
    );
    expect(bare.turns).toEqual(whole.turns);
    expect(whole.system).toHaveLength(1);
    expect(paramOf(() => countCodec.decodeRequest({}, requestContext))).toBe("contents");
    expect(countCodec.encodeRequest(whole, target)).toMatchObject({
      path: "/v1beta/models/gemini-2.5-flash:countTokens",
      body: {
        generateContentRequest: {
          model: "models/gemini-2.5-flash",
          contents,
          systemInstruction: { parts: [{ text: "s" }] },
        },
      },
    });
  });

  test("answers", () => {
    expect(countCodec.decodeAnswer({ totalTokens: 258 })).toBe(258);
    expect(() => countCodec.decodeAnswer({})).toThrow(DecodeError);
    expect(() => countCodec.decodeAnswer({ totalTokens: -1 })).toThrow(DecodeError);
    expect(countCodec.decodeAnswer(countCodec.encodeAnswer(7))).toBe(7);
    for (const item of loadCases("gemini-count-tokens")) {
      expect(countCodec.decodeAnswer(parseJson(Buffer.from(item.body()).toString("utf8")))).toBe(258);
    }
  });
});
