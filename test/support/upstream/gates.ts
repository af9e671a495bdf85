/** A place at which scripted replies wait. */
export class Gate {
  /** Resolves when the first reply has come to the gate. */
  readonly reached: Promise<void>;
  readonly #reached = Promise.withResolvers<void>();
  #open = false;
  #passes = 0;
  #waiting: (() => void)[] = [];
  #arrivals = 0;
  #watchers: { count: number; resolve: () => void }[] = [];

  constructor() {
    this.reached = this.#reached.promise;
  }

  /** Replies that stand at the gate now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets everybody through, now and later. */
  open(): void {
    this.#open = true;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Lets `count` replies through: those that wait, else the next ones. */
  pass(count = 1): void {
    for (let index = 0; index < count; index += 1) {
      const resume = this.#waiting.shift();
      if (resume === undefined) this.#passes += 1;
      else resume();
    }
  }

  /** Resolves when `count` replies have come here since the start. */
  async arrivals(count: number): Promise<void> {
    if (this.#arrivals >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ count, resolve });
    await promise;
  }

  /** What a reply does: waits here. Resolves false when `gone` settles first. */
  async enter(gone: Promise<unknown>): Promise<boolean> {
    this.#arrivals += 1;
    this.#reached.resolve();
    this.#watchers = this.#watchers.filter((watcher) => {
      if (watcher.count > this.#arrivals) return true;
      watcher.resolve();
      return false;
    });
    if (this.#open) return true;
    if (this.#passes > 0) {
      this.#passes -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const resume = (): void => resolve(true);
    this.#waiting.push(resume);
    void gone.then(() => {
      this.#waiting = this.#waiting.filter((item) => item !== resume);
      resolve(false);
    });
    return promise;
  }
}
