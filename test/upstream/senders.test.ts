import { afterAll, describe, expect, test } from "bun:test";
import type { FailureCause } from "../../src/ir/error.ts";
import { UpstreamError } from "../../src/upstream/error.ts";
import { FetchSender } from "../../src/upstream/fetch-sender.ts";
import { PooledSender } from "../../src/upstream/pooled-sender.ts";
import type { InboundAnswer, OutboundRequest, Sender } from "../../src/upstream/types.ts";
import {
  chatAnswer,
  chatStream,
  faults,
  gate,
  json,
  REFUSED_URL,
  type Script,
  sse,
  startUpstream,
} from "../support/upstream.ts";

const request = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  method: "POST",
  url,
  headers: { "content-type": "application/json", "accept-encoding": "identity" },
  body: "{}",
  signal: new AbortController().signal,
  connectTimeoutMs: 600_000,
  ...more,
});

async function readText(answer: InboundAnswer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read())
    text += decoder.decode(chunk, { stream: true });
  return text;
}

async function failure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof UpstreamError) return error;
  throw new Error(`no UpstreamError but ${String(error)}`);
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const cleanups: (() => void)[] = [];
const pooled = new PooledSender();
afterAll(() => pooled.close());

const senders: [string, Sender][] = [
  ["PooledSender", pooled],
  ["FetchSender", new FetchSender()],
];

