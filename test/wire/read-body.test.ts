import { expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decodeBody } from "../../src/wire/decode-body.ts";
import { BodyError, readBody } from "../../src/wire/read-body.ts";

const post = (body: BodyInit | null, headers: Record<string, string> = {}): Request =>
  new Request("http://gateway.test/", { method: "POST", body, headers });

async function failure(promise: Promise<unknown>): Promise<BodyError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BodyError) return error;
  throw new Error(`no BodyError but ${String(error)}`);
}

/** A body that comes in pieces, so that it has no length. */
function pieces(...parts: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

const text = '{"model":"m","text":"grüße"}';
const plain = Buffer.from(text);

test("plain bodies, whole, in pieces, and none", async () => {
  expect(Buffer.from(await readBody(post(text))).toString()).toBe(text);
  expect(Buffer.from(await readBody(post(pieces(plain.subarray(0, 22), plain.subarray(22))))).toString()).toBe(text);
  expect((await readBody(post(null))).length).toBe(0);
});

test.each([
  ["gzip", gzipSync(plain)],
  ["x-gzip", gzipSync(plain)],
  ["deflate", deflateSync(plain)],
  ["br", brotliCompressSync(plain)],
  ["zstd", zstdCompressSync(plain)],
  ["identity", plain],
  ["GZIP", gzipSync(plain)],
])("%s is decoded", async (encoding, body) => {
  expect(Buffer.from(await readBody(post(body, { "content-encoding": encoding }))).toString()).toBe(text);
});

test("unknown and stacked encodings are refused", async () => {
  for (const encoding of ["compress", "gzip, gzip", "constructor"]) {
    expect((await failure(readBody(post(plain, { "content-encoding": encoding })))).kind).toBe("unsupported-encoding");
  }
});

test("broken data is told apart from too much data", async () => {
  const cut = gzipSync(plain).subarray(0, 20);
  expect((await failure(readBody(post(cut, { "content-encoding": "gzip" })))).kind).toBe("bad-encoding");
  expect((await failure(readBody(post(plain, { "content-encoding": "br" })))).kind).toBe("bad-encoding");
});

test("the limit holds for declared, counted and decoded bytes", async () => {
  const limit = { maxBytes: 1000 };
  const large = new Uint8Array(1001);
  expect((await failure(readBody(post(large), limit))).kind).toBe("too-large");
  expect((await failure(readBody(post(large, { "content-length": "1001" }), limit))).kind).toBe("too-large");
  expect((await failure(readBody(post(pieces(large.subarray(0, 600), large.subarray(0, 600))), limit))).kind).toBe(
    "too-large",
  );
  const bomb = gzipSync(new Uint8Array(10_000_000));
  expect((await failure(readBody(post(bomb, { "content-encoding": "gzip" }), { maxBytes: 100_000 }))).kind).toBe(
    "too-large",
  );
  expect((await readBody(post(large), { maxBytes: 1001 })).length).toBe(1001);
});

test("a body that never ends times out, one that breaks is aborted", async () => {
  const silent = new ReadableStream<Uint8Array>({});
  expect((await failure(readBody(post(silent), { timeoutMs: 1 }))).kind).toBe("timeout");
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("reset")),
  });
  expect((await failure(readBody(post(broken)))).kind).toBe("aborted");
});

test("decodeBody gives a result in every case", async () => {
  expect(await decodeBody(plain, "rot13", 10)).toEqual({ ok: false, reason: "unknown-encoding" });
  expect(await decodeBody(plain, "identity", 1000)).toEqual({ ok: true, bytes: plain });
});
