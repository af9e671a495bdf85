import type { JsonObject } from "../lib/json.ts";

/** Bounds of what is remembered. */
export interface RecentLimits {
  /** Characters of JSON over all accounts. */
  maxCharacters: number;
  /** ms after which an item is forgotten. */
  ttlMs: number;
}

const DEFAULT_RECENT_LIMITS: RecentLimits = { maxCharacters: 32 * 1024 * 1024, ttlMs: 60 * 60 * 1000 };

interface Remembered {
  text: string;
  expires: number;
}

/**
 * Output items of the last while, in memory only. Clients that take storage for granted (the AI SDK does, unless told `store: false`) send
 * `item_reference` in place of what they were given a moment ago, in the middle of a tool loop. An item belongs to the account that got it.
 */
export class RecentItems {
  readonly #limits: RecentLimits;
  /** Oldest first. */
  readonly #items = new Map<string, Remembered>();
  #characters = 0;

  constructor(limits: RecentLimits = DEFAULT_RECENT_LIMITS) {
    this.#limits = limits;
  }

  /** Keeps the items that have an id; `now` in monotonic ms. */
  remember(account: string, items: readonly JsonObject[], now: number): void {
    for (const item of items) {
      const id = item["id"];
      if (typeof id !== "string" || id === "") continue;
      const key = keyOf(account, id);
      this.#forget(key);
      const text = JSON.stringify(item);
      this.#items.set(key, { text, expires: now + this.#limits.ttlMs });
      this.#characters += text.length;
    }
    this.#trim(now);
  }

  find(account: string, id: string, now: number): JsonObject | null {
    const found = this.#items.get(keyOf(account, id));
    if (found === undefined || found.expires <= now) return null;
    return JSON.parse(found.text) as JsonObject;
  }

  /** Forgets what has expired and the oldest of what is too much. */
  #trim(now: number): void {
    for (const [key, item] of this.#items) {
      if (item.expires > now && this.#characters <= this.#limits.maxCharacters) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    this.#characters -= item.text.length;
  }
}

function keyOf(account: string, id: string): string {
  return JSON.stringify([account, id]);
}
