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

/** A request without a body, on a connection that is closed after it. */
const get = (path: string, host: string | null, version = "1.1"): Promise<{ text: string }> => {
  const named = host === null ? "" : `Host: ${host}\r\n`;
  const auth = `Authorization: Bearer ${key}\r\nConnection: close\r\n`;
  return raw(`GET ${path} HTTP/${version}\r\n${named}${auth}\r\n`);
};

test.each(["", "a b", "x/admin?", "user:pw@x", "\\", "x\xe9", "x#y"])(
  "a Host that is none (%p) is refused, in the dialect of the path, and routes nothing elsewhere",
  async (host) => {
    for (const path of ["/health", "/help", "/v1/models", "/x/health", "/v1/admin/accounts"]) {
      expect((await get(path, host)).text).toStartWith("HTTP/1.1 400");
    }
    const { text } = await raw(
      head(`Content-Length: ${BODY.length}`, "Connection: close")
        .replace("/v1/chat/completions", "/v1/messages")
        .replace("Host: localhost", `Host: ${host}`) + BODY,
    );
    expect(text).toStartWith("HTTP/1.1 400");
    expect(text).toContain('{"type":"error","error":{"type":"invalid_request_error"');
  },
);

test("HTTP/1.0 needs no Host: the path is the whole path", async () => {
  for (const path of ["/health", "/help", "/v1/models", "/v1/credits"]) {
    expect((await get(path, null, "1.0")).text).toStartWith("HTTP/1.1 200");
  }
  expect((await get("/x/health", null, "1.0")).text).toStartWith("HTTP/1.1 404");
  const call = head(length, "Idempotency-Key: of-an-old-client").replace("HTTP/1.1\r\nHost: localhost", "HTTP/1.0");
  for (const _ of ["first", "repeat"]) expect((await raw(call + BODY)).text).toContain('"finish_reason":"stop"');
  const head10 = await raw("HEAD /health HTTP/1.0\r\n\r\n");
  expect(head10.text).toStartWith("HTTP/1.1 200");
});

test("the lines that the help gives to paste name no Host that a shell would run", async () => {
  for (const host of ["x;id", "$(id)", "`id`", "x'y", "x&y"]) {
    const { text } = await get("/help", host);
    expect(text).toMatch(/^HTTP\/1\.1 (?:200|400)/);
    expect(text).not.toContain(`http://${host}`);
  }
  expect((await get("/help", "[")).text).toStartWith("HTTP/1.1 200");
  expect((await get("/help", "gate.example:8443")).text).toContain("curl http://gate.example:8443/v1/chat/completions");
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
  ["a quoted coding", () => head('Transfer-Encoding: "chunked"') + chunked + SMUGGLED],
  ["chunked named twice", () => head("Transfer-Encoding: chunked, chunked") + chunked + SMUGGLED],
  ["identity beside a length", () => head(length, "Transfer-Encoding: identity") + BODY + SMUGGLED],
  [
    "a coding in HTTP/1.0",
    () => head("Transfer-Encoding: chunked").replace("HTTP/1.1", "HTTP/1.0") + chunked + SMUGGLED,
  ],
  ["an empty length", () => head("Content-Length:") + BODY + SMUGGLED],
  ["a length with an exponent", () => head("Content-Length: 5e1") + BODY + SMUGGLED],
  ["a length beyond 64 bits", () => head(`Content-Length: ${2n ** 64n + BigInt(BODY.length)}`) + BODY + SMUGGLED],
  ["no length at all", () => head() + BODY + SMUGGLED],
  ...["0x3b", "+3b", "-3b", " 3b", "3b ", "3_b", "3b;a\nb", "3b;a\rb"].map((written): [string, () => string] => [
    `a chunk size written ${JSON.stringify(written)}`,
    () => `${head("Transfer-Encoding: chunked")}${written}\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`,
  ]),
  [
    "trailers that name a credential",
    () => head("Transfer-Encoding: chunked") + chunked.replace(/\r\n$/, `Authorization: Bearer x\r\n\r\n${SMUGGLED}`),
  ],
  ["a NUL in a header", () => head("X-A: b\0c", length) + BODY + SMUGGLED],
])("%s", async (_name, request) => {
  const { text, closed } = await raw(request(), (seen) => seen.includes('"status":"ok"'));
  expect(text).toStartWith("HTTP/1.1 400");
  expect(text.toLowerCase()).toContain("connection: close");
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(closed).toBe(true);
});

test("a control character in a header that would be passed on is the client's mistake, not the provider's", async () => {
  const { text } = await raw(head("OpenAI-Beta: a\x7fb", length, "Connection: close") + BODY);
  expect(text).toStartWith("HTTP/1.1 400");
  expect(text).toContain("openai-beta holds a control character");
});

test("pipelined requests never get each other's answers: those that are quick are answered in order, calls lose their connection", async () => {
  const quick = ["/health", "/x/unknown", "/v1/models/echo"].map(
    (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`,
  );
  const { text } = await raw(quick.join(""), (seen) => (seen.match(/HTTP\/1\.1 /g) ?? []).length === 3);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
  const call = (content: string): string => {
    const body = BODY.replace('"x"', `"${content}"`);
    return head(`Content-Length: ${body.length}`) + body;
  };
  const calls = await raw(call("first") + call("second"));
  expect(calls.closed).toBe(true);
  expect(calls.text).not.toContain("second");
  // The connection is one of many: the others go on.
  expect((await raw(call("third"), (seen) => seen.includes("third"))).text).toStartWith("HTTP/1.1 200");
  expect(gateway.verify()).toEqual([]);
});

test("Expect: 100-continue is answered before the body, and the call after it", async () => {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const done = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    if (text === "") socket.write(BODY);
    text += chunk.toString("latin1");
    if (text.includes('"finish_reason"')) done.resolve(text);
  });
  socket.write(head(length, "Expect: 100-continue"));
  expect(await done.promise).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});
