/** Requests that two HTTP parsers may read in two ways (RFC 9112, 11.2): each is refused, and nothing behind it is ever taken for a request. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let gateway: TestGateway;
let key = "";
beforeAll(async () => {
  gateway = await startGateway();
  ({ key } = await gateway.createKey());
});
afterAll(() => gateway[Symbol.asyncDispose]());

const BODY = '{"model":"echo","messages":[{"role":"user","content":"x"}]}';
const SMUGGLED = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

/** Sends bytes as they are, and gives all that comes back until the gateway closes, or until `enough` says so. */
function raw(
  bytes: string,
  enough: (text: string) => boolean = () => false,
): Promise<{ text: string; closed: boolean }> {
  const { promise, resolve } = Promise.withResolvers<{ text: string; closed: boolean }>();
  const { hostname, port } = new URL(gateway.url);
  let text = "";
  const socket = connect(Number(port), hostname, () => socket.write(bytes, "latin1"));
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!enough(text)) return;
    resolve({ text, closed: false });
    socket.destroy();
  });
  socket.on("close", () => resolve({ text, closed: true }));
  socket.on("error", () => resolve({ text, closed: true }));
  return promise;
}

const head = (...lines: string[]): string =>
  [
    `POST /v1/chat/completions HTTP/1.1`,
    `Host: localhost`,
    `Authorization: Bearer ${key}`,
    "Content-Type: application/json",
    ...lines,
    "",
    "",
  ].join("\r\n");
const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

test("the plain forms are served", async () => {
  const done = (text: string): boolean => text.includes('"finish_reason"');
  const plain = await raw(head(`Content-Length: ${BODY.length}`) + BODY, done);
  expect(plain.text).toStartWith("HTTP/1.1 200");
  expect((await raw(head("Transfer-Encoding: chunked") + chunked, done)).text).toStartWith("HTTP/1.1 200");
});

const length = `Content-Length: ${BODY.length}`;
test.each([
  ["both lengths", () => head(length, "Transfer-Encoding: chunked") + chunked + SMUGGLED],
  ["a short length before chunks", () => head("Content-Length: 4", "Transfer-Encoding: chunked") + chunked + SMUGGLED],
  ["two lengths that differ", () => head("Content-Length: 4", length) + BODY + SMUGGLED],
  ["a list of lengths", () => head(`Content-Length: ${BODY.length}, 4`) + BODY + SMUGGLED],
  ["a length with a sign", () => head(`Content-Length: +${BODY.length}`) + BODY + SMUGGLED],
  ["a negative length", () => head("Content-Length: -1") + BODY + SMUGGLED],
  ["a length in hex", () => head("Content-Length: 0x3b") + BODY + SMUGGLED],
  ["chunked twice", () => head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + chunked + SMUGGLED],
  ["an unknown coding last", () => head("Transfer-Encoding: chunked, x") + chunked + SMUGGLED],
  ["a coding with a tab", () => head("Transfer-Encoding:\x0bchunked") + chunked + SMUGGLED],
  ["a space before the colon", () => head("Transfer-Encoding : chunked") + chunked + SMUGGLED],
  ["a folded header", () => head("X-A: b\r\n c", length) + BODY + SMUGGLED],
  [
    "a chunk size that overflows",
    () => `${head("Transfer-Encoding: chunked")}ffffffffffffffff1\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    "a chunk size that is no number",
    () => `${head("Transfer-Encoding: chunked")}zz\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ["a chunk longer than told", () => `${head("Transfer-Encoding: chunked")}2\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`],
  [
    "a bare line feed in a header",
    () => `${head(length).replace("\r\nContent-Type", "\nX: y\r\nContent-Type")}${BODY}${SMUGGLED}`,
  ],
  ["a NUL in a header", () => head("X-A: b\0c", length) + BODY + SMUGGLED],
])("%s", async (_name, request) => {
  const { text, closed } = await raw(request(), (seen) => seen.includes('"status":"ok"'));
  expect(text).toStartWith("HTTP/1.1 400");
  expect(text.toLowerCase()).toContain("connection: close");
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(closed).toBe(true);
});
