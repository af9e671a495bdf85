import { randomBytes } from "node:crypto";
import { GatewayError, invalidRequest, notFound } from "../ir/error.ts";
import { Backoff } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import { errorText, type Logger } from "../lib/log.ts";
import { decryptSecret, encryptSecret, hmacHex } from "../lib/secrets.ts";
import { threadRecord } from "./thread.ts";

/** Where an account wants the records of its calls. */
export interface AuditSink {
  accountId: string;
  url: string;
  /** The signing secret, AES-256-GCM, bound to the account. */
  sealed: string;
  /** `seq` of the last record that has arrived. */
  position: number;
  /** ms since the epoch. */
  createdAt: number;
}

/** Storage port. Reads come from memory; writes resolve when durable. */
export interface SinkStore {
  list(): readonly AuditSink[];
  find(accountId: string): AuditSink | null;
  put(sink: AuditSink): Promise<void>;
  advance(accountId: string, position: number): Promise<void>;
  remove(accountId: string): Promise<boolean>;
}

/** The records of an account, oldest first, as its customer may see them; each has its `seq`. */
export interface RecordSource {
  recordsAfter(accountId: string, position: number, limit: number): JsonObject[];
  lastPosition(): number;
}

export interface PushSettings {
  /** Name of the thread; null = nothing is pushed. */
  thread: string | null;
  headerPrefix: string;
  /** Sinks may lie in private networks, and be plain http. */
  allowPrivate: boolean;
}

export interface SinkDeps {
  store: SinkStore;
  records: RecordSource;
  /** Posts a body and gives the status; rejects when there is no answer. */
  post(url: string, body: string, headers: Record<string, string>, allowPrivate: boolean): Promise<number>;
  settings(): PushSettings;
  /** Key of the secrets' encryption. */
  key: Uint8Array;
  clock: Clock;
  log: Logger;
}

/** Records that go in one delivery, and deliveries to one sink in one round. */
const BATCH = 500;
const BATCHES_PER_ROUND = 20;
const PAUSES = { firstMs: 1_000, longestMs: 300_000 };

/**
 * Pushes audit records to the accounts' own sinks: NDJSON, signed, in order, and again until a 2xx says that they have arrived. A delivery that
 * is repeated has the same `Delivery-ID`, and each record its request id: receivers drop what they know.
 */
export class AuditSinks {
  readonly #deps: SinkDeps;
  readonly #backoff: Backoff;
  #running = false;

  constructor(deps: SinkDeps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.clock, PAUSES);
  }

  find(accountId: string): AuditSink | null {
    return this.#deps.store.find(accountId);
  }

  /** Sets the account's sink and gives its signing secret, which is never shown again. Records from now on are pushed. */
  async set(accountId: string, url: string): Promise<{ sink: AuditSink; secret: string }> {
    const { store, records, clock, key, settings } = this.#deps;
    const { thread, allowPrivate } = settings();
    if (thread === null) {
      throw new GatewayError({ status: 400, code: "unsupported_feature", message: "No records are pushed here." });
    }
    checkUrl(url, allowPrivate);
    const secret = `whsec_${randomBytes(24).toString("base64url")}`;
    const known = store.find(accountId);
    const sink: AuditSink = {
      accountId,
      url,
      sealed: encryptSecret(key, contextOf(accountId), secret),
      position: known?.position ?? records.lastPosition(),
      createdAt: clock.now(),
    };
    await store.put(sink);
    this.#backoff.clear(accountId);
    return { sink, secret };
  }

  /** Throws GatewayError 404 when there is none. */
  async remove(accountId: string): Promise<void> {
    if (await this.#deps.store.remove(accountId)) return;
    throw notFound("This account has no sink.");
  }

  /** Delivers what is due to every sink that is not waiting. Rounds don't overlap; never rejects. */
  async round(): Promise<void> {
    if (this.#running || this.#deps.settings().thread === null) return;
    this.#running = true;
    try {
      await Promise.all(this.#deps.store.list().map((sink) => this.#serve(sink.accountId)));
    } finally {
      this.#running = false;
    }
  }

  async #serve(accountId: string): Promise<void> {
    if (this.#backoff.isPaused(accountId)) return;
    try {
      for (let count = 0; count < BATCHES_PER_ROUND; count += 1) if (!(await this.#deliver(accountId))) break;
      this.#backoff.clear(accountId);
    } catch (error) {
      const facts = { account_id: accountId, retry_ms: this.#backoff.failed(accountId), error: errorText(error) };
      this.#deps.log.warn("audit records not delivered", facts);
    }
  }

  /** One delivery; false when there was nothing to deliver. Rejects when it has not arrived. */
  async #deliver(accountId: string): Promise<boolean> {
    const { store, records, post, settings, key, clock } = this.#deps;
    const sink = store.find(accountId);
    const { thread, headerPrefix, allowPrivate } = settings();
    if (sink === null || thread === null) return false;
    const batch = records.recordsAfter(accountId, sink.position, BATCH);
    const last = batch.at(-1);
    if (last === undefined) return false;
    const body = batch.map((record) => `${JSON.stringify(threadRecord(record, thread))}\n`).join("");
    const time = Math.floor(clock.now() / 1000);
    const secret = decryptSecret(key, contextOf(accountId), sink.sealed);
    const signature = hmacHex(new TextEncoder().encode(secret), `${time}.${body}`);
    const headers = {
      "content-type": "application/x-ndjson",
      [`${headerPrefix}-Delivery-ID`]: `${accountId}-${String(batch[0]?.["seq"])}-${String(last["seq"])}`,
      [`${headerPrefix}-Signature`]: `t=${time},v1=${signature}`,
    };
    const status = await post(sink.url, body, headers, allowPrivate);
    if (status < 200 || status > 299) throw new Error(`the sink answered with status ${status}`);
    await store.advance(accountId, Number(last["seq"]));
    return batch.length === BATCH;
  }
}

const contextOf = (accountId: string): string => `audit-sink/${accountId}`;

function checkUrl(text: string, allowPrivate: boolean): void {
  const url = URL.parse(text);
  const isFine = url !== null && url.username === "" && url.password === "";
  if (isFine && (url.protocol === "https:" || (allowPrivate && url.protocol === "http:"))) return;
  throw invalidRequest("url", "url must be an https URL without user and password.");
}
