/** What is used of a signal that ends something early. The runtime's AbortSignals are such. */
export interface Abortable {
  readonly aborted: boolean;
  /** Why; undefined before. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * An AbortController and its signal in one, for what every call needs. The runtime's own are objects that each collection of garbage visits: with 2,000
 * calls open two of them a call made those three times as long (17 instead of 5 µs a call, 130 instead of 63 MB, measured alone).
 */
export class Aborter implements Abortable {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners: (() => void)[] = [];

  /** One that ends when another does, and may end before it. */
  static under(parent: Abortable): Aborter {
    const child = new Aborter();
    const follow = (): void => child.abort(parent.reason);
    if (parent.aborted) follow();
    parent.addEventListener("abort", follow, { once: true });
    return child;
  }

  get signal(): Abortable {
    return this;
  }

  /** Only the first call counts. Listeners must not throw. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    // One by one: a listener may take others away.
    for (let next = this.#listeners.shift(); next !== undefined; next = this.#listeners.shift()) next();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index >= 0) this.#listeners.splice(index, 1);
  }
}