describe.each(senders)("%s", (name, sender) => {
  const isPooled = name === "PooledSender";
  const send = async (script: Script, more: Partial<OutboundRequest> = {}): Promise<InboundAnswer> => {
    const up = await startUpstream();
    cleanups.push(() => up.stop());
    up.reply(script);
    return sender.send(request(up.url, more));
  };

  test("sends method, path, headers and body as they are, and gives status, headers and body", async () => {
    await using up = await startUpstream();
    up.reply(json({ ok: true }, 418, { "x-extra": "yes" }));
    const body = new TextEncoder().encode('{"text":"grüße"}');
    const answer = await sender.send(
      request(`${up.url}/v1/x?a=1&b=%20`, { body, headers: { "x-test": "é", authorization: "Bearer k" } }),
    );
    expect([answer.status, answer.headers.get("x-extra"), await readText(answer)]).toEqual([418, "yes", '{"ok":true}']);
    expect([up.last.method, up.last.path, up.last.query.get("b"), up.last.text()]).toEqual([
      "POST",
      "/v1/x",
      " ",
      '{"text":"grüße"}',
    ]);
    expect(up.last.headers).toMatchObject({ authorization: "Bearer k", host: `127.0.0.1:${up.port}` });
  });

  test("large bodies both ways", async () => {
    await using up = await startUpstream();
    const large = "x".repeat(3_000_000);
    up.reply(json({ large }));
    expect((await readText(await sender.send(request(up.url, { body: large })))).length).toBe(3_000_012);
    expect(up.last.body.length).toBe(3_000_000);
  });

  test("connections are used again", async () => {
    await using up = await startUpstream();
    up.always(json({ ok: true }));
    for (let index = 0; index < 5; index += 1) await readText(await sender.send(request(up.url)));
    expect(up.connections.accepted).toBe(1);
  });

  test("chunks arrive while the answer is still running, under any cut", async () => {
    await using up = await startUpstream();
    up.reply(sse("data: 1\n\n", gate("on"), "data: 2\n\n"), { ...chatStream(), cut: "bytes" });
    const answer = await sender.send(request(up.url));
    expect(new TextDecoder().decode((await answer.read()) ?? undefined)).toBe("data: 1\n\n");
    up.gate("on").open();
    expect(await readText(answer)).toBe("data: 2\n\n");
    expect(await readText(await sender.send(request(up.url)))).toEndWith("data: [DONE]\n\n");
  });

  test.each([
    ["length", { ...chatAnswer(), framing: "length" }],
    ["chunked", { ...chatAnswer(), framing: "chunked" }],
    ["until the connection closes", { ...chatAnswer(), framing: "close" }],
    [
      "chunk extensions and trailers",
      { raw: [`${HEAD}transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-t: 1\r\n\r\n`] },
    ],
    ["interim answers before it", { ...chatAnswer(), before: ["HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"] }],
  ] as [string, Script][])("body framed by %s", async (_framing, script) => {
    expect((await readText(await send(script))).length).toBeGreaterThan(2);
  });

  test.each([
    ["reset before headers", faults.resetBeforeHeaders(), "reset"],
    ["closed before headers", faults.eofBeforeHeaders(), "reset"],
    ["reset mid-header", faults.resetMidHeader(), "reset"],
    ["closed mid-header", faults.eofMidHeader(), "reset"],
    ["redirect", faults.redirect("http://127.0.0.1:1/"), "bad_answer"],
    ["no HTTP", { raw: ["\u0000\u0001 no HTTP\r\n\r\n"] }, isPooled ? "bad_answer" : null],
    ["unknown encoding", { ...chatAnswer(), headers: { "content-encoding": "rot13" } }, "bad_answer"],
  ] as [string, Script, FailureCause | null][])("%s fails before the answer", async (_fault, script, cause) => {
    const { failure: value } = await failure(send(script));
    if (cause !== null) expect(value.cause).toBe(cause);
    expect(value.message).not.toContain("127.0.0.1");
  });

  const stream = { stream: ["data: 1\n\n", "data: 2\n\n"] };
  test.each([
    ["reset mid-stream", faults.resetAfter(stream, 1), ["reset"]],
    ["chunked body cut", faults.truncateAfter(stream, 1), ["truncated", "reset"]],
    ["shorter than its Content-Length", faults.shortBody(), ["truncated", "reset"]],
    ["malformed chunk", faults.badChunkSize(), ["bad_answer", "truncated", "reset"]],
  ] as [string, Script, FailureCause[]][])(
    "%s fails while reading, never as a clean end",
    async (_fault, script, causes) => {
      const error = await failure(send(script).then((answer) => readText(answer)));
      expect(causes).toContain(error.failure.cause);
    },
  );

  test("what came before a reset is read first", async () => {
    await using up = await startUpstream();
    up.reply({ stream: ["data: 1\n\n", gate("cut"), { break: "reset" }] });
    const answer = await sender.send(request(up.url));
    expect(new TextDecoder().decode((await answer.read()) ?? undefined)).toBe("data: 1\n\n");
    up.gate("cut").open();
    expect((await failure(answer.read())).failure.cause).toBe("reset");
    expect((await failure(answer.read())).failure.cause).toBe("reset");
  });

  test("refused, unknown name", async () => {
    expect((await failure(sender.send(request(REFUSED_URL)))).failure.cause).toBe("refused");
    const dns = await failure(sender.send(request("http://no-such-host.invalid/", { connectTimeoutMs: 2000 })));
    // What a resolver does with such a name, and when, is the system's.
    expect(["dns", "refused", "local", "timeout"]).toContain(dns.failure.cause);
    expect(dns.failure.message).not.toContain("no-such-host");
  });

  test("an abort closes the socket: before the headers, in the body, and beforehand", async () => {
    await using up = await startUpstream();
    up.reply(faults.hangBeforeHeaders(), sse("data: 1\n\n", gate("never")), sse("data: 1\n\n", gate("never")));
    const early = new AbortController();
    const sending = sender.send(request(up.url, { signal: early.signal }));
    const waiting = failure(sending);
    const first = await up.request(0);
    early.abort();
    await waiting;
    expect((await first.closed).finished).toBe(false);
    const late = new AbortController();
    const answer = await sender.send(request(up.url, { signal: late.signal }));
    await answer.read();
    const reading = failure(answer.read());
    late.abort();
    await reading;
    expect((await up.last.closed).stepsSent).toBe(1);
    const cancelled = await sender.send(request(up.url));
    cancelled.cancel();
    await up.last.closed;
    await failure(sender.send(request(up.url, { signal: AbortSignal.abort() })));
    expect(up.requests.length).toBe(3);
  });

  test("compressed answers are decoded although nobody asked for them, bombs are refused", async () => {
    const { gzipSync } = await import("node:zlib");
    const body = gzipSync('{"ok":true}');
    const answer = await send({ body, headers: { "content-encoding": "gzip" } });
    expect([await readText(answer), answer.headers.get("content-encoding")]).toEqual(['{"ok":true}', null]);
    const bomb = await send(faults.gzipBomb());
    expect((await failure(readText(bomb))).failure.cause).toBe("bad_answer");
    const broken = await send({ body: body.subarray(0, 15), headers: { "content-encoding": "gzip" } });
    expect((await failure(readText(broken))).failure.cause).toBe("bad_answer");
  });

  test("a slow reader slows the upstream down, and gets every byte", async () => {
    await using up = await startUpstream();
    const total = 64 * 1024 * 1024;
    up.reply({ stream: Array.from({ length: 64 }, () => "x".repeat(1024 * 1024)) });
    const answer = await sender.send(request(up.url));
    let read = 0;
    let furthest = 0;
    for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
      read += chunk.length;
      // Time for the upstream to run ahead as far as it can.
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      furthest = Math.max(furthest, up.last.bytesSent - read);
    }
    expect(read).toBe(total);
    expect(furthest).toBeLessThan(32 * 1024 * 1024);
  });
});

afterAll(() => {
  for (const cleanup of cleanups) cleanup();
});
