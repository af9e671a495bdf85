import { describe, expect, test } from "bun:test";
import { PROVIDER_KINDS, type ProviderKind } from "../../src/catalog/types.ts";
import { type Compat, DEFAULT_COMPAT } from "../../src/ir/target.ts";
import { buildOutbound, type OutboundTarget } from "../../src/providers/outbound.ts";

const target = (kind: ProviderKind, baseUrl: string, compat: Partial<Compat> = {}): OutboundTarget => ({
  provider: { kind, baseUrl, compat: { ...DEFAULT_COMPAT, ...compat }, headers: {} },
  credential: { apiKey: "secret" },
  model: { upstream: "m/1" },
});
const url = (
  kind: ProviderKind,
  base: string,
  path: string,
  query?: Record<string, string>,
  compat?: Partial<Compat>,
): string =>
  buildOutbound(target(kind, base, compat), { path, ...(query === undefined ? {} : { query }), body: "{}" }).url;

describe("URLs", () => {
  test.each([
    ["openai", "https://a.test/v1", "/chat/completions", "https://a.test/v1/chat/completions"],
    ["openai", "https://a.test/v1/", "/chat/completions", "https://a.test/v1/chat/completions"],
    ["openai-compatible", "https://a.test/openai", "/embeddings", "https://a.test/openai/embeddings"],
    ["anthropic", "https://a.test", "/v1/messages", "https://a.test/v1/messages"],
    ["anthropic", "https://a.test/v1/", "/v1/messages", "https://a.test/v1/messages"],
    ["gemini", "https://a.test", "/v1beta/models/g:generateContent", "https://a.test/v1beta/models/g:generateContent"],
    [
      "gemini",
      "https://a.test/v1beta",
      "/v1beta/models/g:generateContent",
      "https://a.test/v1beta/models/g:generateContent",
    ],
    ["gemini", "https://a.test/v1", "/v1beta/models/g:generateContent", "https://a.test/v1/models/g:generateContent"],
  ] as const)("%s %s", (kind, base, path, expected) => {
    expect(url(kind, base, path)).toBe(expected);
  });
  test("queries of the dialect and of the provider", () => {
    expect(url("gemini", "https://a.test", "/v1beta/x", { alt: "sse" })).toBe("https://a.test/v1beta/x?alt=sse");
    expect(url("openai", "https://a.test", "/x", { b: "2 3" }, { query: { "api-version": "1" } })).toBe(
      "https://a.test/x?api-version=1&b=2+3",
    );
  });
  test("a provider's own path replaces the generate path only", () => {
    const compat = { path: "/deployments/{model}/chat" };
    expect(url("openai-compatible", "https://a.test", "/chat/completions", {}, compat)).toBe(
      "https://a.test/deployments/m%2F1/chat",
    );
    expect(url("openai-compatible", "https://a.test", "/embeddings", {}, compat)).toBe("https://a.test/embeddings");
  });
  test.each([
    "/../x",
    "/a/..",
    "/a/%2e%2E/b",
    "/a?b",
    "/a#b",
    "/a\\b",
    "//evil.test/x",
    "a",
    "@evil.test",
    "/a b",
    "/./x",
  ])("refuses %p", (path) => {
    expect(() => url("openai", "https://a.test/v1", path)).toThrow(RangeError);
  });
});

describe("headers", () => {
  const headers = (
    kind: ProviderKind,
    compat: Partial<Compat> = {},
    client: Record<string, string> = {},
    own?: Record<string, string>,
  ) =>
    buildOutbound(
      target(kind, "https://a.test", compat),
      { path: "/x", body: "{}", ...(own ? { headers: own } : {}) },
      client,
    ).headers;

  test("each kind's own credential form, and the catalog's", () => {
    expect(headers("openai")["authorization"]).toBe("Bearer secret");
    expect(headers("anthropic")["x-api-key"]).toBe("secret");
    expect(headers("gemini")["x-goog-api-key"]).toBe("secret");
    expect(headers("openai-compatible", { auth_header: "Api-Key" })).toMatchObject({ "api-key": "secret" });
    expect(headers("openai-compatible", { auth_header: "api-key" })["authorization"]).toBeUndefined();
    expect(headers("anthropic", { auth_header: "authorization" })["authorization"]).toBe("Bearer secret");
    expect(headers("openai", { auth_prefix: "Token" })["authorization"]).toBe("Token secret");
    const keyless = { ...target("openai", "https://a.test"), credential: { apiKey: null } };
    expect(buildOutbound(keyless, { path: "/x", body: "{}" }).headers["authorization"]).toBeUndefined();
  });

  test("headers of dialect and provider", () => {
    expect(headers("anthropic", {}, { "anthropic-version": "2024-01-01" })["anthropic-version"]).toBe("2024-01-01");
    expect(headers("anthropic")["anthropic-version"]).toBe("2023-06-01");
    expect(headers("anthropic", {}, { "anthropic-beta": "a" }, { "Anthropic-Beta": "b" })["anthropic-beta"]).toBe("b");
    expect(headers("openai", { headers: { "X-Title": "t" } })["x-title"]).toBe("t");
  });

  test("nothing else of the client leaves", () => {
    const canary = "canary-7f3a";
    const names = [
      "authorization x-api-key x-goog-api-key cookie x-forwarded-for x-forwarded-host forwarded host connection te",
      "transfer-encoding content-length openai-organization openai-project user-agent accept origin referer x-request-id",
      "traceparent idempotency-key content-encoding proxy-authorization x-custom",
    ].flatMap((line) => line.split(" "));
    const client = Object.fromEntries(names.map((name) => [name, canary]));
    for (const kind of PROVIDER_KINDS) expect(JSON.stringify(headers(kind, {}, client))).not.toContain(canary);
    const known = { "openai-beta": canary, "anthropic-beta": canary };
    expect(Object.values(headers("openai", {}, known)).filter((value) => value === canary).length).toBe(1);
    expect(JSON.stringify(headers("gemini", {}, known))).not.toContain(canary);
  });
});
