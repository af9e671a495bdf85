/** One mistake in a catalog file, with what to do about it. Line and column count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  /** Where in the file's tree: `models[3].price.input`; "" = the whole file. */
  path: string;
  message: string;
}

/** `catalog.yaml:12:5: models[0].provider: …`, as compilers print it. */
export function formatProblem(problem: Problem): string {
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

export type Path = readonly (string | number)[];

/** `models[3].price.input`, names that are no words in quotes: `aliases["a/b"]`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Collects every mistake of one file, and knows where each part of it stands. */
export class Problems {
  readonly #file: string;
  readonly #place: (offset: number) => { line: number; col: number };
  /** Places of all values, in the order of the file; searched only when something is wrong. */
  readonly #places: [path: Path, offset: number][] = [];
  readonly #found: Problem[] = [];
  readonly #malformed: Path[] = [];

  constructor(file: string, place: (offset: number) => { line: number; col: number }) {
    this.#file = file;
    this.#place = place;
  }

  /** Remembers where the value at `path` stands. */
  mark(path: Path, offset: number): void {
    this.#places.push([path, offset]);
  }

  /** A mistake of form at a known offset. */
  addAt(offset: number, path: Path, message: string): void {
    this.#malformed.push(path);
    this.#push(offset, path, message);
  }

  /**
   * A mistake of meaning in the value at `path`; its place is that of the nearest thing around it that the file has. Left out where the
   * form was wrong already, since there it would only be a consequence.
   */
  add(path: Path, message: string): void {
    if (this.#malformed.some((other) => isWithin(other, path) || isWithin(path, other))) return;
    let nearest = 0;
    let depth = 0;
    for (const [place, offset] of this.#places) {
      if (place.length < depth || !isWithin(place, path)) continue;
      nearest = offset;
      depth = place.length;
    }
    this.#push(nearest, path, message);
  }

  #push(offset: number, path: Path, message: string): void {
    const { line, col } = this.#place(offset);
    this.#found.push({ file: this.#file, line, column: Math.max(col, 1), path: formatPath(path), message });
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** In the order of the file. */
  list(): Problem[] {
    return [...this.#found].sort((a, b) => a.line - b.line || a.column - b.column);
  }
}

/** True when `inner` is `outer`, or lies in it. */
const isWithin = (outer: Path, inner: Path): boolean =>
  outer.length > 0 && outer.length <= inner.length && outer.every((step, index) => step === inner[index]);
