import { gzipSync } from "node:zlib";
import type { FixtureCase } from "../fixtures.ts";
import type { RecordedRequest } from "./request.ts";

/** A named place at which a reply waits until the test opens the gate: lockstep without sleeping. */
export interface GateStep {
  gate: string;
}
/** Ends the reply in a way that is no HTTP: reset (RST), eof (FIN without the end that the framing asks for), hang (nothing more, open). */
export interface BreakStep {
  break: "reset" | "eof" | "hang";
}
/** Bytes that go onto the wire as they are, outside any chunk framing. */
export interface RawStep {
  raw: string | Uint8Array;
}
export type Step = string | Uint8Array | GateStep | BreakStep | RawStep;

/** How body bytes are cut into writes (and HTTP chunks): every byte, pieces of n, these sizes in turn, or seeded random sizes. */
export type Cut = "bytes" | number | readonly number[] | { seed: number; max?: number };

/** One reply. */
export interface Script {
  status?: number;
  /** A content type is set by itself: event-stream for `stream`, JSON otherwise. */
  headers?: Record<string, string>;
  /** A whole body: text, bytes, or a value that is sent as JSON. */
  body?: string | Uint8Array | object;
  /** A body in steps, sent with chunked framing. */
  stream?: Step[];
  /** `chunked`, `length` (Content-Length) or `close` (ends with the connection). Default: length for `body`, chunked for `stream`. */
  framing?: "chunked" | "length" | "close";
  /** A Content-Length that is not the body's own. */
  contentLength?: number;
  cut?: Cut;
  /** Steps before the status line: gates, breaks, raw bytes such as a 1xx answer. */
  before?: Step[];
  /** Sends `Connection: close` and closes after the reply. */
  close?: boolean;
  /** Sent in place of status line, headers and body. */
  raw?: Step[];
}
export type Handler = (request: RecordedRequest) => Script | Promise<Script>;
export type Reply = Script | Handler;

export const gate = (name: string): GateStep => ({ gate: name });
export const isData = (step: Step): step is string | Uint8Array =>
  typeof step === "string" || step instanceof Uint8Array;

/** A JSON reply. */
export const json = (body: object, status = 200, headers: Record<string, string> = {}): Script => ({
  status,
  body,
  headers,
});
/** An SSE reply of ready frames. */
export const sse = (...stream: Step[]): Script => ({ stream });
/** One SSE frame. */
export const frame = (data: object | string, event?: string): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/** A recorded exchange, played back byte by byte as it was (status, content type, body), cut as asked. */
export function playFixture(fixture: FixtureCase, cut?: Cut): Script {
  const body = fixture.body();
  const types: Record<string, string> = {
    json: "application/json",
    sse: "text/event-stream",
    "json-array": "application/json",
  };
  const script: Script = { status: fixture.status, headers: { "content-type": types[fixture.kind] ?? "text/plain" } };
  return fixture.kind === "json"
    ? { ...script, body, ...(cut === undefined ? {} : { cut }) }
    : { ...script, stream: [body], cut: cut ?? 1024 };
}

/** The rows of the fault matrix. Those that take a script misbehave after `count` of its data steps (frames). */
export const faults = {
  /** Accepts, reads the request, resets. */
  resetBeforeHeaders: (): Script => ({ raw: [{ break: "reset" }] }),
  resetMidHeader: (): Script => ({ raw: ["HTTP/1.1 200 OK\r\ncontent-ty", { break: "reset" }] }),
  eofMidHeader: (): Script => ({ raw: ["HTTP/1.1 200 OK\r\ncontent-ty", { break: "eof" }] }),
  /** Closes without a byte. */
  eofBeforeHeaders: (): Script => ({ raw: [{ break: "eof" }] }),
  hangBeforeHeaders: (): Script => ({ raw: [{ break: "hang" }] }),
  hangAfter: (script: Script, count: number): Script => breakAfter(script, count, { break: "hang" }),
  resetAfter: (script: Script, count: number): Script => breakAfter(script, count, { break: "reset" }),
  /** The chunked body is cut: FIN in the middle, no last chunk. */
  truncateAfter: (script: Script, count: number): Script => breakAfter(script, count, { break: "eof" }),
  /** A well-framed body that simply stops before the stream's own terminal frames. */
  endAfter: (script: Script, count: number): Script => ({ ...script, stream: firstData(steps(script), count) }),
  /** A body shorter than its Content-Length. */
  shortBody: (text = '{"id":"x"'): Script => ({ raw: [head(200, "application/json", 1000), text, { break: "eof" }] }),
  notHttp: (): Script => ({ raw: ["\u0000\u0001 garbage that is not HTTP\r\n\r\n", { break: "eof" }] }),
  badChunkSize: (): Script => ({
    raw: [
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      { break: "eof" },
    ],
  }),
  garbageEvents: (): Script => sse("\u0000\u0001\u0002 no such field\n\n", "data: {not json\n\n", "::::\n\n"),
  html: (status = 200): Script => ({
    status,
    headers: { "content-type": "text/html" },
    body: "<!doctype html><title>Sign in</title><h1>Welcome</h1>",
  }),
  empty: (): Script => ({ status: 200, headers: { "content-type": "application/json" }, body: "" }),
  redirect: (location: string): Script => ({ status: 307, headers: { location }, body: "" }),
  /** One line without an end, `size` bytes. */
  giantLine: (size = 4 * 1024 * 1024): Script => ({ stream: [`data: ${"x".repeat(size)}`], cut: 65_536 }),
  /** A few KB that decode to `size` bytes, whatever was accepted. */
  gzipBomb: (size = 64 * 1024 * 1024): Script => ({
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: gzipSync(Buffer.alloc(size, 0x20), { level: 9 }),
  }),
};

function head(status: number, type: string, length: number): string {
  return `HTTP/1.1 ${status} OK\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;
}

/** The body of a script as steps. */
export function steps(script: Script): Step[] {
  if (script.stream !== undefined) return script.stream;
  if (script.body === undefined) return [];
  if (typeof script.body === "string" || script.body instanceof Uint8Array) return [script.body];
  return [JSON.stringify(script.body)];
}

function breakAfter(script: Script, count: number, step: BreakStep): Script {
  return { ...script, stream: [...firstData(steps(script), count), step] };
}

function firstData(list: Step[], count: number): Step[] {
  let left = count;
  return list.filter((step) => {
    if (!isData(step)) return left > 0;
    left -= 1;
    return left >= 0;
  });
}
