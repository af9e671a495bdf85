/** The conformance matrix against this gateway, and against one that breaks its promises. */
import { describe, expect, test } from "bun:test";
import { renderReport, tally } from "../../src/cli/conformance/report.ts";
import { runMatrix, SPEAKERS } from "../../src/cli/conformance/run.ts";
import type { CaseResult } from "../../src/cli/conformance/types.ts";
import { startGateway } from "../support/gateway.ts";
import { HANGING_MS } from "../support/limits.ts";
import { chatReply, type RecordedRequest, startUpstream } from "../support/upstream.ts";

const dialects = SPEAKERS.map(({ id }) => id);
const matrix = (url: string, key: string, model: string): Promise<CaseResult[]> =>
  runMatrix({ url, key, model, dialects, timeoutMs: HANGING_MS });

const notOk = (results: CaseResult[]): string[] =>
  results
    .filter(({ outcome }) => outcome !== "ok")
    .map((result) => `${result.outcome} ${result.dialect} ${result.mode} ${result.case}: ${result.note}`);

const NO_COUNT = ["skip openai-chat - count tokens: the dialect has no such operation"];

/** A model that does what each case hopes for. */
function obliging(request: RecordedRequest): ReturnType<ReturnType<typeof chatReply>> {
  const text = request.text();
  if (text.includes('"role":"tool"')) return chatReply({ text: "It is sunny." })(request);
  const call = (city: string) => ({ id: `call_${city}`, name: "get_weather", arguments: { city } });
  if (text.includes("for both cities")) return chatReply({ tools: [call("Oslo"), call("Lima")] })(request);
  if (text.includes("weather")) return chatReply({ tools: [call("Oslo")] })(request);
  return chatReply({ text: text.includes("json_schema") ? '{"echo":"pong"}' : "pong" })(request);
}

describe("this gateway", () => {
  test("passes with the built-in echo model, which calls one tool at most", async () => {
    await using gateway = await startGateway();
    const { key } = await gateway.createKey({ key: { models: ["echo"] } });
    const results = await matrix(gateway.url, key, "echo");
    const rest = notOk(results).filter((line) => !line.endsWith("parallel tools: the model made 1 call where 2 fit"));
    expect(rest).toEqual(NO_COUNT);
    expect(tally(results, "fail")).toBe(0);
  });

  test("passes in every dialect with a model that does all that is asked", async () => {
    await using up = await startUpstream();
    up.always(obliging);
    await using gateway = await startGateway({
      catalog: `
access: {auth: required, limits: {requests_per_minute: 0}}
providers: {openai: {kind: openai, base_url: "${up.url}/v1", api_key: up-key}}
models:
  - {id: m, provider: openai, context: 100000, max_output: 4000, capabilities: [tools, json_schema], price: {input: 1, output: 2}}
`,
    });
    const { key } = await gateway.createKey({ credit: "10.00" });
    expect(notOk(await matrix(gateway.url, key, "m"))).toEqual(NO_COUNT);
    expect(gateway.verify()).toEqual([]);
  });
});

describe("a gateway that breaks its promises", () => {
  const server = (answer: (path: string) => Response) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => answer(new URL(request.url).pathname),
    });

  test("fails in every case when it answers nonsense", async () => {
    const broken = server(() => Response.json({ ok: true }));
    const results = await matrix(`http://127.0.0.1:${broken.port}`, "k", "m");
    await broken.stop(true);
    expect(results.filter(({ outcome }) => outcome === "ok")).toEqual([]);
    expect(notOk(results).filter((line) => line.startsWith("skip"))).toEqual(NO_COUNT);
  });

  test("is told what it did: a stream without its end, an error in the wrong shape, a sum that is wrong", async () => {
    const chunk = {
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { content: "pong" }, finish_reason: "stop" }],
    };
    const body = {
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "pong" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 4 },
    };
    const headers = { "content-type": "text/event-stream" };
    let calls = 0;
    const broken = server(() => {
      calls += 1;
      return calls % 2 === 1 ? Response.json(body) : new Response(`data: ${JSON.stringify(chunk)}\n\n`, { headers });
    });
    const url = `http://127.0.0.1:${broken.port}`;
    const results = await runMatrix({ url, key: "k", model: "m", dialects: ["openai-chat"], timeoutMs: HANGING_MS });
    await broken.stop(true);
    const note = (name: string, mode: string) => results.find((item) => item.case === name && item.mode === mode)?.note;
    expect(note("text", "json")).toStartWith("total_tokens should be the sum");
    expect(note("text", "stream")).toStartWith("the stream should end with [DONE]");
    expect(note("401 wrong key", "json")).toStartWith("status should be 401");
    const report = renderReport(results);
    expect(report).toContain("FAIL  openai-chat stream, text: the stream should end with [DONE]");
    expect(report).toEndWith(`0 ok, ${results.length - 1} failed, 1 skipped`);
  });

  test("nobody there: every case fails with the reason", async () => {
    const gone = server(() => new Response());
    const url = `http://127.0.0.1:${gone.port}`;
    await gone.stop(true);
    const results = await runMatrix({ url, key: "k", model: "m", dialects: ["gemini"], timeoutMs: HANGING_MS });
    expect(tally(results, "fail")).toBe(results.length);
    expect(results[0]?.note).toStartWith("no answer from /v1beta/models/m:generateContent");
  });
});
