import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import { type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { JsonArrayReader } from "../../../src/wire/json-array.ts";
import { scanObject } from "../../../src/wire/scan.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { annotation, arrayRoute, route, sse, target } from "./support.ts";

const splice = (body: string, owned: object = {}, facts = target, at = route) => {
  const spliced = gemini.spliceRequest(scanObject(Buffer.from(body)), { model: "up", ...owned }, at, facts);
  return { ...spliced, text: Buffer.from(spliced.bytes).toString("utf8") };
};

describe("spliced requests", () => {
  test("the path, query and bytes", () => {
    const body = '{ "contents" : [ {"parts":[{"text":"\\u0041 1.0 12345678901234567890"}]} ] , "x":1.50 }';
    const spliced = splice(body);
    expect(spliced).toMatchObject({
      path: "/v1beta/models/up:streamGenerateContent",
      query: { alt: "sse" },
      text: body,
      losses: [],
    });
    expect(splice(body, {}, target, arrayRoute).query).toBeUndefined();
    expect(splice(body, {}, target, { ...route, stream: false })).toMatchObject({
      path: "/v1beta/models/up:generateContent",
    });
  });

  test("an output cap, wherever the client has or hasn't one", () => {
    const cap = (body: string) => splice(body, { maxOutput: 9 }).text;
    expect(cap('{"contents":[]}')).toBe('{"contents":[],"generationConfig":{"maxOutputTokens":9}}');
    expect(cap('{"generationConfig":{ "topP" : 1.0, "maxOutputTokens": 5 },"a":1}')).toBe(
      '{"generationConfig":{ "topP" : 1.0, "maxOutputTokens": 9 },"a":1}',
    );
    expect(cap('{"generation_config":{"max_output_tokens":5}}')).toBe('{"generation_config":{"max_output_tokens":9}}');
    expect(cap('{"generation_config":{"top_p":1}}')).toBe('{"generation_config":{"top_p":1,"maxOutputTokens":9}}');
    expect(cap('{"generationConfig":null}')).toBe('{"generationConfig":{"maxOutputTokens":9}}');
    expect(cap('{"generationConfig":{}}')).toBe('{"generationConfig":{"maxOutputTokens":9}}');
  });

  test("model in the body, service tier, refused parameters", () => {
    expect(splice('{"model":"models/mine","contents":[]}').text).toBe('{"model":"models/up","contents":[]}');
    expect(splice('{"service_tier":"standard"}', { serviceTier: "flex" }).text).toBe('{"service_tier":"flex"}');
    const facts = {
      ...target,
      flags: { ...target.flags, sampling: false },
      compat: { ...target.compat, refuses: ["labels"] },
    };
    const refused = splice('{"labels":{},"generationConfig":{"temperature":1,"top_k":2,"seed":3}}', {}, facts);
    expect(refused.text).toBe('{"generationConfig":{"seed":3}}');
    expect(refused.losses.map((loss) => loss.field)).toEqual(["labels", "temperature", "top_k"]);
  });
});

describe("annotated answers", () => {
  const text = (value: string, more: object = {}): JsonValue => ({
    candidates: [{ content: { parts: [{ text: value }] }, ...more }],
  });
  const annotate = (stream: string, array: boolean, note = annotation()): string => {
    const reader = array ? new JsonArrayReader() : new SseReader();
    const bytes = Buffer.from(stream);
    const decoder = gemini.createDecoder({ target });
    const frames = [...reader.push(bytes), ...reader.end()];
    const held = frames.filter(({ frame }) => decoder.push(frame, () => undefined) === "tail");
    const sent = frames.filter((frame) => !held.includes(frame)).map(({ raw }) => raw);
    const context = { route: array ? arrayRoute : route, includeUsage: true };
    return Buffer.concat([...sent, ...gemini.annotateTail(held, context, note)]).toString("utf8");
  };
  const fields = '"cost_cents":0.0123,"tollgate":{"request_id":"req_1"}';

  test("the last chunk, and nothing else, is changed", () => {
    const stream = sse(text("a"), text("b"), text("c", { finishReason: "STOP" }));
    const annotated = annotate(stream, false);
    expect(annotated).toBe(stream.replace(/\}\r\n\r\n$/, `,${fields}}\r\n\r\n`));
  });

  test("in array mode the bracket stays at the end", () => {
    const array = JSON.stringify([text("a"), text("b", { finishReason: "STOP" })], null, 2);
    const annotated = annotate(array, true);
    expect(annotated.replace(`,${fields}`, "")).toBe(array);
    expect((parseJson(annotated) as JsonObject[]).at(-1)).toMatchObject({ tollgate: { request_id: "req_1" } });
  });

  test("a whole body, and one without an annotation", () => {
    const body = Buffer.from('{\n  "candidates": [],\n  "n": 1.0\n}\n');
    expect(Buffer.from(gemini.annotateBody(body, annotation())).toString()).toBe(
      `{\n  "candidates": [],\n  "n": 1.0\n,${fields}}\n`,
    );
    const plain = { ...annotation(), costCents: null, extension: null };
    expect(Buffer.from(gemini.annotateBody(body, plain)).equals(body)).toBe(true);
    const stream = sse(text("c", { finishReason: "STOP" }));
    expect(annotate(stream, false, plain)).toBe(stream);
  });

  test("an error in the middle", () => {
    const error = new GatewayError({ status: 503, code: "provider_error", message: "lost\nit" });
    const state = { id: null, model: null, created: 0, sequence: -1 };
    const line = gemini.renderStreamError(error, "req_1", { ...state, route, framesSent: 3 });
    expect(line).toMatch(/^data: \{"error":.*\}\n\n$/);
    expect(line.trim().split("\n")).toHaveLength(1);
    expect(
      JSON.parse(gemini.renderStreamError(error, "req_1", { ...state, route: arrayRoute, framesSent: 0 })),
    ).toHaveLength(1);
    const open = `[{"a":1}`;
    expect(
      JSON.parse(open + gemini.renderStreamError(error, "req_1", { ...state, route: arrayRoute, framesSent: 1 })),
    ).toHaveLength(2);
  });
});

