import type { DialectId } from "../../src/ir/dialect-id.ts";
import { faults, frame, gate, json, type Reply, type Script, sse, type Step } from "../support/upstream.ts";
import type { ScriptedKind } from "./support.ts";

/** One way of a provider to fail before it has said anything, and what the client is told. */
export interface EarlyFault {
  name: string;
  reply(kind: ScriptedKind): Reply;
  status: number;
  code: string;
  /** `details.cause.kind`; several where the system decides which comes first. */
  causes: readonly string[];
  /** Another provider is asked. */
  failsOver: boolean;
  /** State of the channel when one failure opens it. */
  breaker: "open" | "closed" | "cooling" | "disabled";
  /** Only where a stream was asked for. */
  streamOnly?: boolean;
  /** The gateway gives up waiting: its tests run with short times, in a gateway of their own. */
  hangs?: boolean;
}

const provider503 = { status: 503, code: "provider_error", failsOver: true, breaker: "open" } as const;
const clientFault = { causes: ["status"], failsOver: false, breaker: "closed" } as const;
const errorBody = { error: { message: "no", type: "some_error", code: "some_code" } };
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    json(errorBody, code, headers);

export const EARLY_FAULTS: readonly EarlyFault[] = [
  {
    name: "closes without a byte",
    reply: faults.eofBeforeHeaders,
    ...provider503,
    causes: ["reset", "truncated", "bad_answer"],
  },
  { name: "resets before headers", reply: faults.resetBeforeHeaders, ...provider503, causes: ["reset"] },
  { name: "resets in the middle of a header", reply: faults.resetMidHeader, ...provider503, causes: ["reset"] },
  {
    name: "ends in the middle of a header",
    reply: faults.eofMidHeader,
    ...provider503,
    causes: ["reset", "truncated", "bad_answer"],
  },
  { name: "hangs before headers", reply: faults.hangBeforeHeaders, ...provider503, causes: ["timeout"], hangs: true },
  { name: "speaks no HTTP", reply: faults.notHttp, ...provider503, causes: ["bad_answer"] },
  {
    name: "has a bad chunk size",
    reply: faults.badChunkSize,
    ...provider503,
    causes: ["bad_answer", "reset", "truncated"],
  },
  { name: "answers in HTML", reply: () => faults.html(), ...provider503, causes: ["bad_answer", "empty", "truncated"] },
  {
    name: "answers 200 with an empty body",
    reply: faults.empty,
    ...provider503,
    causes: ["bad_answer", "empty", "truncated"],
  },
  {
    name: "sends less than its Content-Length",
    reply: () => faults.shortBody(),
    ...provider503,
    causes: ["truncated", "reset"],
  },
  {
    name: "sends JSON that stops half way",
    reply: () => ({ body: '{"id":"x","choices":[', headers: { "content-type": "application/json" } }),
    ...provider503,
    causes: ["bad_answer"],
  },
  { name: "is a gzip bomb", reply: () => faults.gzipBomb(), ...provider503, causes: ["bad_answer"] },
  {
    name: "redirects",
    reply: () => faults.redirect("http://127.0.0.1:1/"),
    ...provider503,
    causes: ["bad_answer", "status"],
  },
  { name: "answers 500", reply: status(500), ...provider503, causes: ["status"] },
  { name: "answers 502 in HTML", reply: () => faults.html(502), ...provider503, causes: ["status"] },
  { name: "answers 401", reply: status(401), ...provider503, causes: ["status"], breaker: "disabled" },
  { name: "answers 403", reply: status(403), ...provider503, causes: ["status"], breaker: "disabled" },
  { name: "answers 402", reply: status(402), ...provider503, causes: ["status"], breaker: "disabled" },
  {
    name: "answers 429 with Retry-After",
    reply: status(429, { "retry-after": "7" }),
    status: 429,
    code: "rate_limited",
    causes: ["status"],
    failsOver: true,
    breaker: "cooling",
  },
  { name: "answers 400", reply: status(400), status: 400, code: "invalid_request", ...clientFault },
  { name: "answers 404", reply: status(404), status: 404, code: "not_found", ...clientFault },
  { name: "answers 413", reply: status(413), status: 413, code: "request_too_large", ...clientFault },
  { name: "answers 422", reply: status(422), status: 422, code: "invalid_request", ...clientFault },
  {
    name: "sends events of garbage only",
    reply: faults.garbageEvents,
    ...provider503,
    causes: ["bad_answer", "truncated", "empty"],
    streamOnly: true,
  },
  {
    name: "sends a line of 4 MiB",
    reply: () => faults.giantLine(),
    ...provider503,
    causes: ["bad_answer"],
    streamOnly: true,
  },
  {
    name: "ends a stream without an event",
    reply: () => sse(": nothing\n\n"),
    ...provider503,
    causes: ["truncated", "empty"],
    streamOnly: true,
  },
  {
    name: "begins with an error frame",
    reply: (kind) => sse(errorFrame(kind.dialect)),
    ...provider503,
    causes: ["status", "bad_answer"],
    streamOnly: true,
  },
];

/** An error in the middle of a stream, in the provider's own way. */
export function errorFrame(dialect: DialectId): string {
  const error = { type: "server_error", code: "server_error", message: "it broke" };
  switch (dialect) {
    case "openai-chat":
      return frame({ error });
    case "openai-responses":
      return frame(
        { type: "error", sequence_number: 9, code: "server_error", message: "it broke", param: null },
        "error",
      );
    case "anthropic-messages":
      return frame({ type: "error", error: { type: "api_error", message: "it broke" } }, "error");
    case "gemini":
      return frame({ error: { code: 500, status: "INTERNAL", message: "it broke" } });
  }
}

/** One way to fail after content. */
export interface LateFault {
  name: string;
  /** What follows the first piece of text. */
  tail(kind: ScriptedKind): Step[];
  streamState: "upstream_error" | "timeout";
}

export const LATE_FAULTS: readonly LateFault[] = [
  { name: "resets", tail: () => [{ break: "reset" }], streamState: "upstream_error" },
  { name: "cuts its chunked body", tail: () => [{ break: "eof" }], streamState: "upstream_error" },
  { name: "ends without its terminal event", tail: () => [], streamState: "upstream_error" },
  { name: "sends a frame that is no JSON", tail: () => ['data: {"half\n\n'], streamState: "upstream_error" },
  { name: "sends an error frame", tail: (kind) => [errorFrame(kind.dialect)], streamState: "upstream_error" },
  {
    name: "sends a line of 4 MiB",
    tail: () => [`data: ${"x".repeat(4 * 1024 * 1024)}`],
    streamState: "upstream_error",
  },
  { name: "falls silent", tail: () => [{ break: "hang" }], streamState: "timeout" },
  {
    name: "sends pings only",
    tail: () => [...Array<Step>(40).fill(": ping\n\n"), { break: "hang" }],
    streamState: "timeout",
  },
];

/** The piece of text that a stream has said when it comes to the gate. */
export const SAID = "The first piece of text.";

/** A stream up to and with `SAID`, then a gate of this name, then `tail`. */
export function gatedStream(kind: ScriptedKind, name: string, tail: Step[]): Script {
  const { stream = [] } = kind.stream({ text: [SAID, gate(name), " More of it."] });
  const until = stream.findIndex((step) => typeof step === "object" && "gate" in step);
  return { stream: [...stream.slice(0, until + 1), ...tail] };
}
