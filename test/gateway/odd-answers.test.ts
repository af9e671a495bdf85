/** Answers that are odd in how they are sent, though not in what they say: they count as what they say. Those that say nothing are failures, and free. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { isData, steps } from "../support/upstream/script.ts";
import { type RecordedRequest, type Reply, type Script, startUpstream, type Upstream } from "../support/upstream.ts";
import { auditOf, catalogOf, CLIENTS, framesOf, kindOf, requestIdOf } from "./support.ts";

const TEXT = ["Héllo ", "wörld 🦉"];

/** The whole body of a script as text. */
const bodyOf = (script: Script): string =>
  steps(script)
    .filter(isData)
    .map((step) => (typeof step === "string" ? step : new TextDecoder().decode(step)))
    .join("");

const typeOf = (stream: boolean): string => (stream ? "text/event-stream" : "application/json");

type Odd = (script: Script, stream: boolean) => Script;

/** The same body in other clothes. */
const typed =
  (type: (stream: boolean) => string): Odd =>
  (script, stream) => ({ ...script, headers: { ...script.headers, "content-type": type(stream) } });

const coded =
  (coding: string, encode: (text: string) => Uint8Array): Odd =>
  (script, stream) => ({
    headers: { "content-type": typeOf(stream), "content-encoding": coding },
    body: encode(bodyOf(script)),
  });

const raw =
  (head: (body: string, stream: boolean) => string, end = ""): Odd =>
  (script, stream) => ({ raw: [`${head(bodyOf(script), stream)}${bodyOf(script)}${end}`, { break: "eof" }] });

const size = (body: string): number => Buffer.byteLength(body);

const GOOD: Record<string, Odd> = {
  "as bytes of no type": typed(() => "application/octet-stream"),
  "as plain text": typed(() => "text/plain"),
  "with its type in capitals, and a charset": typed((stream) => `${typeOf(stream).toUpperCase()}; Charset=UTF-8`),
  "without a type": raw((body) => `HTTP/1.1 200 OK\r\ncontent-length: ${size(body)}\r\n\r\n`),
  "with status 201": (script) => ({ ...script, status: 201 }),
  "after interim answers": (script) => ({
    ...script,
    before: ["HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"],
  }),
  "with a byte order mark": (script) => ({ ...script, framing: "chunked", stream: ["\uFEFF", bodyOf(script)] }),
  "a byte at a time": (script) => ({ ...script, cut: "bytes" }),
  "in HTTP/1.0, to the end of the connection": raw(
    (_body, stream) => `HTTP/1.0 200 OK\r\ncontent-type: ${typeOf(stream)}\r\n\r\n`,
  ),
  "with trailers": raw(
    (body, stream) =>
      `HTTP/1.1 200 OK\r\ncontent-type: ${typeOf(stream)}\r\ntransfer-encoding: chunked\r\n\r\n${size(body).toString(16)}\r\n`,
    "\r\n0\r\nX-Checksum: 1\r\nContent-Length: 3\r\n\r\n",
  ),
  "in gzip that nobody asked for": coded("gzip", gzipSync),
  "in brotli that nobody asked for": coded("br", brotliCompressSync),
  "in zstd that nobody asked for": coded("zstd", zstdCompressSync),
};

const frames =
  (change: (text: string) => string): Odd =>
  (script) => ({ ...script, stream: [change(bodyOf(script))] });

/** Every JSON text of the stream over several data lines. */
const spread = (text: string): string =>
  text.replace(/^data: (\{.*\})$/gm, (_line, json: string) =>
    JSON.stringify(JSON.parse(json), null, 1).replace(/^/gm, "data: "),
  );