describe("errors", () => {
  const render = (init: ConstructorParameters<typeof GatewayError>[0], style: "default" | "managed" = "default") =>
    gemini.renderError(new GatewayError(init), "req_1", { style });

  test("Google's shape, our code as the reason, request id, field and retry", () => {
    const rendered = render({ status: 400, code: "invalid_request", message: "bad", param: "contents[0]" });
    expect(rendered.body).toEqual({
      error: {
        code: 400,
        message: "bad",
        status: "INVALID_ARGUMENT",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "invalid_request",
            domain: "gateway",
            metadata: { request_id: "req_1", param: "contents[0]" },
          },
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "contents[0]", description: "bad" }],
          },
        ],
      },
    });
    const limited = render({ status: 429, code: "rate_limited", message: "slow", retryAfterSeconds: 12 });
    expect(limited.headers).toEqual({ "retry-after": "12" });
    expect(JSON.stringify(limited.body)).toContain('"retryDelay":"12s"');
    expect(
      render({ status: 429, code: "rate_limited", message: "slow", retryAfterSeconds: 12 }, "managed").body.error,
    ).toMatchObject({
      kind: "usage",
      retry_after_seconds: 12,
      request_id: "req_1",
    });
  });

  test.each([
    [401, "UNAUTHENTICATED"],
    [402, "FAILED_PRECONDITION"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [413, "INVALID_ARGUMENT"],
    [429, "RESOURCE_EXHAUSTED"],
    [500, "INTERNAL"],
    [503, "UNAVAILABLE"],
  ])("%d is %s", (status, name) => {
    expect(render({ status, code: "internal_error", message: "x" }).body.error).toMatchObject({
      code: status,
      status: name,
    });
  });

  test("error bodies of all shapes", () => {
    const decode = (status: number, text: string, headers: Record<string, string> = {}) =>
      gemini.decodeError(status, text, new Headers(headers));
    const quota = {
      code: 429,
      message: "q",
      status: "RESOURCE_EXHAUSTED",
      details: [{ "@type": "RetryInfo", retryDelay: "34.4s" }],
    };
    expect(decode(429, JSON.stringify({ error: quota }))).toMatchObject({
      status: 429,
      code: "RESOURCE_EXHAUSTED",
      retryAfterSeconds: 35,
    });
    expect(decode(429, JSON.stringify([{ error: quota }]), { "retry-after": "5" }).retryAfterSeconds).toBe(5);
    expect(decode(429, JSON.stringify({ error: { message: JSON.stringify({ error: quota }) } })).code).toBe(
      "RESOURCE_EXHAUSTED",
    );
    const badKey = {
      code: 400,
      message: "API key not valid.",
      status: "INVALID_ARGUMENT",
      details: [{ reason: "API_KEY_INVALID" }],
    };
    expect(decode(400, JSON.stringify({ error: badKey })).status).toBe(401);
    const tooLong = "The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).";
    expect(decode(400, JSON.stringify({ error: { message: tooLong, status: "INVALID_ARGUMENT" } })).code).toBe(
      "context_length_exceeded",
    );
    expect(decode(404, "<html><head><title>Not Found</title></head><body><h1>404</h1></body></html>").message).toBe(
      "Not Found 404",
    );
    expect(decode(500, "").message).toBe("the provider reported an error");
    expect(decode(503, '"busy"')).toMatchObject({ status: 503, message: "busy" });
    expect(decode(502, "null").status).toBe(502);
    expect(decode(400, JSON.stringify({ error: "as text" })).message).toBe("as text");
  });
});
