import { createHmac } from "node:crypto";
import { Backoff } from "../lib/backoff.ts";
import { type Clock, DAY_MS } from "../lib/clock.ts";
import { errorText, type Logger } from "../lib/log.ts";
import { formatNano, type Nano } from "../lib/money.ts";

/** A balance that fell under its account's threshold. Amounts in nano-units. */
export interface LowBalance {
  accountId: string;
  /** ms since the epoch. */
  at: number;
  balance: Nano;
  threshold: Nano;
}

/** What is still to be told, oldest first. `id` is never given twice. Writes resolve when durable. */
export interface AlertStore {
  pending(limit: number): (LowBalance & { id: number })[];
  remove(id: number): Promise<void>;
}

/** Where alerts go, and what they are signed with. */
export interface AlertWebhook {
  url: string;
  secret: string;
}

export interface AlertDeps {
  store: AlertStore;
  /** Null = nobody is told. */
  webhook(): AlertWebhook | null;
  /** Posts a body and gives the status; rejects when there is no answer. */
  post(url: string, body: string, headers: Record<string, string>): Promise<number>;
  currency(): string;
  clock: Clock;
  log: Logger;
}

const MOST_AT_ONCE = 100;
const PAUSES = { firstMs: 1_000, longestMs: 300_000 };
/** What could not be told for so long is no news any more. Counted by each process anew. */
const KEEP_MS = 3 * DAY_MS;

/**
 * Tells a webhook of low balances, each until a 2xx says that it has arrived, in the form of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): a repeat has the same `webhook-id`, by which
 * receivers drop what they know.
 */
export class LowBalanceAlerts {
  readonly #deps: AlertDeps;
  readonly #backoff: Backoff;
  #running = false;

  constructor(deps: AlertDeps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.clock, PAUSES);
  }

  /** Delivers what is due. Rounds don't overlap; never rejects. */
  async round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await Promise.all(this.#deps.store.pending(MOST_AT_ONCE).map((alert) => this.#serve(alert)));
    } catch (error) {
      this.#deps.log.error("low-balance alerts can't be read", { error: errorText(error) });
    } finally {
      this.#running = false;
    }
  }

  async #serve(alert: LowBalance & { id: number }): Promise<void> {
    const { store, webhook, log } = this.#deps;
    const subject = String(alert.id);
    if (this.#backoff.isPaused(subject)) return;
    try {
      const to = webhook();
      const isStale = this.#backoff.failingFor(subject) > KEEP_MS;
      if (isStale) log.error("a low-balance alert never arrived", { account_id: alert.accountId });
      if (to !== null && !isStale) await this.#deliver(alert, to);
      await store.remove(alert.id);
      this.#backoff.clear(subject);
    } catch (error) {
      const retryMs = this.#backoff.failed(subject);
      const facts = { account_id: alert.accountId, retry_ms: retryMs, error: errorText(error) };
      log.warn("a low-balance alert was not delivered", facts);
    }
  }

  /** Rejects when it has not arrived. */
  async #deliver(
    { id, accountId, at, balance, threshold }: LowBalance & { id: number },
    to: AlertWebhook,
  ): Promise<void> {
    const { post, currency, clock } = this.#deps;
    const data = {
      account_id: accountId,
      balance: formatNano(balance),
      threshold: formatNano(threshold),
      currency: currency(),
    };
    const body = JSON.stringify({ type: "account.low_balance", timestamp: new Date(at).toISOString(), data });
    const name = `low_balance-${accountId}-${id}`;
    const time = String(Math.floor(clock.now() / 1000));
    const status = await post(to.url, body, {
      "content-type": "application/json",
      "webhook-id": name,
      "webhook-timestamp": time,
      "webhook-signature": `v1,${signature(to.secret, `${name}.${time}.${body}`)}`,
    });
    if (status < 200 || status > 299) throw new Error(`the webhook answered with status ${status}`);
  }
}

/** HMAC-SHA-256 in base64. A secret `whsec_…` stands for the bytes behind it, as the scheme has it; any other for its own. */
function signature(secret: string, content: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  return createHmac("sha256", key).update(content).digest("base64");
}
