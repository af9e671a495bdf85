/** Errors of the provider, and ours in Anthropic's shape. */
import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { refuseThread } from "../../../src/dialects/anthropic-messages/decode-request.ts";
import type { ErrorStyle } from "../../../src/dialects/dialect.ts";
import { GatewayError, type GatewayErrorInit } from "../../../src/ir/error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { frameData, ROUTE } from "./support.ts";

describe("of the provider", () => {
  const decode = (status: number, text: string, headers: Record<string, string> = {}) =>
    anthropicMessages.decodeError(status, text, new Headers(headers));
  const bodies: [string, number, string, JsonObject][] = [
    [
      "Anthropic's own",
      400,
      '{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field required"},"request_id":"r"}',
      { code: "invalid_request_error", message: "max_tokens: Field required" },
    ],
    [
      "with a code of its own",
      400,
      '{"type":"error","error":{"type":"invalid_request_error","message":"m","details":{"error_code":"tool_name_conflict"}}}',
      { code: "tool_name_conflict" },
    ],
    ["error as a string", 401, '{"error":"bad key"}', { code: null, message: "bad key" }],
    ["detail", 422, '{"detail":"no"}', { message: "no" }],
    ["a bare message", 500, '{"message":"oops","code":"x"}', { code: "x", message: "oops" }],
    [
      "HTML of a proxy",
      502,
      "<html>secret host</html>",
      { code: null, message: "the provider answered with status 502" },
    ],
    [
      "a prompt that is too long",
      400,
      '{"error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}',
      { code: "context_length_exceeded", message: "prompt is too long: 210000 tokens > 200000 maximum" },
    ],
    ["nothing", 529, "", { code: null, message: "the provider answered with status 529" }],
    ["JSON that is no object", 500, "[1]", { code: null }],
  ];
  for (const [name, status, text, expected] of bodies) {
    test(name, () => expect(decode(status, text)).toMatchObject({ cause: "status", status, ...expected }));
  }

  test("Retry-After in seconds or as a date", () => {
    expect(decode(429, "", { "retry-after": "58" }).retryAfterSeconds).toBe(58);
    expect(decode(429, "", { "retry-after": "0.4" }).retryAfterSeconds).toBe(1);
    const dates = { "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" };
    expect(decode(429, "", dates).retryAfterSeconds).toBe(30);
    expect(decode(429, "", { "retry-after": "soon" }).retryAfterSeconds).toBeUndefined();
  });
});

describe("ours", () => {
  const render = (init: GatewayErrorInit, style: ErrorStyle["style"] = "default") =>
    anthropicMessages.renderError(new GatewayError(init), "req_1", { style });
  const types: [number, GatewayErrorInit["code"], string, number][] = [
    [400, "invalid_request", "invalid_request_error", 400],
    [401, "unauthorized", "authentication_error", 401],
    [402, "insufficient_credits", "billing_error", 402],
    [403, "model_not_allowed", "permission_error", 403],
    [404, "not_found", "not_found_error", 404],
    [413, "request_too_large", "request_too_large", 413],
    [429, "rate_limited", "rate_limit_error", 429],
    [500, "internal_error", "api_error", 500],
    [503, "provider_error", "api_error", 503],
    [503, "overloaded", "overloaded_error", 529],
  ];
  for (const [status, code, type, sent] of types) {
    test(`${status} ${code}`, () => {
      const rendered = render({ status, code, message: "m" });
      expect(rendered.status).toBe(sent);
      expect(rendered.body).toMatchObject({
        type: "error",
        error: { type, message: "m", details: { error_code: code } },
        request_id: "req_1",
      });
      expect(rendered.headers["request-id"]).toBe("req_1");
    });
  }

  const limited: GatewayErrorInit = {
    status: 429,
    code: "rate_limited",
    message: "m",
    retryAfterSeconds: 7,
    headers: { "x-ratelimit-limit-requests": "5" },
  };
  test("a limit tells when to come back", () => {
    const { body, headers } = render(limited);
    expect(headers).toEqual({ "x-ratelimit-limit-requests": "5", "request-id": "req_1", "retry-after": "7" });
    expect(body.error).toMatchObject({ details: { kind: "usage", retry_after_seconds: 7 } });
  });

  test("styles: wallet has the code as type, managed has it beside the message", () => {
    expect(render({ status: 402, code: "monthly_cap_reached", message: "m" }, "wallet").body.error).toMatchObject({
      type: "monthly_cap_reached",
    });
    expect(render(limited, "managed").body.error).toMatchObject({
      code: "rate_limited",
      kind: "usage",
      retry_after_seconds: 7,
      request_id: "req_1",
    });
  });

  test("the field and further facts are in the details", () => {
    const { body } = render({
      status: 402,
      code: "call_cap_exceeded",
      message: "m",
      param: "max_tokens",
      details: { largest_max_tokens: 9 },
    });
    expect(body.error).toMatchObject({
      details: { error_code: "call_cap_exceeded", param: "max_tokens", largest_max_tokens: 9 },
    });
  });

  test("a refused thread has the code that tool runners look for", () => {
    try {
      refuseThread({ type: "create" });
      throw new Error("not refused");
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const { status, body } = anthropicMessages.renderError(error, "r", { style: "default" });
      expect([status, body.error]).toMatchObject([
        400,
        {
          type: "invalid_request_error",
          details: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
        },
      ]);
    }
  });

  test("in a relayed stream", () => {
    const state = { route: ROUTE, id: null, model: null, created: 0, framesSent: 3, sequence: -1 };
    const error = new GatewayError({ status: 503, code: "provider_error", message: "gone" });
    const text = anthropicMessages.renderStreamError(error, "req_1", state);
    expect(text).toStartWith("event: error\n");
    expect(frameData(text)).toMatchObject([{ type: "error", error: { type: "api_error" }, request_id: "req_1" }]);
  });
});
