import { describe, expect, test } from "bun:test";
import { testBed } from "./support.ts";

describe("inference routes", () => {
  const bed = testBed();
  const { key } = bed.addKey();

  test.each([
    ["/v1/chat/completions", "openai-chat", "generate"],
    ["/chat/completions", "openai-chat", "generate"],
    ["/v1/responses", "openai-responses", "generate"],
    ["/responses", "openai-responses", "generate"],
    ["/v1/responses/input_tokens", "openai-responses", "count"],
    ["/responses/input_tokens", "openai-responses", "count"],
    ["/v1/messages", "anthropic-messages", "generate"],
    ["/v1/messages?beta=true", "anthropic-messages", "generate"],
    ["/v1/messages/count_tokens", "anthropic-messages", "count"],
    ["/v1/embeddings", "openai-chat", "embed"],
    ["/v1/images/generations", "openai-chat", "image"],
  ])("%s goes to the gateway as %s %s", async (path, dialect, operation) => {
    bed.calls.length = 0;
    const answer = await bed.send("POST", path, { key, body: { model: "gpt-5" } });
    expect(answer.status).toBe(200);
    expect(bed.calls.map((call) => [call.dialect.id as string, call.operation as string])).toEqual([
      [dialect, operation],
    ]);
    expect(await answer.json()).toEqual({ ok: true, body: '{"model":"gpt-5"}' });
    expect(answer.headers.get("x-tollgate-request-id")).toBe(bed.calls[0]?.requestId ?? "");
  });

  test.each([
    ["/v1beta/models/gemini-pro:generateContent", "gemini-pro", "generate", false, true],
    ["/v1/models/gemini-pro:streamGenerateContent", "gemini-pro", "generate", true, false],
    ["/v1/models/gemini-pro:streamGenerateContent?alt=sse", "gemini-pro", "generate", true, true],
    ["/v1beta/models/lab%2Ftiny:countTokens", "lab/tiny", "count", false, true],
    ["/v1beta/models/lab/ti:ny:embedContent", "lab/ti:ny", "embed", false, true],
    ["/v1beta/models/gemini-pro:batchEmbedContents", "gemini-pro", "embed", false, true],
  ])("%s is Gemini for %s", async (path, model, operation, stream, sse) => {
    bed.calls.length = 0;
    expect((await bed.send("POST", path, { key, body: {} })).status).toBe(200);
    const [call] = bed.calls;
    expect(call?.route).toEqual({ model, stream, sse, headers: {} });
    expect([call?.dialect.id as string, call?.operation as string]).toEqual(["gemini", operation]);
  });

  test("an unknown Gemini method is a 404 in Gemini's shape", async () => {
    const answer = await bed.send("POST", "/v1beta/models/gemini-pro:dance", { key, body: {} });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ dialect: "gemini", error: { code: "not_found" } });
  });

  test("a path that can't be decoded is a 400", async () => {
    const answer = await bed.send("POST", "/v1beta/models/%E0%A4:generateContent", { key, body: {} });
    expect(answer.status).toBe(400);
  });

  test("headers of the dialect reach the call, others don't", async () => {
    bed.calls.length = 0;
    const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "a,b", "x-other": "1" };
    await bed.send("POST", "/v1/messages", { key, body: {}, headers });
    expect(bed.calls[0]?.route.headers).toEqual({ "anthropic-version": "2023-06-01", "anthropic-beta": "a,b" });
  });

  test("another content type than JSON is a 415 and never reaches the gateway", async () => {
    bed.calls.length = 0;
    const answer = await bed.send("POST", "/v1/messages", {
      key,
      body: "a=1",
      headers: { "content-type": "text/plain" },
    });
    expect(answer.status).toBe(415);
    expect(await answer.json()).toMatchObject({
      dialect: "anthropic-messages",
      error: { code: "unsupported_media_type" },
    });
    expect(bed.calls).toEqual([]);
  });
});

describe("routes that don't exist", () => {
  const bed = testBed();

  test("405 names the methods, in body and Allow", async () => {
    const answer = await bed.send("GET", "/v1/chat/completions");
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST, OPTIONS");
    expect(await answer.json()).toMatchObject({ dialect: "openai-chat", error: { code: "method_not_allowed" } });
  });

  test.each(["/v1/completions", "/v1/batches", "/v1/files/abc", "/v1/audio/speech", "/v1/moderations", "/realtime"])(
    "%s says that it isn't served and what is",
    async (path) => {
      const answer = await bed.send("POST", path, { body: {} });
      expect(answer.status).toBe(404);
      expect(JSON.stringify(await answer.json())).toContain("/v1/chat/completions");
    },
  );

  test("an unknown path names the nearest ones and has the request id in body and header", async () => {
    const answer = await bed.send("POST", "/v1/chat/completion", { body: {} });
    expect(answer.status).toBe(404);
    const body = (await answer.json()) as { request_id: string; error: { details: { nearest: string[] } } };
    expect(body.error.details.nearest).toContain("/v1/chat/completions");
    expect(answer.headers.get("x-tollgate-request-id")).toBe(body.request_id);
  });

  test("a WebSocket upgrade is refused at once", async () => {
    const headers = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    expect((await bed.send("GET", "/v1/responses", { headers })).status).toBe(426);
    const realtime = await bed.send("GET", "/v1/realtime", { headers });
    expect([realtime.status, await realtime.text()]).toEqual([404, expect.stringContaining("does not serve realtime")]);
  });

  test("a Host header changes nothing", async () => {
    expect((await bed.send("GET", "/health", { headers: { host: "x/admin?" } })).status).toBe(200);
  });
});

describe("CORS", () => {
  const bed = testBed({
    catalog: `
access: {auth: required, cors_origins: ["https://app.example"]}
providers: {openai: {kind: openai, base_url: "https://api.openai.com/v1"}}
models: [{id: a, provider: openai, context: 1000, price: {input: 1, output: 1}}]
`,
  });

  test("a listed origin may call, with its own headers", async () => {
    const answer = await bed.send("OPTIONS", "/v1/chat/completions", {
      headers: { origin: "https://app.example", "access-control-request-headers": "authorization, content-type" },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(answer.headers.get("access-control-allow-methods")).toBe("POST");
    expect(answer.headers.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("another origin is not let in", async () => {
    const answer = await bed.send("OPTIONS", "/v1/chat/completions", { headers: { origin: "https://evil.example" } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});

test("the request id stands where each SDK looks for it", async () => {
  const answer = await testBed().send("POST", "/v1/messages", { body: {} });
  const { request_id } = (await answer.json()) as { request_id: string };
  for (const name of ["x-tollgate-request-id", "x-request-id", "request-id"]) {
    expect(answer.headers.get(name)).toBe(request_id);
  }
});
