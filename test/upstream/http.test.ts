import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { HttpAnswer } from "../../src/upstream/http-answer.ts";
import { bodyReader } from "../../src/upstream/http-body.ts";
import { HttpSyntaxError, parseHead } from "../../src/upstream/http-head.ts";
import { encodeRequest, splitUrl } from "../../src/upstream/http-request.ts";
import { UpstreamError } from "../../src/upstream/error.ts";
import { failureOf } from "../../src/upstream/classify.ts";
import type { OutboundRequest } from "../../src/upstream/types.ts";

const head = (...lines: string[]): string => ["HTTP/1.1 200 OK", ...lines].join("\r\n");

describe("heads", () => {
  test("status, headers, framing, persistence", () => {
    const parsed = parseHead(head("Content-Type: text/plain", "content-length: 5", "X-A:1", "x-a: 2 "));
    expect([parsed.status, parsed.headers.get("x-a"), parsed.framing, parsed.keepAlive]).toEqual([
      200,
      "1, 2",
      { kind: "length", length: 5 },
      true,
    ]);
    expect(parseHead("HTTP/1.1 204").framing).toEqual({ kind: "length", length: 0 });
    expect(parseHead("HTTP/1.0 200 OK\r\ncontent-length: 1").keepAlive).toBe(false);
    expect(parseHead("HTTP/1.0 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive").keepAlive).toBe(true);
    expect(parseHead(head("connection: Close", "content-length: 1")).keepAlive).toBe(false);
    expect(parseHead(head())).toMatchObject({ framing: { kind: "close" }, keepAlive: false });
    expect(parseHead(head("content-length: 5, 5")).framing).toEqual({ kind: "length", length: 5 });
  });

  test("a length beside chunked is no length, and ends the connection", () => {
    expect(parseHead(head("transfer-encoding: Chunked", "content-length: 5"))).toMatchObject({
      framing: { kind: "chunked" },
      keepAlive: false,
    });
  });

  test.each([
    "",
    "HTTP/2 200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 0200 OK",
    "http/1.1 200 OK",
    "HTTP/1.1  200 OK",
    head("name : value"),
    head(" folded"),
    head("no colon"),
    head(": empty"),
    head("a b: c"),
    head("content-length: -1"),
    head("content-length: +1"),
    head("content-length: 1x"),
    head("content-length: 0x10"),
    head("content-length:"),
    head("content-length: 1", "content-length: 2"),
    head("content-length: 9999999999999999"),
    head("transfer-encoding: gzip"),
    head("transfer-encoding: chunked, identity"),
    head("transfer-encoding: chunked", "transfer-encoding: chunked"),
    head("x: a\u0000b"),
    head("x: a\nb: c"),
    head(...Array.from({ length: 300 }, (_, index) => `h${index}: x`)),
  ])("refuses %p", (text) => {
    expect(() => parseHead(text)).toThrow(HttpSyntaxError);
  });
});