const GOOD_STREAMS: Record<string, Odd> = {
  "with lines that end in CR": frames((text) => text.replaceAll("\n", "\r")),
  "with lines that end in CR LF": frames((text) => text.replaceAll("\n", "\r\n")),
  "with no space behind its colons": frames((text) => text.replaceAll(/^(data|event): /gm, "$1:")),
  "with data over many lines": frames(spread),
  "with ids and times to reconnect": frames((text) => text.replaceAll(/^(?=data: )/gm, "id: 7\nretry: 99999999\n")),
  "with comments and unknown fields": frames((text) => text.replaceAll(/^(?=data: )/gm, ": hm\nfield: x\nfield\n")),
  "with other names of events": frames((text) => text.replaceAll(/^event: .*$/gm, "event: surprise")),
};

const BAD: Record<string, Odd> = {
  "204": () => ({ status: 204, body: "" }),
  "304": () => ({ status: 304, body: "" }),
  "101": () => ({ raw: ["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"] }),
  "status 600": (script) => ({ ...script, status: 600 }),
  "UTF-16": (script, stream) => ({
    headers: { "content-type": `${typeOf(stream)}; charset=utf-16le` },
    body: Buffer.from(`\uFEFF${bodyOf(script)}`, "utf16le"),
  }),
  "gzip that is cut": coded("gzip", (text) => gzipSync(text).subarray(0, 100)),
  "gzip with something behind it": coded("gzip", (text) => Buffer.concat([gzipSync(text), Buffer.from("junk")])),
  "two codings": coded("gzip, br", (text) => brotliCompressSync(gzipSync(text))),
  "a list": () => ({ body: "[]" }),
  null: () => ({ body: "null" }),
  "a deep nest": () => ({ body: `{"choices":${"[".repeat(50_000)}${"]".repeat(50_000)}}` }),
};

for (const client of CLIENTS) {
  const kind = kindOf(client.id);
  describe(client.id, () => {
    let up: Upstream;
    let gateway: TestGateway;
    let key: TestKey;
    beforeAll(async () => {
      up = await startUpstream();
      const routing = { retries: 0, breaker: { enabled: false } };
      gateway = await startGateway({
        catalog: catalogOf({ providers: { one: { kind: kind.kind, url: up.url } }, routing }),
      });
      key = await gateway.createKey({ credit: "5.00" });
    });
    afterAll(async () => {
      expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
      expect(gateway.verify()).toEqual([]);
      await gateway[Symbol.asyncDispose]();
      up.stop();
    });

    const ask = async (odd: Odd, stream: boolean): Promise<Response> => {
      const good = kind.reply({ text: TEXT });
      const reply: Reply = async (request: RecordedRequest) => odd(await good(request), stream);
      up.reset().always(reply);
      return gateway.post(client.path({ stream }), client.body({ stream, maxTokens: 100 }), key.key);
    };

    test.each(Object.entries(GOOD))("an answer %s", async (_name, odd) => {
      const response = await ask(odd, false);
      expect(response.status).toBe(200);
      expect(client.textOf((await response.json()) as JsonObject)).toBe(TEXT.join(""));
      expect(await auditOf(gateway, key, requestIdOf(response))).toMatchObject({ usage_source: "provider" });
    });

    test.each(Object.entries({ ...GOOD, ...GOOD_STREAMS }))("a stream %s", async (_name, odd) => {
      const response = await ask(odd, true);
      expect(response.status).toBe(200);
      const list = framesOf((await response.text()).replaceAll(/\r\n?/g, "\n"));
      expect(list.map((frame) => client.deltaOf(frame.json)).join("")).toBe(TEXT.join(""));
      const row = await auditOf(gateway, key, requestIdOf(response));
      expect(row).toMatchObject({ usage_source: "provider", stream_state: "completed" });
    });

    test.each(Object.entries(BAD))("%s is no answer", async (_name, odd) => {
      for (const stream of [false, true]) {
        const response = await ask(odd, stream);
        expect(response.status).toBe(503);
        expect(client.errorCode((await response.json()) as JsonObject)).toBe("provider_error");
        expect(await auditOf(gateway, key, requestIdOf(response))).toMatchObject({ charged: "0.00" });
      }
    });
  });
}
