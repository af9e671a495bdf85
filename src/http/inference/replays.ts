import { createHash } from "node:crypto";
import { GatewayError, invalidRequest } from "../../ir/error.ts";
import { errorText } from "../../lib/log.ts";
import { readBody } from "../../wire/read-body.ts";
import type { HttpDeps } from "../deps.ts";
import { pathOf, queryOf } from "../peer.ts";
import { Recording } from "./recording.ts";

const MAX_KEY_LENGTH = 255;
/** Largest single answer that is kept, bytes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** What a kept answer takes beside its own bytes: headers, maps, promises. Generous, so that the limit holds for many small answers, too. */
const ENTRY_BYTES = 4096;

export interface KeyedCall {
  key: string;
  /** Whose key it is: the account. */
  subject: string;
  requestId: string;
  request: Request;
}

interface Entry {
  fingerprint: string;
  requestId: string;
  recording: Promise<Recording>;
}

/**
 * `Idempotency-Key` at inference: the call runs once, to its end, even when its client leaves; a repeat with the same body gets the same bytes,
 * and neither holds nor bills. Answers stay in memory only, within a limit; when one is gone (or the process has been started anew), a
 * repeat is a 409 that names the first call's receipt. Failed calls free their key.
 */
export class Replays {
  readonly #deps: HttpDeps;
  /** Oldest use first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(deps: HttpDeps) {
    this.#deps = deps;
  }

  /** Throws GatewayError 400 for a bad key, 409 for one that was used with another request; BodyError for an unreadable body. */
  async run(call: KeyedCall, start: (request: Request) => Promise<Response>): Promise<Response> {
    if (call.key.length > MAX_KEY_LENGTH || !/^[\x21-\x7e]+$/.test(call.key)) {
      throw invalidRequest(null, `Idempotency-Key must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters.`);
    }
    const body = await readBody(call.request, { maxBytes: this.#deps.settings.maxBodyBytes });
    const fingerprint = createHash("sha256")
      .update(`${pathOf(call.request.url)}?${queryOf(call.request.url)}\n`)
      .update(body)
      .digest("hex");
    const id = `${call.subject}\n${call.key}`;
    const known = this.#entries.get(id);
    if (known !== undefined) return this.#repeat(known, fingerprint);
    const first = this.#first(id, call, fingerprint, () => start(withBody(call.request, body)));
    this.#entries.set(id, { fingerprint, requestId: call.requestId, recording: first });
    try {
      return (await first).replay({});
    } catch (error) {
      this.#entries.delete(id);
      throw error;
    }
  }

  async #repeat(entry: Entry, fingerprint: string): Promise<Response> {
    if (entry.fingerprint !== fingerprint) throw otherRequest();
    return (await entry.recording).replay({ "idempotent-replayed": "true" });
  }

  async #first(id: string, call: KeyedCall, fingerprint: string, start: () => Promise<Response>): Promise<Recording> {
    const { idempotency, clock } = this.#deps;
    const { key, requestId, subject } = call;
    const record = { subject, key, fingerprint, requestId, createdAt: clock.now() };
    if (!(await idempotency.insert(record))) throw this.#alreadyUsed(subject, key, fingerprint);
    const answer = await start();
    const recording = new Recording(answer);
    const filled = recording
      .fill(answer.body, MAX_ANSWER_BYTES)
      .then(() => this.#keep(id, subject, key, recording))
      .catch((error: unknown) => {
        this.#deps.log.error("idempotency key not freed", { request_id: requestId, error: errorText(error) });
      });
    if (!answer.ok) await filled;
    return recording;
  }

  /** Keeps a good answer and makes room for it; forgets a failed one, so that the client may try again. */
  async #keep(id: string, subject: string, key: string, recording: Recording): Promise<void> {
    if (recording.status >= 300) {
      this.#entries.delete(id);
      await this.#deps.idempotency.remove(subject, key);
      return;
    }
    if (!recording.complete) {
      this.#entries.delete(id);
      return;
    }
    this.#bytes += recording.size + ENTRY_BYTES;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#deps.settings.replayBytes) return;
      const kept = await entry.recording;
      if (!kept.complete) continue;
      this.#entries.delete(oldest);
      this.#bytes -= kept.size + ENTRY_BYTES;
    }
  }

  #alreadyUsed(subject: string, key: string, fingerprint: string): GatewayError {
    const record = this.#deps.idempotency.find(subject, key);
    if (record === null || record.fingerprint !== fingerprint) return otherRequest();
    return new GatewayError({
      status: 409,
      code: "conflict",
      message: `This call was made before, as ${record.requestId}; its answer is no longer kept. Nothing was billed again.`,
      headers: { "x-should-retry": "false" },
      details: { request_id: record.requestId, receipt: `/v1/receipts/${record.requestId}` },
    });
  }
}

function otherRequest(): GatewayError {
  return new GatewayError({
    status: 409,
    code: "conflict",
    message: "This Idempotency-Key was used with another request.",
    headers: { "x-should-retry": "false" },
  });
}

/** The same request over bytes that were read already, and without the client's abort: it runs to its end. */
function withBody(request: Request, body: Uint8Array): Request {
  const headers = new Headers(request.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return new Request(request.url, { method: request.method, headers, body: body as Uint8Array<ArrayBuffer> });
}
