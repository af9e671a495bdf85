import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import { completeConversation, type Continued, outputOf } from "./continue.ts";
import type { ResponseStore } from "./port.ts";
import { RecentItems } from "./recent-items.ts";
import { type FinishedResponse, recordOf, wantsStorage } from "./record.ts";

/**
 * What the gateway remembers of Responses conversations: stored responses where storage is on (`store` not null), and for a short while
 * the items of recent answers. `store: false` in a request keeps its answer out of both.
 */
export class ConversationMemory {
  readonly #recent: RecentItems;
  readonly #clock: Clock;

  constructor(clock: Clock, recent: RecentItems = new RecentItems()) {
    this.#clock = clock;
    this.#recent = recent;
  }

  /** The request with everything that it refers to put in its place. Throws GatewayError 400 and 404, naming the field. */
  complete(body: JsonObject, account: string, store: ResponseStore | null): Promise<Continued> {
    const now = this.#clock.monotonic();
    return completeConversation(body, account, store, (id) => this.#recent.find(account, id, now));
  }

  /** Whether the answer to this request is stored: where storage is on it is, unless the client says no. */
  stores(body: JsonObject, store: ResponseStore | null): boolean {
    return store !== null && wantsStorage(body);
  }

  /** Keeps a finished response; durable, where it is stored, when this resolves. */
  async keep(call: Omit<FinishedResponse, "now">, store: ResponseStore | null): Promise<void> {
    if (!wantsStorage(call.body)) return;
    this.#recent.remember(call.account, outputOf(call), this.#clock.monotonic());
    if (store !== null) await store.put(recordOf({ ...call, now: this.#clock.now() }));
  }
}

const FINAL_EVENT = /^response\.(completed|incomplete)$/;

/** The response in the last frames of a stream, as they go to the client; null when there is none (an error, another dialect). */
export function finalResponse(frames: string): JsonObject | null {
  for (const line of frames.split(/\r\n|\n|\r/).toReversed()) {
    if (!line.startsWith("data:")) continue;
    const text = line.slice("data:".length).trim();
    if (!text.startsWith("{")) continue;
    const event = JSON.parse(text) as { type?: string; response?: JsonObject };
    if (FINAL_EVENT.test(event.type ?? "")) return event.response ?? null;
  }
  return null;
}
