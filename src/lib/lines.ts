/** Runs one after the other what stands in the same line; different lines don't wait for each other. */
export class Lines {
  /** The last of each line. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Settles as `run` does. The first of a line runs at once. */
  run<T>(line: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(line);
    const mine = before === undefined ? run() : before.then(run, run);
    this.#last.set(line, mine);
    const leave = (): void => {
      if (this.#last.get(line) === mine) this.#last.delete(line);
    };
    mine.then(leave, leave);
    return mine;
  }
}
