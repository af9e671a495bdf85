/** Embeddings and images in OpenAI's form, both sides. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { EmbedCodec, ImageCodec, OperationContext } from "../../../src/dialects/operations.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { EmbedRequest } from "../../../src/ir/embedding.ts";
import type { ImageRequest } from "../../../src/ir/image.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ANNOTATION, NO_ANNOTATION, ROUTE, scan, targetFacts } from "./support.ts";

function codec<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the dialect has no such codec");
  return value;
}
const embed: EmbedCodec = codec(openaiChat.embed);
const image: ImageCodec = codec(openaiChat.image);

function refused(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const decodeEmbed = (fields: JsonObject): EmbedRequest => embed.decodeRequest({ model: "e", ...fields }, ROUTE);
const context = <T>(request: T): OperationContext<T> => ({
  requestId: "req_1",
  created: 1_700_000_000,
  model: "shown",
  request,
  route: ROUTE,
});

describe("embeddings", () => {
  test("texts and tokens, one or many", () => {
    expect(decodeEmbed({ input: "a" }).inputs).toEqual([{ kind: "text", text: "a", path: "input" }]);
    expect(decodeEmbed({ input: ["a", "b"] }).inputs).toEqual([
      { kind: "text", text: "a", path: "input[0]" },
      { kind: "text", text: "b", path: "input[1]" },
    ]);
    expect(decodeEmbed({ input: [1, 2] }).inputs).toEqual([{ kind: "tokens", tokens: [1, 2], path: "input" }]);
    expect(decodeEmbed({ input: [[1], [2, 3]] }).inputs).toEqual([
      { kind: "tokens", tokens: [1], path: "input[0]" },
      { kind: "tokens", tokens: [2, 3], path: "input[1]" },
    ]);
    expect(decodeEmbed({ input: "a", dimensions: 3, encoding_format: "base64", user: "u", x: 1 })).toMatchObject({
      dimensions: 3,
      encoding: "base64",
      user: "u",
      extras: { fields: { x: 1 } },
    });
  });

  const wrong: [JsonObject, string][] = [
    [{}, "input"],
    [{ input: "" }, "input"],
    [{ input: [] }, "input"],
    [{ input: ["a", ""] }, "input[1]"],
    [{ input: [[]] }, "input[0]"],
    [{ input: [1, -1] }, "input[1]"],
    [{ input: [1.5] }, "input[0]"],
    [{ input: [{}] }, "input[0]"],
    [{ input: Array.from({ length: 2049 }, () => "a") }, "input"],
    [{ input: "a", dimensions: 0 }, "dimensions"],
    [{ input: "a", encoding_format: "hex" }, "encoding_format"],
  ];
  for (const [fields, path] of wrong) {
    test(`${JSON.stringify(fields).slice(0, 40)} is refused at ${path}`, () => {
      expect(refused(() => decodeEmbed(fields))).toMatchObject({ status: 400, param: path });
    });
  }

  test("hints", () => {
    const hints = embed.hints(scan({ model: "e", input: "a" }), ROUTE);
    expect(hints).toMatchObject({ model: "e", stream: false, n: 1, input: { textBytes: 25 } });
    expect([...hints.needs]).toEqual(["embeddings"]);
  });

  test("toward a provider", () => {
    const body = { model: "e", input: ["a", "b"], dimensions: 3, encoding_format: "base64", user: "u", x: 1 };
    const encoded = embed.encodeRequest(decodeEmbed(body), targetFacts({}, { upstreamModel: "up" }));
    expect(encoded).toEqual({ path: "/embeddings", body: { ...body, model: "up" }, losses: [] });
    const refusing = embed.encodeRequest(decodeEmbed(body), targetFacts({ refuses: ["user"] }));
    expect(refusing.losses).toMatchObject([{ field: "user" }]);
    const gemini: EmbedRequest = {
      ...decodeEmbed({ input: "a" }),
      origin: "gemini",
      inputs: [{ kind: "text", text: "a", path: "", taskType: "RETRIEVAL_QUERY", title: "T" }],
      extras: { origin: "gemini", fields: { autoTruncate: true } },
    };
    expect(embed.encodeRequest(gemini, targetFacts()).losses.map((loss) => loss.field)).toEqual([
      "taskType",
      "title",
      "autoTruncate",
    ]);
  });

  test("a relay changes nothing but the model and what is refused", () => {
    const text = '{"model":"e", "input":["a"],"user":"u","big":12345678901234567890}';
    const spliced = embed.spliceRequest(scan(text), { model: "up" }, ROUTE, targetFacts({ refuses: ["user"] }));
    expect(Buffer.from(spliced.bytes).toString()).toBe('{"model":"up", "input":["a"],"big":12345678901234567890}');
    expect(spliced.losses).toMatchObject([{ field: "user" }]);
  });

  const answer: JsonObject = {
    object: "list",
    data: [
      { object: "embedding", index: 1, embedding: [0.25, -1] },
      { object: "embedding", index: 0, embedding: [1, 0.5] },
    ],
    model: "e",
    usage: { prompt_tokens: 8, total_tokens: 8 },
  };

  test("answers in the order of their inputs, in the form that the client wants", () => {
    const decoded = embed.decodeAnswer(answer, { target: targetFacts() });
    expect(decoded.usage?.tokens).toEqual({ input: 8 });
    const floats = embed.encodeAnswer(decoded, context(decodeEmbed({ input: "a" })), ANNOTATION, []);
    expect(floats).toMatchObject({
      object: "list",
      model: "shown",
      data: [
        { index: 0, embedding: [1, 0.5] },
        { index: 1, embedding: [0.25, -1] },
      ],
      usage: { prompt_tokens: 8, total_tokens: 8 },
      tollgate: { request_id: "req_0123abc" },
    });
    const base64 = context(decodeEmbed({ input: "a", encoding_format: "base64" }));
    const packed = embed.encodeAnswer(decoded, base64, NO_ANNOTATION, []);
    const again = embed.decodeAnswer(packed, { target: targetFacts() });
    expect(again.vectors[0]).toMatchObject({ kind: "base64" });
    const unpacked = embed.encodeAnswer(again, context(decodeEmbed({ input: "a" })), NO_ANNOTATION, []);
    expect(unpacked["data"]).toEqual(floats["data"] ?? null);
  });

  test("answers that are none", () => {
    for (const body of [null, {}, { data: [{ embedding: {} }] }, { data: [{ embedding: ["a"] }] }]) {
      expect(() => embed.decodeAnswer(body as never, { target: targetFacts() })).toThrow(DecodeError);
    }
  });
});

const decodeImage = (fields: JsonObject): ImageRequest =>
  image.decodeRequest({ model: "i", prompt: "a cat", ...fields }, ROUTE);

describe("images", () => {
  const body: JsonObject = {
    model: "i",
    prompt: "a cat",
    n: 2,
    size: "1024x1024",
    quality: "high",
    style: "vivid",
    background: "opaque",
    moderation: "low",
    output_format: "webp",
    user: "u",
    output_compression: 80,
    response_format: "b64_json",
    complexity: "low",
  };

  test("a request loses nothing on its way to itself", () => {
    const request = image.decodeRequest(body, ROUTE);
    expect(request).toMatchObject({ n: 2, format: "webp", compression: 80, delivery: "base64" });
    expect(image.encodeRequest(request, targetFacts({}, { upstreamModel: "i" }))).toEqual({
      path: "/images/generations",
      body,
      losses: [],
    });
  });

  test("mistakes", () => {
    const wrong: [JsonObject, string][] = [
      [{ prompt: "" }, "prompt"],
      [{ prompt: 5 }, "prompt"],
      [{ n: 0 }, "n"],
      [{ n: 11 }, "n"],
      [{ size: 5 }, "size"],
      [{ response_format: "png" }, "response_format"],
      [{ output_compression: 101 }, "output_compression"],
    ];
    for (const [fields, path] of wrong) {
      expect(refused(() => decodeImage(fields))).toMatchObject({ status: 400, code: "invalid_request", param: path });
    }
    const streamed = { code: "unsupported_feature", param: "stream" };
    expect(refused(() => decodeImage({ stream: true }))).toMatchObject(streamed);
    expect(refused(() => image.hints(scan({ prompt: "a", stream: true }), ROUTE))).toMatchObject(streamed);
  });

  test("hints", () => {
    const hints = image.hints(scan({ model: "i", prompt: "a", n: 3 }), ROUTE);
    expect(hints).toMatchObject({ model: "i", n: 3, stream: false });
    expect([...hints.needs]).toEqual(["image_generation"]);
  });

  test("answers with data and usage", () => {
    const upstream: JsonObject = {
      created: 5,
      data: [{ b64_json: "iVBO", revised_prompt: "a fine cat" }],
      output_format: "png",
      size: "1024x1024",
      usage: {
        input_tokens: 10,
        input_tokens_details: { text_tokens: 8, image_tokens: 2 },
        output_tokens: 100,
        total_tokens: 110,
      },
    };
    const decoded = image.decodeAnswer(upstream, { target: targetFacts() });
    expect(decoded.usage?.tokens).toEqual({ input: 8, input_image: 2, output_image: 100 });
    expect(decoded.images).toEqual([
      { source: { kind: "base64", base64: "iVBO", mediaType: "image/png" }, revisedPrompt: "a fine cat" },
    ]);
    const losses: Loss[] = [];
    const encoded = image.encodeAnswer(decoded, context(decodeImage({ response_format: "url" })), ANNOTATION, losses);
    expect(encoded).toMatchObject({
      created: 5,
      data: [{ b64_json: "iVBO", revised_prompt: "a fine cat" }],
      size: "1024x1024",
      usage: { input_tokens: 10, output_tokens: 100, total_tokens: 110 },
      tollgate: {},
    });
    expect(losses).toMatchObject([{ field: "data[].url" }]);
  });

  test("answers with URLs, and answers that are none", () => {
    const decoded = image.decodeAnswer({ data: [{ url: "https://example.com/a.png" }] }, { target: targetFacts() });
    const encoded = image.encodeAnswer(decoded, context(decodeImage({})), NO_ANNOTATION, []);
    expect(encoded).toEqual({ created: 1_700_000_000, data: [{ url: "https://example.com/a.png" }] });
    expect(() => image.decodeAnswer({ data: [{}] }, { target: targetFacts() })).toThrow(DecodeError);
    expect(() => image.decodeAnswer({}, { target: targetFacts() })).toThrow(DecodeError);
  });
});

test("what a provider's answer has lost before is told with the rest", () => {
  const lost: Loss = { field: "predictions[0]", reason: "lost on the way", side: "answer" };
  const losses: Loss[] = [];
  const vectors = embed.decodeAnswer({ data: [{ index: 0, embedding: [0.5] }] }, { target: targetFacts() });
  embed.encodeAnswer({ ...vectors, losses: [lost] }, context(decodeEmbed({ input: "a" })), NO_ANNOTATION, losses);
  const images = image.decodeAnswer({ data: [{ b64_json: "AAAA" }] }, { target: targetFacts() });
  const held = { ...images, losses: [lost], filtered: ["violence"] };
  image.encodeAnswer(held, context(decodeImage({})), NO_ANNOTATION, losses);
  expect(losses).toMatchObject([lost, lost, { field: "data", side: "answer" }]);
});