describe("bodies", () => {
  const read = (text: string, cuts: readonly number[] = []): { body: string; done: boolean; left: number } => {
    const reader = bodyReader({ kind: "chunked" });
    const bytes = Buffer.from(text, "latin1");
    const out: Buffer[] = [];
    let used = 0;
    for (const end of [...cuts, bytes.length]) {
      if (end > used && !reader.done) used += reader.push(bytes.subarray(used, end), out);
    }
    return { body: Buffer.concat(out).toString("latin1"), done: reader.done, left: bytes.length - used };
  };

  test("chunks at every cut, with extensions, trailers and what follows", () => {
    const text = "5;x=y\r\nhello\r\n00A \r\n0123456789\r\n0\r\nt: 1\r\n\r\nHTTP/1.1";
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(read(text, [cut])).toEqual({ body: "hello0123456789", done: true, left: 8 });
    }
  });

  test.each([
    "\r\n",
    "x\r\n",
    "-1\r\n",
    " 5\r\nhello",
    "5\nhello",
    "3\r\nhello\r\n",
    "5\r\nhello0\r\n",
    "0x5\r\n",
    "fffffffffffff\r\n",
    "5 5\r\n",
  ])("refuses %p", (text) => {
    expect(() => read(text)).toThrow(HttpSyntaxError);
  });

  test("endless lines and trailers are refused", () => {
    expect(() => read(`5;${"x".repeat(20_000)}`)).toThrow(HttpSyntaxError);
    expect(() => read(`0\r\n${"t: x\r\n".repeat(5000)}`)).toThrow(HttpSyntaxError);
  });

  test("random bytes end in a body or a HttpSyntaxError", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("0", "5", "a", "\r", "\n", "\r\n", ";", " ", "x"), { maxLength: 40 }),
        (list) => {
          try {
            read(list.join(""));
          } catch (error) {
            expect(error).toBeInstanceOf(HttpSyntaxError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("lengths: not a byte more, and closing early is no end", () => {
    const reader = bodyReader({ kind: "length", length: 5 });
    const out: Buffer[] = [];
    expect([reader.push(Buffer.from("hel"), out), reader.done, reader.close()]).toEqual([3, false, false]);
    expect([reader.push(Buffer.from("lo, and more"), out), reader.done]).toEqual([2, true]);
    expect(Buffer.concat(out).toString()).toBe("hello");
    expect(bodyReader({ kind: "close" }).close()).toBe(true);
    expect(bodyReader({ kind: "chunked" }).close()).toBe(false);
  });
});

describe("requests", () => {
  const encode = (more: Partial<OutboundRequest>): string => {
    const request: OutboundRequest = {
      method: "POST",
      url: "http://a.test/x",
      headers: {},
      body: "{}",
      signal: new AbortController().signal,
      connectTimeoutMs: 1,
      ...more,
    };
    const { origin, target } = splitUrl(request.url);
    return encodeRequest(request, origin, target).toString("latin1");
  };

  test("target, host and length", () => {
    expect(encode({})).toBe("POST /x HTTP/1.1\r\nhost: a.test\r\ncontent-length: 2\r\n\r\n{}");
    expect(encode({ url: "https://a.test:8443", body: null })).toBe(
      "POST / HTTP/1.1\r\nhost: a.test:8443\r\ncontent-length: 0\r\n\r\n",
    );
    expect(encode({ url: "http://[::1]:80/a?b=c", method: "GET", body: null })).toBe(
      "GET /a?b=c HTTP/1.1\r\nhost: [::1]\r\n\r\n",
    );
    expect(encode({ url: "http://a.test/ü x" })).toStartWith("POST /%C3%BC%20x HTTP/1.1\r\n");
  });

  const refused: Partial<OutboundRequest>[] = [
    ...["b\r\nx-injected: 1", "b\nc", "b\u0000", "💛"].map((value) => ({ headers: { "x-a": value } })),
    ...["x a", "x-a:", ""].map((name) => ({ headers: { [name]: "b" } })),
    ...["ftp://a.test/x", "http://user:pass@a.test/x", "nonsense"].map((url) => ({ url })),
  ];
  test.each(refused)("refuses %p", (more) => {
    let thrown: unknown = null;
    try {
      encode(more);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UpstreamError);
    expect((thrown as UpstreamError).failure.cause).toBe("local");
  });
});

test("an answer that nobody reads pauses its socket, and resumes it when read", async () => {
  const calls: string[] = [];
  const answer = new HttpAnswer(200, new Headers(), {
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
    abandon: () => calls.push("abandon"),
  });
  const part = Buffer.alloc(100 * 1024);
  for (let count = 0; count < 4; count += 1) answer.deliver([part]);
  expect(calls).toEqual(["pause"]);
  expect((await answer.read())?.length).toBe(4 * part.length);
  expect(calls).toEqual(["pause", "resume"]);
  const waiting = answer.read();
  answer.deliver([Buffer.from("x")]);
  expect((await waiting)?.length).toBe(1);
  answer.deliver([Buffer.from("last")]);
  answer.fail(new UpstreamError(failureOf("reset")));
  expect((await answer.read())?.toString()).toBe("last");
  expect(
    await answer.read().then(
      () => "read",
      () => "failed",
    ),
  ).toBe("failed");
  answer.cancel();
  expect(calls).toEqual(["pause", "resume"]);
});
