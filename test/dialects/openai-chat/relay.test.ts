/** Relays: the client's bytes and the provider's bytes, with nothing touched but what the gateway owns. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import type { Annotation, HeldFrame, OwnedFields, RelayContext } from "../../../src/dialects/dialect.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import { isObject, type JsonObject } from "../../../src/lib/json.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { ANNOTATION, chunk, framesOf, HEAD, NO_ANNOTATION, ROUTE, scan, targetFacts } from "./support.ts";

function splice(
  text: string,
  owned: OwnedFields,
  target: TargetFacts = targetFacts(),
): { text: string; lost: string[] } {
  const spliced = openaiChat.spliceRequest(scan(text), owned, ROUTE, target);
  expect(spliced.path).toBe("/chat/completions");
  return { text: Buffer.from(spliced.bytes).toString("utf8"), lost: spliced.losses.map((loss) => loss.field) };
}

const MESSAGES = '"messages" : [ {"role":"user","content":"h\\u00e9, 12345678901234567890 and 1.0e2"} ]';

describe("requests", () => {
  test("only the model changes; spacing, order, big numbers and unknown fields stay", () => {
    const body = `{ "zeta":12345678901234567890,\n  "model":"alias",  ${MESSAGES}, "x": {"b":1,"a":2} }`;
    expect(splice(body, { model: "gpt-5" }).text).toBe(body.replace('"alias"', '"gpt-5"'));
  });

  test("usage is asked for, beside what the client asks for itself", () => {
    const owned = { model: "m", includeUsage: true };
    expect(splice(`{"model":"m",${MESSAGES},"stream":true}`, owned).text).toBe(
      `{"model":"m",${MESSAGES},"stream":true,"stream_options":{"include_usage":true}}`,
    );
    expect(splice(`{"model":"m","stream_options": { "include_obfuscation" : false },${MESSAGES}}`, owned).text).toBe(
      `{"model":"m","stream_options": { "include_obfuscation" : false ,"include_usage":true},${MESSAGES}}`,
    );
    expect(splice(`{"model":"m","stream_options":{"include_usage":false},${MESSAGES}}`, owned).text).toContain(
      '"stream_options":{"include_usage":true}',
    );
    expect(splice(`{"model":"m","stream_options":null,${MESSAGES}}`, owned).text).toContain(
      '"stream_options":{"include_usage":true}',
    );
  });

  test("a server that tells its usage unasked is not asked", () => {
    const body = `{"model":"m","stream_options":{"include_usage":true},${MESSAGES}}`;
    expect(splice(body, { model: "m" }, targetFacts({ stream_usage: false })).text).toBe(`{"model":"m",${MESSAGES}}`);
  });

  test("the output cap: where the client put its own, else where the target has it", () => {
    const owned = { model: "m", maxOutput: 100 };
    expect(splice(`{"model":"m","max_tokens":900,${MESSAGES}}`, owned).text).toContain('"max_tokens":100,');
    expect(splice(`{"model":"m","max_completion_tokens":900,${MESSAGES}}`, owned).text).toContain(
      '"max_completion_tokens":100,',
    );
    expect(splice(`{"model":"m",${MESSAGES}}`, owned).text).toEndWith(',"max_tokens":100}');
    const both = splice(`{"model":"m","max_tokens":5,"max_completion_tokens":900,${MESSAGES}}`, owned).text;
    expect(both).toBe(`{"model":"m","max_completion_tokens":100,${MESSAGES}}`);
  });

  test("a cap under a name that the model refuses moves to the one it takes", () => {
    const flags = { ...targetFacts().flags, maxTokensField: "max_completion_tokens" as const };
    const moved = splice(`{"model":"m","max_tokens":900,${MESSAGES}}`, { model: "m" }, targetFacts({}, { flags }));
    expect(moved).toEqual({ text: `{"model":"m",${MESSAGES},"max_completion_tokens":900}`, lost: [] });
  });

  test("refused parameters are taken out, each a loss", () => {
    const body = `{"model":"m","temperature":1,${MESSAGES},"logit_bias":{},"seed":null,"top_p":0.5}`;
    const flags = { ...targetFacts().flags, sampling: false };
    const target = targetFacts({ refuses: ["logit_bias", "seed", "user"] }, { flags });
    expect(splice(body, { model: "m" }, target)).toEqual({
      text: `{"model":"m",${MESSAGES}}`,
      lost: ["temperature", "top_p", "logit_bias"],
    });
  });

  test("the service tier of a route", () => {
    expect(splice(`{"model":"m",${MESSAGES}}`, { model: "m", serviceTier: "flex" }).text).toContain(
      '"service_tier":"flex"',
    );
  });
});

const frame = (data: object | string): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, x_big: 1 };
const finish = chunk({}, "stop", { usage: null });
const usage = { ...HEAD, choices: [], usage: USAGE };

function annotate(stream: string, includeUsage: boolean, annotation: Annotation = ANNOTATION): string {
  const reader = new SseReader();
  const held: HeldFrame[] = [...reader.push(Buffer.from(stream)), ...reader.end()];
  const context: RelayContext = { route: ROUTE, includeUsage };
  return Buffer.concat(openaiChat.annotateTail(held, context, annotation)).toString("utf8");
}

const MARKS = '"cost_cents":0.0123,"tollgate":{"request_id":"req_0123abc"}';

describe("the end of a stream", () => {
  test("the client asked for usage: cost and extension on the chunk without choices, all else as it came", () => {
    const stream = frame(finish) + frame(usage) + frame("[DONE]");
    const expected = frame(finish) + frame(`${JSON.stringify(usage).slice(0, -1)},${MARKS}}`) + frame("[DONE]");
    expect(annotate(stream, true)).toBe(expected);
  });

  test("it did not: the usage chunk that only we asked for is gone, its usage rides on the finish", () => {
    const stream = frame(finish) + frame(usage) + frame("[DONE]");
    const merged = JSON.stringify({ ...finish, usage: USAGE });
    expect(annotate(stream, false)).toBe(frame(`${merged.slice(0, -1)},${MARKS}}`) + frame("[DONE]"));
    expect(
      framesOf(annotate(stream, false))
        .filter(isObject)
        .every((item) => Array.isArray(item["choices"]) && item["choices"].length === 1),
    ).toBe(true);
  });

  test("usage is taken over as its provider wrote it", () => {
    const odd = '{ "prompt_tokens" : 10, "cost": 0.00001230, "big": 12345678901234567890 }';
    const stream = frame(finish) + `data: {"choices":[],"usage":${odd}}\n\n` + frame("[DONE]");
    expect(annotate(stream, false)).toContain(`"usage":${odd}`);
  });

  test("a usage chunk with a field twice, or of a forbidden name, is taken over as it was read", () => {
    for (const more of ['"usage":{"prompt_tokens":10}', '"constructor":1']) {
      const stream = `${frame(finish)}data: {"choices":[],${more},"usage":{"prompt_tokens":11}}\n\n${frame("[DONE]")}`;
      expect(annotate(stream, false)).toContain('"usage":{"prompt_tokens":11}');
    }
  });

  test("CRLF, event names and bytes outside the edit stay", () => {
    const stream = `event: x\r\nid: 7\r\ndata: { "choices" : [ {"index":0,"delta":{},"finish_reason":"stop"} ], "usage": {"a":1} }\r\n\r\ndata: [DONE]\r\n\r\n`;
    expect(annotate(stream, true)).toBe(stream.replace('{"a":1} }', `{"a":1} ,${MARKS}}`));
  });

  test("usage beside the finish (Mistral): nothing to leave out", () => {
    const stream = frame({ ...finish, usage: USAGE }) + frame("[DONE]");
    for (const asked of [true, false]) {
      const [only] = framesOf(annotate(stream, asked)).filter(isObject);
      expect(only).toMatchObject({ usage: USAGE, tollgate: {}, choices: [{ finish_reason: "stop" }] });
    }
  });

  test("the finish twice (OpenRouter): the last one carries the bill", () => {
    const stream = frame(finish) + frame({ ...finish, usage: USAGE }) + frame("[DONE]");
    const frames = framesOf(annotate(stream, false)).filter(isObject);
    expect(frames).toHaveLength(2);
    expect("tollgate" in (frames[0] ?? {})).toBe(false);
    expect(frames[1]).toMatchObject({ usage: USAGE, tollgate: {} });
  });

  test("no usage at all: what was counted", () => {
    const [only] = framesOf(annotate(frame(chunk({}, "stop")) + frame("[DONE]"), false)).filter(isObject);
    expect(only).toMatchObject({ usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } });
  });

  test("usage without a finish reason: on the chunk that has it", () => {
    const stream = frame({ ...chunk({ content: "" }), usage: USAGE }) + frame("[DONE]");
    expect(framesOf(annotate(stream, false)).filter(isObject)).toMatchObject([{ usage: USAGE, tollgate: {} }]);
  });

  test("a finish that went out before: the usage chunk stays, since the bill has no other place", () => {
    const stream = frame(usage) + frame("[DONE]");
    expect(framesOf(annotate(stream, false)).filter(isObject)).toMatchObject([{ usage: USAGE, tollgate: {} }]);
  });

  test("data spread over several lines", () => {
    const stream = `data: {"choices":[{"index":0,\ndata: "delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
    const [only] = framesOf(annotate(stream, false)).filter(isObject);
    expect(only).toMatchObject({ choices: [{ finish_reason: "stop" }], tollgate: {} });
  });

  test("billing.annotate: false: nothing is added", () => {
    const stream = frame(finish) + frame(usage) + frame("[DONE]");
    expect(annotate(stream, true, NO_ANNOTATION)).toBe(stream);
    expect(annotate(frame(chunk({}, "stop")) + frame("[DONE]"), false, NO_ANNOTATION)).toBe(
      frame(chunk({}, "stop")) + frame("[DONE]"),
    );
  });
});

describe("JSON answers", () => {
  test("cost and extension are its last fields", () => {
    const body = '{ "id":"x", "n": 12345678901234567890,\n "choices":[] }\n';
    const annotated = Buffer.from(openaiChat.annotateBody(Buffer.from(body), ANNOTATION)).toString("utf8");
    expect(annotated).toBe(`{ "id":"x", "n": 12345678901234567890,\n "choices":[] ,${MARKS}}\n`);
    expect(openaiChat.annotateBody(Buffer.from(body), NO_ANNOTATION)).toEqual(Buffer.from(body));
  });

  test("and the usage that was counted, where the provider told none", () => {
    const counted = { ...ANNOTATION, extension: { usage_source: "counted" } };
    for (const body of ['{"id":"x","choices":[]}', '{"id":"x","usage":null,"choices":[]}']) {
      const annotated = JSON.parse(Buffer.from(openaiChat.annotateBody(Buffer.from(body), counted)).toString("utf8"));
      expect(annotated).toMatchObject({
        id: "x",
        cost_cents: 0.0123,
        usage: { prompt_tokens: 7, completion_tokens: 3 },
      });
    }
  });
});

describe("errors", () => {
  test("in the middle of a verbatim stream", () => {
    const error = new GatewayError({
      status: 503,
      code: "provider_error",
      message: "died",
      details: { cause: { kind: "reset" } },
    });
    const state = { route: ROUTE, id: "chatcmpl-1", model: "gpt-5", created: 5, framesSent: 3, sequence: -1 };
    const [alone, last, ...rest] = framesOf(openaiChat.renderStreamError(error, "req_1", state));
    expect(rest).toEqual([]);
    expect(alone).toEqual({ error: (last as JsonObject)["error"] });
    expect(last).toMatchObject({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 5,
      model: "gpt-5",
      error: { code: "provider_error", message: "died", type: "api_error", request_id: "req_1" },
      choices: [{ index: 0, delta: {}, finish_reason: "error" }],
    });
  });

  test("as an HTTP answer", () => {
    const error = new GatewayError({
      status: 400,
      code: "invalid_request",
      message: "m",
      param: "messages[0]",
      retryAfterSeconds: 2,
    });
    const rendered = openaiChat.renderError(error, "req_1", { style: "default" });
    expect(rendered.status).toBe(400);
    expect(rendered.headers["retry-after"]).toBe("2");
    expect(rendered.body as JsonObject).toMatchObject({
      error: { message: "m", type: "invalid_request_error", param: "messages[0]", code: "invalid_request" },
    });
    expect(openaiChat.renderError(error, "req_1", { style: "wallet" }).body).toMatchObject({
      error: { type: "invalid_request" },
    });
  });

  test("of a provider, in any shape", () => {
    const read = (status: number, text: string, headers: Record<string, string> = {}): unknown =>
      openaiChat.decodeError(status, text, new Headers(headers));
    expect(
      read(429, '{"error":{"message":"slow","code":"rate_limit_exceeded"}}', { "retry-after": "7" }),
    ).toMatchObject({
      cause: "status",
      status: 429,
      code: "rate_limit_exceeded",
      message: "slow",
      retryAfterSeconds: 7,
    });
    expect(read(400, '{"error":"plain"}')).toMatchObject({ message: "plain" });
    expect(read(401, '{"detail":"Unauthorized"}')).toMatchObject({ message: "Unauthorized" });
    expect(read(422, '{"detail":[{"loc":["body"],"msg":"field required"}]}')).toMatchObject({
      message: "field required",
    });
    expect(read(404, "<html>nginx</html>")).toMatchObject({ status: 404 });
    expect(read(413, "")).toMatchObject({ status: 413 });
    expect(read(402, '{"error":{"message":"Insufficient Balance","code":402}}')).toMatchObject({
      status: 402,
      code: "402",
    });
    expect(read(529, '{"error":{"type":"overloaded_error","message":"busy"}}')).toMatchObject({
      code: "overloaded_error",
    });
  });
});
